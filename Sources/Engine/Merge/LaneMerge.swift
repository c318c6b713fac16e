import Events

/// The one order in which events are processed: by (highest available time seen so far in the partition, source,
/// partition, offset), sources that are not scored first on ties.
///
/// In a backlog this keeps partitions aligned in event time; without it, features across partitions depend on what
/// the network delivered first. It holds even where every entity is the topic's key, because the one watermark
/// decides what is late and what is forgotten. A lane known to be at its end is not waited for; another is, for at
/// most `waitNanoseconds`.
struct LaneMerge {
    /// Why a merge stopped.
    enum Outcome {
        /// The batch is full, or every lane is drained and at its end.
        case complete
        /// A lane that is not at its end has nothing buffered.
        case blocked
    }

    let waitNanoseconds: Int64
    private var heap = LaneHeap()
    private var blockedSince: Int64?
    /// How often the wait ran out.
    private(set) var expiries: UInt64 = 0

    init(waitNanoseconds: Int64) { self.waitNanoseconds = waitNanoseconds }

    /// Hands rows to `take` in merge order, in runs of one chunk, until `limit` rows are out or a lane must be waited
    /// for.
    ///
    /// `lanes` stand in the order that decides ties. A chunk whose last row was handed out belongs to `take`.
    ///
    /// Complexity: O(lanes) a call, O(log lanes) a run; a comparison and a call an event within it.
    mutating func merge(
        _ lanes: [Lane], limit: Int, now: Int64, take: (_ chunk: DecodedChunk, _ rows: Range<Int>) -> Void
    ) -> Outcome {
        if limit <= 0 { return .complete }
        heap.fill(lanes)
        var isBlocked = lanes.contains { $0.isWaitedFor }
        var room = limit
        while room > 0 {
            guard let place = heap.least else { return .complete }
            if !mayGoOn(lanes, isBlocked: isBlocked, now: now) { return .blocked }
            // Whoever is waited for is given up by now.
            isBlocked = false
            let lane = lanes[place]
            let bound = heap.bound
            let chunk = lane.chunks[0]
            let first = chunk.next
            let last = min(lane.rowEnd(in: chunk, before: lane.limit), first &+ room)
            var row = first
            var highest = lane.highestTime
            while row < last {
                let time = chunk.time(of: row, highest: highest)
                // Ties go to the lane with the smaller number.
                if time > bound.time || (time == bound.time && bound.lane < place) { break }
                highest = time
                row &+= 1
            }
            lane.highestTime = highest
            chunk.next = row
            lane.buffered -= row - first
            room -= row - first
            if row == chunk.batch.count { lane.chunks.removeFirst() }
            take(chunk, first..<row)
            if lane.hasNext {
                heap.replaceLeast(time: lane.nextTime)
            } else {
                heap.removeLeast()
                isBlocked = lane.isWaitedFor
            }
        }
        return .complete
    }

    /// Whether rows may be handed out now, though a lane that is not at its end has none.
    private mutating func mayGoOn(_ lanes: [Lane], isBlocked: Bool, now: Int64) -> Bool {
        if isBlocked { return hasWaitExpired(lanes, now: now) }
        if blockedSince != nil {
            for lane in lanes { lane.countWait(now: now) }
            blockedSince = nil
        }
        return true
    }

    private mutating func hasWaitExpired(_ lanes: [Lane], now: Int64) -> Bool {
        let since = blockedSince ?? now
        blockedSince = since
        for lane in lanes { lane.countWait(now: now) }
        if now - since < waitNanoseconds { return false }
        for lane in lanes where lane.isWaitedFor {
            lane.giveUp(now: now)
            expiries += 1
        }
        blockedSince = nil
        return true
    }

    /// Forgets a wait: the lanes are others now.
    mutating func reset() { blockedSince = nil }

    /// When a blocked merge may go on at the latest, if it is blocked.
    var deadline: Int64? { blockedSince.map { $0 + waitNanoseconds } }
}
