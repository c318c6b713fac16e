import CoreMetrics
import Engine
import Kafka
import Logging

/// The recorded order of one pipeline, read from partition 0 of its order topic.
final class KafkaOrderPort: OrderPort {
    private let brokers: String
    private let group: String
    private let properties: KafkaProperties
    private let topic: String
    /// Records under other keys are another pipeline's.
    private let pipeline: [UInt8]
    private let logger: Logger
    private let metrics: RunMetrics?
    private var reader: TopicReader?
    private static let stepMilliseconds = 1_000
    /// For the offsets of the order topic: its broker may have just been killed.
    private static let openMilliseconds = 90_000

    init(
        brokers: String, group: String, properties: KafkaProperties, topic: String, pipeline: String, logger: Logger,
        metrics: RunMetrics? = nil
    ) {
        self.brokers = brokers
        self.group = group
        self.properties = properties
        self.topic = topic
        self.pipeline = Array(pipeline.utf8)
        self.logger = logger
        self.metrics = metrics
    }

    func open(from offset: Int64) throws -> Range<Int64> {
        let reader = try TopicReader(
            brokers: brokers, group: group, properties: properties, topic: topic, partition: 0, from: max(0, offset),
            milliseconds: Self.openMilliseconds, onLog: kafkaLogSink(logger))
        self.reader = reader
        if let skipped = reader.skipped {
            metrics?.orderGaps.increment()
            logger.notice(
                "the order topic no longer reaches back; the partitions are merged anew up to where it begins",
                metadata: ["wanted": "\(skipped.lowerBound)", "first": "\(skipped.upperBound)"])
        }
        return reader.startOffset..<reader.endOffset
    }

    /// The group waits while order is read: a broker that says nothing for so long has to end that. What was written in
    /// a transaction that is not decided is not said, either.
    var silenceMilliseconds: Int { max(60_000, properties.undecidedMillisecondsMax) }

    func next() throws -> (offset: Int64, value: [UInt8])? {
        guard let reader else { return nil }
        var silence = 0
        while true {
            switch try reader.next(milliseconds: Self.stepMilliseconds) {
            case .record(let record):
                silence = 0
                guard let key = record.key, let value = record.value else { continue }
                guard UnsafeRawBufferPointer(start: key, count: record.keyCount).elementsEqual(pipeline) else {
                    continue
                }
                return (record.offset, Array(UnsafeRawBufferPointer(start: value, count: record.valueCount)))
            case .end:
                self.reader = nil
                return nil
            case .nothingYet:
                silence += Self.stepMilliseconds
                if silence >= silenceMilliseconds {
                    throw reader.lastFailure ?? OrderUnreadable(topic: topic, milliseconds: silence)
                }
            }
        }
    }
}

/// The order topic's broker says nothing.
struct OrderUnreadable: Error, CustomStringConvertible {
    let topic: String
    let milliseconds: Int

    var description: String {
        "topic \"\(topic)\" could not be read for \(milliseconds / 1_000) s; the order of what was scored stands there, so that "
            + "nothing can be scored before it is read"
    }
}
