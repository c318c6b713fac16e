import CRdkafka

extension Client {
    /// The topic's partitions and leaders; `nil` where there is no such topic or none that this client may see.
    ///
    /// All topics are listed, since a cluster may create a topic that is asked for by name.
    func metadata(of topic: String, milliseconds: Int) throws(KafkaFailure) -> TopicMetadata? {
        try RetryPace.untilAnswered(milliseconds: milliseconds) { left throws(KafkaFailure) in
            try metadataNow(of: topic, milliseconds: left)
        }
    }

    private func metadataNow(of topic: String, milliseconds: Int) throws(KafkaFailure) -> TopicMetadata? {
        var answer: UnsafePointer<rd_kafka_metadata>?
        let error = rd_kafka_metadata(pointer, 1, nil, &answer, Int32(clamping: milliseconds))
        guard error == RD_KAFKA_RESP_ERR_NO_ERROR, let answer else { throw KafkaFailure(error, topic: topic) }
        defer { rd_kafka_metadata_destroy(answer) }
        let topics = UnsafeBufferPointer(start: answer.pointee.topics, count: Int(answer.pointee.topic_cnt))
        guard let found = topics.first(where: { $0.topic.map { String(cString: $0) } == topic }) else { return nil }
        guard found.err == RD_KAFKA_RESP_ERR_NO_ERROR else { throw KafkaFailure(found.err, topic: topic) }
        return TopicMetadata(name: topic, partitions: Self.partitions(of: found))
    }

    static func partitions(of topic: rd_kafka_metadata_topic) -> [TopicMetadata.Partition] {
        UnsafeBufferPointer(start: topic.partitions, count: Int(topic.partition_cnt)).map {
            TopicMetadata.Partition(id: $0.id, leader: $0.leader >= 0 ? $0.leader : nil)
        }.sorted { $0.id < $1.id }
    }
}
