public import Diagnostics
public import Events

extension EventValue {
    /// The event as JSON, its values in the types of the source's fields: `4711` is a text where the field is a string.
    ///
    /// What the source has no field for is a mistake: it would be passed over, and the test would not see what was meant.
    ///
    /// - Returns: `nil` where `problems` was given an error.
    public func json(of source: SourcePlan, into problems: DiagnosticGathering) -> [UInt8]? {
        var writer = EventWriter(source: source, problems: problems)
        writer.write(self, path: [])
        return writer.isWhole ? Array(writer.text.utf8) : nil
    }
}

/// Writes one event.
private struct EventWriter {
    let source: SourcePlan
    let problems: DiagnosticGathering
    var text = ""
    var isWhole = true

    mutating func write(_ value: EventValue, path: [String]) {
        switch value {
        case .mapping(let entries, _):
            text += "{"
            for (index, entry) in entries.enumerated() {
                let inside = path + [entry.key.value]
                check(entry.key, inside)
                text += (index == 0 ? "" : ",") + Self.quoted(entry.key.value) + ":"
                write(entry.value, path: inside)
            }
            text += "}"
        case .list(let items, _):
            text += "["
            for (index, item) in items.enumerated() {
                if index > 0 { text += "," }
                write(item, path: path)
            }
            text += "]"
        case .scalar(let scalar, let isPlain):
            text += isPlain ? plain(scalar.value, path: path) : Self.quoted(scalar.value)
        }
    }

    /// Reports a name that no field's path has here.
    private mutating func check(_ key: Located<String>, _ path: [String]) {
        let fields = source.schema.fields.filter { $0.type != .time(.record) }
        if fields.contains(where: { $0.path.starts(with: path) || path.starts(with: $0.path) }) { return }
        let parent = path.dropLast()
        var choices: [String] = []
        for field in fields where field.path.count >= path.count && field.path.starts(with: parent) {
            let name = field.path[parent.count]
            if !choices.contains(name) { choices.append(name) }
        }
        isWhole = false
        problems.error(
            "unknown-field", "source \(source.name.quoted) has no field \(key.written.quoted)", at: key.range,
            suggestion: Suggestion.text(for: key.value, among: choices)
                ?? "what no field reads belongs into \("json".quoted)")
    }

    private func plain(_ text: String, path: [String]) -> String {
        if text.isEmpty || text == "null" || text == "~" { return "null" }
        let isText = source.schema.fields.contains { field in
            field.path == path && (field.type == .string || field.type == .time(.iso8601))
        }
        if isText { return Self.quoted(text) }
        if text == "true" || text == "false" { return text }
        guard (try? NumberLiteral.double(text)) != nil else { return Self.quoted(text) }
        var digits = text.filter { $0 != "_" && $0 != "+" }
        // JSON has no leading zeros.
        let isNegative = digits.hasPrefix("-")
        if isNegative { digits.removeFirst() }
        while digits.count > 1, digits.hasPrefix("0"), digits.dropFirst().first?.isNumber == true {
            digits.removeFirst()
        }
        return (isNegative ? "-" : "") + digits
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
