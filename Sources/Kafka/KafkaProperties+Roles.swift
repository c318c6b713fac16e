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
    case consumer(group: String, prefetch: KafkaPrefetch)
    case producer
    case admin

    var type: rd_kafka_type_t {
        switch self {
        // As a consumer, so that asking about a topic never creates it.
        case .consumer, .admin: RD_KAFKA_CONSUMER
        case .producer: RD_KAFKA_PRODUCER
        }
    }

    func takes(_ scope: KafkaPropertyScope) -> Bool {
        switch (self, scope) {
        case (_, .both), (.consumer, .consumer), (.producer, .producer): true
        default: false
        }
    }

    /// Riffle's choices where the user makes none, for the reasons beside them.
    var defaults: [(String, String)] {
        let shared = [("client.id", "riffle"), ("socket.nagle.disable", "true")]
        switch self {
        case .consumer(_, let prefetch):
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
            return shared + [
                // 0 sends thousands of tiny requests at 10,000 events/s.
                ("linger.ms", "1"),
                ("batch.num.messages", "10000"),
                ("queue.buffering.max.messages", "500000"),
                ("queue.buffering.max.kbytes", "131072"),
                ("compression.type", "none"),
                ("delivery.timeout.ms", "120000"),
            ]
        case .admin:
            return shared
        }
    }

    /// What Riffle's promises hang on.
    var owned: [(String, String)] {
        switch self {
        case .consumer(let group, _):
            [
                ("group.id", group), ("enable.auto.commit", "false"), ("enable.auto.offset.store", "false"),
                ("auto.offset.reset", "error"), ("enable.partition.eof", "true"),
            ]
        case .producer:
            [("enable.idempotence", "true"), ("partitioner", "murmur2_random")]
        case .admin:
            []
        }
    }
}

extension KafkaProperties {
    /// Why Riffle sets a property itself, or refuses this value of it; `nil` where the user may.
    public static func ownedReason(of name: String, value: String) -> String? {
        if name == "partition.assignment.strategy" {
            // Versions before 2.6 loop on cooperative rebalances with a lost member; with one strategy for all of them
            // the drain on revocation is also one and the same.
            return value.contains("cooperative")
                ? "Riffle gives up all partitions in a rebalance; use \"range\" or \"roundrobin\"" : nil
        }
        return ownedReasons[name]
    }

    private static let ownedReasons: [String: String] = [
        "bootstrap.servers": "set \"kafka.brokers\" instead",
        "metadata.broker.list": "set \"kafka.brokers\" instead",
        "group.id": "set \"kafka.group\" instead",
        "group.protocol": "Riffle drains on the revocations of the classic group protocol",
        "group.remote.assignor": "Riffle drains on the revocations of the classic group protocol",
        "enable.auto.commit": "offsets are committed after their scores are acknowledged, never by a timer",
        "auto.commit.enable": "offsets are committed after their scores are acknowledged, never by a timer",
        "auto.commit.interval.ms": "offsets are committed after their scores are acknowledged, never by a timer",
        "enable.auto.offset.store": "an offset is stored when its event is finished, not when it is read",
        "offset.store.method": "offsets are kept by the brokers",
        "offset.store.path": "offsets are kept by the brokers",
        "auto.offset.reset": "an offset out of range must stop the pipeline, not skip events; "
            + "\"kafka.start\" says where a new group begins",
        "enable.partition.eof": "the merge of partitions waits for those that are not at their end",
        "enable.idempotence": "scores keep their order and are not doubled by retries",
        "partitioner": "keys go to the partitions where every Kafka client puts them (murmur2_random)",
        "transactional.id": "set \"kafka.delivery\" instead",
        "delivery.report.only.error": "an offset is committed only after every score before it is acknowledged",
        "log.queue": "librdkafka's log lines go to Riffle's log",
        "enabled_events": "Riffle takes results by callback",
        "test.mock.num.brokers": "set \"kafka.brokers: embedded\" instead",
    ]
}
