public import Diagnostics

/// `model.explain`.
public struct ExplainSpec: Sendable {
    /// Which contributions are reasons.
    public enum Direction: String, Hashable, Sendable, CaseIterable {
        /// Those that raised the score.
        case up
        /// Those that lowered it.
        case down
        /// All that moved it.
        case both
    }

    /// At most so many events in each span of event time.
    public struct Budget: Hashable, Sendable {
        public let eventsMax: Int
        public let spanMicroseconds: Int64
    }

    /// What a reason says in words.
    public struct Reason: Sendable {
        public let feature: Located<String>
        public let text: Located<String>
    }

    /// The most reasons of a score.
    public let reasonsMax: Int
    /// Which scores come with reasons; `nil`: all.
    public let condition: Located<String>?
    public let direction: Direction
    /// In file order.
    public let reasons: [Reason]
    /// `nil`: there is no bound.
    public let budget: Budget?
    /// Of the key.
    public let range: SourceRange

    /// The longest text of a reason, in bytes of UTF-8.
    public static let textBytesMax = 1_000

    /// Everything that decides the reasons in a score.
    var meaning: [String] {
        var parts = ["explain", "\(reasonsMax)", direction.rawValue, condition?.value ?? "all scores"]
        parts += reasons.flatMap { [$0.feature.value, $0.text.value] }
        if let budget { parts += ["budget", "\(budget.eventsMax)", "\(budget.spanMicroseconds)"] }
        return parts
    }
}

extension PipelineSpec {
    /// The model whose score comes with reasons, by its place, and what is asked for; `nil`: none has any.
    public var explained: (model: Int, spec: ExplainSpec)? {
        for (index, model) in models.enumerated() {
            if let explain = model.explain { return (index, explain) }
        }
        return nil
    }
}
