public import Diagnostics

/// The stable codes of everything that can be wrong with an expression.
///
/// Each code has one line here, its entry in the reference of diagnostics and a test.
public enum ExpressionDiagnostic: String, Hashable, Sendable, CaseIterable {
    case syntax = "expression-syntax"
    case tooLong = "expression-too-long"
    case tooDeep = "expression-too-deep"
    case tooLarge = "expression-too-large"
    case invalidNumber = "invalid-number-literal"
    case numberOutOfRange = "number-literal-out-of-range"
    case unterminatedText = "unterminated-text"
    case invalidEscape = "invalid-escape"
    case chainedComparison = "chained-comparison"
    case unknownName = "unknown-name"
    case unavailableName = "unavailable-name"
    case unknownFunction = "unknown-function"
    case wrongArgumentCount = "wrong-argument-count"
    case typeMismatch = "type-mismatch"
    case alwaysMissing = "always-missing"
    case aggregateShape = "aggregate-shape"
    case unknownAggregate = "unknown-aggregate"
    case notConstant = "not-constant"
    case parameterOutOfRange = "parameter-out-of-range"

    /// Its lines in the reference of diagnostics.
    public var entry: DiagnosticEntry {
        let (meaning, remedy) = reference
        return DiagnosticEntry(rawValue, meaning, remedy: remedy)
    }

    private var reference: (meaning: String, remedy: String) {
        switch self {
        case .syntax: ("The text is not an expression.", "Write what is expected at the caret.")
        case .tooLong:
            (
                "An expression is longer than \(ExpressionLimits().charactersMax) characters.",
                "Divide it into several features."
            )
        case .tooDeep:
            (
                "Parentheses, calls or `if` are nested deeper than \(ExpressionLimits().depthMax) levels.",
                "Divide it into several features."
            )
        case .tooLarge:
            (
                "An expression needs more than \(ExpressionLimits().registersMax) values at once.",
                "Divide it into several features."
            )
        case .invalidNumber:
            (
                "A number is not written as digits with an optional fraction and exponent.",
                "Write it as in 1_000, 0.5 or 1e-3."
            )
        case .numberOutOfRange:
            ("A number is too large or too small for a 64-bit float.", "Use a number between 1e-300 and 1e300.")
        case .unterminatedText: ("A text has no closing quote on its line.", "Close it with the quote that opens it.")
        case .invalidEscape:
            ("A backslash in a text stands before something that cannot be escaped.", "Write `\\\\` for a backslash.")
        case .chainedComparison:
            ("Two comparisons follow each other without `and` between them.", "Write `a < b and b < c`.")
        case .unknownName:
            ("A name is neither a field nor a feature that can be read here.", "Declare it, or mend its spelling.")
        case .unavailableName: ("A name exists, but cannot be read here.", "Move the expression behind what it reads.")
        case .unknownFunction: ("A function is not in the catalogue.", "Use one of the functions of the reference.")
        case .wrongArgumentCount:
            ("A function or an aggregate has too few or too many arguments.", "Follow its signature in the reference.")
        case .typeMismatch:
            ("A value has another type than its place needs.", "Compare or convert it, or choose another field.")
        case .alwaysMissing:
            (
                "A part without names has no value, as a division by zero has: it is missing for every event.",
                "Mend the constants."
            )
        case .aggregateShape:
            (
                "An aggregate is not one call with an optional `or` and a default.",
                "Name the call alone, and compute with that name in another feature."
            )
        case .unknownAggregate: ("An aggregate is not in the catalogue.", "Use one of the aggregates of the reference.")
        case .notConstant:
            ("A default or a parameter depends on the event, where it has to be a constant.", "Write a number.")
        case .parameterOutOfRange:
            ("A constant behind an aggregate's argument is outside of what it allows.", "Choose one inside.")
        }
    }

    /// Only `always-missing` leaves a usable expression.
    var severity: Diagnostic.Severity { self == .alwaysMissing ? .warning : .error }

    func callAsFunction(
        _ message: String, at range: SourceRange, suggestion: String? = nil, notes: [Diagnostic.Note] = []
    ) -> Diagnostic {
        Diagnostic(severity, code: rawValue, message, at: range, suggestion: suggestion, notes: notes)
    }
}

/// Thrown inside the parser only: what follows a syntax error cannot be judged, so that there is one at most.
struct SyntaxFailure: Error {
    let diagnostic: Diagnostic
}

/// The user's text in quotes, shortened, with control characters made visible, so that a message stays one line.
func quoted(_ text: String) -> String {
    let charactersMax = 60
    var shown = "\""
    for (count, scalar) in text.unicodeScalars.enumerated() {
        if count == charactersMax {
            shown += "…"
            break
        }
        if scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) || scalar.value == 0x2028
            || scalar.value == 0x2029
        {
            shown += "\\u{" + String(scalar.value, radix: 16, uppercase: true) + "}"
        } else {
            shown.unicodeScalars.append(scalar)
        }
    }
    return shown + "\""
}
