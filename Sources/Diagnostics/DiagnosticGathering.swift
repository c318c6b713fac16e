/// Gathers the problems of one file, in whatever order they are found, up to a limit.
public final class DiagnosticGathering {
    /// The most problems that are kept; one last diagnostic says that there are more.
    public static let problemsMaxDefault = 100

    private let problemsMax: Int
    private var kept: [Diagnostic] = []
    private var seen: Set<Diagnostic> = []
    private var hasUnkept = false

    public init(problemsMax: Int = DiagnosticGathering.problemsMaxDefault) {
        precondition(problemsMax > 0, "a limit of \(problemsMax) problems")
        self.problemsMax = problemsMax
    }

    /// Whether any of them is an error, kept or not.
    public private(set) var hasErrors = false

    /// Whether further problems are dropped, so that there is no need to look for them.
    public var isFull: Bool { kept.count == problemsMax }

    /// Adds a problem; one that is already there word for word is not repeated.
    public func add(_ diagnostic: Diagnostic) {
        if diagnostic.severity == .error { hasErrors = true }
        if seen.contains(diagnostic) { return }
        guard !isFull else {
            hasUnkept = true
            return
        }
        seen.insert(diagnostic)
        kept.append(diagnostic)
    }

    /// Adds an error.
    public func error(
        _ code: String, _ message: String, at range: SourceRange?, suggestion: String? = nil,
        notes: [Diagnostic.Note] = []
    ) {
        add(Diagnostic(code: code, message, at: range, suggestion: suggestion, notes: notes))
    }

    /// All problems by position; those without one last, those at one position as they were found.
    public var diagnostics: [Diagnostic] {
        let sorted = kept.sortedByPosition()
        guard hasUnkept else { return sorted }
        let message = "these are the first \(problemsMax) problems, and there are more"
        return sorted + [Diagnostic(code: "too-many-problems", message, at: nil)]
    }
}

extension Array where Element == Diagnostic {
    /// By position; those without one last, those at one position in the order they stand in.
    public func sortedByPosition() -> [Diagnostic] {
        let last = SourcePosition(line: .max, column: .max)
        let keyed = enumerated().map { (place: $1.range?.start ?? last, order: $0, diagnostic: $1) }
        return keyed.sorted { ($0.place, $0.order) < ($1.place, $1.order) }.map(\.diagnostic)
    }

    public var hasErrors: Bool { contains { $0.severity == .error } }
}
