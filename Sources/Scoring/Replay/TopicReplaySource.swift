import Engine
import Kafka
import Logging

/// The engine's source over all partitions of its topics up to fixed ends: no group is joined and nothing is committed.
///
///     log   |-- gone --|-- low .. only windows .. scoresFrom .. rows .. high --|-- came later, not read --
final class TopicReplaySource: SourcePort {
    private let consumer: KafkaConsumer
    /// What the engine is given, once; `high` is where reading ends.
    private let lanes: [AssignedLane]
    private let watcher: BrokerWatch
    private var partitions: [KafkaPartition] = []
    /// Behind what was lent, by lane.
    private var positions: [Int64]
    private let scratch: UnsafeMutableBufferPointer<KafkaRecord>
    /// How long the engine has waited since something came.
    private var silence = Duration.zero
    private let silenceMax: Duration
    private static let scratchRecords = 4_096
    private static let answerMilliseconds = 30_000

    init(consumer: KafkaConsumer, lanes: [AssignedLane], silenceMax: Duration = .seconds(60), logger: Logger) {
        self.consumer = consumer
        self.lanes = lanes
        self.silenceMax = silenceMax
        watcher = BrokerWatch { logger.warning("kafka", metadata: ["reason": "\($0)"]) }
        positions = lanes.map(\.begin)
        scratch = .allocate(capacity: Self.scratchRecords)
    }

    deinit { scratch.deallocate() }

    /// Offsets read so far, all partitions together.
    var offsetsRead: Int64 { zip(lanes, positions).reduce(0) { $0 + ($1.1 - $1.0.begin) } }
    var offsetsTotal: Int64 { lanes.reduce(0) { $0 + ($1.high - $1.begin) } }

    func poll(_ observer: any SourceObserver) throws {
        if partitions.isEmpty {
            let starts = observer.sourceDidAssign(epoch: 1, lanes: lanes)
            partitions = try consumer.read(names, from: starts.map(\.offset))
            positions = starts.map(\.offset)
            return
        }
        try keepAlive()
        if silence >= silenceMax { throw watcher.lastFailure ?? TopicSilent(topics: Set(lanes.map(\.topic)).sorted()) }
    }

    func keepAlive() throws {
        try consumer.poll(watcher)
        if let fatal = watcher.fatal { throw fatal }
    }

    func take(
        _ lane: LaneIndex, bytesMax: Int, into buffer: UnsafeMutableBufferPointer<RecordReference>
    ) throws -> Engine.Taken {
        let (number, end) = (lane.rawValue, lanes[lane.rawValue].high)
        // What came to stand behind the end meanwhile stays where it is.
        if isAtEnd(lane) { return Engine.Taken(count: 0, position: positions[number]) }
        let partition = partitions[number]
        let taken = consumer.take(
            partition, max: min(buffer.count, Self.scratchRecords), bytesMax: bytesMax, into: scratch)
        var count = 0
        while count < taken.count && scratch[count].offset < end {
            buffer.initializeElement(at: count, to: RecordReference(scratch[count]))
            count += 1
        }
        consumer.release(UnsafeBufferPointer(rebasing: scratch[count..<taken.count]))
        let position = min(partition.position, end)
        if position > positions[number] { silence = .zero }
        positions[number] = position
        if let failure = taken.failure {
            if failure.isRetriable {
                watcher.failed(failure)
            } else {
                watcher.fatal = failure
            }
        }
        return Engine.Taken(count: count, position: position)
    }

    /// Where the partition ends, or ended when the replay began, it is at its end: all else is still to come.
    func isAtEnd(_ lane: LaneIndex) -> Bool { positions[lane.rawValue] >= lanes[lane.rawValue].high }

    func release(_ records: UnsafeMutableBufferPointer<RecordReference>) { consumer.release(records) }

    func wait(milliseconds: Int) {
        let start = ContinuousClock.now
        consumer.wait(milliseconds: milliseconds)
        silence += start.duration(to: .now)
    }

    func wake() { consumer.wake() }

    func commit(_ commit: OffsetCommit, isFinal: Bool) -> CommitOutcome { .accepted }

    func offsets(notBefore recordTime: Int64) throws -> [Int64] {
        try consumer.offsets(
            atRecordTimeMilliseconds: recordTime / 1_000, of: names, milliseconds: Self.answerMilliseconds)
    }

    private var names: [TopicPartition] { lanes.map { TopicPartition(topic: $0.topic, partition: $0.partition) } }

    var membership: AnyObject? { nil }

    // Headers are for outputs, and nothing is sent.
    func header(_ name: StaticString, of record: RecordReference) -> UnsafeRawBufferPointer? { nil }
    func forEachHeader(
        of record: RecordReference, _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer?) -> Void
    ) {}
}

/// The brokers hold more of the topics, and none of it comes.
struct TopicSilent: Error, CustomStringConvertible {
    let topics: [String]

    var description: String {
        "topic \(topics.map { "\"\($0)\"" }.joined(separator: ", ")) is not read to its end, and nothing has come for a minute"
    }
}
