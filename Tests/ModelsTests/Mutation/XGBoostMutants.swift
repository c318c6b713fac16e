import Events
import Testing

@testable import Models

/// XGBoost's two forms; what loads must predict as the naive forest does.
extension MutatedFormat {
    static func xgboostJSON() throws -> MutatedFormat {
        let names = ["squared_error_v1", "softprob_v1", "categorical_v1"]
        return MutatedFormat(
            name: "xgboost-json",
            sources: [Array(ModelRefusalTests.good.utf8)]
                + (try names.map { try FixtureFiles.bytes("\(FixtureFiles.folder)/\($0).json") }),
            mutant: JSONMutation.mutant,
            parses: { bytes in bytes.withUnsafeBytes { (try? JSONDocument(parsing: $0)) != nil } },
            check: checkForest)
    }

    static func xgboostUBJSON() throws -> MutatedFormat {
        let names = ["softprob_v1", "categorical", "vector_leaf", "binary"]
        return MutatedFormat(
            name: "xgboost-ubjson",
            sources: try names.map { try FixtureFiles.bytes("\(FixtureFiles.folder)/\($0).ubj") },
            mutant: UBJSONMutation.mutant,
            parses: { bytes in bytes.withUnsafeBytes { (try? UBJSONDocument(parsing: $0, depthMax: 128)) != nil } },
            check: checkForest)
    }

    @Sendable
    private static func checkForest(_ model: Model, _ random: inout SeededGenerator, _ comment: String) {
        // A file may claim many features: rows are as wide as it says.
        let width = max(1, model.featureCount)
        guard width <= 1_000, let forest = model.forest else { return }
        let rowCount = 6
        let values = (0..<rowCount * width).map { _ in value(&random) }
        let expected = (0..<rowCount).flatMap { row in
            NaiveForest.margins(forest, Array(values[row * width..<(row + 1) * width]))
        }
        let kernel = ForestPredictor.Kernel.allCases.randomElement(using: &random)!
        let margins = ForestPredictor(forest, kernel: kernel).margins(
            values, rowCount: rowCount, stride: width, batch: rowCount)
        #expect(margins.map(\.bitPattern) == expected.map(\.bitPattern), "\(comment), \(kernel)")
        _ = model.scores(values, rowCount: rowCount, stride: width)
    }

    private static func value(_ random: inout SeededGenerator) -> Float {
        switch Int.random(in: 0..<8, using: &random) {
        case 0: .nan
        case 1, 2: Float(Int.random(in: 0..<70, using: &random))
        default: .random(in: -100...100, using: &random)
        }
    }
}

/// Changes to a JSON text that mostly keep it JSON.
private enum JSONMutation {
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

/// Changes to UBJSON that mostly keep its lengths.
private enum UBJSONMutation {
    static func mutant(of source: [UInt8], _ random: inout SeededGenerator) -> [UInt8] {
        var bytes = source
        for _ in 0..<Int.random(in: 1...3, using: &random) {
            switch Int.random(in: 0..<10, using: &random) {
            case 0...4: changeElement(of: &bytes, &random)
            case 5, 6: changeDigit(of: &bytes, &random)
            case 7: changeCount(of: &bytes, &random)
            case 8: bytes[Int.random(in: 0..<bytes.count, using: &random)] = .random(in: 0...255, using: &random)
            default:
                guard Bool.random(using: &random) else { break }
                bytes.removeLast(Int.random(in: 1...max(1, bytes.count / 4), using: &random))
            }
        }
        return bytes
    }

    /// Where typed arrays stand: the place of the type, the place of the count's eight bytes.
    private static func typedArrays(_ bytes: [UInt8]) -> [Int] {
        let start = Array("[$".utf8)
        return bytes.indices.dropLast(13).filter {
            bytes[$0] == start[0] && bytes[$0 + 1] == start[1] && bytes[$0 + 3] == UInt8(ascii: "#")
                && bytes[$0 + 4] == UInt8(ascii: "L")
        }
    }

    private static func changeElement(of bytes: inout [UInt8], _ random: inout SeededGenerator) {
        guard let array = typedArrays(bytes).randomElement(using: &random) else { return }
        let size =
            switch bytes[array + 2] {
            case UInt8(ascii: "l"), UInt8(ascii: "d"): 4
            case UInt8(ascii: "L"), UInt8(ascii: "D"): 8
            default: 1
            }
        let count = Int(bytes[array + 12]) + Int(bytes[array + 11]) * 256
        guard count > 0 else { return }
        let place = array + 13 + size * Int.random(in: 0..<count, using: &random)
        guard place + size <= bytes.count else { return }
        let values: [[UInt8]] = [
            [0, 0, 0, 0], [0, 0, 0, 1], [0, 0, 0, 5], [0xFF, 0xFF, 0xFF, 0xFF], [0x7F, 0xC0, 0, 0], [0x7F, 0x80, 0, 0],
            [0x3F, 0x80, 0, 0], [0x80, 0, 0, 0], [0, 0, 0, 40], [0x7F, 0xFF, 0xFF, 0xFF],
        ]
        let value = values.randomElement(using: &random)!
        let padded = [UInt8](repeating: 0, count: 4) + value
        bytes.replaceSubrange(place..<place + size, with: padded.suffix(size))
    }

    private static func changeDigit(of bytes: inout [UInt8], _ random: inout SeededGenerator) {
        let place = Int.random(in: 0..<bytes.count, using: &random)
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        guard let digit = bytes[place...].firstIndex(where: { digits.contains($0) }) else { return }
        bytes[digit] = .random(in: digits, using: &random)
    }

    private static func changeCount(of bytes: inout [UInt8], _ random: inout SeededGenerator) {
        guard let array = typedArrays(bytes).randomElement(using: &random) else { return }
        bytes[array + Int.random(in: 5...12, using: &random)] = .random(in: 0...255, using: &random)
    }
}
