import Testing

@testable import Features

struct DistinctSketchTests {
    private func filled(_ words: some Sequence<UInt64>, _ arena: inout BlockArena) -> DistinctSketch {
        var sketch = DistinctSketch.empty
        for word in words { sketch.add(word, &arena) }
        return sketch
    }

    @Test(arguments: 0..<8)
    func upToTheBoundItIsASet(seed: Int) {
        var random = HistoryRandom(seed: UInt64(seed))
        var arena = BlockArena()
        var sketch = DistinctSketch.empty
        var oracle: Set<UInt64> = []
        // Small numbers, their own bits as doubles, and hashes.
        for _ in 0..<3_000 {
            let number = UInt64.random(in: 0..<340, using: &random)
            let word =
                switch seed % 3 {
                case 0: number
                case 1: WordMix.word(of: Double(number) / 8)
                default: number &* 0x9E37_79B9_7F4A_7C15
                }
            sketch.add(word, &arena)
            oracle.insert(word)
            #expect(sketch.value == Double(oracle.count))
        }
        #expect(sketch.isExact)
        sketch.release(&arena)
        #expect(sketch.value == 0)
    }

    @Test func theBoundIsExact() {
        var arena = BlockArena()
        var sketch = filled(0..<1_024, &arena)
        #expect(sketch.isExact && sketch.value == 1_024)
        for word in UInt64(0)..<1_024 { sketch.add(word, &arena) }
        #expect(sketch.isExact && sketch.value == 1_024)
        sketch.add(1_024, &arena)
        #expect(!sketch.isExact)
        #expect((sketch.value - 1_025).magnitude <= 1_025 * 4 * DistinctSketch.standardError)
    }

    @Test func numbersThatAreEqualAreOneValue() {
        var arena = BlockArena()
        let sketch = filled([0.0, -0.0, 1, 1, -1].map(WordMix.word(of:)), &arena)
        #expect(sketch.value == 3)
    }

    /// The root of the mean square error over many sets, near what the theory says, and no bias.
    @Test(arguments: [1_500, 4_000, 12_000])
    func theErrorIsWhatIsStated(count: Int) {
        var random = HistoryRandom(seed: UInt64(count))
        var arena = BlockArena()
        var squares = 0.0
        var sum = 0.0
        var worst = 0.0
        let rounds = 50
        for _ in 0..<rounds {
            var sketch = DistinctSketch.empty
            let start = random.next()
            for index in 0..<UInt64(count) { sketch.add(start &+ index, &arena) }
            let error = sketch.value / Double(count) - 1
            squares += error * error
            sum += error
            worst = max(worst, error.magnitude)
            sketch.release(&arena)
        }
        let rootMeanSquare = (squares / Double(rounds)).squareRoot()
        let bias = sum / Double(rounds)
        print("distinct of \(count): root mean square error \(rootMeanSquare), bias \(bias), worst \(worst)")
        #expect(rootMeanSquare < DistinctSketch.standardError * 1.25)
        #expect(bias.magnitude < DistinctSketch.standardError * 4 / Double(rounds).squareRoot())
        #expect(worst < DistinctSketch.standardError * 4.5)
    }

    @Test func itCountsFarBeyondItsRegisters() {
        var arena = BlockArena()
        var random = HistoryRandom(seed: 9)
        var sketch = DistinctSketch.empty
        var count = 0
        for target in [2_000, 10_000, 100_000] {
            while count < target {
                sketch.add(random.next(), &arena)
                count += 1
            }
            let error = sketch.value / Double(count) - 1
            print("distinct of \(count): error \(error)")
            #expect(error.magnitude < 4 * DistinctSketch.standardError)
        }
    }

    @Test(arguments: [10, 500, 1_000, 1_300, 4_000], 0..<2)
    func itIsAFunctionOfTheSet(count: Int, seed: Int) {
        var random = HistoryRandom(seed: UInt64(seed * 10_000 + count))
        var arena = BlockArena()
        let words = (0..<count).map { _ in random.next() }
        let whole = filled(words, &arena)
        for parts in [2, 7] {
            var sketches = [DistinctSketch](repeating: .empty, count: parts)
            for word in words + words.prefix(count / 3) {
                sketches[Int.random(in: 0..<parts, using: &random)].add(word, &arena)
            }
            var merged = DistinctSketch.empty
            for sketch in sketches { merged.merge(sketch, &arena) }
            #expect(merged.value == whole.value, "\(parts) parts")
            #expect(merged.isExact == whole.isExact)
            if !whole.isExact { #expect(merged.image == whole.image) }
            // Values that are there already change nothing.
            for word in words { merged.add(word, &arena) }
            #expect(merged.value == whole.value)
        }
    }

    @Test func mergingFollowsTheOrderOfPlacesQuickly() {
        // A full set poured into an empty one in the order of its places.
        var arena = BlockArena()
        let full = filled(0..<1_024, &arena)
        var target = DistinctSketch.empty
        target.merge(full, &arena)
        #expect(target.value == 1_024)
        #expect(target.imageByteCount == full.imageByteCount)
    }

    // MARK: - Images

    @Test(arguments: [1, 4, 5, 300, 1_024, 1_025, 5_000])
    func imagesAreCopies(count: Int) throws {
        var random = HistoryRandom(seed: UInt64(count))
        var arena = BlockArena()
        var sketch = filled((0..<count).map { _ in random.next() }, &arena)
        let image = sketch.image
        var copy = try #require(image.withUnsafeBytes { DistinctSketch(image: $0, &arena) })
        #expect(copy.value == sketch.value && copy.image == image)
        for _ in 0..<2_000 {
            let word = random.next()
            sketch.add(word, &arena)
            copy.add(word, &arena)
        }
        #expect(copy.image == sketch.image)
    }

    @Test func spoiltImagesAreRefusedOrSafe() {
        var random = HistoryRandom(seed: 78)
        var arena = BlockArena()
        var image: [UInt8] = []
        var accepted = 0
        for round in 0..<1_200 {
            if round % 40 == 0 {
                let counts = [1, 3, 9, 40, 200, 1_024, 1_100, 3_000]
                let count = counts[round / 40 % counts.count]
                var sketch = filled((0..<count).map { _ in random.next() }, &arena)
                image = sketch.image
                sketch.release(&arena)
            }
            let bytes = spoilt(image, &random)
            guard var sketch = bytes.withUnsafeBytes({ DistinctSketch(image: $0, &arena) }) else { continue }
            accepted += 1
            var other = filled((0..<(round % 1_500 / 3)).map { UInt64($0) }, &arena)
            for _ in 0..<20 { sketch.add(random.next(), &arena) }
            other.merge(sketch, &arena)
            sketch.merge(other, &arena)
            #expect(sketch.value.isFinite && other.value >= 0, "round \(round)")
            #expect(sketch.image.withUnsafeBytes { DistinctSketch.isImage($0) }, "round \(round)")
            sketch.release(&arena)
            other.release(&arena)
        }
        print("distinct: \(accepted) of 1,200 spoilt images were still images")
        #expect(accepted > 0 && accepted < 600)
    }
}
