import Events
import Features

/// The highest accepted event time in merge order, and what it says of each event: whether it is late.
struct Watermark {
    let policy: LatePolicy
    private(set) var time = Int64.min
    private(set) var lateCount: UInt64 = 0
    /// Late events seen by this process, whatever a snapshot says of those before.
    private(set) var lateSeen: UInt64 = 0

    init(policy: LatePolicy) { self.policy = policy }

    /// Decides what becomes of a row, in merge order; a row that is late under the policy `dead-letter` becomes a
    /// fault.
    @inline(__always)
    mutating func disposition(of row: Int, in batch: EventBatch, isMuted: Bool) -> RowDisposition {
        if batch.faults[row].code != .none { return isMuted ? .mutedFault : .fault }
        let eventTime = batch.eventTimes[row]
        if eventTime >= time {
            time = eventTime
            return isMuted ? .muted : .score
        }
        // Times lie within years 1 to 9999 and lateness is bounded, so this cannot overflow.
        if eventTime < time &- policy.afterMicroseconds {
            if !isMuted { (lateCount, lateSeen) = (lateCount &+ 1, lateSeen &+ 1) }
            switch policy.action {
            case .score: break
            case .drop: return isMuted ? .mutedFault : .lateDropped
            case .deadLetter:
                if isMuted { return .mutedFault }
                batch.faults[row] = Fault(.late)
                return .fault
            }
        }
        return isMuted ? .muted : .score
    }

    /// Goes on from another time: that of a snapshot, or none.
    mutating func reset(to time: Int64 = .min, lateCount: UInt64? = nil) {
        self.time = time
        if let lateCount { self.lateCount = lateCount }
    }
}
