import Configuration
import Kafka
public import Logging

/// Where dead letters are read from: each partition from the first offset wanted to its end, in order.
protocol DeadLetterSource {
    /// The next letter; `nil` at the end, which stays where it was when the first was asked for.
    mutating func next() throws -> DeadLetter?
}

/// The dead-letter topic of a pipeline, read without a group: nothing is remembered on the brokers.
public struct DeadLetterLog {
    private var source: any DeadLetterSource
    /// What has been passed, whether it matched or not.
    public private(set) var position: DeadLetterPosition
    private let query: DeadLetterQuery
    private var matched = 0

    /// Asks the brokers where the topic ends; what is written to it later is not read.
    ///
    /// - Throws: `RunFailure` where the topic does not exist, and `KafkaFailure`.
    public init(
        _ query: DeadLetterQuery, brokers: String, of assembly: PipelineAssembly, logger: Logger
    ) throws {
        let spec = assembly.spec
        self.init(
            query,
            source: try TopicLetters(
                topic: spec.deadLetter.topic.value, group: spec.kafka.group, brokers: brokers,
                properties: assembly.properties, after: query.after, onLog: kafkaLogSink(logger)))
    }

    init(_ query: DeadLetterQuery, source: any DeadLetterSource) {
        self.query = query
        self.source = source
        position = query.after
    }

    /// The next letter that matches; `nil` at the end and at the query's limit.
    ///
    /// Complexity: O(bytes) of what is passed on the way: the brokers know nothing of codes and origins.
    public mutating func next() throws -> DeadLetter? {
        guard matched < query.limit else { return nil }
        while let letter = try source.next() {
            position.pass(letter.offset, in: letter.partition)
            guard query.matches(letter) else { continue }
            matched += 1
            return letter
        }
        return nil
    }
}

/// The letters of a topic, one partition after the other.
struct TopicLetters: DeadLetterSource {
    private struct Partition {
        let id: Int32
        let from: Int64
        let end: Int64
    }

    private let topic: String
    private let group: String
    private let brokers: String
    private let properties: KafkaProperties
    private let onLog: KafkaLogSink
    private var rest: ArraySlice<Partition>
    private var reader: TopicReader?

    private static let requestMilliseconds = 30_000
    private static let waitMilliseconds = 1_000
    /// So long nothing may come before the brokers count as gone.
    private static let silentWaitsMax = 30
    /// A dead letter may have a megabyte.
    private static let prefetch = KafkaPrefetch(bytesMax: 16 << 20, recordsMax: 10_000, partitions: 1)

    init(
        topic: String, group: String, brokers: String, properties: KafkaProperties, after: DeadLetterPosition,
        onLog: @escaping KafkaLogSink
    ) throws {
        let admin = try KafkaAdmin(brokers: brokers, properties: properties, onLog: onLog)
        guard try admin.metadata(of: topic, milliseconds: Self.requestMilliseconds) != nil else {
            throw RunFailure(
                "topic \"\(topic)\" does not exist on \(brokers); \"riffle run\" makes it, or check \"dead_letter.topic\""
            )
        }
        let ends = try admin.endOffsets(of: topic, milliseconds: Self.requestMilliseconds)
        if let unknown = after.offsets.keys.filter({ $0 >= ends.count }).min() {
            throw RunFailure("topic \"\(topic)\" has no partition \(unknown)")
        }
        self.topic = topic
        self.group = group
        self.brokers = brokers
        self.properties = properties
        self.onLog = onLog
        rest =
            ends.enumerated().map { id, end in
                Partition(id: Int32(id), from: min(end, after.first(in: Int32(id))), end: end)
            }[...]
    }

    mutating func next() throws -> DeadLetter? {
        var silentWaits = 0
        while let partition = rest.first {
            if partition.from >= partition.end {
                rest = rest.dropFirst()
                continue
            }
            let reader = try reader ?? open(partition)
            self.reader = reader
            switch try reader.next(milliseconds: Self.waitMilliseconds) {
            case .record(let record) where record.offset < partition.end:
                return DeadLetter(partition: partition.id, record)
            case .record, .end:
                self.reader = nil
                rest = rest.dropFirst()
            case .nothingYet:
                silentWaits += 1
                if silentWaits == Self.silentWaitsMax {
                    throw reader.lastFailure
                        ?? RunFailure("topic \"\(topic)\" partition \(partition.id): nothing came for 30 s")
                }
            }
        }
        return nil
    }

    private func open(_ partition: Partition) throws(KafkaFailure) -> TopicReader {
        try TopicReader(
            brokers: brokers, group: group, properties: properties, topic: topic, partition: partition.id,
            from: partition.from, prefetch: Self.prefetch, milliseconds: Self.requestMilliseconds, onLog: onLog)
    }
}
