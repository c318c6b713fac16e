/// Follows all partitions of a topic outside any group's assignments, from the first record that the log holds on, without
/// end: for what is looked at beside the stream, such as alerts.
///
/// Only committed records are seen, each partition's in their order. It belongs to one thread.
public final class TopicFollower {
    public let topic: String
    private let consumer: KafkaConsumer
    private let watcher = BrokerWatch()
    private let buffer: UnsafeMutableBufferPointer<KafkaRecord>
    private static let recordsPerTakeMax = 256

    /// Asks for the topic's partitions and where they begin; blocks for that.
    ///
    /// - Parameters:
    ///   - group: is named to the brokers and never joined.
    ///   - milliseconds: for the brokers' answers.
    /// - Returns: `nil`: there is no such topic, or none that this client may see.
    public init?(
        brokers: String, group: String, properties: KafkaProperties, topic: String, milliseconds: Int,
        onLog: @escaping KafkaLogSink
    ) throws(KafkaFailure) {
        let admin = try KafkaAdmin(brokers: brokers, properties: properties, onLog: onLog)
        guard let metadata = try admin.metadata(of: topic, milliseconds: milliseconds) else { return nil }
        let prefetch = KafkaPrefetch(
            bytesMax: 4 << 20, recordsMax: 10_000, partitions: max(1, metadata.partitions.count))
        consumer = try KafkaConsumer(
            brokers: brokers, group: group, properties: properties, prefetch: prefetch, onLog: onLog)
        self.topic = topic
        var starts: [Int64] = []
        for partition in metadata.partitions {
            starts.append(
                try consumer.watermarks(topic: topic, partition: partition.id, milliseconds: milliseconds).low)
        }
        let places = metadata.partitions.map { TopicPartition(topic: topic, partition: $0.id) }
        _ = try consumer.read(places, from: starts)
        buffer = .allocate(capacity: Self.recordsPerTakeMax)
    }

    deinit { buffer.deallocate() }

    /// Hands over what has arrived; waits for it up to `milliseconds` where nothing has.
    ///
    /// - Parameter body: gets each record, which is good until it returns.
    /// - Throws: what waiting does not mend, such as an offset that retention has overtaken.
    public func next(milliseconds: Int, _ body: (KafkaRecord) -> Void) throws(KafkaFailure) {
        if try take(body) { return }
        consumer.wait(milliseconds: milliseconds)
        try consumer.poll(watcher)
        if let fatal = watcher.fatal { throw fatal }
        _ = try take(body)
    }

    /// - Returns: whether there was anything.
    private func take(_ body: (KafkaRecord) -> Void) throws(KafkaFailure) -> Bool {
        var isAny = false
        for partition in consumer.partitions {
            let taken = consumer.take(partition, max: Self.recordsPerTakeMax, into: buffer)
            for index in 0..<taken.count { body(buffer[index]) }
            consumer.release(UnsafeBufferPointer(rebasing: buffer[..<taken.count]))
            if taken.count > 0 { isAny = true }
            if let failure = taken.failure, !failure.isRetriable { throw failure }
        }
        return isAny
    }
}
