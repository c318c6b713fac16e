import CRdkafka

/// A topic as the brokers describe it.
public struct TopicMetadata: Hashable, Sendable {
    public struct Partition: Hashable, Sendable {
        public let id: Int32
        /// `nil` while the partition has no leader.
        public let leader: Int32?
    }

    public let name: String
    /// In order of their ids.
    public let partitions: [Partition]
}

/// Questions to the cluster that belong to no group. Every call blocks for at most its time and may be made on any
/// thread.
public final class KafkaAdmin: Sendable {
    let client: Client

    /// - Parameter seesOpenTransactions: a partition's end is behind everything written; else before the first record of
    ///   a transaction that is not decided, as consumers of committed records see it.
    public init(
        brokers: String, properties: KafkaProperties = KafkaProperties(), seesOpenTransactions: Bool = false,
        onLog: @escaping KafkaLogSink = { _ in }
    ) throws(KafkaFailure) {
        let configuration = try properties.makeConfiguration(
            brokers: brokers, role: .admin(seesOpenTransactions: seesOpenTransactions))
        configuration.withPointer { rd_kafka_conf_set_error_cb($0, onAdminError) }
        client = try Client(configuration, RD_KAFKA_CONSUMER, callbacks: ClientCallbacks(onLog: Self.loudly(onLog)))
    }

    /// The topic's partitions and leaders; `nil` where there is no such topic or none that this client may see.
    ///
    /// All topics are listed, since a cluster may create a topic that is asked for by name.
    public func metadata(of topic: String, milliseconds: Int) throws(KafkaFailure) -> TopicMetadata? {
        try explained { () throws(KafkaFailure) in try client.metadata(of: topic, milliseconds: milliseconds) }
    }

    /// All topics that this client may see and that have partitions, in the cluster's order.
    public func topics(milliseconds: Int) throws(KafkaFailure) -> [TopicMetadata] {
        try explained { () throws(KafkaFailure) in
            try RetryPace.untilAnswered(milliseconds: milliseconds) { left throws(KafkaFailure) in
                try topicsNow(milliseconds: left)
            }
        }
    }

    private func topicsNow(milliseconds: Int) throws(KafkaFailure) -> [TopicMetadata] {
        var answer: UnsafePointer<rd_kafka_metadata>?
        let error = rd_kafka_metadata(client.pointer, 1, nil, &answer, Int32(clamping: milliseconds))
        guard error == RD_KAFKA_RESP_ERR_NO_ERROR, let answer else { throw KafkaFailure(error) }
        defer { rd_kafka_metadata_destroy(answer) }
        let topics = UnsafeBufferPointer(start: answer.pointee.topics, count: Int(answer.pointee.topic_cnt))
        return topics.compactMap { topic in
            guard topic.err == RD_KAFKA_RESP_ERR_NO_ERROR, let name = topic.topic else { return nil }
            return TopicMetadata(name: String(cString: name), partitions: Client.partitions(of: topic))
        }
    }

