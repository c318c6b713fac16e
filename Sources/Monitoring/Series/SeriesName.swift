/// What a series counts, and of which events. Its text is its name in alerts, and its key in a reference file.
///
///     score    amount    channel    decision=block    missing(amount)    recall(block)    score{channel=web}
public struct SeriesName: Hashable, Sendable, CustomStringConvertible {
    public enum Subject: Hashable, Sendable {
        case score
        /// A feature or a field that scores carry, by its name.
        case value(String)
        /// Whether the decision is this one; `nil`: whether there is none.
        case decision(String?)
        /// Whether there is no value.
        case missing(String)
        /// Whether the value is outside of what the reference has seen.
        case outOfRange(String)
        /// Whether the value is none of the reference's categories.
        case unseen(String)
        /// Whether a score came after its bucket was closed.
        case late
        /// Whether an event became a dead letter.
        case deadLetters
        /// Of the events with a decision, whether the label is positive.
        case precision(String)
        /// Of the events with a positive label, whether the decision was this one.
        case recall(String)
        /// Of the events with a label, whether it is positive.
        case positives
    }

    /// The events for which a field has one value.
    public struct Segment: Hashable, Sendable, CustomStringConvertible {
        public let field: String
        public let value: String

        public init(field: String, value: String) {
            self.field = field
            self.value = value
        }

        public var description: String { "{\(field)=\(value)}" }
    }

    public let subject: Subject
    /// `nil`: all events.
    public let segment: Segment?

    public init(_ subject: Subject, in segment: Segment? = nil) {
        self.subject = subject
        self.segment = segment
    }

    /// The value of a segment that stands for all that are not listed.
    public static let otherValue = "(other)"

    public var description: String {
        let text =
            switch subject {
            case .score: "score"
            case .value(let name): name
            case .decision(let name): "decision=\(name ?? "(none)")"
            case .missing(let name): "missing(\(name))"
            case .outOfRange(let name): "out_of_range(\(name))"
            case .unseen(let name): "unseen(\(name))"
            case .late: "late"
            case .deadLetters: "dead_letters"
            case .precision(let decision): "precision(\(decision))"
            case .recall(let decision): "recall(\(decision))"
            case .positives: "positives"
            }
        return text + (segment?.description ?? "")
    }
}
