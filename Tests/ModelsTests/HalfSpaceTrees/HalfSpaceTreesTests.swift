import Testing

@testable import Models

/// The trees against their definition, and what must not change their bits.
@Suite struct HalfSpaceTreesTests {
    static let shapes: [HalfSpaceTreesParameters] = [
        HalfSpaceTreesParameters(inputCount: 1, trees: 1, height: 1, window: 16, sizeLimit: 1, seed: 1),
        HalfSpaceTreesParameters(inputCount: 3, trees: 7, height: 6, window: 40, seed: 2),
        HalfSpaceTreesParameters(inputCount: 5, trees: 4, height: 15, window: 130, sizeLimit: 1, seed: .max),
        HalfSpaceTreesParameters(inputCount: 2, trees: 3, height: 24, window: 67, sizeLimit: 67, seed: 3),
        HalfSpaceTreesParameters(inputCount: 4, trees: 6, height: 9, window: 1_500, sizeLimit: 11, seed: 4),
        // Of about as many leaves as masks hold: one plane of 32 and two, and too many.
        HalfSpaceTreesParameters(inputCount: 2, trees: 40, height: 9, window: 128, sizeLimit: 7, seed: 5),
        HalfSpaceTreesParameters(inputCount: 3, trees: 25, height: 15, window: 250, sizeLimit: 12, seed: 6),
    ]

    private static let awkward: [Double] = [
        .nan, .infinity, -.infinity, 0, -0.0, 1e300, -1e300, .greatestFiniteMagnitude, .leastNonzeroMagnitude,
    ]

    /// Row-major events: clusters, ties, constants, drift, awkward values, inputs that are missing for long.
    static func events(_ count: Int, inputs: Int, seed: UInt64) -> [Double] {
        var random = SeededGenerator(seed: seed)
        var values: [Double] = []
        for row in 0..<count {
            let isSilent = row % 700 > 500
            for input in 0..<inputs {
                switch Int.random(in: 0..<20, using: &random) {
                case 0: values.append(Self.awkward.randomElement(using: &random) ?? 0)
                case 1...5: values.append(Double(Int.random(in: 0..<4, using: &random)))
                default:
                    if isSilent && input == 0 {
                        values.append(.nan)
                    } else if input == 1 {
                        values.append(42)
                    } else {
                        values.append(Double.random(in: 0..<1, using: &random) + Double(row) / 500)
                    }
                }
            }
        }
        return values
    }

    private func scores(_ trees: HalfSpaceTrees, _ events: [Double]) -> [UInt64] {
        let inputs = trees.parameters.inputCount
        var scores = Array(repeating: -1.0, count: events.count / inputs)
        trees.score(rows: events, rowCount: scores.count, stride: inputs, into: &scores)
        return scores.map(\.bitPattern)
    }

