import Kafka
import Testing

/// Answers a consumer's callbacks and keeps what it was told.
final class Recorder: KafkaConsumerDelegate {
    var start = StartPosition.earliest
    /// `assigned 1`, `revoked 1`, ... in the order of the calls.
    var log: [String] = []
    var committedAtAssignment: [Int64?] = []
    var metadataAtAssignment: [String] = []
    var reports: [CommitReport] = []
    var failures: [KafkaFailure] = []
    var onAssigned: ([AssignedPartition]) throws(KafkaFailure) -> Void = { _ in }
    var onRevoked: (KafkaConsumer) -> Void = { _ in }
    var onLost: (KafkaConsumer) -> Void = { _ in }

    func assigned(
        _ partitions: [AssignedPartition], epoch: AssignmentEpoch, consumer: KafkaConsumer
    ) throws(KafkaFailure) -> [Int64] {
        log.append("assigned \(epoch.rawValue)")
        committedAtAssignment = partitions.map(\.committed)
        metadataAtAssignment = partitions.map(\.metadata)
        try onAssigned(partitions)
        return try consumer.startOffsets(of: partitions, otherwise: start)
    }

    func revoked(epoch: AssignmentEpoch, consumer: KafkaConsumer) {
        log.append("revoked \(epoch.rawValue)")
        onRevoked(consumer)
    }

    func lost(epoch: AssignmentEpoch, consumer: KafkaConsumer) {
        log.append("lost \(epoch.rawValue)")
        onLost(consumer)
    }

    func committed(_ report: CommitReport) { reports.append(report) }
    func failed(_ failure: KafkaFailure) { failures.append(failure) }
}

/// A record, copied.
struct Copied: Equatable {
    var key: [UInt8]?
    var value: [UInt8]?
    var offset: Int64
    var timestampMicroseconds: Int64
    var headers: [KafkaHeaderCopy]

    init(_ record: KafkaRecord) {
        key = record.keyBytes.map { Array($0) }
        value = record.valueBytes.map { Array($0) }
        offset = record.offset
        timestampMicroseconds = record.timestampMicroseconds
        headers = record.headers()
    }

    var text: String { value.map { String(decoding: $0, as: UTF8.self) } ?? "nil" }
}

func at(_ topic: String, _ partition: Int32, _ nextOffset: Int64, _ metadata: String = "") -> CommitPosition {
    CommitPosition(topic: topic, partition: partition, nextOffset: nextOffset, metadata: metadata)
}

struct DeadlinePassed: Error, CustomStringConvertible {
    let description: String
}

/// Calls `step`, which waits for an event itself, until it is satisfied; never longer than the deadline.
func until(_ what: String, seconds: Int = 30, _ step: () throws -> Bool) throws {
    let end = ContinuousClock.now.advanced(by: .seconds(seconds))
    while try !step() {
        guard ContinuousClock.now < end else { throw DeadlinePassed(description: "\(what): not within \(seconds) s") }
    }
}

/// One turn of a poll loop: takes what has come for every partition, by the partition's number.
final class Reader {
    let consumer: KafkaConsumer
    let recorder: Recorder
    var taken: [Int32: [Copied]] = [:]
    var failures: [KafkaFailure] = []
    var ends: Set<Int32> = []
    var takeMax = 1_000
    private let buffer = UnsafeMutableBufferPointer<KafkaRecord>.allocate(capacity: 4_096)

    init(_ consumer: KafkaConsumer, _ recorder: Recorder = Recorder()) {
        self.consumer = consumer
        self.recorder = recorder
    }

    deinit { buffer.deallocate() }

    var count: Int { taken.values.reduce(0) { $0 + $1.count } }

    func turn() throws {
        consumer.wait(milliseconds: 20)
        try consumer.poll(recorder)
        for partition in consumer.partitions {
            var isDrained = false
            while !isDrained {
                let answer = consumer.take(partition, max: takeMax, into: buffer)
                let records = UnsafeBufferPointer(rebasing: buffer[..<answer.count])
                taken[partition.partition, default: []] += records.map { Copied($0) }
                consumer.release(records)
                if let failure = answer.failure { failures.append(failure) }
                if answer.reachedEnd { ends.insert(partition.partition) } else { ends.remove(partition.partition) }
                isDrained = answer.isDrained || answer.failure != nil
            }
        }
    }

