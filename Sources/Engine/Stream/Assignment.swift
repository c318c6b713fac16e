/// The partitions that this instance owns for a while, as the output thread needs them; never changed after it is made.
// SAFETY: all properties are constant; `membership` is only handed back to the port that made it.
final class Assignment: @unchecked Sendable {
    let epoch: UInt64
    let starts: [LaneStart]
    let origin: OriginText
    /// The group's membership as of the assignment: commits name it, so that a member that was passed over cannot commit.
    let membership: AnyObject?

    init(epoch: UInt64, starts: [LaneStart], membership: AnyObject?) {
        self.epoch = epoch
        self.starts = starts
        self.membership = membership
        origin = OriginText(lanes: starts)
    }

    /// Whether committing `offset` would be a step back: what is read again to rebuild state was committed before.
    func isRebuilding(_ lane: Int, _ offset: Int64) -> Bool { offset <= starts[lane].mutedUntil }

    func position(lane: Int, offset: Int64) -> LanePosition {
        LanePosition(
            lane: LaneIndex(lane), topic: starts[lane].topic, partition: starts[lane].partition, offset: offset)
    }
}
