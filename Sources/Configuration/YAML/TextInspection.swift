import Diagnostics

/// What must hold of a file's bytes and characters before YAML is looked at.
enum TextInspection {
    /// The most invalid characters that are reported one by one.
    private static let reportsMax = 10
    /// The most brackets open at once within one line: bounds the cost of a nested key, see `YAMLReader`.
    static let openBracketsMax = 64

    /// Decodes a file, or says where it is not UTF-8.
    static func decode(_ bytes: [UInt8], path: String, into problems: DiagnosticGathering) -> String? {
        if let text = String(validating: bytes, as: UTF8.self) { return text }
        var bad = 0
        // The longest valid beginning; the decoder stops at the first byte that cannot be.
        var decoder = UTF8()
        var iterator = bytes.makeIterator()
        var valid = String.UnicodeScalarView()
        while case .scalarValue(let scalar) = decoder.decode(&iterator) {
            valid.append(scalar)
            bad += UTF8.width(scalar)
        }
        let source = SourceText(path: path, text: String(valid))
        let byte = bad < bytes.count ? String(bytes[bad], radix: 16, uppercase: true) : "?"
        problems.error(
            "invalid-utf8", "byte 0x\(byte) is not valid UTF-8",
            at: SourceRange(start: source.position(at: source.scalars.count)), suggestion: "save the file as UTF-8")
        return nil
    }

    /// Reports characters that no pipeline file needs and that would shift lines or hide text.
    static func check(_ source: SourceText, into problems: DiagnosticGathering) -> Bool {
        var reports = 0
        var open = 0
        for (index, scalar) in source.scalars.enumerated() {
            switch scalar {
            case "\n": open = 0
            case "[", "{": open += 1
            case "]", "}": open -= 1
            default:
                guard let name = refusedName(scalar, at: index, in: source.scalars) else { continue }
                reports += 1
                let value = String(scalar.value, radix: 16, uppercase: true)
                let code = String(repeating: "0", count: max(0, 4 - value.count)) + value
                problems.error(
                    "invalid-character", "\(name) (U+\(code)) is not allowed",
                    at: SourceRange(start: source.position(at: index)), suggestion: "remove it")
                if reports == reportsMax { return false }
            }
            if open > openBracketsMax {
                reportNesting(at: source.position(at: index), into: problems)
                return false
            }
        }
        return reports == 0
    }

    static func reportNesting(at position: SourcePosition, into problems: DiagnosticGathering) {
        problems.error(
            "nesting-too-deep", "lists and mappings are nested too deep", at: SourceRange(start: position),
            suggestion: "a pipeline file needs no more than \(YAMLReader.depthMax) levels")
    }

    private static func refusedName(_ scalar: Unicode.Scalar, at index: Int, in scalars: [Unicode.Scalar]) -> String? {
        switch scalar.value {
        case 0x09, 0x0A, 0x20...0x7E: nil
        case 0x0D:
            index + 1 < scalars.count && scalars[index + 1] == "\n" ? nil : "a carriage return without a line feed"
        case 0x00: "a NUL character"
        case 0x01..<0x20, 0x7F...0x84, 0x86...0x9F: "a control character"
        case 0x85, 0x2028, 0x2029: "an invisible line break"
        case 0x202A...0x202E, 0x2066...0x2069: "a character that reorders the text around it"
        // A byte order mark at the very start is common and harmless.
        case 0xFEFF: index == 0 ? nil : "a byte order mark"
        case 0xE000...0xF8FF, 0xF_0000...0x10_FFFF: "a private-use character"
        case 0xFFFE, 0xFFFF: "a non-character"
        default: nil
        }
    }
}
