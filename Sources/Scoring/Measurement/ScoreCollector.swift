import Kafka

/// Reads a score topic from its beginning, without a group, on the caller's thread.
final class ScoreCollector {
    private let consumer: KafkaConsumer
    private let partitions: [KafkaPartition]
    private let buffer: UnsafeMutableBufferPointer<KafkaRecord>
    private let collect: (UnsafeRawBufferPointer) -> Void
    private let delegate = BrokerWatch()
    private(set) var failure: KafkaFailure?

    init(
        brokers: String, topic: String, partitions: Int, collect: @escaping (UnsafeRawBufferPointer) -> Void
    ) throws {
        consumer = try KafkaConsumer(
            brokers: brokers, group: "riffle-collector",
            properties: KafkaProperties(BrokerChoice.embeddedDefaults))
        self.partitions = try consumer.read(
            (0..<Int32(partitions)).map { TopicPartition(topic: topic, partition: $0) },
            from: Array(repeating: 0, count: partitions))
        buffer = .allocate(capacity: 1_024)
        self.collect = collect
    }

    deinit { buffer.deallocate() }

    /// Takes what has arrived; waits so long for something if there is nothing. Returns how many scores came.
    func collectMore(milliseconds: Int) -> Int {
        var count = 0
        for partition in partitions {
            while true {
                let taken = consumer.take(partition, max: buffer.count, into: buffer)
                for index in 0..<taken.count {
                    if let value = buffer[index].valueBytes { collect(value) }
                }
                consumer.release(UnsafeBufferPointer(rebasing: buffer[..<taken.count]))
                count += taken.count
                if let failure = taken.failure, !failure.isRetriable { self.failure = failure }
                if taken.isDrained || taken.count == 0 { break }
            }
        }
        if count == 0 { consumer.wait(milliseconds: milliseconds) }
        return count
    }

    func close() { try? consumer.close(delegate) }
}
