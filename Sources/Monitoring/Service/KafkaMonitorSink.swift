import Foundation
public import Kafka
import Synchronization

/// The drift topic, and beside it that of closings.
public final class KafkaMonitorSink: MonitorSink {
    private let brokers: String
    private let group: String
    private let properties: KafkaProperties
    private let pipeline: String
    private let topics: (alerts: String, closings: String, performance: String?)
    private let producer: KafkaProducer
    private let deliveries: Deliveries
    private let alerts: KafkaTopic
    private let closings: KafkaTopic
    private let performance: KafkaTopic?
    private let onLog: KafkaLogSink
    private static let answerMilliseconds = 30_000
    private static let stepMilliseconds = 100
    private static let silenceMilliseconds = 60_000

    public init(
        brokers: String, group: String, properties: KafkaProperties, pipeline: String, alerts: String, closings: String,
        performance: String?, onFailure: @escaping (KafkaFailure) -> Void, onLog: @escaping KafkaLogSink
    ) throws {
        self.brokers = brokers
        self.group = group
        self.properties = properties
        self.pipeline = pipeline
        self.onLog = onLog
        topics = (alerts, closings, performance)
        let deliveries = Deliveries()
        self.deliveries = deliveries
        let producer = try KafkaProducer(
            brokers: brokers, properties: properties, onDelivery: { deliveries.add($0) }, onFailure: onFailure,
            onLog: onLog)
        self.producer = producer
        self.alerts = try producer.topic(alerts)
        self.closings = try producer.topic(closings)
        self.performance = try performance.map { try producer.topic($0) }
    }

    public func publishedIDs() throws -> Set<String> {
        var ids: Set<String> = []
        let source = Array(CloudEvent.source(ofPipeline: pipeline).utf8)
        for topic in [topics.alerts, topics.performance].compactMap({ $0 }) {
            try readIDs(topic, of: source, into: &ids)
        }
        return ids
    }

    private func readIDs(_ topic: String, of source: [UInt8], into ids: inout Set<String>) throws {
        try readAll(topic) { record in
            guard let from = record.withHeader(named: "ce_source", { Self.bytes($0) }), from == source,
                let id = record.withHeader(named: "ce_id", { Self.bytes($0) })
            else { return }
            ids.insert(String(decoding: id, as: UTF8.self))
        }
    }

    public func openLimit(fingerprint: String) throws -> OpenLimit? {
        var newest: [UInt8]?
        let key = Array(fingerprint.utf8)
        try readAll(topics.alerts) { record in
            guard let own = record.keyBytes, own.elementsEqual(key), let value = record.valueBytes else { return }
            newest = Array(value)
        }
        return newest.flatMap { OpenLimit(newest: Data($0)) }
    }

    public func recordedClosings() throws -> [LaneClosing] {
        var found: [LaneClosing] = []
        try readAll(topics.closings) { record in
            guard let key = record.keyBytes, key.elementsEqual(pipeline.utf8), let value = record.valueBytes,
                let closing = LaneClosing(json: Array(value))
            else { return }
            found.append(closing)
        }
        return found
    }

    public func publish(_ alerts: [DriftAlert]) throws {
        try send(alerts.map(\.event), to: self.alerts)
    }

    public func publish(_ records: [PerformanceRecord]) throws {
        if let performance { try send(records.map(\.event), to: performance) }
    }

    private func send(_ events: [CloudEvent], to topic: KafkaTopic) throws {
        for event in events {
            try event.withRecord { key, value, headers in
                try send(to: topic, key: key, value: value, headers: headers)
            }
        }
        try flush()
    }

    public func record(_ closing: LaneClosing) throws {
        let value = closing.json
        try Array(pipeline.utf8).withUnsafeBytes { key in
            try value.withUnsafeBytes { value in
                try send(
                    to: closings, key: key, value: value, headers: UnsafeBufferPointer(start: nil, count: 0))
            }
        }
        try flush()
    }

    private func send(
        to topic: KafkaTopic, key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer,
        headers: UnsafeBufferPointer<KafkaHeader>
    ) throws {
        while true {
            switch producer.produce(to: topic, key: key, value: value, headers: headers, token: 0) {
            case .queued: return
            case .queueFull: producer.poll(milliseconds: Self.stepMilliseconds)
            case .tooLarge(let bytes, let bytesMax):
                throw MonitorFailure(
                    "a record for topic \"\(topic.name)\" has \(bytes) bytes, at most \(bytesMax) are taken: raise its max.message.bytes"
                )
            case .failed(let failure): throw failure
            }
        }
    }

    /// Until everything is acknowledged: librdkafka gives up by itself after `message.timeout.ms`.
    private func flush() throws {
        while producer.outstandingCount > 0 { producer.poll(milliseconds: Self.stepMilliseconds) }
        if let failure = deliveries.takeFailure() { throw failure }
    }

    private func readAll(_ topic: String, _ body: (KafkaRecord) -> Void) throws {
        let admin = try KafkaAdmin(brokers: brokers, properties: properties, onLog: onLog)
        guard let metadata = try admin.metadata(of: topic, milliseconds: Self.answerMilliseconds) else { return }
        for partition in metadata.partitions {
            let reader = try TopicReader(
                brokers: brokers, group: group, properties: properties, topic: topic, partition: partition.id, from: 0,
                milliseconds: Self.answerMilliseconds, onLog: onLog)
            try read(reader, body)
        }
    }

    private func read(_ reader: TopicReader, _ body: (KafkaRecord) -> Void) throws {
        var silence = 0
        while true {
            switch try reader.next(milliseconds: Self.stepMilliseconds) {
            case .record(let record):
                silence = 0
                body(record)
            case .end: return
            case .nothingYet:
                silence += Self.stepMilliseconds
                if silence >= Self.silenceMilliseconds {
                    throw reader.lastFailure
                        ?? MonitorFailure("topic \"\(reader.topic)\" could not be read for \(silence / 1_000) s")
                }
            }
        }
    }

    private static func bytes(_ value: UnsafeRawBufferPointer?) -> [UInt8] { value.map { Array($0) } ?? [] }

    // SAFETY: behind its mutex.
    private final class Deliveries: @unchecked Sendable {
        private let failure = Mutex<KafkaFailure?>(nil)

        func add(_ delivery: Delivery) {
            guard let found = delivery.failure else { return }
            failure.withLock { $0 = $0 ?? found }
        }

        func takeFailure() -> KafkaFailure? {
            failure.withLock { failure in
                defer { failure = nil }
                return failure
            }
        }
    }
}

/// Why a monitor cannot go on: what, and what to do.
public struct MonitorFailure: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String

    public init(_ description: String) { self.description = description }
}