    @Test(arguments: shapes)
    func scoresAreThoseOfTheDefinition(parameters: HalfSpaceTreesParameters) {
        let count = 2_600
        let events = Self.events(count, inputs: parameters.inputCount, seed: 11)
        let found = scores(HalfSpaceTrees(parameters), events)
        var naive = NaiveHalfSpaceTrees(parameters)
        for row in 0..<count {
            let event = Array(events[row * parameters.inputCount..<(row + 1) * parameters.inputCount])
            let expected = naive.score(event)
            #expect(found[row] == expected.bitPattern, "event \(row): \(Double(bitPattern: found[row])), \(expected)")
            if row >= parameters.window / 8 { #expect(expected > 0 && expected <= 1, "event \(row)") }
        }
    }

    /// Blocks of any length, shared out in any number of parts, of which some only learn.
    @Test(arguments: shapes)
    func blocksAndPartsChangeNothing(parameters: HalfSpaceTreesParameters) {
        let inputs = parameters.inputCount
        let events = Self.events(2_000, inputs: inputs, seed: 12)
        let expected = scores(HalfSpaceTrees(parameters), events)
        let places = (0..<Int32(inputs)).map { Int32(inputs) - 1 - $0 }
        // The inputs of each event stand the other way round, and events two apart.
        var rows = Array(repeating: Double.nan, count: events.count * 2)
        for row in 0..<2_000 {
            for input in 0..<inputs { rows[row * 2 * inputs + Int(places[input])] = events[row * inputs + input] }
        }
        for seed in UInt64(1)...3 {
            var random = SeededGenerator(seed: seed)
            let trees = HalfSpaceTrees(parameters, partsMax: 4)
            var found = Array(repeating: -1.0, count: 2_000)
            var start = 0
            while start < 2_000 {
                let count = min(
                    2_000 - start, Int.random(in: 1...[1, 7, 1_024].randomElement(using: &random)!, using: &random))
                let isMuted = start < 1_000 && Bool.random(using: &random)
                let indices = (start..<start + count).map { UInt32($0) }
                let parts = Int.random(in: 1...4, using: &random)
                trees.begin(
                    HalfSpaceTreesRows(rows: rows, stride: 2 * inputs, indices: indices, inputs: places), count: count,
                    wantsScores: !isMuted)
                for part in (0..<parts).shuffled(using: &random) { trees.prepare(part: part, of: parts) }
                for part in (0..<parts).shuffled(using: &random) { trees.run(part: part, of: parts) }
                if !isMuted {
                    let middle = Int.random(in: 0...count, using: &random)
                    trees.finish(rows: 0..<middle, into: &found)
                    trees.finish(rows: middle..<count, into: &found)
                    for row in start..<start + count {
                        #expect(found[row].bitPattern == expected[row], "seed \(seed), event \(row)")
                    }
                }
                trees.end()
                start += count
            }
        }
    }

    @Test func whatIsRareIsAnomalous() {
        var random = SeededGenerator(seed: 5)
        var events: [Double] = []
        var labels: [Bool] = []
        for row in 0..<5_000 {
            let isAnomaly = row % 100 == 99
            labels.append(isAnomaly)
            for _ in 0..<3 {
                let spread = (0..<4).reduce(0.0) { sum, _ in sum + Double.random(in: -1..<1, using: &random) }
                events.append(isAnomaly ? spread + 6 : spread)
            }
        }
        let found = scores(HalfSpaceTrees(HalfSpaceTreesParameters(inputCount: 3)), events).map {
            Double(bitPattern: $0)
        }
        #expect(found[..<31].allSatisfy(\.isNaN) && !found[31...].contains(where: \.isNaN))
        let least = zip(found, labels).dropFirst(250).filter(\.1).map(\.0).min() ?? 0
        let above = zip(found, labels).dropFirst(250).filter { !$1 && $0 >= least }.count
        #expect(above < 5, "\(above) of 4,700 usual events score as high as an anomaly (\(least))")
    }

    @Test func aMissingInputIsAValueOfItsOwn() {
        var random = SeededGenerator(seed: 6)
        var events = (0..<4_000).map { _ in Double.random(in: 0..<1, using: &random) }
        for index in stride(from: 1, to: 2_000, by: 2) { events[index] = .nan }
        // One that is there among missing ones, and the other way round.
        events[1_001] = 0.5
        events[3_201] = .nan
        let found = scores(HalfSpaceTrees(HalfSpaceTreesParameters(inputCount: 2)), events).map {
            Double(bitPattern: $0)
        }
        for (row, others) in [(500, 450..<500), (1_600, 1_550..<1_600)] {
            let mean = found[others].reduce(0, +) / 50
            #expect(found[row] > mean + 0.1, "event \(row)")
        }
    }

    @Test func parametersOutOfRangeAreNamed() {
        func problem(_ change: (inout HalfSpaceTreesParameters) -> Void) -> String? {
            var parameters = HalfSpaceTreesParameters(inputCount: 3)
            change(&parameters)
            return parameters.problem?.parameter
        }
        #expect(problem { _ in } == nil)
        #expect(problem { $0.inputCount = 0 } == "inputs")
        #expect(problem { $0.trees = 0 } == "trees")
        #expect(problem { $0.trees = 1_001 } == "trees")
        #expect(problem { $0.height = 25 } == "height")
        #expect(problem { $0.window = 15 } == "window")
        #expect(problem { $0.sizeLimit = 251 } == "size_limit")
        #expect(problem { $0.sizeLimit = 0 } == "size_limit")
        #expect(problem { ($0.inputCount, $0.window) = (65, 65_536) } == "window")
        #expect(problem { ($0.trees, $0.height, $0.window, $0.sizeLimit) = (1_000, 24, 65_536, 1) } == "trees")
        #expect(problem { ($0.trees, $0.height, $0.window, $0.sizeLimit) = (1_000, 24, 65_536, 6_553) } == nil)
    }
}
