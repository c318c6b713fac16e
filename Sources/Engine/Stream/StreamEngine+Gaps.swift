import Events

/// Offsets without records: markers of transactions, aborted records, what compaction took.
///
/// A record's offset plus one is all that its batch commits. Behind the last record of a topic that is written in
/// transactions there is always a marker: were it never committed, the group would stay one behind for ever, and when
/// retention has emptied the partition, the committed offset would seem to be one of events that were lost.
extension StreamEngine {
    /// How long a lane has to bring nothing before its position is committed: with the next record it is anyhow.
    private static let restNanoseconds: Int64 = 1_000_000_000

    /// Hands on a batch without rows for lanes that stand behind their last record, so that offsets are committed in the
    /// order of everything else.
    func passGaps() throws {
        if lanes.isEmpty || restoration != nil || isDraining || ledger.isFull { return }
        let now = clock.nanoseconds
        var isNeeded = false
        for lane in lanes where hasGap(lane) {
            let since = lane.positionSince ?? now
            lane.positionSince = since
            if now - since >= Self.restNanoseconds { isNeeded = true }
        }
        // A batch that is being filled goes first.
        guard isNeeded, let context = try context(), context.batch.count == 0 else { return }
        context.epoch = epoch
        for (index, lane) in lanes.enumerated() {
            guard hasGap(lane), let since = lane.positionSince, now - since >= Self.restNanoseconds else { continue }
            lane.passedOffset = lane.position
            context.passed.append((index, lane.position))
        }
        sendCurrent()
    }

    private func hasGap(_ lane: Lane) -> Bool {
        lane.buffered == 0 && lane.stateOffset == lane.finishedOffset && lane.position > lane.stateOffset
            && lane.position > lane.passedOffset && lane.position > lane.start.mutedUntil
    }

    /// Everything of a lane before `offset` is done with.
    func didPass(_ offset: Int64, lane index: Int) {
        let lane = lanes[index]
        lane.finishedOffset = max(lane.finishedOffset, offset)
        lane.stateOffset = max(lane.stateOffset, offset)
        pendingPositions[index] = offset
    }
}
