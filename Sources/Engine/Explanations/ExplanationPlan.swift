public import Features

/// Which scores come with reasons, and how those read; what explains them belongs to the model.
public struct ExplanationPlan: Sendable {
    /// Which contributions are reasons.
    public enum Direction: Hashable, Sendable {
        /// Those that raised the score, the largest first.
        case up
        /// Those that lowered it: of a score that is low where something is odd.
        case down
        /// All that moved it, the largest amount first.
        case both
    }

    /// So many events at most are explained in each span of event time.
    public struct Budget: Hashable, Sendable {
        public let eventsMax: Int
        public let spanMicroseconds: Int64

        public init(eventsMax: Int, spanMicroseconds: Int64) {
            precondition(eventsMax > 0 && spanMicroseconds > 0, "\(eventsMax) events in \(spanMicroseconds) us")
            self.eventsMax = eventsMax
            self.spanMicroseconds = spanMicroseconds
        }
    }

    /// Whose score has the reasons, by its place in the plan.
    public let model: Int
    /// The most reasons of a score.
    public let reasonsMax: Int
    public let direction: Direction
    /// Over fields, features and the score: scores for which it is true are explained. `nil`: all are.
    public let condition: CompiledExpression?
    /// `nil`: as many as there are.
    public let budget: Budget?
    /// What reasons say in words.
    public let texts: [FeatureIndex: String]

    public init(
        model: Int = 0, reasonsMax: Int, direction: Direction = .up, condition: CompiledExpression? = nil,
        budget: Budget? = nil, texts: [FeatureIndex: String] = [:]
    ) {
        precondition(reasonsMax > 0, "\(reasonsMax) reasons")
        self.model = model
        self.reasonsMax = reasonsMax
        self.direction = direction
        self.condition = condition
        self.budget = budget
        self.texts = texts
    }
}
