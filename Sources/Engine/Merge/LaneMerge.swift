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
    private var blockedSince: Int64?
    /// How often the wait ran out.
    private(set) var expiries: UInt64 = 0

    init(waitNanoseconds: Int64) { self.waitNanoseconds = waitNanoseconds }

    /// Hands rows to `take` in merge order, in runs of one chunk, until `limit` rows are out or a lane must be waited
    /// for.
    ///
    /// `lanes` stand in the order that decides ties. A chunk whose last row was handed out belongs to `take`.
    ///
    /// Complexity: O(lanes) a run; a comparison and a call an event within it.
    mutating func merge(
        _ lanes: [Lane], limit: Int, now: Int64, take: (_ chunk: DecodedChunk, _ rows: Range<Int>) -> Void
    ) -> Outcome {
        var room = limit
        while room > 0 {
            guard let choice = chooseLane(lanes, now: now) else { return outcome(lanes) }
            let lane = lanes[choice.lane]
            let chunk = lane.chunks[0]
            let first = chunk.next
            let last = min(lane.rowEnd(in: chunk, before: lane.limit), first &+ room)
            var row = first
            var highest = lane.highestTime
            while row < last {
                let time = chunk.time(of: row, highest: highest)
                // Ties go to the lane with the smaller number.
                if time > choice.boundTime || (time == choice.boundTime && choice.boundLane < choice.lane) { break }
                highest = time
                row &+= 1
            }
            lane.highestTime = highest
            chunk.next = row
            lane.buffered -= row - first
            room -= row - first
            if row == chunk.batch.count { lane.chunks.removeFirst() }
            take(chunk, first..<row)
        }
        return .complete
    }

    private struct Choice {
        var lane: Int
        /// The least key among the other lanes: rows up to it may go.
        var boundTime: Int64
        var boundLane: Int
    }

    private mutating func chooseLane(_ lanes: [Lane], now: Int64) -> Choice? {
        var best = -1
        var bestTime = Int64.max
        var boundTime = Int64.max
        var boundLane = Int.max
        var isBlocked = false
        for index in lanes.indices {
            let lane = lanes[index]
            if !lane.hasNext {
                if lane.isWaitedFor { isBlocked = true }
                continue
            }
            let time = lane.nextTime
            if best < 0 || time < bestTime {
                boundTime = best < 0 ? Int64.max : bestTime
                boundLane = best < 0 ? Int.max : best
                best = index
                bestTime = time
            } else if time < boundTime || boundLane == Int.max {
                boundTime = time
                boundLane = index
            }
        }
        if best < 0 { return nil }
        if isBlocked {
            if !hasWaitExpired(lanes, now: now) { return nil }
        } else if blockedSince != nil {
            for lane in lanes { lane.countWait(now: now) }
            blockedSince = nil
        }
        return Choice(lane: best, boundTime: boundTime, boundLane: boundLane)
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

    private func outcome(_ lanes: [Lane]) -> Outcome {
        lanes.contains { $0.hasNext } ? .blocked : .complete
    }

    /// When a blocked merge may go on at the latest, if it is blocked.
    var deadline: Int64? { blockedSince.map { $0 + waitNanoseconds } }
}
