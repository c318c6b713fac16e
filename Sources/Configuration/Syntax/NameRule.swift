/// How a name must be spelt.
public enum NameRule: Sendable {
    /// A pipeline: `card-fraud`.
    case pipeline
    /// A source, field, feature or aggregate, as expressions use it: `customer_tx`.
    case identifier
    /// A rule or a model: `card-fraud-xgb`, `review`.
    case label
    case topic
    /// A librdkafka property.
    case property

    static let lengthMax = 64
    static let topicLengthMax = 249
    /// Words of the expression language and names it gives by itself.
    public static let reserved = [
        "and", "or", "not", "in", "if", "then", "else", "true", "false", "score", "event_time",
    ]

    public var description: String {
        switch self {
        case .pipeline: "lower-case letters, digits and \"-\", at most \(Self.lengthMax)"
        case .identifier: "letters, digits and \"_\", not beginning with a digit, at most \(Self.lengthMax)"
        case .label: "letters, digits, \"-\", \"_\" and \".\", at most \(Self.lengthMax)"
        case .topic: "letters, digits, \".\", \"_\" and \"-\", at most \(Self.topicLengthMax)"
        case .property: "anything but blanks"
        }
    }

    /// What an offending name is called.
    var noun: String {
        switch self {
        case .pipeline: "pipeline name"
        case .identifier, .label: "name"
        case .topic: "topic"
        case .property: "property"
        }
    }

    /// Whether a name is spelt as the rule wants it; a reserved word is not looked at.
    public func allows(_ name: String) -> Bool {
        let lengthMax = self == .topic ? Self.topicLengthMax : Self.lengthMax
        guard !name.isEmpty, self == .property || name.utf8.count <= lengthMax else { return false }
        if self == .topic, name == "." || name == ".." { return false }
        if self == .identifier, let first = name.unicodeScalars.first, isDigit(first) { return false }
        return name.unicodeScalars.allSatisfy(allows)
    }

    /// The nearest legal spelling, or `nil` where there is none to speak of.
    func mended(_ name: String) -> String? {
        var result = String.UnicodeScalarView()
        let filler: Unicode.Scalar = self == .pipeline ? "-" : "_"
        for scalar in (self == .pipeline ? name.lowercased() : name).unicodeScalars {
            result.append(allows(scalar) ? scalar : filler)
        }
        if self == .identifier, let first = result.first, isDigit(first) { result.insert("_", at: result.startIndex) }
        let text = String(result)
        return allows(text) && text.unicodeScalars.contains { $0 != filler } ? text : nil
    }

    private func allows(_ scalar: Unicode.Scalar) -> Bool {
        let isLower = scalar >= "a" && scalar <= "z"
        let isLetter = isLower || scalar >= "A" && scalar <= "Z"
        return switch self {
        case .pipeline: isLower || isDigit(scalar) || scalar == "-"
        case .identifier: isLetter || isDigit(scalar) || scalar == "_"
        case .label, .topic: isLetter || isDigit(scalar) || scalar == "-" || scalar == "_" || scalar == "."
        case .property: scalar.value > 0x20 && scalar.value < 0x7F
        }
    }

    private func isDigit(_ scalar: Unicode.Scalar) -> Bool { scalar >= "0" && scalar <= "9" }
}
