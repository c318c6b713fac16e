import CRdkafka

/// What has become of one commit.
public struct CommitReport: Hashable, Sendable {
    public struct Entry: Hashable, Sendable {
        public let topic: String
        public let partition: Int32
        /// The offset of the next record to read.
        public let offset: Int64
        public let metadata: String
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
                    metadata: entry.metadataText,
                    failure: failed
                        ? KafkaFailure(entry.err, topic: entry.topicName, partition: entry.partition) : nil))
        }
        self.entries = entries
        let isFine = error == RD_KAFKA_RESP_ERR_NO_ERROR || error == RD_KAFKA_RESP_ERR__NO_OFFSET
        failure = isFine ? nil : KafkaFailure(error)
    }
}

extension KafkaConsumer {
    /// Commits positions of the assignment `epoch` and does not wait: the delegate's `committed` gets the result in a
    /// later `poll`.
    ///
    /// One such commit is under way at a time, since librdkafka's retries could let an older one land after a newer
    /// one. What failed is not remembered: the next commit must take it along, as positions usually do. Of an
    /// assignment that is over nothing is sent.
    ///
    /// - Returns: whether it was sent; `false` while an earlier one is under way: come again when it is reported.
    /// - Throws: `_STATE` where `epoch` is not the current assignment's, or a partition is not in it.
    @discardableResult
    public func commit(_ positions: [CommitPosition], epoch: AssignmentEpoch) throws(KafkaFailure) -> Bool {
        try checkAssignment(of: positions, epoch: epoch)
        guard commitsUnderWay == 0 else { return false }
        guard !positions.isEmpty else { return true }
        let list = TopicPartitionList(positions)
        let error = rd_kafka_commit(client.pointer, list.pointer, 1)
        guard error == RD_KAFKA_RESP_ERR_NO_ERROR else { throw KafkaFailure(error) }
        commitsUnderWay += 1
        return true
    }

    /// Commits positions of the assignment `epoch` and waits for the result: for revocations and the end.
    ///
    /// After a time-out the commit may still take effect.
    ///
    /// - Throws: as `commit`; or `_TIMED_OUT`. What the brokers answered is in the report, refusals too.
    public func commitAndWait(
        _ positions: [CommitPosition], epoch: AssignmentEpoch, milliseconds: Int
    ) throws(KafkaFailure) -> CommitReport {
        try checkAssignment(of: positions, epoch: epoch)
        guard !positions.isEmpty else { return CommitReport(RD_KAFKA_RESP_ERR_NO_ERROR, nil) }
        let list = TopicPartitionList(positions)
        // Waiting with an end is only to be had on a queue of one's own.
        let queue = rd_kafka_queue_new(client.pointer)
        defer { rd_kafka_queue_destroy(queue) }
        // With a callback of its own, which a queue that is polled for events does not call, the result does not come to
        // `onCommit` as well, as that of a commit that nobody waits for.
        let error = rd_kafka_commit_queue(client.pointer, list.pointer, queue, { _, _, _, _ in }, nil)
        guard error == RD_KAFKA_RESP_ERR_NO_ERROR else { throw KafkaFailure(error) }
        guard let event = rd_kafka_queue_poll(queue, Int32(clamping: milliseconds)) else {
            throw .timedOut("the commit", milliseconds: milliseconds)
        }
        defer { rd_kafka_event_destroy(event) }
        return CommitReport(rd_kafka_event_error(event), rd_kafka_event_topic_partition_list(event))
    }

    private func checkAssignment(of positions: [CommitPosition], epoch: AssignmentEpoch) throws(KafkaFailure) {
        let state = RD_KAFKA_RESP_ERR__STATE.rawValue
        guard epoch == self.epoch else {
            throw KafkaFailure(
                code: state,
                message: "a commit for assignment \(epoch.rawValue), while \(self.epoch.rawValue) is current",
                isRetriable: false)
        }
        let assigned = Set(partitions.map { TopicPartition(topic: $0.topic, partition: $0.partition) })
        for position in positions {
            guard assigned.contains(TopicPartition(topic: position.topic, partition: position.partition)) else {
                throw KafkaFailure(
                    code: state, message: "a commit for a partition that is not assigned", isRetriable: false,
                    topic: position.topic, partition: position.partition, offset: position.nextOffset)
            }
        }
    }

    /// What the group has committed for each partition, in their order; `nil` where that is nothing. Blocks.
    ///
    /// Where a transaction's offsets are not decided yet it waits for that, for as long as it may.
    public func committed(
        of partitions: [TopicPartition], milliseconds: Int
    ) throws(KafkaFailure) -> [CommittedOffset?] {
        // An instance beyond the number of partitions is assigned none.
        guard !partitions.isEmpty else { return [] }
        return try RetryPace.untilAnswered(milliseconds: milliseconds) { left throws(KafkaFailure) in
            let list = TopicPartitionList(partitions)
            let error = rd_kafka_committed(client.pointer, list.pointer, Int32(clamping: left))
            guard error == RD_KAFKA_RESP_ERR_NO_ERROR else { throw KafkaFailure(error) }
            let offsets = try list.answeredOffsets()
            return offsets.indices.map {
                offsets[$0] >= 0 ? CommittedOffset(offset: offsets[$0], metadata: list[$0].metadataText) : nil
            }
        }
    }

    /// What the group has committed for every partition of a topic, whoever reads it; without those for which that is
    /// nothing, and the number of partitions. Blocks for at most twice the time.
    public func committed(
        ofTopic topic: String, milliseconds: Int
    ) throws(KafkaFailure) -> (committed: [CommittedOffset], partitionCount: Int) {
        let known = try client.metadata(of: topic, milliseconds: milliseconds)?.partitions ?? []
        let offsets = try committed(
            of: known.map { TopicPartition(topic: topic, partition: $0.id) }, milliseconds: milliseconds)
        return (offsets.compactMap(\.self), known.count)
    }

    /// The first offset of each partition whose record's own timestamp is not before a time; the partition's end where
    /// all are older. Blocks.
    ///
    /// Records need not be in order of their timestamps: later ones may be older again. Where the cluster knows no
    /// times (the embedded one), the answer is the first offset that the partition holds: rather too much than too
    /// little.
    ///
    /// - Parameter milliseconds: for each of at most three questions to the brokers.
    /// - Throws: `_TIMED_OUT` and what else keeps a partition's leader from answering; nothing is known then.
    public func offsets(
        atRecordTimeMilliseconds time: Int64, of partitions: [TopicPartition], milliseconds: Int
    ) throws(KafkaFailure) -> [Int64] {
        guard !partitions.isEmpty else { return [] }
        return try client.offsets(notBefore: max(0, time), of: partitions, milliseconds: milliseconds)
    }

    /// The first and the next offset of a partition, asked of its leader. Blocks.
    public func watermarks(
        topic: String, partition: Int32, milliseconds: Int
    ) throws(KafkaFailure) -> Watermarks {
        try client.watermarks(topic: topic, partition: partition, milliseconds: milliseconds)
    }

    /// The same of several partitions, in their order, in two requests to each leader.
    public func watermarks(
        of partitions: [TopicPartition], milliseconds: Int
    ) throws(KafkaFailure) -> [Watermarks] {
        try client.watermarks(of: partitions, milliseconds: milliseconds)
    }
}

func onCommit(
    _ client: OpaquePointer?, _ error: rd_kafka_resp_err_t,
    _ list: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>?, _ opaque: UnsafeMutableRawPointer?
) {
    guard let consumer = ClientCallbacks.from(opaque)?.consumer else { return }
    consumer.commitsUnderWay = max(0, consumer.commitsUnderWay - 1)
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