    /// Makes a topic. The embedded cluster has no such request: use `EmbeddedCluster.createTopic`.
    ///
    /// - Parameter replicas: `nil` takes the brokers' default.
    /// - Returns: whether it was made now; `false` where it was there already, whatever its partitions.
    @discardableResult
    public func createTopic(
        _ topic: String, partitions: Int, replicas: Int? = nil, milliseconds: Int
    ) throws(KafkaFailure) -> Bool {
        var errorText = [CChar](repeating: 0, count: 256)
        let request = rd_kafka_NewTopic_new(
            topic, Int32(clamping: partitions), Int32(clamping: replicas ?? -1), &errorText, errorText.count)
        guard let request else {
            let text = errorText.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
            throw .invalidArgument(String(decoding: text, as: UTF8.self), topic: topic)
        }
        defer { rd_kafka_NewTopic_destroy(request) }
        let event = try answer(to: RD_KAFKA_ADMIN_OP_CREATETOPICS, "creating topic \"\(topic)\"", milliseconds) {
            var requests: [OpaquePointer?] = [request]
            rd_kafka_CreateTopics(client.pointer, &requests, requests.count, $0, $1)
        }
        defer { rd_kafka_event_destroy(event) }
        var count = 0
        let results = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count)
        guard count == 1, let result = results?[0] else { return true }
        switch rd_kafka_topic_result_error(result) {
        case RD_KAFKA_RESP_ERR_NO_ERROR: return true
        case RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS: return false
        case let error:
            let reason = rd_kafka_topic_result_error_string(result).map { String(cString: $0) }
            throw KafkaFailure(error, message: reason, topic: topic)
        }
    }

    /// The name that the cluster has given itself.
    public func clusterID(milliseconds: Int) throws(KafkaFailure) -> String {
        guard let text = rd_kafka_clusterid(client.pointer, Int32(clamping: milliseconds)) else {
            throw .timedOut("the question for the cluster's id", milliseconds: milliseconds)
        }
        defer { rd_kafka_mem_free(client.pointer, text) }
        return String(cString: text)
    }

    /// The first and the next offset of a partition, asked of its leader.
    public func watermarks(topic: String, partition: Int32, milliseconds: Int) throws(KafkaFailure) -> Watermarks {
        try client.watermarks(topic: topic, partition: partition, milliseconds: milliseconds)
    }

    /// The first offset of each partition whose record's own timestamp is not before a time, as
    /// `KafkaConsumer.offsets(atRecordTimeMilliseconds:of:milliseconds:)` has it.
    public func offsets(
        atRecordTimeMilliseconds time: Int64, of partitions: [TopicPartition], milliseconds: Int
    ) throws(KafkaFailure) -> [Int64] {
        guard !partitions.isEmpty else { return [] }
        return try client.offsets(notBefore: max(0, time), of: partitions, milliseconds: milliseconds)
    }

    /// The next offset of every partition of a topic, by partition id: where `--until-end` stops.
    public func endOffsets(of topic: String, milliseconds: Int) throws(KafkaFailure) -> [Int64] {
        guard let metadata = try metadata(of: topic, milliseconds: milliseconds) else {
            throw KafkaFailure(RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, topic: topic)
        }
        let partitions = metadata.partitions.map { TopicPartition(topic: topic, partition: $0.id) }
        return try client.watermarks(of: partitions, milliseconds: milliseconds).map(\.high)
    }

    /// Where any group is to go on in each partition, without joining it; `nil` where it has committed nothing.
    public func committedOffsets(
        group: String, of partitions: [TopicPartition], milliseconds: Int
    ) throws(KafkaFailure) -> [Int64?] {
        let list = TopicPartitionList(capacity: partitions.count)
        for partition in partitions { list.append(topic: partition.topic, partition: partition.partition) }
        let request = rd_kafka_ListConsumerGroupOffsets_new(group, list.pointer)
        defer { rd_kafka_ListConsumerGroupOffsets_destroy(request) }
        let event = try answer(
            to: RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS, "the offsets of group \"\(group)\"", milliseconds
        ) {
            var requests: [OpaquePointer?] = [request]
            rd_kafka_ListConsumerGroupOffsets(client.pointer, &requests, requests.count, $0, $1)
        }
        defer { rd_kafka_event_destroy(event) }
        var count = 0
        let groups = rd_kafka_ListConsumerGroupOffsets_result_groups(
            rd_kafka_event_ListConsumerGroupOffsets_result(event), &count)
        guard count == 1, let result = groups?[0] else { return partitions.map { _ in nil } }
        if let error = rd_kafka_group_result_error(result) {
            throw KafkaFailure(
                rd_kafka_error_code(error), message: rd_kafka_error_string(error).map { String(cString: $0) })
        }
        var found: [TopicPartition: Int64] = [:]
        if let answered = rd_kafka_group_result_partitions(result) {
            for entry in UnsafeMutablePointer(mutating: answered).entries where entry.offset >= 0 {
                found[TopicPartition(topic: entry.topicName, partition: entry.partition)] = entry.offset
            }
        }
        return partitions.map { found[$0] }
    }

    /// Sends an admin request and waits for its answer, which the caller destroys.
    ///
    /// - Parameter broker: who is asked; `nil`: whoever librdkafka takes for the right one.
    func answer(
        to operation: rd_kafka_admin_op_t, _ what: String, _ milliseconds: Int, broker: Int32? = nil,
        _ send: (OpaquePointer, OpaquePointer) -> Void
    ) throws(KafkaFailure) -> OpaquePointer {
        let queue = rd_kafka_queue_new(client.pointer)!
        defer { rd_kafka_queue_destroy(queue) }
        let options = rd_kafka_AdminOptions_new(client.pointer, operation)!
        defer { rd_kafka_AdminOptions_destroy(options) }
        let timeout = Int32(clamping: max(1, milliseconds))
        _ = rd_kafka_AdminOptions_set_request_timeout(options, timeout, nil, 0)
        if let broker { _ = rd_kafka_AdminOptions_set_broker(options, broker, nil, 0) }
        send(options, queue)
        // The request's own time-out comes first and says more.
        guard let event = rd_kafka_queue_poll(queue, timeout &+ 1_000) else {
            throw .timedOut(what, milliseconds: milliseconds)
        }
        let error = rd_kafka_event_error(event)
        guard error == RD_KAFKA_RESP_ERR_NO_ERROR else {
            let reason = rd_kafka_event_error_string(event).map { String(cString: $0) }
            rd_kafka_event_destroy(event)
            throw KafkaFailure(error, message: "\(what): \(reason ?? "failed")")
        }
        return event
    }
}
