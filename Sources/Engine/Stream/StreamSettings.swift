/// How the engine runs a plan; nothing here changes a score that comes out.
public struct StreamSettings: Sendable {
    public var batchRowsMax = 4_096
    /// Batches between the merge and the end of sending.
    public var inFlightBatchesMax = 2
    /// Batches sent and not yet acknowledged; beyond it nothing is taken.
    public var unacknowledgedBatchesMax = 1_024
    /// Bytes taken from a lane in one go.
    public var takeBytesMax = 8 << 20
    public var mergeWaitMicroseconds: Int64 = 200_000
    public var commitEveryMilliseconds = 200
    /// How long a drain may take: a fifth of `max.poll.interval.ms`.
    public var drainMilliseconds = 60_000
    /// Without credit for so long, the membership is kept alive without taking anything: a tenth of
    /// `max.poll.interval.ms`.
    public var keepAliveMilliseconds = 30_000
    /// Where outputs and offsets go in one transaction.
    public var transactions = TransactionSettings()
    /// When state is saved, where there is a place for it.
    public var snapshots = SnapshotSettings()
    /// Stop rather than score with windows that the log can no longer fill.
    public var refusesIncompleteState = true
    /// Sends on the engine's own thread: for simulation, where the schedule is the seed's.
    public var sendsInline = false
    /// For replays: which scored rows are wanted; the others are muted.
    public var selection: RowSelection?
    /// Stop where every assigned partition has reached this offset; `nil`: run until told to stop.
    public var endOffsets: (@Sendable (_ topic: String, _ partition: Int32) -> Int64?)?

    public init() {}
}

/// What a run did, for its last line.
public struct StreamSummary: Sendable {
    public var accounts: [LaneAccount] = []
    public var batches: UInt64 = 0
    public var mergeExpiries: UInt64 = 0
    public var late: UInt64 = 0
    public var commits: UInt64 = 0
    /// Snapshots written.
    public var snapshots: UInt64 = 0
    public var rebalances: UInt64 = 0
    public var nanoseconds: Int64 = 0

    public var consumed: UInt64 { accounts.reduce(0) { $0 + $1.consumed } }
    public var scored: UInt64 { accounts.reduce(0) { $0 + $1.scored } }
    public var absorbed: UInt64 { accounts.reduce(0) { $0 + $1.absorbed } }
    public var deadLettered: UInt64 { accounts.reduce(0) { $0 + $1.deadLettered } }
    public var lateDropped: UInt64 { accounts.reduce(0) { $0 + $1.lateDropped } }
    public var muted: UInt64 { accounts.reduce(0) { $0 + $1.muted } }
    public var released: UInt64 { accounts.reduce(0) { $0 + $1.released } }

    /// Of a run in which nothing happened.
    public init() {}
}

/// Sees every batch when it is scored, on the engine's thread; it must be quick and keep nothing.
public protocol StreamObserver: AnyObject, Sendable {
    func didScore(_ context: BatchContext, plan: ScoringPlan)
    /// Something that an operator wants to know; called on the engine's thread, rarely.
    func didNotice(_ notice: EngineNotice)
    /// The books balance; called on the engine's thread at each commit and when an assignment ends.
    func didBalance(_ books: StreamBooks)
}

extension StreamObserver {
    public func didScore(_ context: BatchContext, plan: ScoringPlan) {}
    public func didNotice(_ notice: EngineNotice) {}
    public func didBalance(_ books: StreamBooks) {}
}
