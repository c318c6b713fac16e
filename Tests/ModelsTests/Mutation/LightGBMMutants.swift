import Testing

@testable import Models

/// LightGBM's text; what loads must predict as the naive forest does.
extension MutatedFormat {
    static func lightgbm() throws -> MutatedFormat {
        let names = ["single_leaves", "multiclass_v2", "categorical", "linear_binary"]
        return MutatedFormat(
            name: "lightgbm-text",
            sources: [Array(LightGBMRefusalTests.good.utf8)]
                + (try names.map { try FixtureFiles.bytes("\(LightGBMFixture.ownFolder)/\($0).txt") }),
            mutant: LightGBMMutation.mutant,
            parses: { bytes in
                // A fault with a tree's number means that the header and all trees before it were read.
                do throws(ModelFailure) { _ = try Model.load(bytes, path: "", options: .init(output: 0)) } catch {
                    return error.place?.hasPrefix("tree ") == true
                }
                return true
            },
            check: checkDoubleForest)
    }

    @Sendable
    private static func checkDoubleForest(_ model: Model, _ random: inout SeededGenerator, _ comment: String) {
        let width = model.featureCount
        guard width <= 1_000, let packed = model.predictor as? DoubleForestPredictor else { return }
        let forest = packed.forest
        let thresholds = forest.trees.flatMap { $0.spec.splits.map(\.threshold) }
        let values = (0..<6 * width).map { _ in DoubleForestKernelTests.value(thresholds, &random) }
        let expected = (0..<6).flatMap {
            NaiveDoubleForest.margins(forest, Array(values[$0 * width..<($0 + 1) * width]))
        }
        let kernel = DoubleForestPredictor.Kernel.allCases.randomElement(using: &random)!
        let found = DoubleForestPredictor(forest, kernel: kernel)
            .outputs(values, rowCount: 6, stride: width, batch: 6).raw
        #expect(zip(found, expected).allSatisfy { ulps($0, $1) == 0 }, "\(comment), \(kernel)")
    }
}

/// Changes to words and lines.
private enum LightGBMMutation {
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
