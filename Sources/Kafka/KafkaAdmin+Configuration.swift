import CRdkafka

extension KafkaAdmin {
    /// The configuration of topics, in the order given: one request. Blocks.
    ///
    /// It needs the right to describe configurations, which few pipelines have: a topic that it is refused for has a
    /// failure of its own. The embedded cluster has no such request.
    ///
    /// - Throws: where there is no answer at all.
    public func topicConfigurations(
        of topics: [String], milliseconds: Int
    ) throws(KafkaFailure) -> [TopicConfiguration] {
        if topics.isEmpty { return [] }
        var resources = topics.map { rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, $0) }
        defer { rd_kafka_ConfigResource_destroy_array(&resources, resources.count) }
        // Any broker knows. The controller, which would be asked, is none of the embedded cluster's brokers, and would be
        // waited for until the time is up.
        let broker = try anyBroker(milliseconds: milliseconds)
        let event = try answer(
            to: RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, "the configuration of topics", milliseconds, broker: broker
        ) {
            rd_kafka_DescribeConfigs(client.pointer, &resources, resources.count, $0, $1)
        }
        defer { rd_kafka_event_destroy(event) }
        var count = 0
        let answered = rd_kafka_DescribeConfigs_result_resources(
            rd_kafka_event_DescribeConfigs_result(event), &count)
        var found: [String: TopicConfiguration] = [:]
        for index in 0..<count {
            guard let resource = answered?[index] else { continue }
            let configuration = Self.configuration(resource)
            found[configuration.topic] = configuration
        }
        return topics.map { found[$0] ?? TopicConfiguration(topic: $0) }
    }

    /// The id of a broker that is there; `nil` where there is none.
    private func anyBroker(milliseconds: Int) throws(KafkaFailure) -> Int32? {
        var answer: UnsafePointer<rd_kafka_metadata>?
        let error = rd_kafka_metadata(client.pointer, 0, nil, &answer, Int32(clamping: milliseconds))
        guard error == RD_KAFKA_RESP_ERR_NO_ERROR, let answer else { throw KafkaFailure(error) }
        defer { rd_kafka_metadata_destroy(answer) }
        return answer.pointee.broker_cnt > 0 ? answer.pointee.brokers[0].id : nil
    }

    /// - Parameter resource: part of an answer, or made by hand.
    static func configuration(_ resource: OpaquePointer) -> TopicConfiguration {
        let topic = rd_kafka_ConfigResource_name(resource).map { String(cString: $0) } ?? ""
        let error = rd_kafka_ConfigResource_error(resource)
        guard error == RD_KAFKA_RESP_ERR_NO_ERROR else {
            let reason = rd_kafka_ConfigResource_error_string(resource).map { String(cString: $0) }
            return TopicConfiguration(topic: topic, failure: KafkaFailure(error, message: reason, topic: topic))
        }
        var count = 0
        let list = rd_kafka_ConfigResource_configs(resource, &count)
        var entries: [String: String] = [:]
        for index in 0..<count {
            guard let entry = list?[index], let name = rd_kafka_ConfigEntry_name(entry),
                let value = rd_kafka_ConfigEntry_value(entry)
            else { continue }
            entries[String(cString: name)] = String(cString: value)
        }
        return TopicConfiguration(topic: topic, entries: entries)
    }
}
