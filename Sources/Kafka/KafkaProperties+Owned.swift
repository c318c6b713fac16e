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

    /// How long the brokers keep a transaction open; one that lasts longer they end, and fence its producer.
    ///
    /// It has to outlast a broker that dies: its leaders and coordinators go to others only after
    /// `broker.session.timeout.ms`, 9 s, which 10 s would leave no room for. It should not be much longer either, since
    /// readers of committed records, and whoever takes partitions over under another name, wait so long for an instance
    /// that was killed (under its own name it ends its transaction as it starts). 45 s is what the group waits for such
    /// an instance anyhow (`session.timeout.ms`): a replacement waits hardly longer for both.
    static let transactionTimeoutMillisecondsDefault = 45_000
    /// After so long without an answer a broker is taken for gone, and asked again or another in its place. librdkafka
    /// would wait for nearly as long as the transaction, and a broker cut off from the network would cost all of it.
    static let transactionSocketMillisecondsMax = 10_000
    private static let transactionTimeoutMillisecondsRange = 1_000...900_000

    /// `transaction.timeout.ms` as it is in force.
    public var transactionTimeoutMilliseconds: Int {
        value(of: "transaction.timeout.ms").flatMap { Int($0) } ?? Self.transactionTimeoutMillisecondsDefault
    }

    /// `socket.timeout.ms` of a producer with transactions, unless the user sets it.
    var transactionSocketMilliseconds: Int {
        max(900, min(Self.transactionSocketMillisecondsMax, transactionTimeoutMilliseconds - 100))
    }

    /// How long what an instance that died has left open may stay undecided: its transaction's time; then until the
    /// coordinator, which looks every 10 s (`transaction.abort.timed.out.transaction.cleanup.interval.ms`), has ended
    /// it; and room for the markers to be written.
    ///
    /// Whether the one that died used transactions is not known here: it may have had another pipeline file.
    public var undecidedMillisecondsMax: Int { transactionTimeoutMilliseconds + 25_000 }

    /// For the question where the group stands, which is not answered while a transaction with its offsets is open.
    var committedAnswerMilliseconds: Int { max(30_000, undecidedMillisecondsMax) }

    /// For a question to the leaders of partitions: longer than one is away when its broker is killed or restarted, and
    /// well below the time after which the group gives up a member that says nothing.
    var leaderAnswerMilliseconds: Int {
        let pollMilliseconds = milliseconds(of: "max.poll.interval.ms") ?? Self.pollIntervalMillisecondsDefault
        return max(1_000, min(90_000, pollMilliseconds / 3))
    }

    private static let pollIntervalMillisecondsDefault = 300_000

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
