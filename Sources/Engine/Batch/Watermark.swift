import Events
import Features

/// The highest accepted available time in merge order, over all sources, and what it says of each event: whether it is
/// late.
struct Watermark {
    /// By source.
    private let policies: [LatePolicy]
    private(set) var time = Int64.min
    private(set) var lateCount: UInt64 = 0

    init(_ sources: [SourcePlan]) { policies = sources.map(\.late) }

    /// For one source.
    init(policy: LatePolicy) { policies = [policy] }

    /// Decides what becomes of a row, in merge order; a row that is late under the policy `dead-letter` becomes a
    /// fault.
    @inline(__always)
    mutating func disposition(of row: Int, in batch: EventBatch, isMuted: Bool) -> RowDisposition {
        if batch.faults[row].code != .none { return isMuted ? .mutedFault : .fault }
        let orderTime = batch.orderTimes[row]
        let source = Int(batch.sources[row])
        let accepted = isMuted ? RowDisposition.muted : source == 0 ? .score : .absorbed
        if orderTime >= time {
            time = orderTime
            return accepted
        }
        let policy = policies[source]
        // Times lie within years 1 to 9999 and lateness is bounded, so this cannot overflow.
        if orderTime < time &- policy.afterMicroseconds {
            if !isMuted { lateCount &+= 1 }
            switch policy.action {
            case .score: break
            case .drop: return isMuted ? .mutedFault : .lateDropped
            case .deadLetter:
                if isMuted { return .mutedFault }
                batch.faults[row] = Fault(.late)
                return .fault
            }
        }
        return accepted
    }

    /// Goes on from another time: that of a snapshot, or none.
    mutating func reset(to time: Int64 = .min, lateCount: UInt64? = nil) {
        self.time = time
        if let lateCount { self.lateCount = lateCount }
    }
}
