import CRdkafka

/// What went wrong between Riffle and the cluster: an outcome to act on, not a bug.
///
/// `code` is librdkafka's number, negative for its own errors and positive for a broker's. Codes that this version does
/// not know are kept as they are.
public struct KafkaFailure: Error, Hashable, Sendable, CustomStringConvertible {
    public var code: Int32
    /// librdkafka's name of the code, such as `_TRANSPORT` or `TOPIC_AUTHORIZATION_FAILED`.
    public var name: String
    /// One line for people: what failed, why, and where possible how to mend it. Never holds a secret or a payload.
    public var message: String
    /// The same call may succeed later.
    public var isRetriable: Bool
    /// The client cannot go on and must be made anew.
    public var isFatal: Bool
    public var topic: String?
    public var partition: Int32?
    /// The offset that the failure is about.
    public var offset: Int64?

    public init(
        code: Int32, message: String? = nil, isRetriable: Bool? = nil, isFatal: Bool = false, topic: String? = nil,
        partition: Int32? = nil, offset: Int64? = nil
    ) {
        let error = rd_kafka_resp_err_t(rawValue: code)
        self.code = code
        name = String(cString: rd_kafka_err2name(error))
        self.message = message ?? String(cString: rd_kafka_err2str(error))
        self.isRetriable = isRetriable ?? Self.retriableCodes.contains(code)
        self.isFatal = isFatal || code == RD_KAFKA_RESP_ERR__FATAL.rawValue
        self.topic = topic
        self.partition = partition
        self.offset = offset
    }

    public var description: String {
        var text = "\(message) [\(name)"
        if let topic { text += ", topic \(topic)" }
        if let partition, partition >= 0 { text += ", partition \(partition)" }
        if let offset, offset >= 0 { text += ", offset \(offset)" }
        return text + "]"
    }
}

extension KafkaFailure {
    /// The group has gone on without this member, or without its assignment: nothing of it can be committed any more.
    public var isSuperseded: Bool {
        switch rd_kafka_resp_err_t(rawValue: code) {
        case RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS, RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION,
            RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID:
            true
        default: false
        }
    }

    /// The user has no right to it: no repetition mends that, and librdkafka repeats in silence what it has told once.
    public var isDenied: Bool {
        switch rd_kafka_resp_err_t(rawValue: code) {
        case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
            RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
            true
        default: false
        }
    }

    /// Another producer has this one's transactional id, or the coordinator has ended its transaction.
    public var isFencing: Bool {
        switch rd_kafka_resp_err_t(rawValue: code) {
        case RD_KAFKA_RESP_ERR__FENCED, RD_KAFKA_RESP_ERR_PRODUCER_FENCED,
            RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH:
            true
        default: false
        }
    }

    var isTimeOut: Bool { code == RD_KAFKA_RESP_ERR__TIMED_OUT.rawValue }

    /// Where a partition's leader is asked, these pass as well: it is new and does not know its end yet, or the brokers
    /// do not agree yet on who leads, or on what there is.
    var passesAtLeader: Bool {
        switch rd_kafka_resp_err_t(rawValue: code) {
        case RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE, RD_KAFKA_RESP_ERR_FENCED_LEADER_EPOCH,
            RD_KAFKA_RESP_ERR_UNKNOWN_LEADER_EPOCH:
            true
        default: isRetriable || isPlaceUnknown
        }
    }

    /// There is no such topic or partition, as far as whoever was asked knows.
    var isPlaceUnknown: Bool {
        switch rd_kafka_resp_err_t(rawValue: code) {
        case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC,
            RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
            true
        default: false
        }
    }

    init(_ error: rd_kafka_resp_err_t, message: String? = nil, topic: String? = nil, partition: Int32? = nil) {
        self.init(code: error.rawValue, message: message, topic: topic, partition: partition)
    }

