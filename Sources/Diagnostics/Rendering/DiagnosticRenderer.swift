/// Prints diagnostics for people: place, message, code, the line, a caret, a suggestion, notes.
///
/// ```
/// fraud.yaml:14:21: error: aggregate "maen" is not known [unknown-aggregate]
///    14 |       customer_avg: maen(tx_amount)
///       |                     ^~~~ did you mean "mean"?
/// ```
public struct DiagnosticRenderer: Sendable {
    private let source: SourceText
    private let usesColour: Bool

    /// - Parameter source: what is shown of the file. Where it holds secrets, give a text in which they are masked
    ///   scalar for scalar, so that columns stay.
    public init(source: SourceText, usesColour: Bool = false) {
        self.source = source
        self.usesColour = usesColour
    }

    /// All diagnostics by position, each ending with a line feed; empty for none.
    public func text(_ diagnostics: [Diagnostic]) -> String {
        diagnostics.sortedByPosition().map(text).joined()
    }

    /// One diagnostic with its notes.
    public func text(_ diagnostic: Diagnostic) -> String {
        let isError = diagnostic.severity == .error
        var result = head(
            diagnostic.severity.rawValue, colour: isError ? .error : .warning, diagnostic.message,
            code: diagnostic.code, at: diagnostic.range)
        result += body(at: diagnostic.range, suggestion: diagnostic.suggestion)
        for note in diagnostic.notes {
            result += head("note", colour: .note, note.message, code: nil, at: note.range)
            result += body(at: note.range, suggestion: nil)
        }
        return result
    }

    /// `2 errors, 1 warning`, or `nil` for none.
    public static func tally(_ diagnostics: [Diagnostic]) -> String? {
        let errors = diagnostics.count { $0.severity == .error }
        let warnings = diagnostics.count - errors
        func counted(_ count: Int, _ word: String) -> String? {
            count == 0 ? nil : "\(count) \(word)\(count == 1 ? "" : "s")"
        }
        let parts = [counted(errors, "error"), counted(warnings, "warning")].compactMap(\.self)
        return parts.isEmpty ? nil : parts.joined(separator: ", ")
    }

    // MARK: - Parts

    private func head(
        _ kind: String, colour: Colour, _ message: String, code: String?, at range: SourceRange?
    ) -> String {
        var place = source.path.printable
        if let range { place += ":\(range.start.line):\(range.start.column)" }
        let tail = code.map { " [\($0)]" } ?? ""
        let headline = code == nil ? message.printable : painted(message.printable, .message)
        return "\(painted("\(place):", .message)) \(painted("\(kind):", colour)) \(headline)\(tail)\n"
    }

    private func body(at range: SourceRange?, suggestion: String?) -> String {
        guard let range else { return suggestion.map { "      | \($0.printable)\n" } ?? "" }
        let excerpt = SourceExcerpt(of: range, in: source)
        let number = "\(range.start.line)"
        let gutter = String(repeating: " ", count: max(5, number.count))
        let padding = String(repeating: " ", count: max(0, 5 - number.count))
        let mark = "^" + String(repeating: "~", count: excerpt.caretWidth - 1)
        let indent = String(repeating: " ", count: excerpt.caretColumn)
        let help = suggestion.map { " \($0.printable)" } ?? ""
        return "\(padding)\(number) | \(excerpt.text)\n\(gutter) | \(indent)\(painted(mark, .caret))\(help)\n"
    }

    private enum Colour: String {
        case error = "\u{1B}[1;31m"
        case warning = "\u{1B}[1;33m"
        case note = "\u{1B}[1;36m"
        case message = "\u{1B}[1m"
        case caret = "\u{1B}[1;32m"
    }

    private func painted(_ text: String, _ colour: Colour) -> String {
        usesColour ? "\(colour.rawValue)\(text)\u{1B}[0m" : text
    }
}
