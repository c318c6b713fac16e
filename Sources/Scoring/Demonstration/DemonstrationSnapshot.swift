public import Events

/// What a demonstration is doing.
public enum DemonstrationPhase: Hashable, Sendable {
    /// The pipeline joins its group; nothing is scored yet.
    case starting
    /// History is scored as fast as it goes; the share of it that is done, 0 to 1.
    case warmingUp(Double)
    case live
    /// What was sent is finished.
    case stopping
}

/// Events with one decision, and how many of those whose label is known were fraud.
public struct DecisionCount: Hashable, Sendable {
    public var name: String
    public var events: Int
    /// Labels that have come for events with this decision, by now or in history; where labels ride in the events, all.
    public var labelled: Int
    public var frauds: Int

    /// - Parameter labelled: `nil`: all events.
    public init(name: String, events: Int, labelled: Int? = nil, frauds: Int) {
        self.name = name
        self.events = events
        self.labelled = labelled ?? events
        self.frauds = frauds
    }
}

/// Labels that came from a source of their own, since the demonstration began.
public struct LabelCount: Hashable, Sendable {
    public var known: Int
    public var frauds: Int
    /// Of the newest event that is labelled; `nil`: none is.
    public var eventTime: EventTime?

    public init(known: Int = 0, frauds: Int = 0, eventTime: EventTime? = nil) {
        self.known = known
        self.frauds = frauds
        self.eventTime = eventTime
    }
}

/// Dead letters with one fault code.
public struct FaultCount: Hashable, Sendable {
    public var name: String
    public var events: Int

    public init(name: String, events: Int) {
        self.name = name
        self.events = events
    }
}

/// Microseconds from when an event was meant to be sent until its score is computed.
///
/// Kafka timestamps have milliseconds: a value is true to half of one.
public struct LatencyPercentiles: Hashable, Sendable {
    public var p50: Int
    public var p95: Int
    public var p99: Int

    public init(p50: Int, p95: Int, p99: Int) {
        self.p50 = p50
        self.p95 = p95
        self.p99 = p99
    }
}

/// A demonstration at one moment.
public struct DemonstrationSnapshot: Hashable, Sendable {
    public var phase = DemonstrationPhase.starting
    public var pipeline = ""
    public var address = ""
    public var scoreTopic = ""
    /// Since the demonstration began.
    public var nanoseconds: Int64 = 0
    public var published = 0
    public var consumed = 0
    public var scored = 0
    public var deadLettered = 0
    /// Of the newest event that was scored.
    public var eventTime: EventTime?
    /// `nil` until the live part.
    public var latency: LatencyPercentiles?
    /// Scores in ten equal steps from 0 to 1.
    public var bins: [Int] = []
    /// In the order of the rules.
    public var decisions: [DecisionCount] = []
    public var faults: [FaultCount] = []
    /// Whether `frauds` mean anything.
    public var hasLabels = false
    /// `nil`: no source brings labels.
    public var labels: LabelCount?
    /// What held the merge back, a line a topic; empty where nothing did.
    public var waits: [String] = []
    /// `nil`: nothing is watched for drift.
    public var drift: DriftStatus?

    public init() {}

    /// Events sent that the pipeline has not finished.
    public var lag: Int { max(0, published - consumed) }

    /// The share of decisions other than the last rule's, which lets an event pass; `nil` without any.
    public var flagged: (events: Int, of: Int) {
        let all = decisions.reduce(0) { $0 + $1.events }
        return (all - (decisions.last?.events ?? 0), all)
    }
}
