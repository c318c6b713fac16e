import CRdkafka

extension KafkaConsumer {
    /// Called by librdkafka inside `poll` and `close`.
    func rebalance(_ error: rd_kafka_resp_err_t, _ list: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>) {
        switch error {
        case RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS:
            do throws(KafkaFailure) {
                try assign(list)
            } catch {
                assignmentFailure = error
                dropPartitions()
                rd_kafka_assign(client.pointer, nil)
            }
        case RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS:
            if !partitions.isEmpty {
                if rd_kafka_assignment_lost(client.pointer) != 0 {
                    delegate?.lost(epoch: epoch, consumer: self)
                } else {
                    delegate?.revoked(epoch: epoch, consumer: self)
                }
            }
            dropPartitions()
            rd_kafka_assign(client.pointer, nil)
        default:
            assignmentFailure = KafkaFailure(error)
            dropPartitions()
            rd_kafka_assign(client.pointer, nil)
        }
    }

    private func assign(_ list: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>) throws(KafkaFailure) {
        dropPartitions()
        epoch = AssignmentEpoch(epoch.rawValue + 1)
        guard let delegate, !isClosed else {
            rd_kafka_assign(client.pointer, nil)
            return
        }
        for entry in list.entries {
            let partition = try KafkaPartition(
                topic: entry.topicName, partition: entry.partition, epoch: epoch, client: client)
            partitions.append(partition)
            if let queue = partition.queue { wakeDescriptor.watch(queue) }
        }
        let committed = try committed(
            of: partitions.map { TopicPartition(topic: $0.topic, partition: $0.partition) },
            milliseconds: committedMilliseconds)
        let assigned = zip(partitions, committed).map {
            AssignedPartition(partition: $0, committed: $1?.offset, metadata: $1?.metadata ?? "")
        }
        let starts = try delegate.assigned(assigned, epoch: epoch, consumer: self)
        precondition(starts.count == partitions.count, "\(starts.count) starts for \(partitions.count) partitions")
        for (index, start) in starts.enumerated() {
            precondition(start >= 0, "a start at \(start)")
            list.pointee.elems[index].offset = start
            partitions[index].begin(at: start)
        }
        let error = rd_kafka_assign(client.pointer, list)
        guard error == RD_KAFKA_RESP_ERR_NO_ERROR else { throw KafkaFailure(error) }
        // What came before the queues were watched wakes nobody.
        wake()
    }

    /// Reads the given partitions without a group: for logs that are read beside the stream, such as dead letters.
    ///
    /// Ends the assignment before it. Not together with `subscribe`: a subscription's next rebalance takes over.
    public func read(_ partitions: [TopicPartition], from starts: [Int64]) throws(KafkaFailure) -> [KafkaPartition] {
        precondition(starts.count == partitions.count, "\(starts.count) starts for \(partitions.count) partitions")
        dropPartitions()
        epoch = AssignmentEpoch(epoch.rawValue + 1)
        let list = TopicPartitionList(capacity: partitions.count)
        for (place, start) in zip(partitions, starts) {
            precondition(start >= 0, "a start at \(start)")
            let partition = try KafkaPartition(
                topic: place.topic, partition: place.partition, epoch: epoch, client: client)
            self.partitions.append(partition)
            if let queue = partition.queue { wakeDescriptor.watch(queue) }
            partition.begin(at: start)
            list.append(topic: place.topic, partition: place.partition, offset: start)
        }
        let error = rd_kafka_assign(client.pointer, list.pointer)
        guard error == RD_KAFKA_RESP_ERR_NO_ERROR else { throw KafkaFailure(error) }
        wake()
        return self.partitions
    }

    /// Where each partition is to be read: behind what the group has committed, else as `start` says. Blocks for the
    /// answers.
    ///
    /// - Parameter milliseconds: for each of at most four questions to the brokers; `nil`: `answerMilliseconds`.
    public func startOffsets(
        of partitions: [AssignedPartition], otherwise start: StartPosition, milliseconds: Int? = nil
    ) throws(KafkaFailure) -> [Int64] {
        var starts = partitions.map { $0.committed ?? -1 }
        let missing = partitions.indices.filter { partitions[$0].committed == nil }
        guard !missing.isEmpty else { return starts }
        let found = try client.offsets(
            at: start,
            of: missing.map {
                TopicPartition(topic: partitions[$0].partition.topic, partition: partitions[$0].partition.partition)
            }, milliseconds: milliseconds ?? answerMilliseconds)
        for (index, offset) in zip(missing, found) { starts[index] = offset }
        return starts
    }

    /// Stops fetching; what was fetched ahead is dropped by librdkafka 2.0 and costs about a second to fetch again.
    public func pause(_ partitions: [KafkaPartition]) throws(KafkaFailure) {
        try setPaused(partitions, rd_kafka_pause_partitions)
    }

    public func resume(_ partitions: [KafkaPartition]) throws(KafkaFailure) {
        try setPaused(partitions, rd_kafka_resume_partitions)
    }

    private func setPaused(
        _ partitions: [KafkaPartition],
        _ call: (OpaquePointer?, UnsafeMutablePointer<rd_kafka_topic_partition_list_t>?) -> rd_kafka_resp_err_t
    ) throws(KafkaFailure) {
        let list = TopicPartitionList(capacity: partitions.count)
        for partition in partitions { list.append(topic: partition.topic, partition: partition.partition) }
        let error = call(client.pointer, list.pointer)
        guard error == RD_KAFKA_RESP_ERR_NO_ERROR else { throw KafkaFailure(error) }
        for index in 0..<list.count where list[index].err != RD_KAFKA_RESP_ERR_NO_ERROR {
            throw KafkaFailure(list[index].err, topic: list[index].topicName, partition: list[index].partition)
        }
    }
}

func onRebalance(
    _ client: OpaquePointer?, _ error: rd_kafka_resp_err_t,
    _ list: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>?, _ opaque: UnsafeMutableRawPointer?
) {
    guard let consumer = ClientCallbacks.from(opaque)?.consumer, let list else {
        // Someone must answer, else the group waits.
        rd_kafka_assign(client, nil)
        return
    }
    consumer.rebalance(error, list)
}

func onConsumerError(
    _ client: OpaquePointer?, _ error: Int32, _ reason: UnsafePointer<CChar>?, _ opaque: UnsafeMutableRawPointer?
) {
    guard let consumer = ClientCallbacks.from(opaque)?.consumer else { return }
    if error == RD_KAFKA_RESP_ERR__FATAL.rawValue, let fatal = consumer.client.fatalFailure() {
        consumer.delegate?.failed(fatal)
    } else {
        consumer.delegate?.failed(KafkaFailure(code: error, message: reason.map { String(cString: $0) }))
    }
}
