/// The work of a pipeline as it is measured, in the order of an event's road.
public enum MeasuredPhase: String, Hashable, Sendable, CaseIterable {
    case decode
    /// Bringing decoded rows into one batch, in order, and deciding what becomes of each.
    case gather
    /// Keys and windows.
    case features
    /// Expressions, the forest and rules.
    case score
    /// Writing score records.
    case encode
    /// All of them, and what lies between them.
    case whole
}

/// What one pass over events in memory took, and what came of it.
///
/// `events = scored + faults + lateDropped`, each counted by itself.
public struct MeasuredPass: Hashable, Sendable {
    public var events: UInt64 = 0
    /// Score records written.
    public var scored: UInt64 = 0
    public var faults: UInt64 = 0
    public var lateDropped: UInt64 = 0
    /// Wall-clock nanoseconds of the thread that runs the phases, helpers working beside it.
    public var decode: Int64 = 0
    public var gather: Int64 = 0
    public var features: Int64 = 0
    public var score: Int64 = 0
    public var encode: Int64 = 0
    public var whole: Int64 = 0
    /// Nanoseconds that the process computed during `whole`, all threads together; 0: it was not measured.
    public var processor: Int64 = 0
    public var scoreBytes: UInt64 = 0
    /// Over the bytes of all score records in their order.
    public var scoreHash: UInt64 = 0

    public init() {}

    public func nanoseconds(of phase: MeasuredPhase) -> Int64 {
        switch phase {
        case .decode: decode
        case .gather: gather
        case .features: features
        case .score: score
        case .encode: encode
        case .whole: whole
        }
    }
}
