import Events
import Testing

@testable import Models

/// Models that are damaged with knowledge of their structure: numbers, names, brackets and whole pieces are changed, so
/// that most mutants get past the JSON parser and many past the checks. None may crash, and what loads must predict as
/// the naive forest does.
@Suite struct ModelMutationTests {
    static let mutantCount = 2_000

    @Test(arguments: [1] as [UInt64])
    func mutantsAreRefusedOrExact(seed: UInt64) throws {
        let sources = [
            Array(ModelRefusalTests.good.utf8), try FixtureFiles.bytes("\(FixtureFiles.folder)/squared_error_v1.json"),
            try FixtureFiles.bytes("\(FixtureFiles.folder)/softprob_v1.json"),
            try FixtureFiles.bytes("\(FixtureFiles.folder)/categorical_v1.json"),
        ]
        var parsed = 0
        var predicted = 0
        var codes: [ModelFailure.Code: Int] = [:]
        for number in 0..<Self.mutantCount {
            var random = SeededGenerator(seed: seed &* 1_000_003 &+ UInt64(number))
            let mutant = Mutation.mutant(of: sources[number % sources.count], &random)
            if Self.parses(mutant) { parsed += 1 }
            do {
                let model = try Model.load(mutant, path: "", options: .init(output: number % 4 == 2 ? 1 : nil))
                Self.checkPredictions(model, &random, "seed \(seed), mutant \(number)")
                predicted += 1
            } catch {
                codes[error.code, default: 0] += 1
            }
        }
        print("model mutants: \(Self.mutantCount), \(parsed) parse as JSON, \(predicted) load and predict; refused:")
        print(codes.sorted { $0.value > $1.value }.map { "\($0.key.rawValue) \($0.value)" }.joined(separator: ", "))
        #expect(parsed * 100 >= Self.mutantCount * 30, "\(parsed) parse")
        #expect(predicted * 100 >= Self.mutantCount * 5, "\(predicted) predict")
        #expect(codes.count >= 10, "\(codes)")
    }

    private static func parses(_ bytes: [UInt8]) -> Bool {
        bytes.withUnsafeBytes { (try? JSONDocument(parsing: $0)) != nil }
    }

    private static func value(_ random: inout SeededGenerator) -> Float {
        switch Int.random(in: 0..<8, using: &random) {
        case 0: .nan
        case 1, 2: Float(Int.random(in: 0..<70, using: &random))
        default: .random(in: -100...100, using: &random)
        }
    }

    static func checkPredictions(_ model: Model, _ random: inout SeededGenerator, _ comment: String) {
        // A file may claim many features: rows are as wide as it says.
        let width = max(1, model.featureCount)
        guard width <= 1_000 else { return }
        let rowCount = 6
        let values = (0..<rowCount * width).map { _ in
            Self.value(&random)
        }
        let expected = (0..<rowCount).flatMap { row in
            NaiveForest.margins(model.forest!, Array(values[row * width..<(row + 1) * width]))
        }
        for kernel in ForestPredictor.Kernel.allCases {
            let margins = ForestPredictor(model.forest!, kernel: kernel).margins(
                values, rowCount: rowCount, stride: width, batch: rowCount)
            #expect(margins.map(\.bitPattern) == expected.map(\.bitPattern), "\(comment), \(kernel)")
        }
        _ = model.scores(values, rowCount: rowCount, stride: width)
    }
}

/// Changes to a JSON text that mostly keep it JSON.
private enum Mutation {
    private static let numbers = [
        "0", "-1", "1", "2", "3", "5", "7", "1E0", "-0.0", "1e39", "-1E-46", "NaN", "Infinity", "-Infinity",
        "2147483647",
        "-2147483648", "4294967296", "9223372036854775807", "18446744073709551616", "1000000000", "0.5", "1e400",
    ]
    private static let words = ["null", "true", "false", "\"\"", "\"0\"", "\"-1\"", "[]", "{}", "[0]", "\"[5E-1]\""]

    static func mutant(of source: [UInt8], _ random: inout SeededGenerator) -> [UInt8] {
        var text = source
        for _ in 0..<Int.random(in: 1...3, using: &random) {
            switch Int.random(in: 0..<10, using: &random) {
            case 0...3: replaceNumber(in: &text, &random)
            case 4: replaceNumber(in: &text, with: words.randomElement(using: &random)!, &random)
            case 5: swapNumbers(in: &text, &random)
            case 6: replaceName(in: &text, &random)
            case 7: dropElement(in: &text, &random)
            case 8: changeByte(in: &text, &random)
            default: cut(&text, &random)
            }
        }
        return text
    }

    private static func isNumber(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || "+-.eE".utf8.contains(byte)
    }

    /// The number at or behind a random place; digits inside of strings too, for XGBoost writes many numbers as
    /// strings.
    private static func number(in text: [UInt8], _ random: inout SeededGenerator) -> Range<Int>? {
        guard !text.isEmpty else { return nil }
        let place = Int.random(in: 0..<text.count, using: &random)
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        guard let digit = text[place...].firstIndex(where: { digits.contains($0) }) else { return nil }
        var start = digit
        while start > 0, isNumber(text[start - 1]) { start -= 1 }
        let end = text[digit...].firstIndex { !isNumber($0) } ?? text.count
        return start..<end
    }

    private static func replaceNumber(
        in text: inout [UInt8], with replacement: String? = nil, _ random: inout SeededGenerator
    ) {
        guard let range = number(in: text, &random) else { return }
        text.replaceSubrange(range, with: (replacement ?? numbers.randomElement(using: &random)!).utf8)
    }

    private static func swapNumbers(in text: inout [UInt8], _ random: inout SeededGenerator) {
        guard let first = number(in: text, &random), let second = number(in: text, &random) else { return }
        guard !first.overlaps(second) else { return }
        let (low, high) = first.lowerBound < second.lowerBound ? (first, second) : (second, first)
        let (lowText, highText) = (Array(text[low]), Array(text[high]))
        text.replaceSubrange(high, with: lowText)
        text.replaceSubrange(low, with: highText)
    }

    private static func replaceName(in text: inout [UInt8], _ random: inout SeededGenerator) {
        let names = [
            "left_children", "right_children", "split_indices", "split_conditions", "default_left", "tree_info",
            "num_class", "num_target", "weight_drop", "binary:logistic", "multi:softprob", "reg:gamma", "dart",
            "gbtree",
        ]
        let from = Array(names.randomElement(using: &random)!.utf8)
        let to = Array(names.randomElement(using: &random)!.utf8)
        guard let start = text.indices.first(where: { text[$0...].starts(with: from) }) else { return }
        text.replaceSubrange(start..<start + from.count, with: to)
    }

    /// A number with the comma before it.
    private static func dropElement(in text: inout [UInt8], _ random: inout SeededGenerator) {
        guard let range = number(in: text, &random), range.lowerBound > 0 else { return }
        guard text[range.lowerBound - 1] == UInt8(ascii: ",") else { return }
        text.removeSubrange(range.lowerBound - 1..<range.upperBound)
    }

    private static func changeByte(in text: inout [UInt8], _ random: inout SeededGenerator) {
        guard !text.isEmpty else { return }
        text[Int.random(in: 0..<text.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
    }

    private static func cut(_ text: inout [UInt8], _ random: inout SeededGenerator) {
        guard !text.isEmpty else { return }
        text.removeLast(Int.random(in: 1...max(1, text.count / 4), using: &random))
    }
}
