/// A partition, as the engine sees it: its place in the list of lanes. Lanes are numbered anew by each assignment.
public struct LaneIndex: Hashable, Sendable {
    public let rawValue: Int
    public init(_ rawValue: Int) { self.rawValue = rawValue }
}

/// A partition as the source was given it: what it knows, so that the engine can decide where to begin.
public struct AssignedLane: Hashable, Sendable {
    public let topic: String
    public let partition: Int32
    /// Where the group is to go on; `nil`: it has committed nothing here.
    public var committed: Int64?
    /// The text that was committed with it; empty where another tool committed.
    public var note: String
    /// The first offset that the log still holds, and the one behind the last.
    public var low: Int64
    public var high: Int64
    /// Where a group without offsets begins to read,
    public var begin: Int64
    /// and to score.
    public var scoresFrom: Int64

    public init(
        topic: String, partition: Int32, committed: Int64?, note: String = "", low: Int64, high: Int64, begin: Int64,
        scoresFrom: Int64
    ) {
        self.topic = topic
        self.partition = partition
        self.committed = committed
        self.note = note
        self.low = low
        self.high = high
        self.begin = begin
        self.scoresFrom = scoresFrom
    }
}

/// Where an assigned lane begins.
public struct LaneStart: Hashable, Sendable {
    public let topic: String
    public let partition: Int32
    /// The offset of the first record that will be taken.
    public let offset: Int64
    /// Records before this offset rebuild state and produce nothing: their scores were committed before, or never
    /// asked for.
    public let mutedUntil: Int64

    public init(topic: String, partition: Int32, offset: Int64, mutedUntil: Int64) {
        self.topic = topic
        self.partition = partition
        self.offset = offset
        self.mutedUntil = mutedUntil
    }
}

/// What `SourcePort.take` found.
public struct Taken: Sendable {
    public var count: Int
    /// Where the source now stands in the partition: past the last record and past what is no record (transaction
    /// markers).
    public var position: Int64

    public init(count: Int, position: Int64) {
        self.count = count
        self.position = position
    }
}

/// A committed position: the offset of the next record to be read after a restart.
public struct LanePosition: Hashable, Sendable {
    public let lane: LaneIndex
    public let topic: String
    public let partition: Int32
    public let offset: Int64

    public init(lane: LaneIndex, topic: String, partition: Int32, offset: Int64) {
        self.lane = lane
        self.topic = topic
        self.partition = partition
        self.offset = offset
    }
}

/// What became of a commit, as far as it is known.
public enum CommitOutcome: Hashable, Sendable {
    /// It is made or, where it was not waited for, under way.
    case accepted
    /// The group goes on without this assignment: its events are read again by whoever has the partitions now.
    case superseded(reason: String)
}

/// Positions that become durable together.
public struct OffsetCommit: Hashable, Sendable {
    public var positions: [LanePosition]
    /// Kept with each of them, and handed back in `AssignedLane.note`.
    public var note: String

    public init(positions: [LanePosition], note: String) {
        self.positions = positions
        self.note = note
    }
}

/// What the source tells the engine, from inside `SourcePort.poll`.
public protocol SourceObserver: AnyObject {
    /// Partitions were assigned; all earlier lanes are gone. Lane i is `lanes[i]`. Epochs rise from 1 on.
    ///
    /// - Returns: where each lane begins, in the same order. What failed is thrown by the engine's next turn.
    func sourceDidAssign(epoch: UInt64, lanes: [AssignedLane]) -> [LaneStart]
    /// The partitions are about to be taken away: what is finished may be committed until this returns.
    ///
    /// - Parameter isLost: they are gone already; nothing may be committed.
    func sourceWillRevoke(epoch: UInt64, isLost: Bool)
}

/// Where records come from.
///
/// The engine calls it from one thread only, except `wake`, `release` and the reading of headers.
///
/// The same engine runs over Kafka, over files and over the simulation; only this is swapped.
public protocol SourcePort: AnyObject {
    /// Serves rebalances and errors; returns at once.
    ///
    /// - Throws: what the engine cannot go on from, such as an offset that is out of range.
    func poll(_ observer: any SourceObserver) throws
    /// Lends up to `buffer.count` records of at most `bytesMax` bytes together (at least one record if there is one);
    /// returns at once.
    func take(_ lane: LaneIndex, bytesMax: Int, into buffer: UnsafeMutableBufferPointer<RecordReference>) throws
        -> Taken
    /// Whether nothing is known to stand behind the lane's position; asked only when `take` has just found nothing.
    func isAtEnd(_ lane: LaneIndex) -> Bool
    /// Gives lent records back.
    func release(_ records: UnsafeMutableBufferPointer<RecordReference>)
    /// Blocks until something may have arrived, `wake` is called or the time has passed.
    func wait(milliseconds: Int)
    /// Ends a `wait`; from any thread.
    func wake()
    /// Makes positions durable; not called where outputs and offsets go in one transaction.
    ///
    /// - Parameter isFinal: wait for the answer; else it may come later, and a failure is thrown by a later call.
    func commit(_ commit: OffsetCommit, isFinal: Bool) throws -> CommitOutcome
    /// The first offset of each lane whose record's timestamp is not before a time in microseconds; called from inside
    /// `sourceDidAssign` only.
    func offsets(notBefore recordTime: Int64) throws -> [Int64]
    /// The group's membership as of the current assignment, for transactions.
    var membership: AnyObject? { get }
    /// Keeps the membership alive while nothing may be taken: records stay where they are.
    func keepAlive() throws
    /// Whether the record brought headers, and the value of one of them; borrowed until the record is released.
    func header(_ name: StaticString, of record: RecordReference) -> UnsafeRawBufferPointer?
    /// Calls `body` with each header in order.
    func forEachHeader(of record: RecordReference, _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer?) -> Void)
}
