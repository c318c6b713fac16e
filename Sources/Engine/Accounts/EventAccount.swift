public import Events
public import Features

/// The whole way of one event through the engine, read out of it as it happened.
public struct EventAccount: Sendable {
    /// A field as it was decoded.
    public enum FieldValue: Hashable, Sendable {
        /// As text, and whether it is one.
        case value(String, isText: Bool)
        case null
        case absent
    }

    /// The place of its file among the inputs, or its lane; and its line there, or its offset.
    public let lane: Int
    public let position: Int64
    /// The place of its source in the plan.
    public let source: Int
    /// The record's value as it came.
    public let value: [UInt8]
    /// By the fields of its source; empty where it is a fault.
    public let fields: [FieldValue]
    /// Microseconds; `nil` where it is not known, or there is none.
    public let time: EventTime?
    public let available: EventTime?
    public let recordTime: EventTime?
    /// The newest time that was available before it; `nil`: it was the first event.
    public let watermark: EventTime?
    public let isLate: Bool
    public let disposition: RowDisposition
    public let fault: Fault
    /// By the plan's features, `nan` for what is missing; empty where it is not scored.
    public let features: [Double]
    /// `nil` where there is none.
    public let score: Double?
    /// By the plan's models, where there are several.
    public let modelScores: [Double]
    /// By the plan's rules: whether each held; `nil`: it is missing.
    public let rules: [Bool?]
    /// The first that held.
    public let rule: Int?
    /// Whether its record has reasons: `nil` where the pipeline gives none.
    public let hasReasons: Bool?
    /// Its record, with reasons whatever the pipeline says about when.
    public let record: String?
    public let windows: [WindowContent]
}

/// Which events are to be accounted for.
public enum EventWish: Hashable, Sendable {
    /// Events of the scored source with this id; of those that cannot be used as far as an id can be read in them.
    case id(String)
    /// The event at a line of a file, or at an offset.
    case place(lane: Int, position: Int64)
    /// All of a file.
    case lane(Int)
}
