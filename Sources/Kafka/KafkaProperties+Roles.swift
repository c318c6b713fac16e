import CRdkafka

/// How much a consumer holds ahead of what is taken, over all its partitions.
///
/// librdkafka counts key and value bytes; its own 0.3 KiB a record come on top, which is why records are bounded too.
/// Before librdkafka 2.2 a client whose partitions are all full looks again only after a second: the bounds are a
/// second's worth at full speed, so that this is not felt.
public struct KafkaPrefetch: Hashable, Sendable {
    public var bytesMax: Int
    public var recordsMax: Int
    /// How many partitions share the bounds: those that one instance may come to own.
    public var partitions: Int

    public init(bytesMax: Int = 256 << 20, recordsMax: Int = 1_000_000, partitions: Int = 4) {
        self.bytesMax = max(1 << 20, bytesMax)
        self.recordsMax = max(1_000, recordsMax)
        self.partitions = max(1, partitions)
    }

    var kilobytesPerPartition: Int { min(2_097_151, max(256, bytesMax / partitions / 1024)) }
    var recordsPerPartition: Int { min(10_000_000, max(1_000, recordsMax / partitions)) }
}

/// What a client is for; decides which properties it takes and which Riffle sets.
enum KafkaClientRole {
    case consumer(group: String, instance: String? = nil, prefetch: KafkaPrefetch)
    case producer
    case transactionalProducer(id: String)
    /// - Parameter seesOpenTransactions: a partition's end is behind everything written, decided or not.
    case admin(seesOpenTransactions: Bool = false)

    var type: rd_kafka_type_t {
        switch self {
        // As a consumer, so that asking about a topic never creates it.
        case .consumer, .admin: RD_KAFKA_CONSUMER
        case .producer, .transactionalProducer: RD_KAFKA_PRODUCER
        }
    }

    var isTransactional: Bool {
        if case .transactionalProducer = self { true } else { false }
    }

    func takes(_ scope: KafkaPropertyScope) -> Bool {
        switch (self, scope) {
        case (_, .both), (.consumer, .consumer), (.producer, .producer), (.transactionalProducer, .producer): true
        default: false
        }
    }

    /// Riffle's choices where the user makes none, for the reasons beside them.
    ///
    /// Waits between attempts are librdkafka's own: `reconnect.backoff.ms` doubles up to `reconnect.backoff.max.ms`
    /// with
    /// -25 % to +50 % of jitter; `retry.backoff.ms` between two sends of a request is constant before librdkafka 2.3,
    /// and since then doubles up to `retry.backoff.max.ms` with 20 % of jitter.
    var defaults: [(String, String)] {
        let shared = [("client.id", "riffle"), ("socket.nagle.disable", "true")]
        switch self {
        case .consumer(_, _, let prefetch):
            return shared + [
                ("queued.min.messages", String(prefetch.recordsPerPartition)),
                ("queued.max.messages.kbytes", String(prefetch.kilobytesPerPartition)),
                // Since 2.2: how soon a full partition is looked at again.
                ("fetch.queue.backoff.ms", "10"),
                // An end of a partition is known after at most so long; a broker answers sooner when there is data.
                ("fetch.wait.max.ms", "50"),
                ("fetch.error.backoff.ms", "100"),
                // Below the record batch size a broker serves nearly one partition at a time.
                ("fetch.message.max.bytes", "4194304"),
            ]
        case .producer:
            // The brokers may be away for so long before the process stops.
            return shared + Self.sendingDefaults + [("delivery.timeout.ms", "300000")]
        case .transactionalProducer:
            // librdkafka gives a record as long as its transaction.
            return shared + Self.sendingDefaults + [
                ("transaction.timeout.ms", String(KafkaProperties.transactionTimeoutMillisecondsDefault))
            ]
        case .admin:
            return shared
        }
    }

    private static let sendingDefaults = [
        // 0 sends thousands of tiny requests at 10,000 events/s.
        ("linger.ms", "1"),
        ("batch.num.messages", "10000"),
        ("queue.buffering.max.messages", "500000"),
        ("queue.buffering.max.kbytes", "131072"),
        ("compression.type", "none"),
    ]

    /// What Riffle's promises hang on.
    var owned: [(String, String)] {
        switch self {
        case .consumer(let group, let instance, _):
            [
                ("group.id", group), ("enable.auto.commit", "false"), ("enable.auto.offset.store", "false"),
                ("auto.offset.reset", "error"), ("enable.partition.eof", "true"),
                ("isolation.level", "read_committed"),
            ] + (instance.map { [("group.instance.id", $0)] } ?? [])
        case .producer:
            [("enable.idempotence", "true"), ("partitioner", "murmur2_random")]
        case .transactionalProducer(let id):
            [("enable.idempotence", "true"), ("partitioner", "murmur2_random"), ("transactional.id", id)]
        case .admin(let seesOpenTransactions):
            // As a rule the end of a partition is where a consumer of Riffle's would find it.
            [("isolation.level", seesOpenTransactions ? "read_uncommitted" : "read_committed")]
        }
    }
}
