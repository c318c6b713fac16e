/// How the merge waited for a lane that had nothing to hand out and was not known to be at its end.
///
/// Where it waits for several lanes at once, the time counts for each.
public struct LaneWaits: Hashable, Sendable {
    /// Times that a wait began.
    public var begun: UInt64 = 0
    /// Time waited, that of a wait under way included.
    public var nanoseconds: Int64 = 0
    /// Waits that `merge.wait` ended: the merge went on without the lane.
    public var expired: UInt64 = 0

    public init() {}

    mutating func add(_ other: LaneWaits) {
        begun += other.begun
        nanoseconds += other.nanoseconds
        expired += other.expired
    }
}
