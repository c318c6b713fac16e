extension KafkaProperties {
    /// Why Riffle sets a property itself, or refuses this value of it; `nil` where the user may.
    public static func ownedReason(of name: String, value: String) -> String? {
        if let reason = unsafeReason(of: name, value: value) { return reason }
        if name == "partition.assignment.strategy" {
            // Versions before 2.6 loop on cooperative rebalances with a lost member; with one strategy for all of them
            // the drain on revocation is also one and the same.
            return value.contains("cooperative")
                ? "Riffle gives up all partitions in a rebalance; use \"range\" or \"roundrobin\"" : nil
        }
        return ownedReasons[name]
    }

    /// The one list of what Riffle sets itself.
    private static let ownedReasons: [String: String] = [
        "bootstrap.servers": "set \"kafka.brokers\" instead",
        "metadata.broker.list": "set \"kafka.brokers\" instead",
        "group.id": "set \"kafka.group\" instead",
        "group.protocol": "Riffle drains on the revocations of the classic group protocol",
        "group.remote.assignor": "Riffle drains on the revocations of the classic group protocol",
        "enable.auto.commit": "offsets are committed after their scores are acknowledged, never by a timer",
        "auto.commit.enable": "offsets are committed after their scores are acknowledged, never by a timer",
        "auto.commit.interval.ms": "offsets are committed after their scores are acknowledged, never by a timer",
        "enable.auto.offset.store": "an offset is committed when its event is finished, not when it is read",
        "offset.store.method": "offsets are kept by the brokers",
        "offset.store.path": "offsets are kept by the brokers",
        "auto.offset.reset": "an offset out of range must stop the pipeline, not skip events; "
            + "\"kafka.start\" says where a new group begins",
        "isolation.level": "records of aborted transactions are never read (read_committed)",
        "group.instance.id": "set \"kafka.instance\" instead",
        "enable.partition.eof": "the merge of partitions waits for those that are not at their end",
        "enable.idempotence": "scores keep their order and are not doubled by retries",
        "partitioner": "keys go to the partitions where every Kafka client puts them (murmur2_random)",
        "transactional.id": "set \"kafka.delivery\" instead",
        "delivery.report.only.error": "an offset is committed only after every score before it is acknowledged",
        "log.queue": "librdkafka's log lines go to Riffle's log",
        "enabled_events": "Riffle takes results by callback",
        "test.mock.num.brokers": "set \"kafka.brokers: embedded\" instead",
    ]

    /// How long the brokers keep a transaction open whose producer has gone: readers of committed records wait so long.
    static let transactionTimeoutMillisecondsDefault = 10_000
    private static let transactionTimeoutMillisecondsRange = 1_000...900_000

    /// `transaction.timeout.ms` as it is in force.
    var transactionTimeoutMilliseconds: Int {
        value(of: "transaction.timeout.ms").flatMap { Int($0) } ?? Self.transactionTimeoutMillisecondsDefault
    }

    /// What librdkafka would accept of a property's value, and Riffle or the brokers do not; `nil` where nothing is
    /// wrong.
    func limitReason(of name: String, value: String, isTransactional: Bool) -> String? {
        guard let number = Int(value) else { return nil }
        let transaction = transactionTimeoutMilliseconds
        switch name {
        case "transaction.timeout.ms" where !Self.transactionTimeoutMillisecondsRange.contains(number):
            let range = Self.transactionTimeoutMillisecondsRange
            return "\(number) is not between \(range.lowerBound) and \(range.upperBound)"
        case "delivery.timeout.ms" where isTransactional && (number > transaction || number <= 0),
            "message.timeout.ms" where isTransactional && (number > transaction || number <= 0):
            let shown = number == 0 ? "0 (no end)" : String(number)
            return "\(shown) is above \"transaction.timeout.ms\" (\(transaction)): "
                + "a record cannot wait for longer than its transaction is open"
        case "socket.timeout.ms" where isTransactional && number > transaction:
            return "\(number) is above \"transaction.timeout.ms\" (\(transaction)): "
                + "a request cannot wait for longer than its transaction is open"
        default:
            return nil
        }
    }
}
