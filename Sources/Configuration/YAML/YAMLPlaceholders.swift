import Diagnostics

/// Indicators that pipeline files do without, swapped for private-use characters before YAML is parsed.
///
/// Aliases let a small file unfold into an endless one, and the parser hashes keys before it hands anything out. With
/// the indicators swapped nothing can unfold; a scalar that *starts* with a swapped character was an indicator and is
/// refused with its place, and everywhere else the character is put back.
enum YAMLPlaceholders {
    private static let firstValue: UInt32 = 0xF_0000
    private static let indicators: [Unicode.Scalar] = ["*", "&", "!", "?"]

    /// Swaps the indicators, one scalar for one, so that positions stay.
    static func swapped(_ scalars: [Unicode.Scalar]) -> [Unicode.Scalar] {
        scalars.map { scalar in
            guard scalar.value < 0x80, let index = indicators.firstIndex(of: scalar) else { return scalar }
            return Unicode.Scalar(firstValue + UInt32(index)) ?? scalar
        }
    }

    /// The indicator that a swapped scalar stands for.
    static func indicator(_ scalar: Unicode.Scalar) -> Unicode.Scalar? {
        guard scalar.value >= firstValue, scalar.value < firstValue + UInt32(indicators.count) else { return nil }
        return indicators[Int(scalar.value - firstValue)]
    }

    /// Puts the indicators back.
    static func restored(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: { indicator($0) != nil }) else { return text }
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars { result.append(indicator(scalar) ?? scalar) }
        return String(result)
    }

    /// A private-use scalar that makes a duplicate key unlike the others; see `YAMLReader`.
    static func marker(_ number: Int) -> Unicode.Scalar? {
        Unicode.Scalar(firstValue + 0x100 + UInt32(clamping: number))
    }

    /// The diagnostic for an indicator in front of a value or key. It does not quote what follows: a password may begin
    /// with any of them.
    static func diagnostic(for indicator: Unicode.Scalar, at range: SourceRange) -> Diagnostic {
        let quoted = String(Character(indicator)).quoted
        switch indicator {
        case "*":
            return Diagnostic(
                code: "yaml-anchor", "\(quoted) begins an alias, which pipeline files do without", at: range,
                suggestion: "write the value out, or quote it if the * belongs to it")
        case "&":
            return Diagnostic(
                code: "yaml-anchor", "\(quoted) begins an anchor, which pipeline files do without", at: range,
                suggestion: "remove it, or quote the value if the & belongs to it")
        case "!":
            return Diagnostic(
                code: "yaml-tag", "\(quoted) begins a YAML tag, which pipeline files do without", at: range,
                suggestion: "remove it, or quote the value if the ! belongs to it")
        default:
            return Diagnostic(
                code: "yaml-complex-key", "a key that begins with \"?\" is not supported", at: range,
                suggestion: "write \"key: value\"")
        }
    }
}
