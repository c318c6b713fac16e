import Testing

@testable import Models

/// LightGBM files that are damaged with knowledge of their structure. None may crash, and what loads must predict as
/// the naive forest does.
@Suite struct LightGBMMutationTests {
    static let mutantCount = 3_000

    @Test(arguments: [1] as [UInt64])
    func mutantsAreRefusedOrExact(seed: UInt64) throws {
        let folder = LightGBMFixture.ownFolder
        let sources = [
            Array(LightGBMRefusalTests.good.utf8), try FixtureFiles.bytes("\(folder)/single_leaves.txt"),
            try FixtureFiles.bytes("\(folder)/multiclass_v2.txt"), try FixtureFiles.bytes("\(folder)/categorical.txt"),
            try FixtureFiles.bytes("\(folder)/linear_binary.txt"),
        ]
        var headers = 0
        var predicted = 0
        var codes: [ModelFailure.Code: Int] = [:]
        for number in 0..<Self.mutantCount {
            var random = SeededGenerator(seed: seed &* 1_000_003 &+ UInt64(number))
            let mutant = Self.mutant(of: sources[number % sources.count], &random)
            do {
                let model = try Model.load(mutant, path: "", options: .init(output: 0))
                headers += 1
                Self.checkPredictions(model, &random, "seed \(seed), mutant \(number)")
                predicted += 1
            } catch {
                // A fault with a tree's number means that the header and all trees before it were read.
                if error.place?.hasPrefix("tree ") == true { headers += 1 }
                codes[error.code, default: 0] += 1
            }
        }
        print("LightGBM mutants: \(Self.mutantCount), \(headers) with a good header, \(predicted) load and predict:")
        print(codes.sorted { $0.value > $1.value }.map { "\($0.key.rawValue) \($0.value)" }.joined(separator: ", "))
        #expect(headers * 100 >= Self.mutantCount * 30, "\(headers) have a header")
        #expect(predicted * 100 >= Self.mutantCount * 5, "\(predicted) predict")
        #expect(codes.count >= 10, "\(codes)")
    }

    private static func checkPredictions(_ model: Model, _ random: inout SeededGenerator, _ comment: String) {
        let width = model.featureCount
        guard width <= 1_000, let packed = model.predictor as? DoubleForestPredictor else { return }
        let forest = packed.forest
        let thresholds = forest.trees.flatMap { $0.spec.splits.map(\.threshold) }
        let values = (0..<6 * width).map { _ in DoubleForestKernelTests.value(thresholds, &random) }
        let expected = (0..<6).flatMap {
            NaiveDoubleForest.margins(forest, Array(values[$0 * width..<($0 + 1) * width]))
        }
        for kernel in DoubleForestPredictor.Kernel.allCases {
            let found = DoubleForestPredictor(forest, kernel: kernel)
                .outputs(values, rowCount: 6, stride: width, batch: 6).raw
            #expect(zip(found, expected).allSatisfy { ulps($0, $1) == 0 }, "\(comment), \(kernel)")
        }
    }

    private static let numbers = [
        "0", "-1", "1", "2", "3", "5", "-3", "1e0", "-0.0", "1e-36", "nan", "inf", "-inf", "2147483647", "-2147483648",
        "4294967296", "9223372036854775807", "18446744073709551616", "1000000000", "0.5", "1e400", "", "x", "8", "10",
    ]

    private static let keys = [
        "num_leaves", "num_cat", "split_feature", "threshold", "decision_type", "left_child", "right_child",
        "leaf_value", "cat_boundaries", "cat_threshold", "is_linear", "leaf_const", "num_features", "leaf_features",
        "num_class", "objective", "tree_sizes", "feature_names",
    ]

    static func mutant(of source: [UInt8], _ random: inout SeededGenerator) -> [UInt8] {
        var lines = source.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map(Array.init)
        for _ in 0..<Int.random(in: 1...2, using: &random) {
            let number = Int.random(in: 0..<lines.count, using: &random)
            switch Int.random(in: 0..<12, using: &random) {
            case 0...4: replaceWord(in: &lines[number], &random)
            case 5: lines[number] = renamed(lines[number], &random)
            case 6: lines.swapAt(number, Int.random(in: 0..<lines.count, using: &random))
            case 7: lines.remove(at: number)
            case 8: lines.insert(lines[Int.random(in: 0..<lines.count, using: &random)], at: number)
            case 9: dropWord(in: &lines[number], &random)
            case 10:
                if let place = lines[number].indices.randomElement(using: &random) {
                    lines[number][place] = .random(in: 0...255, using: &random)
                }
            default: lines.removeLast(Int.random(in: 0...lines.count / 8, using: &random))
            }
            if lines.isEmpty { break }
        }
        return Array(lines.joined(separator: [UInt8(ascii: "\n")]))
    }

    private static func words(_ line: [UInt8]) -> (key: [UInt8], words: [[UInt8]])? {
        guard let equals = line.firstIndex(of: UInt8(ascii: "=")) else { return nil }
        let words = line[(equals + 1)...].split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
        return (Array(line[...equals]), words.map(Array.init))
    }

    private static func replaceWord(in line: inout [UInt8], _ random: inout SeededGenerator) {
        guard let (key, found) = words(line), let place = found.indices.randomElement(using: &random) else { return }
        var words = found
        words[place] =
            Bool.random(using: &random)
            ? Array(numbers.randomElement(using: &random)!.utf8) : words.randomElement(using: &random)!
        line = key + Array(words.joined(separator: [UInt8(ascii: " ")]))
    }

    private static func dropWord(in line: inout [UInt8], _ random: inout SeededGenerator) {
        guard let (key, found) = words(line), let place = found.indices.randomElement(using: &random) else { return }
        var words = found
        words.remove(at: place)
        line = key + Array(words.joined(separator: [UInt8(ascii: " ")]))
    }

    private static func renamed(_ line: [UInt8], _ random: inout SeededGenerator) -> [UInt8] {
        guard let equals = line.firstIndex(of: UInt8(ascii: "=")) else { return line }
        return Array(keys.randomElement(using: &random)!.utf8) + line[equals...]
    }
}
