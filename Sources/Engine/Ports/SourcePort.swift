/// A partition, as the engine sees it: its place in the list of lanes. Lanes are numbered anew by each assignment.
public struct LaneIndex: Hashable, Sendable {
    public let rawValue: Int
    public init(_ rawValue: Int) { self.rawValue = rawValue }
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
    public let offset: Int64

    public init(lane: LaneIndex, offset: Int64) {
        self.lane = lane
        self.offset = offset
    }
}

/// What the source tells the engine, from inside `SourcePort.poll`.
public protocol SourceObserver: AnyObject {
    /// Whether the state in memory is that of exactly these committed offsets, so that nothing has to be rebuilt.
    func holdsState(for committed: [(topic: String, partition: Int32, offset: Int64)]) -> Bool
    /// Partitions were assigned; all earlier lanes are gone. Lane i is `lanes[i]`. Epochs rise from 1 on.
    func sourceDidAssign(epoch: UInt64, lanes: [LaneStart])
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
    /// Makes positions durable.
    ///
    /// - Parameter isFinal: wait for the answer; else it may come later, and a failure is thrown by a later call.
    func commit(_ positions: [LanePosition], isFinal: Bool) throws
    /// Keeps the membership alive while nothing may be taken: records stay where they are.
    func keepAlive() throws
    /// Whether the record brought headers, and the value of one of them; borrowed until the record is released.
    func header(_ name: StaticString, of record: RecordReference) -> UnsafeRawBufferPointer?
    /// Calls `body` with each header in order.
    func forEachHeader(of record: RecordReference, _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer?) -> Void)
}
