import CRdkafka

/// What has become of one commit.
public struct CommitReport: Hashable, Sendable {
    public struct Entry: Hashable, Sendable {
        public let topic: String
        public let partition: Int32
        /// The offset of the next record to read.
        public let offset: Int64
        public let failure: KafkaFailure?
    }

    public let entries: [Entry]
    /// Why the commit failed as a whole. That there was nothing new to commit is no failure.
    public let failure: KafkaFailure?

    public var isComplete: Bool { failure == nil && entries.allSatisfy { $0.failure == nil } }
    public var failedCount: Int { entries.count { $0.failure != nil } }

    init(_ error: rd_kafka_resp_err_t, _ list: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>?) {
        var entries: [Entry] = []
        // Entries without an offset are partitions that had nothing to commit.
        for entry in list?.entries ?? UnsafeBufferPointer(start: nil, count: 0) where entry.offset >= 0 {
            let failed = entry.err != RD_KAFKA_RESP_ERR_NO_ERROR
            entries.append(
                Entry(
                    topic: entry.topicName, partition: entry.partition, offset: entry.offset,
                    failure: failed
                        ? KafkaFailure(entry.err, topic: entry.topicName, partition: entry.partition) : nil))
        }
        self.entries = entries
        let isFine = error == RD_KAFKA_RESP_ERR_NO_ERROR || error == RD_KAFKA_RESP_ERR__NO_OFFSET
        failure = isFine ? nil : KafkaFailure(error)
    }
}

extension KafkaConsumer {
    /// Notes that everything before `nextOffset` is finished: the next commit takes it. Nothing is sent.
    ///
    /// Fails with `_STATE` where the partition is no longer assigned.
    public func store(nextOffset: Int64, of partition: KafkaPartition) throws(KafkaFailure) {
        let list = TopicPartitionList(capacity: 1)
        list.append(topic: partition.topic, partition: partition.partition, offset: nextOffset)
        _ = rd_kafka_offsets_store(client.pointer, list.pointer)
        guard list[0].err == RD_KAFKA_RESP_ERR_NO_ERROR else {
            throw KafkaFailure(
                code: list[0].err.rawValue, topic: partition.topic, partition: partition.partition, offset: nextOffset)
        }
    }

    /// Sends what is stored; the delegate's `committed` gets the result in a later `poll`.
    public func commitStored() throws(KafkaFailure) {
        let error = rd_kafka_commit(client.pointer, nil, 1)
        guard error == RD_KAFKA_RESP_ERR_NO_ERROR || error == RD_KAFKA_RESP_ERR__NO_OFFSET else {
            throw KafkaFailure(error)
        }
    }

    /// Sends what is stored and waits for the result: for revocations and the end.
    ///
    /// After a time-out the commit may still take effect.
    public func commitStoredAndWait(milliseconds: Int) throws(KafkaFailure) -> CommitReport {
        // Waiting with an end is only to be had on a queue of one's own.
        let queue = rd_kafka_queue_new(client.pointer)
        defer { rd_kafka_queue_destroy(queue) }
        let error = rd_kafka_commit_queue(client.pointer, nil, queue, nil, nil)
        if error == RD_KAFKA_RESP_ERR__NO_OFFSET { return CommitReport(error, nil) }
        guard error == RD_KAFKA_RESP_ERR_NO_ERROR else { throw KafkaFailure(error) }
        guard let event = rd_kafka_queue_poll(queue, Int32(clamping: milliseconds)) else {
            throw .timedOut("the commit", milliseconds: milliseconds)
        }
        defer { rd_kafka_event_destroy(event) }
        return CommitReport(rd_kafka_event_error(event), rd_kafka_event_topic_partition_list(event))
    }

    /// Where the group is to go on in each partition; `nil` where it has committed nothing. Blocks.
    public func committedOffsets(
        of partitions: [TopicPartition], milliseconds: Int
    ) throws(KafkaFailure) -> [Int64?] {
        // An instance beyond the number of partitions is assigned none.
        guard !partitions.isEmpty else { return [] }
        let list = TopicPartitionList(capacity: partitions.count)
        for partition in partitions { list.append(topic: partition.topic, partition: partition.partition) }
        let error = rd_kafka_committed(client.pointer, list.pointer, Int32(clamping: milliseconds))
        guard error == RD_KAFKA_RESP_ERR_NO_ERROR else { throw KafkaFailure(error) }
        return try list.answeredOffsets().map { $0 >= 0 ? $0 : nil }
    }

    /// The first and the next offset of a partition, asked of its leader. Blocks.
    public func watermarks(
        topic: String, partition: Int32, milliseconds: Int
    ) throws(KafkaFailure) -> Watermarks {
        try client.watermarks(topic: topic, partition: partition, milliseconds: milliseconds)
    }
}

func onCommit(
    _ client: OpaquePointer?, _ error: rd_kafka_resp_err_t,
    _ list: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>?, _ opaque: UnsafeMutableRawPointer?
) {
    guard let consumer = ClientCallbacks.from(opaque)?.consumer else { return }
    consumer.delegate?.committed(CommitReport(error, list))
}

extension TopicPartitionList {
    /// The offsets in order, or the first entry's failure.
    func answeredOffsets() throws(KafkaFailure) -> [Int64] {
        var offsets: [Int64] = []
        for index in 0..<count {
            let entry = self[index]
            guard entry.err == RD_KAFKA_RESP_ERR_NO_ERROR else {
                throw KafkaFailure(entry.err, topic: entry.topicName, partition: entry.partition)
            }
            offsets.append(entry.offset)
        }
        return offsets
    }
}
