import Engine
public import Kafka
public import Logging

/// How many records were given to a publisher, and what has become of them.
public struct PublishCounts: Hashable, Sendable {
    public var queued = 0
    public var delivered = 0
    public var failed = 0
    /// Why the first of those that failed did.
    public var firstFailure: KafkaFailure?
}

/// Publishes keyed records to one topic through an idempotent producer, in the order of the calls.
///
/// A record's partition is the one that Java clients choose for its key. All calls belong to one thread, and all of
/// them serve deliveries.
public final class TopicPublisher {
    /// A group that a publisher must not run away from, because the topic's log is small.
    public struct Follower: Hashable, Sendable {
        public let group: String
        /// Unread bytes a partition.
        public let bytesMax: Int

        public init(group: String, bytesMax: Int = BacklogGate.bytesMaxDefault) {
            self.group = group
            self.bytesMax = bytesMax
        }
    }

    /// What the producer's callbacks write; on the thread that polls, which is the publisher's own.
    private final class Deliveries {
        var counts = PublishCounts()
        var fatal: KafkaFailure?
    }

    public let partitionCount: Int
    private let producer: KafkaProducer
    private let topic: KafkaTopic
    private let admin: KafkaAdmin
    private let deliveries = Deliveries()
    private let follower: Follower?
    private var gate: BacklogGate?
    private let logger: Logger
    private var refreshFailures = 0

    private static let requestMilliseconds = 10_000
    private static let waitMilliseconds = 20
    /// Unanswered questions for the group's offsets, one after the other, before the publisher gives up.
    private static let refreshFailuresMax = 3

    /// - Parameter follower: wait for this group instead of running ahead of it; `nil`: never wait.
    /// - Throws: `RunFailure` where the topic does not exist, and `KafkaFailure`.
    public init(
        brokers: String, topic: String, properties: KafkaProperties, follower: Follower? = nil, logger: Logger
    ) throws {
        admin = try KafkaAdmin(brokers: brokers, properties: properties, onLog: kafkaLogSink(logger))
        guard let metadata = try Self.metadata(of: topic, brokers: brokers, admin) else {
            throw RunFailure("topic \"\(topic)\" does not exist on \(brokers); create it, or check \"sources.*.topic\"")
        }
        partitionCount = metadata.partitions.count
        if let follower {
            let ends = try admin.endOffsets(of: topic, milliseconds: Self.requestMilliseconds)
            gate = BacklogGate(endOffsets: ends, bytesMax: follower.bytesMax)
        }
        self.follower = follower
        self.logger = logger
        let deliveries = deliveries
        producer = try KafkaProducer(
            brokers: brokers, properties: properties,
            onDelivery: { delivery in
                if delivery.isDelivered {
                    deliveries.counts.delivered += 1
                } else {
                    deliveries.counts.failed += 1
                    if deliveries.counts.firstFailure == nil { deliveries.counts.firstFailure = delivery.failure }
                }
            },
            onFailure: { failure in
                if failure.isFatal { deliveries.fatal = failure }
                logger.warning("kafka producer", metadata: ["reason": "\(failure)"])
            },
            onLog: kafkaLogSink(logger))
        self.topic = try producer.topic(topic)
    }

    private static func metadata(of topic: String, brokers: String, _ admin: KafkaAdmin) throws -> TopicMetadata? {
        do {
            return try admin.metadata(of: topic, milliseconds: requestMilliseconds)
        } catch {
            if !error.isRetriable { throw error }
            throw RunFailure("no answer from \(brokers) within \(requestMilliseconds / 1_000) s: \(error)")
        }
    }

    public var counts: PublishCounts { deliveries.counts }

    /// Queues a record; waits for room in the producer and, if there is a follower, for the follower.
    ///
    /// - Parameters:
    ///   - onWait: called again and again while there is no room.
    ///   - isWanted: asked while there is no room; once it is false the record is not queued.
    /// - Returns: whether the record was queued.
    /// - Throws: what no waiting mends. Complexity: O(bytes) where there is room.
    public func publish(
        key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer, timestampMilliseconds: Int64? = nil,
        onWait: () -> Void = {}, while isWanted: () -> Bool = { true }
    ) throws -> Bool {
        let partition = KafkaPartitioner.partition(of: key, partitions: partitionCount)
        let bytes = key.count + value.count
        while let gate, !gate.isOpen(partition: partition, bytes: bytes) {
            guard isWanted() else { return false }
            onWait()
            try serve(milliseconds: Self.waitMilliseconds)
            try refreshGate()
        }
        while true {
            let outcome = producer.produce(
                to: topic, partition: partition, key: key, value: value, timestampMilliseconds: timestampMilliseconds,
                token: 0)
            switch outcome {
            case .queued:
                gate?.count(partition: partition, bytes: bytes)
                deliveries.counts.queued += 1
                return true
            case .queueFull:
                guard isWanted() else { return false }
                onWait()
                try serve(milliseconds: Self.waitMilliseconds)
            case .tooLarge(let bytes, let bytesMax):
                throw RunFailure("an event of \(bytes) bytes is larger than \"message.max.bytes\", \(bytesMax)")
            case .failed(let failure): throw failure
            }
        }
    }

    /// Takes note of deliveries; waits up to `milliseconds` for the first.
    public func serve(milliseconds: Int = 0) throws {
        producer.poll(milliseconds: milliseconds)
        if let fatal = deliveries.fatal { throw fatal }
    }

    /// Waits until everything queued is delivered or has failed, and says so; nothing may be published after it.
    ///
    /// The producer's own `delivery.timeout.ms` bounds the wait; when `isWanted` ends it before, what is still out
    /// counts as failed, though it may be in the log.
    public func finish(while isWanted: () -> Bool = { true }) -> PublishCounts {
        while producer.flush(milliseconds: 100) > 0 {
            if !isWanted() || deliveries.fatal != nil {
                producer.purge()
                producer.poll(milliseconds: 100)
                break
            }
        }
        var counts = deliveries.counts
        counts.failed = max(counts.failed, counts.queued - counts.delivered)
        return counts
    }

    private func refreshGate() throws {
        guard let follower else { return }
        do {
            try gate?.refresh(
                admin, group: follower.group, topic: topic.name, milliseconds: Self.requestMilliseconds)
            refreshFailures = 0
        } catch {
            refreshFailures += 1
            if !error.isRetriable || refreshFailures == Self.refreshFailuresMax { throw error }
            logger.warning("the group's offsets are not known now", metadata: ["reason": "\(error)"])
        }
    }
}
