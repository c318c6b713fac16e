/// A place in a text: both numbers count from 1, columns in Unicode scalars.
public struct SourcePosition: Hashable, Comparable, Sendable {
    public var line: Int
    public var column: Int

    public init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    public static func < (left: SourcePosition, right: SourcePosition) -> Bool {
        (left.line, left.column) < (right.line, right.column)
    }
}

/// A stretch of one line: where it starts and how many columns it covers (at least 1).
public struct SourceRange: Hashable, Sendable {
    public var start: SourcePosition
    public var length: Int

    public init(start: SourcePosition, length: Int = 1) {
        self.start = start
        self.length = max(1, length)
    }
}

/// A problem in something the user wrote. Problems are gathered, never thrown one at a time.
public struct Diagnostic: Hashable, Sendable {
    public enum Severity: String, Hashable, Sendable { case error, warning }

    /// A second place that explains the first ("first defined here").
    public struct Note: Hashable, Sendable {
        public var message: String
        public var range: SourceRange?

        public init(_ message: String, at range: SourceRange? = nil) {
            self.message = message
            self.range = range
        }
    }

    public var severity: Severity
    /// Stable, kebab-case: documented in `docs/reference/diagnostics.md`.
    public var code: String
    /// Lower-case, names the kind of thing, quotes the user's text.
    public var message: String
    /// `nil` where no place in the text is to blame (an unreadable file, say).
    public var range: SourceRange?
    /// How to mend it, shown behind the caret: `did you mean "mean"?`.
    public var suggestion: String?
    public var notes: [Note]

    public init(
        _ severity: Severity = .error, code: String, _ message: String, at range: SourceRange?,
        suggestion: String? = nil, notes: [Note] = []
    ) {
        self.severity = severity
        self.code = code
        self.message = message
        self.range = range
        self.suggestion = suggestion
        self.notes = notes
    }
}
