import Engine
public import Events
import Kafka

/// The scores of a topic, or its dead letters, one partition after the other, each up to its end as it is when it is opened.
///
/// Only committed records are read. No group is joined, and nothing is remembered on the brokers.
public final class TopicScoreSource: ScoreSource {
    public let name: String
    public let schema: EventSchema
    /// Offsets that were asked for and are no longer there, by partition.
    public private(set) var gone: [String] = []
    private let topic: String
    private let access: TopicNumbers.Access
    /// Adds what a record says to a batch, of a lane.
    private let add: (KafkaRecord, Int32, EventBatch) -> Void
    private var waiting: [(partition: Int32, from: Int64)]
    private var reader: TopicReader?
    private var lane: Int32 = -1
    private var silentWaits = 0

    private static let requestMilliseconds = 30_000
    private static let waitMilliseconds = 1_000
    /// So long nothing may come before the brokers count as gone.
    private static let silentWaitsMax = 30
    /// Scores are written after their events, or a little before where a producer's clock is ahead.
    private static let aheadMilliseconds: Int64 = 86_400_000

    /// Asks the brokers for partitions and offsets; blocks.
    ///
    /// - Parameter from: the first event time that is wanted; records from a day before it are read. `nil`: all.
    /// - Throws: `NumberFailure` where there is no such topic, and `KafkaFailure`.
    public convenience init(
        topic: String, records: ScoreRecordSchema, from: EventTime?, access: TopicNumbers.Access
    ) throws {
        let decoder = JSONEventDecoder(schema: records.schema)
        try self.init(topic: topic, schema: records.schema, from: from, access: access) { record, lane, batch in
            decoder.decode(
                value: record.valueBytes, recordTime: record.timestampMicroseconds, offset: record.offset, lane: lane,
                into: batch)
        }
    }

    /// The same for dead letters.
    public convenience init(
        topic: String, deadLetters columns: DeadLetterColumns, from: EventTime?, access: TopicNumbers.Access
    ) throws {
        try self.init(topic: topic, schema: DeadLetterColumns.schema, from: from, access: access) {
            columns.append($0, lane: $1, to: $2)
        }
    }

    private init(
        topic: String, schema: EventSchema, from: EventTime?, access: TopicNumbers.Access,
        add: @escaping (KafkaRecord, Int32, EventBatch) -> Void
    ) throws {
        name = "topic \(topic)"
        self.topic = topic
        self.access = access
        self.schema = schema
        self.add = add
        let admin = try KafkaAdmin(brokers: access.brokers, properties: access.properties, onLog: access.onLog)
        guard let metadata = try admin.metadata(of: topic, milliseconds: Self.requestMilliseconds) else {
            throw NumberFailure("topic \"\(topic)\" does not exist on \(access.brokers)")
        }
        let ids = metadata.partitions.map(\.id).sorted()
        var starts = ids.map { _ in Int64(0) }
        if let from {
            starts = try admin.offsets(
                atRecordTimeMilliseconds: max(0, from.microseconds / 1_000 - Self.aheadMilliseconds),
                of: ids.map { TopicPartition(topic: topic, partition: $0) }, milliseconds: Self.requestMilliseconds)
        }
        waiting = zip(ids, starts).map { (partition: $0, from: $1) }
    }

    public func fill(_ batch: EventBatch) throws {
        while batch.count < batch.capacity {
            guard let reader = try current() else { return }
            switch try reader.next(milliseconds: Self.waitMilliseconds) {
            case .record(let record):
                silentWaits = 0
                add(record, lane, batch)
            case .end: self.reader = nil
            case .nothingYet:
                silentWaits += 1
                if silentWaits == Self.silentWaitsMax {
                    throw reader.lastFailure.map { $0 as any Error }
                        ?? NumberFailure("\(topic)/\(reader.partition): nothing came for 30 s")
                }
            }
        }
    }

    /// The partition that is read; `nil`: all were.
    private func current() throws -> TopicReader? {
        if let reader { return reader }
        if waiting.isEmpty { return nil }
        let next = waiting.removeFirst()
        lane += 1
        silentWaits = 0
        let opened = try TopicReader(
            brokers: access.brokers, group: access.group, properties: access.properties, topic: topic,
            partition: next.partition, from: next.from, milliseconds: Self.requestMilliseconds, onLog: access.onLog)
        // From the beginning of time retention has nearly always taken something.
        if let skipped = opened.skipped, next.from > 0 {
            gone.append("\(topic)/\(next.partition): offsets \(skipped.lowerBound) to \(skipped.upperBound - 1)")
        }
        reader = opened
        return opened
    }
}
