import Testing

@testable import Models

/// State in and out: whoever wrote the bytes.
@Suite struct HalfSpaceTreesImageTests {
    private static let parameters = HalfSpaceTreesParameters(inputCount: 3, trees: 4, height: 7, window: 48, seed: 9)

    private static func image(_ trees: HalfSpaceTrees) -> [UInt8] {
        let count = trees.imageByteCountMax
        return Array(unsafeUninitializedCapacity: count) { buffer, written in
            written = trees.copy(to: UnsafeMutableRawPointer(buffer.baseAddress!))
        }
    }

    private static func score(_ trees: HalfSpaceTrees, _ events: ArraySlice<Double>) -> [UInt64] {
        var scores = Array(repeating: -1.0, count: events.count / 3)
        Array(events).withUnsafeBufferPointer {
            trees.score(rows: $0.baseAddress!, rowCount: scores.count, stride: 3, into: &scores)
        }
        return scores.map(\.bitPattern)
    }

    @Test func goingOnFromAnImageIsGoingOn() throws {
        let events = HalfSpaceTreesTests.events(260, inputs: 3, seed: 21)
        let expected = Self.score(HalfSpaceTrees(Self.parameters), events[...])
        for cut in 0...260 {
            let first = HalfSpaceTrees(Self.parameters)
            _ = Self.score(first, events[..<(cut * 3)])
            let image = Self.image(first)
            #expect(image.count <= first.imageByteCountMax)
            // A state of its own, which has to be forgotten.
            let second = HalfSpaceTrees(Self.parameters)
            _ = Self.score(second, events[..<300])
            try image.withUnsafeBytes { try second.restore($0) }
            #expect(Self.image(second) == image, "at event \(cut)")
            #expect(Self.score(second, events[(cut * 3)...]) == Array(expected[cut...]), "at event \(cut)")
        }
    }

    @Test func whatIsNoImageIsRefused() {
        let trees = HalfSpaceTrees(Self.parameters)
        _ = Self.score(trees, HalfSpaceTreesTests.events(170, inputs: 3, seed: 22)[...])
        let image = Self.image(trees)
        let other = HalfSpaceTrees(Self.parameters)
        func failure(_ bytes: [UInt8], _ trees: HalfSpaceTrees? = nil) -> HalfSpaceTreesImageError? {
            bytes.withUnsafeBytes { bytes in
                do throws(HalfSpaceTreesImageError) { try (trees ?? other).restore(bytes) } catch { return error }
                return nil
            }
        }
        for count in 0..<image.count { #expect(failure(Array(image[..<count])) != nil, "\(count) bytes") }
        #expect(failure(image + [0]) == .tooLong)
        #expect(other.learned == 0)
        var changed = image
        changed[63] = 0xFF
        #expect(failure(changed) == .badCount)
        changed = image
        changed.replaceSubrange(72..<80, with: Array(repeating: 0, count: 8))
        #expect(failure(changed) == .badRange(input: 0))
        changed = image
        changed.replaceSubrange((image.count - 4)..., with: [0xFF, 0xFF, 0, 0])
        #expect(failure(changed) == .badTree(3))
        var parameters = Self.parameters
        parameters.seed += 1
        #expect(failure(image, HalfSpaceTrees(parameters)) == .otherParameters)
    }

    /// Mutants are refused, or are states that score within bounds.
    @Test func mutantsDoNoHarm() {
        let events = HalfSpaceTreesTests.events(400, inputs: 3, seed: 23)
        let trees = HalfSpaceTrees(Self.parameters)
        _ = Self.score(trees, events[..<510])
        let image = Self.image(trees)
        var random = SeededGenerator(seed: 24)
        var taken = 0
        for mutant in 0..<3_000 {
            var bytes = image
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let place = Int.random(in: 56..<bytes.count, using: &random)
                bytes[place] =
                    [0, 1, 0x7F, 0x80, 0xFF, UInt8.random(in: 0...255, using: &random)]
                    .randomElement(using: &random) ?? 0
            }
            let isTaken = bytes.withUnsafeBytes { (try? trees.restore($0)) != nil }
            if !isTaken { continue }
            taken += 1
            for bits in Self.score(trees, events[..<300]) {
                let score = Double(bitPattern: bits)
                #expect(score.isNaN || (0...1).contains(score), "mutant \(mutant) scores \(score)")
            }
        }
        #expect(taken > 300, "only \(taken) of 3,000 mutants are states")
    }
}
