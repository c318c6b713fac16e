import CRdkafka

/// A Kafka cluster inside this process: librdkafka's mock, on ports of 127.0.0.1 that the system chooses.
///
/// It speaks Kafka's protocol, so that kcat and other clients can join. It keeps about 5 MiB a partition and drops the
/// oldest beyond that, whoever has read them or not (see `BacklogGate`), forgets all on exit, and knows neither
/// read_committed, fencing, stored transactional offsets nor offsets by time. A group's first member waits 3 s for
/// others. A fetch without data is answered after `fetch.wait.max.ms`, whatever comes meanwhile.
// SAFETY: librdkafka's mock takes its own lock in every call; the pointer never changes.
public final class EmbeddedCluster: @unchecked Sendable {
    private let client: Client
    private let pointer: OpaquePointer
    /// What other clients connect to: `host:port`, separated by commas.
    public let bootstrapServers: String
    public let brokersCount: Int

    public init(brokersCount: Int = 1, onLog: @escaping KafkaLogSink = { _ in }) throws(KafkaFailure) {
        precondition(brokersCount > 0, "a cluster of \(brokersCount) brokers")
        let configuration = ConfigurationHandle()
        client = try Client(configuration, RD_KAFKA_PRODUCER, callbacks: ClientCallbacks(onLog: onLog))
        guard let pointer = rd_kafka_mock_cluster_new(client.pointer, Int32(clamping: brokersCount)) else {
            throw KafkaFailure(
                RD_KAFKA_RESP_ERR__FAIL, message: "the embedded cluster could not open its ports on 127.0.0.1")
        }
        self.pointer = pointer
        self.brokersCount = brokersCount
        bootstrapServers = String(cString: rd_kafka_mock_cluster_bootstraps(pointer))
        disableAnswerDelay()
    }

    // The cluster runs on the client, which goes after it, with the last reference.
    deinit { rd_kafka_mock_cluster_destroy(pointer) }

    /// Makes a topic. A topic that is there already, perhaps by a client's first use of it, stays as it is and is a
    /// failure.
    public func createTopic(_ name: String, partitions: Int) throws(KafkaFailure) {
        let error = rd_kafka_mock_topic_create(
            pointer, name, Int32(clamping: partitions), Int32(clamping: min(3, brokersCount)))
        guard error == RD_KAFKA_RESP_ERR_NO_ERROR else { throw KafkaFailure(error, topic: name) }
    }
}

/// Requests of Kafka's protocol that faults can be planted in.
public enum KafkaRequest: Int16, Hashable, Sendable, CaseIterable {
    case produce = 0
    case fetch = 1
    case listOffsets = 2
    case metadata = 3
    case offsetCommit = 8
    case offsetFetch = 9
    case findCoordinator = 10
    case joinGroup = 11
    case heartbeat = 12
    case leaveGroup = 13
    case syncGroup = 14
    case initProducerID = 22
    case addPartitionsToTransaction = 24
    case addOffsetsToTransaction = 25
    case endTransaction = 26
    case transactionOffsetCommit = 28
}

/// Faults, for tests and demonstrations. Brokers are numbered from 1.
extension EmbeddedCluster {
    /// The next requests of this kind, to any broker, get these broker error codes, one each; 0 lets one through.
    public func failNext(_ request: KafkaRequest, codes: [Int32]) {
        let errors = codes.map { rd_kafka_resp_err_t(rawValue: $0) }
        rd_kafka_mock_push_request_errors_array(pointer, request.rawValue, errors.count, errors)
    }

    /// Takes back what `failNext` has left over.
    public func clearFailures(of request: KafkaRequest) {
        rd_kafka_mock_clear_request_errors(pointer, request.rawValue)
    }

    /// Closes the broker's connections and port. Requests under way may have taken effect.
    public func takeDown(broker: Int32) throws(KafkaFailure) {
        try check(rd_kafka_mock_broker_set_down(pointer, broker), broker)
    }

    public func bringUp(broker: Int32) throws(KafkaFailure) {
        try check(rd_kafka_mock_broker_set_up(pointer, broker), broker)
        // It listens on a new socket.
        disableAnswerDelay()
    }

    /// Delays every answer of a broker.
    public func setRoundTrip(milliseconds: Int, broker: Int32) throws(KafkaFailure) {
        try check(rd_kafka_mock_broker_set_rtt(pointer, broker, Int32(clamping: milliseconds)), broker)
    }

    public func setLeader(of topic: String, partition: Int32, broker: Int32) throws(KafkaFailure) {
        try check(rd_kafka_mock_partition_set_leader(pointer, topic, partition, broker), broker)
    }

    /// Gives a group's coordination to a broker; the one before answers that it is not the coordinator.
    public func setCoordinator(ofGroup group: String, broker: Int32) throws(KafkaFailure) {
        try check(rd_kafka_mock_coordinator_set(pointer, "group", group, broker), broker)
    }

    /// Gives a transactional producer's coordination to a broker.
    public func setCoordinator(ofTransactionalID id: String, broker: Int32) throws(KafkaFailure) {
        try check(rd_kafka_mock_coordinator_set(pointer, "transaction", id, broker), broker)
    }

    /// Metadata and AddPartitionsToTxn answer this code for the topic from now on; 0 ends that.
    public func setError(ofTopic topic: String, code: Int32) {
        rd_kafka_mock_topic_set_error(pointer, topic, rd_kafka_resp_err_t(rawValue: code))
    }

    private func check(_ error: rd_kafka_resp_err_t, _ broker: Int32) throws(KafkaFailure) {
        guard error == RD_KAFKA_RESP_ERR_NO_ERROR else {
            throw KafkaFailure(error, message: "broker \(broker): \(String(cString: rd_kafka_err2str(error)))")
        }
    }
}
