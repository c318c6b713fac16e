import Events

/// A JSON document that is about to be written; objects keep their order.
public indirect enum JSONContent: Hashable, Sendable {
    case null
    case bool(Bool)
    case integer(Int64)
    /// What is not finite is written as `null`: JSON has no such numbers.
    case number(Double)
    case string(String)
    case array([JSONContent])
    case object([Member])

    /// A name of an object and what it holds.
    public struct Member: Hashable, Sendable {
        public let name: String
        public let content: JSONContent

        public init(_ name: String, _ content: JSONContent) {
            self.name = name
            self.content = content
        }
    }

    /// On one line.
    public var text: String {
        var text = ""
        write(to: &text, indent: nil)
        return text
    }

    /// For people: two columns a level, with a line feed at the end.
    public var indentedText: String {
        var text = ""
        write(to: &text, indent: 0)
        return text + "\n"
    }

    private func write(to text: inout String, indent: Int?) {
        switch self {
        case .null: text += "null"
        case .bool(let value): text += value ? "true" : "false"
        case .integer(let value): text += "\(value)"
        case .number(let value): text += Self.text(value)
        case .string(let value): text += Self.quoted(value)
        case .array(let elements):
            Self.write(elements, "[", "]", to: &text, indent: indent) { $0.write(to: &$1, indent: $2) }
        case .object(let members):
            Self.write(members, "{", "}", to: &text, indent: indent) { member, text, indent in
                text += Self.quoted(member.name) + (indent == nil ? ":" : ": ")
                member.content.write(to: &text, indent: indent)
            }
        }
    }

    private static func write<Element>(
        _ elements: [Element], _ open: String, _ close: String, to text: inout String, indent: Int?,
        _ write: (Element, inout String, Int?) -> Void
    ) {
        text += open
        for (index, element) in elements.enumerated() {
            if index > 0 { text += "," }
            if let indent { text += "\n" + String(repeating: " ", count: indent + 2) }
            write(element, &text, indent.map { $0 + 2 })
        }
        if let indent, !elements.isEmpty { text += "\n" + String(repeating: " ", count: indent) }
        text += close
    }

    private static func text(_ value: Double) -> String {
        if !value.isFinite { return "null" }
        if value == value.rounded(), abs(value) < 1e15 { return "\(Int64(value))" }
        return "\(value)"
    }

    private static func quoted(_ text: String) -> String {
        var text = text
        return text.withUTF8 { bytes in
            String(unsafeUninitializedCapacity: JSONText.bytesMax(forLength: bytes.count)) { target in
                guard let start = target.baseAddress else { return 0 }
                return JSONText.writeString(bytes, to: start)
            }
        }
    }
}

extension JSONContent: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    public init(stringLiteral value: String) { self = .string(value) }
    public init(integerLiteral value: Int64) { self = .integer(value) }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(arrayLiteral elements: JSONContent...) { self = .array(elements) }
    public init(dictionaryLiteral elements: (String, JSONContent)...) {
        self = .object(elements.map { Member($0.0, $0.1) })
    }
}