    func read(_ wanted: Int) throws {
        try until("\(wanted) records (\(count) so far)") {
            try turn()
            return count >= wanted || !failures.isEmpty
        }
    }
}

/// A producer with its deliveries, all on one thread.
final class Sender {
    private final class Deliveries {
        var all: [Delivery] = []
        var failures: [KafkaFailure] = []
    }
    private let deliveries = Deliveries()
    let producer: KafkaProducer
    let topic: KafkaTopic
    var delivered: [Delivery] { deliveries.all }
    private var nextToken: UInt64 = 0

    let transactions: TransactionalProducer?
    var failures: [KafkaFailure] { deliveries.failures }

    /// - Parameter transactionalID: `nil` sends without transactions.
    init(
        _ brokers: String, _ topic: String, _ properties: [String: String] = [:], transactionalID: String? = nil
    ) throws {
        let deliveries = deliveries
        let properties = KafkaProperties(properties)
        if let transactionalID {
            let transactions = try TransactionalProducer(
                brokers: brokers, transactionalID: transactionalID, properties: properties,
                onDelivery: { deliveries.all.append($0) }, onFailure: { deliveries.failures.append($0) })
            producer = transactions.producer
            self.transactions = transactions
        } else {
            producer = try KafkaProducer(
                brokers: brokers, properties: properties, onDelivery: { deliveries.all.append($0) },
                onFailure: { deliveries.failures.append($0) })
            transactions = nil
        }
        self.topic = try producer.topic(topic)
    }

    @discardableResult
    func send(
        _ value: String?, key: String? = nil, partition: Int32? = nil, headers: [(String, String?)] = [],
        timestamp: Int64? = nil
    ) -> ProduceOutcome {
        defer { nextToken += 1 }
        let bytes = headers.map { (Array($0.utf8), $1.map { Array($0.utf8) }) }
        return withBytes(key) { key in
            withBytes(value) { value in
                withHeaders(bytes[...], []) {
                    producer.produce(
                        to: topic, partition: partition, key: key, value: value, headers: $0,
                        timestampMilliseconds: timestamp, token: nextToken)
                }
            }
        }
    }

    func flush() throws {
        try until("delivery of all") { producer.flush(milliseconds: 100) == 0 }
    }

    private func withBytes<Result>(_ text: String?, _ body: (UnsafeRawBufferPointer?) -> Result) -> Result {
        guard let text else { return body(nil) }
        return Array(text.utf8).withUnsafeBytes { body($0) }
    }

    private func withHeaders<Result>(
        _ rest: ArraySlice<([UInt8], [UInt8]?)>, _ done: [KafkaHeader],
        _ body: (UnsafeBufferPointer<KafkaHeader>) -> Result
    ) -> Result {
        guard let (name, value) = rest.first else { return done.withUnsafeBufferPointer(body) }
        return name.withUnsafeBytes { name in
            guard let value else {
                return withHeaders(rest.dropFirst(), done + [KafkaHeader(name: name, value: nil)], body)
            }
            return value.withUnsafeBytes { value in
                withHeaders(rest.dropFirst(), done + [KafkaHeader(name: name, value: value)], body)
            }
        }
    }
}

/// Reads a topic's partitions from the given offsets without a group.
func makeReader(
    _ brokers: String, _ topic: String, from starts: [Int64], _ properties: [String: String] = [:]
) throws -> Reader {
    let properties = KafkaProperties(["fetch.wait.max.ms": "5"].merging(properties) { $1 })
    let reader = Reader(try KafkaConsumer(brokers: brokers, group: "none", properties: properties))
    let partitions = starts.indices.map { TopicPartition(topic: topic, partition: Int32($0)) }
    _ = try reader.consumer.read(partitions, from: starts)
    return reader
}
