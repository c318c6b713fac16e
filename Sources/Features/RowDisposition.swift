/// What becomes of a row of a batch; decided in merge order, before features are computed.
public enum RowDisposition: UInt8, Sendable {
    /// Enters the windows and is scored.
    case score
    /// Of a source that is not scored: it enters the windows, and that is all.
    case absorbed
    /// Enters the windows; its score was committed before, or never asked for.
    case muted
    /// Cannot be used: it goes to the dead letters.
    case fault
    /// Older than the watermark by more than `late.after`, under the policy `drop`.
    case lateDropped
    /// A fault, or dropped as late, in the muted stretch: it was dealt with before.
    case mutedFault

    /// Whether the event is dealt with here and now: its offset may be committed with its output, if it has one.
    @inlinable
    public var isAnswered: Bool { self != .muted && self != .mutedFault }

    /// Whether the event enters the state.
    @inlinable
    public var entersState: Bool { rawValue <= RowDisposition.muted.rawValue }
}
