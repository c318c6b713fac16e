import Configuration
import Engine
import Events
import Features
import Foundation
import Kafka
import Logging

/// What a replay has to know of its topics before it reads them.
struct TopicReplayTopics {
    private let assembly: PipelineAssembly
    private let brokers: String
    private let options: TopicReplayOptions
    private let properties: KafkaProperties
    private let logger: Logger
    private static let answerMilliseconds = 30_000

    init(_ assembly: PipelineAssembly, brokers: String, options: TopicReplayOptions, logger: Logger) {
        self.assembly = assembly
        self.brokers = brokers
        self.options = options
        self.logger = logger
        properties = assembly.properties.withDefaults(options.propertyDefaults)
    }

    /// The recorded order as it is now; `nil` where none is recorded, or none is needed.
    func openOrder() throws -> OpenedOrder? {
        guard assembly.scoring.hasState, let topic = assembly.plan.orderTopic else { return nil }
        let admin = try KafkaAdmin(brokers: brokers, properties: properties, onLog: kafkaLogSink(logger))
        var order: OpenedOrder?
        if try admin.metadata(of: topic, milliseconds: Self.answerMilliseconds) != nil {
            order = try OpenedOrder(
                KafkaOrderPort(
                    brokers: brokers, group: assembly.spec.kafka.group, properties: properties, topic: topic,
                    pipeline: assembly.spec.name.value, logger: logger))
        }
        if let order, !order.isEmpty { return order }
        logger.notice(
            "no order is recorded: partitions are merged by event time, which need not be the order that was scored",
            metadata: ["topic": "\(topic)"])
        return nil
    }

    /// A consumer that joins no group; the pipeline's is named, since its user may read for it.
    func makeConsumer() throws(KafkaFailure) -> KafkaConsumer {
        try KafkaConsumer(
            brokers: brokers, group: assembly.spec.kafka.group, properties: properties, onLog: kafkaLogSink(logger))
    }

    /// All partitions of all sources, from the first offset up to the end as it is now.
    func lanes(_ consumer: KafkaConsumer) throws -> [AssignedLane] {
        let admin = try KafkaAdmin(brokers: brokers, properties: properties, onLog: kafkaLogSink(logger))
        return try assembly.scoring.sources.enumerated().flatMap { number, source in
            try lanes(source.topic, isScored: number == 0, consumer, admin)
        }
    }

    private func lanes(
        _ topic: String, isScored: Bool, _ consumer: KafkaConsumer, _ admin: KafkaAdmin
    ) throws -> [AssignedLane] {
        guard let metadata = try admin.metadata(of: topic, milliseconds: Self.answerMilliseconds),
            !metadata.partitions.isEmpty
        else {
            throw RunFailure("topic \"\(topic)\" does not exist on \(brokers); check \"sources.*.topic\"")
        }
        let names = metadata.partitions.map { TopicPartition(topic: topic, partition: $0.id) }
        let marks = try consumer.watermarks(of: names, milliseconds: Self.answerMilliseconds)
        let starts = try isScored ? starts(names, marks, consumer) : marks.map(\.low)
        if let gone = zip(names, marks).first(where: { $1.low > 0 }) {
            logger.notice(
                "the topic no longer holds its first records: the windows of the first rows lack them",
                metadata: ["topic": "\(topic)", "partition": "\(gone.0.partition)", "first": "\(gone.1.low)"])
        }
        return zip(zip(names, marks), starts).map { entry, start in
            let (name, marks) = entry
            return AssignedLane(
                topic: topic, partition: name.partition, committed: nil, low: marks.low, high: marks.high,
                begin: marks.low, scoresFrom: min(max(start, marks.low), marks.high))
        }
    }

    private func starts(
        _ names: [TopicPartition], _ marks: [Watermarks], _ consumer: KafkaConsumer
    ) throws -> [Int64] {
        switch options.start {
        case .first: return marks.map(\.low)
        case .offsets(let offsets):
            return marks.enumerated().map { $0 < offsets.count ? offsets[$0] : $1.low }
        case .back(let microseconds):
            // A replay is asked for by a person, whose clock this is; rows that stand there do not depend on it.
            let now = Int64(Date().timeIntervalSince1970 * 1_000)
            return try consumer.offsets(
                atRecordTimeMilliseconds: max(0, now - microseconds / 1_000), of: names,
                milliseconds: Self.answerMilliseconds)
        }
    }
}
