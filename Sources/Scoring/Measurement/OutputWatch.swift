import Engine
import Foundation
import Kafka

/// Waits on the output topic for outputs of events that were sent after a certain place.
final class OutputWatch {
    private let consumer: KafkaConsumer
    private let partitions: [KafkaPartition]
    private let buffer: UnsafeMutableBufferPointer<KafkaRecord>
    /// By source partition: outputs of earlier offsets are not meant.
    private let sourceFrom: [Int64]
    private let delegate = BrokerWatch()
    /// Outputs that were meant.
    private(set) var count = 0
    /// When the first of them had arrived.
    private(set) var firstAt: Date?

    /// - Parameter outputFrom: where it begins to read, by partition of the output topic.
    init(brokers: String, topic: String, outputFrom: [Int64], sourceFrom: [Int64]) throws {
        consumer = try KafkaConsumer(
            brokers: brokers, group: "riffle-watch", properties: KafkaProperties(LatencyCollector.fetchWait))
        partitions = try consumer.read(
            outputFrom.indices.map { TopicPartition(topic: topic, partition: Int32($0)) }, from: outputFrom)
        self.sourceFrom = sourceFrom
        buffer = .allocate(capacity: 1_024)
    }

    deinit { buffer.deallocate() }

    /// Waits for something to arrive and takes it.
    func step() throws {
        consumer.wait(milliseconds: 5)
        for partition in partitions {
            while true {
                let taken = consumer.take(partition, max: buffer.count, into: buffer)
                let records = UnsafeBufferPointer(rebasing: buffer[..<taken.count])
                for record in records where isMeant(record) {
                    if firstAt == nil { firstAt = Date() }
                    count += 1
                }
                consumer.release(records)
                if let failure = taken.failure, !failure.isRetriable { throw failure }
                if taken.isDrained || taken.count == 0 { break }
            }
        }
    }

    func close() { try? consumer.close(delegate) }

    private func isMeant(_ record: KafkaRecord) -> Bool {
        let text = record.withHeader(
            named: "riffle-origin", { $0.map { String(decoding: $0, as: UTF8.self) } })
        guard let origin = text.flatMap({ $0 }).flatMap(DeadLetterOrigin.init) else { return false }
        let partition = Int(origin.partition)
        return sourceFrom.indices.contains(partition) && origin.offset >= sourceFrom[partition]
    }
}
