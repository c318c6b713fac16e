public import Events
public import Features

/// One record of a trial, as a producer would have sent it.
public struct TrialRecord: Hashable, Sendable {
    /// The place of its source in the plan.
    public var source: Int
    public var value: [UInt8]
    /// The record's timestamp in microseconds; `Int64.min`: it has none.
    public var timestamp: Int64

    public init(source: Int, value: [UInt8], timestamp: Int64 = .min) {
        self.source = source
        self.value = value
        self.timestamp = timestamp
    }
}

/// Where an engine that starts again takes its state from.
public enum TrialRestart: String, Hashable, Sendable, CaseIterable {
    /// From a snapshot that the one before wrote as it ended.
    case snapshot
    /// From the records that it had taken, and the order that it had recorded.
    case log
}

/// The features of one key, without an event.
public struct TrialQuestion: Hashable, Sendable {
    /// The field of the scored source that windows are kept by.
    public var entity: String
    /// The key's bytes: a text's, or the eight of an integer.
    public var key: [UInt8]
    /// Microseconds.
    public var time: Int64

    public init(entity: String, key: [UInt8], time: Int64) {
        self.entity = entity
        self.key = key
        self.time = time
    }
}

/// What happens next in a trial.
public enum TrialStep: Sendable {
    /// Records arrive together: those of several sources are merged as partitions are. What arrived before has been
    /// scored by then.
    case records([TrialRecord])
    /// The engine ends, and another one begins where it was.
    case restart(TrialRestart)
    case ask(TrialQuestion)
}

/// What became of a record.
public struct TrialRow: Sendable {
    /// The record's place among all of the trial, as the steps have them.
    public let record: Int
    /// The place of its source in the plan.
    public let source: Int
    public let disposition: RowDisposition
    public let fault: Fault
    /// Older than the watermark by more than its source allows.
    public let isLate: Bool
    public let time: EventTime
    /// Since when it was available; its time unless its source says otherwise.
    public let available: EventTime
    /// By the plan's features, `nan` for what is missing; empty where it is not scored.
    public let features: [Double]
    /// `nil`: no model scores, or the score is missing.
    public let score: Double?
    /// By the plan's models.
    public let modelScores: [Double]
    /// The place of the rule that held; `nil`: none did.
    public let rule: Int?
    /// The record that goes to the output topic.
    public let output: String?
    /// The windows that it saw, where they were asked for.
    public let windows: [WindowContent]
}

/// What came of a trial.
public struct TrialResult: Sendable {
    /// In the order in which the records were taken.
    public internal(set) var rows: [TrialRow] = []
    /// By the questions, in the order of the steps: by the plan's features, `nan` where there is nothing.
    public internal(set) var answers: [[Double]] = []
    /// For each restart, where the state came from.
    public internal(set) var restarts: [RestoreSource] = []
}
