extension DiagnosticRenderer {
    /// The diagnostics by position as one JSON array, ending with a line feed.
    ///
    /// Each has `file`, `severity`, `code`, `message`, and where known `line`, `column`, `length`, `suggestion` and
    /// `notes`.
    public static func json(_ diagnostics: [Diagnostic], path: String) -> String {
        let objects = diagnostics.sortedByPosition().map { "  \(object($0, path: path))" }
        return objects.isEmpty ? "[]\n" : "[\n\(objects.joined(separator: ",\n"))\n]\n"
    }

    private static func object(_ diagnostic: Diagnostic, path: String) -> String {
        var members = [
            member("file", string(path)), member("severity", string(diagnostic.severity.rawValue)),
            member("code", string(diagnostic.code)), member("message", string(diagnostic.message)),
        ]
        members += place(diagnostic.range)
        if let suggestion = diagnostic.suggestion { members.append(member("suggestion", string(suggestion))) }
        if !diagnostic.notes.isEmpty {
            let notes = diagnostic.notes.map { note in
                "{\(([member("message", string(note.message))] + place(note.range)).joined(separator: ","))}"
            }
            members.append(member("notes", "[\(notes.joined(separator: ","))]"))
        }
        return "{\(members.joined(separator: ","))}"
    }

    private static func place(_ range: SourceRange?) -> [String] {
        guard let range else { return [] }
        return [
            member("line", "\(range.start.line)"), member("column", "\(range.start.column)"),
            member("length", "\(range.length)"),
        ]
    }

    private static func member(_ name: String, _ value: String) -> String { "\"\(name)\":\(value)" }

    private static func string(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            default:
                if scalar.value < 0x20 || ScalarWidth.isUnprintable(scalar) {
                    let digits = String(scalar.value, radix: 16)
                    result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
                } else {
                    result.unicodeScalars.append(scalar)
                }
            }
        }
        return result + "\""
    }
}