    /// Takes ownership of librdkafka's error object.
    init(consuming error: OpaquePointer, topic: String? = nil) {
        self.init(
            code: rd_kafka_error_code(error).rawValue, message: String(cString: rd_kafka_error_string(error)),
            isRetriable: rd_kafka_error_is_retriable(error) != 0, isFatal: rd_kafka_error_is_fatal(error) != 0,
            topic: topic)
        if Self.retriableCodes.contains(code) { isRetriable = true }
        rd_kafka_error_destroy(error)
    }

    static func timedOut(_ what: String, milliseconds: Int) -> KafkaFailure {
        KafkaFailure(
            code: RD_KAFKA_RESP_ERR__TIMED_OUT.rawValue, message: "\(what) got no answer within \(milliseconds) ms")
    }

    static func invalidArgument(_ message: String, topic: String? = nil) -> KafkaFailure {
        KafkaFailure(code: RD_KAFKA_RESP_ERR__INVALID_ARG.rawValue, message: message, topic: topic)
    }

    /// An offset that is asked for and is not in the log: records are lost, or the topic is another one.
    static func notInLog(_ offset: Int64, _ marks: Watermarks, topic: String, partition: Int32) -> KafkaFailure {
        let cause =
            offset < marks.low
            ? "retention has removed events that were not read" : "the topic was truncated or made anew"
        return notInLog(
            offset, reason: "is not in the log, which holds \(marks.low) to \(marks.high): \(cause)", of: topic,
            partition)
    }

    static func notInLog(_ offset: Int64, reason: String, of topic: String, _ partition: Int32) -> KafkaFailure {
        KafkaFailure(
            code: RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE.rawValue,
            message: "offset \(offset) of topic \"\(topic)\" partition \(partition) \(reason); nothing is skipped by "
                + "itself: reset the group's offsets, or use a new group with \"start:\"",
            isRetriable: false, topic: topic, partition: partition, offset: offset)
    }

    /// Codes that come without librdkafka's own verdict and that pass by themselves.
    private static let retriableCodes: Set<Int32> = Set(
        [
            RD_KAFKA_RESP_ERR__TRANSPORT, RD_KAFKA_RESP_ERR__TIMED_OUT, RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN,
            RD_KAFKA_RESP_ERR__RESOLVE, RD_KAFKA_RESP_ERR__WAIT_COORD, RD_KAFKA_RESP_ERR__WAIT_CACHE,
            RD_KAFKA_RESP_ERR__QUEUE_FULL, RD_KAFKA_RESP_ERR__IN_PROGRESS, RD_KAFKA_RESP_ERR__PREV_IN_PROGRESS,
            RD_KAFKA_RESP_ERR__RETRY, RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE, RD_KAFKA_RESP_ERR__NODE_UPDATE,
            RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
            RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT, RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE,
            RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE, RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION,
            RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS, RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE,
            RD_KAFKA_RESP_ERR_NOT_COORDINATOR, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
            RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND, RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS,
            RD_KAFKA_RESP_ERR_NOT_CONTROLLER, RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR,
            RD_KAFKA_RESP_ERR_UNSTABLE_OFFSET_COMMIT, RD_KAFKA_RESP_ERR_THROTTLING_QUOTA_EXCEEDED,
        ].map(\.rawValue))
}

/// Which librdkafka runs, and what depends on it.
public enum Librdkafka {
    /// The version at run time, such as `2.0.2`.
    public static var version: String { String(cString: rd_kafka_version_str()) }
}

/// One line of librdkafka's own log.
public struct KafkaLogEntry: Hashable, Sendable {
    /// syslog severity: 0 emergency to 7 debug; 3 is an error, 4 a warning.
    public let level: Int
    /// librdkafka's tag of the place, such as `FAIL`.
    public let facility: String
    public let message: String
}

/// Receives librdkafka's log lines on any of its threads: it must not block and must not call back into the client.
public typealias KafkaLogSink = @Sendable (KafkaLogEntry) -> Void
