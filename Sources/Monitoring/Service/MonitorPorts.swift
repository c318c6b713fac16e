public import Events

/// Where a monitor's scores come from: partitions of the score topic, each in its order, committed records only.
///
/// All calls come from the monitor's thread.
public protocol MonitorSource: AnyObject {
    /// Begins to read each lane at a position; called once, before all else.
    func begin(at positions: [Int64]) throws
    /// Adds what has arrived of a lane to an empty batch, without waiting.
    func take(lane: Int, into batch: EventBatch) throws -> MonitorTaken
    /// Behind the last record of a lane, as far as it is known without asking; `nil`: it is not.
    func end(lane: Int) -> Int64?
    /// Waits until something has come, or until the time is up.
    func wait(milliseconds: Int) throws
    /// Shows others how far the monitor is; nothing depends on it.
    func note(positions: [Int64]) throws
}

/// What `MonitorSource.take` has done.
public struct MonitorTaken: Hashable, Sendable {
    /// Behind the last record taken.
    public var position: Int64
    /// The lane holds no more for now.
    public var isAtEnd: Bool

    public init(position: Int64, isAtEnd: Bool) {
        self.position = position
        self.isAtEnd = isAtEnd
    }
}

/// Where a monitor's alerts and closings go, and what is there already.
public protocol MonitorSink: AnyObject {
    /// The ids of all records about alerts and performance that are there.
    func publishedIDs() throws -> Set<String>
    /// The alert of a limit with this fingerprint, if the newest record about it there says that it is open.
    func openLimit(fingerprint: String) throws -> OpenLimit?
    /// All closings that were recorded.
    func recordedClosings() throws -> [LaneClosing]
    /// Returns when all are acknowledged.
    func publish(_ alerts: [DriftAlert]) throws
    /// Returns when all are acknowledged; at once where nobody asked for them.
    func publish(_ records: [PerformanceRecord]) throws
    /// Returns when it is acknowledged.
    func record(_ closing: LaneClosing) throws
}

/// Where a monitor's state is kept.
public protocol MonitorStore: AnyObject {
    /// The newest state that can be read, or nothing; older ones stand behind it.
    func states() throws -> [[UInt8]]
    /// Durable when it returns.
    func save(_ state: [UInt8]) throws
}
