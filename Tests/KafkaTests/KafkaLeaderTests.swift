import Kafka
import Testing

/// Questions to partitions' leaders while those are away, move, or are new.
@Suite struct KafkaLeaderTests {
    private let quick = [
        "retry.backoff.ms": "20", "reconnect.backoff.max.ms": "100", "topic.metadata.refresh.fast.interval.ms": "50",
        "fetch.wait.max.ms": "5",
    ]

    private func makeCluster(_ topic: String, leader: Int32) throws -> EmbeddedCluster {
        let cluster = try EmbeddedCluster(brokersCount: 3)
        try cluster.createTopic(topic, partitions: 1)
        try cluster.setLeader(of: topic, partition: 0, broker: leader)
        let sender = try Sender(cluster.bootstrapServers, topic)
        for index in 0..<10 { sender.send("\(index)") }
        try sender.flush()
        return cluster
    }

    private func makeConsumer(_ cluster: EmbeddedCluster) throws -> KafkaConsumer {
        try KafkaConsumer(brokers: cluster.bootstrapServers, group: "g", properties: KafkaProperties(quick))
    }

    private func high(_ consumer: KafkaConsumer, _ topic: String, milliseconds: Int = 10_000) throws -> Int64 {
        try consumer.watermarks(topic: topic, partition: 0, milliseconds: milliseconds).high
    }

    /// As after a `kill -9` of a broker: the cached leader is dead, and another one takes its place.
    @Test func aQuestionIsTakenBackFromALeaderThatIsGone() throws {
        let cluster = try makeCluster("gone", leader: 2)
        let consumer = try makeConsumer(cluster)
        #expect(try high(consumer, "gone") == 10)
        try cluster.takeDown(broker: 2)
        try cluster.setLeader(of: "gone", partition: 0, broker: 3)
        #expect(try high(consumer, "gone") == 10)
        let place = TopicPartition(topic: "gone", partition: 0)
        #expect(try consumer.offsets(atRecordTimeMilliseconds: 1, of: [place], milliseconds: 10_000) == [0])
    }

    @Test func aLeaderThatComesBackAnswers() throws {
        let cluster = try makeCluster("back", leader: 2)
        let consumer = try makeConsumer(cluster)
        #expect(try high(consumer, "back") == 10)
        try cluster.takeDown(broker: 2)
        #expect { try high(consumer, "back", milliseconds: 300) } throws: {
            ($0 as? KafkaFailure)?.isRetriable == true
        }
        try cluster.bringUp(broker: 2)
        #expect(try high(consumer, "back") == 10)
    }

    /// It is waited for, and what is said in the end is what is the matter, not that there were no such partition.
    @Test func aPartitionWithoutALeaderIsWaitedFor() throws {
        let cluster = try makeCluster("none", leader: 2)
        try cluster.setLeader(of: "none", partition: 0, broker: -1)
        let consumer = try makeConsumer(cluster)
        #expect { try high(consumer, "none", milliseconds: 300) } throws: {
            let failure = $0 as? KafkaFailure
            return failure?.name == "LEADER_NOT_AVAILABLE" && failure?.topic == "none" && failure?.partition == 0
        }
        try cluster.setLeader(of: "none", partition: 0, broker: 1)
        #expect(try high(consumer, "none") == 10)
    }

    /// A client without partitions of its own keeps the leader that it knows, whatever that one answers.
    @Test func whoReadsNothingLooksTheLeaderUpAgain() throws {
        let cluster = try makeCluster("moved", leader: 1)
        let admin = try KafkaAdmin(brokers: cluster.bootstrapServers, properties: KafkaProperties(quick))
        for leader: Int32 in [1, 2, 3] {
            try cluster.setLeader(of: "moved", partition: 0, broker: leader)
            #expect(try admin.watermarks(topic: "moved", partition: 0, milliseconds: 10_000).high == 10)
        }
        try cluster.takeDown(broker: 3)
        try cluster.setLeader(of: "moved", partition: 0, broker: 1)
        #expect(try admin.watermarks(topic: "moved", partition: 0, milliseconds: 10_000).high == 10)
    }

    /// OFFSET_NOT_AVAILABLE, FENCED_LEADER_EPOCH, UNKNOWN_LEADER_EPOCH, and UNKNOWN_TOPIC_OR_PART of a topic that the
    /// metadata knows: a leader that is new.
    @Test(arguments: [78, 74, 75, 3] as [Int32])
    func aNewLeaderIsAskedAgain(code: Int32) throws {
        let cluster = try makeCluster("new", leader: 1)
        let consumer = try makeConsumer(cluster)
        cluster.failNext(.listOffsets, codes: [code, code])
        #expect(try high(consumer, "new") == 10)
    }

    /// Not only after the hour that it is given here.
    @Test(.timeLimit(.minutes(1))) func aTopicThatNobodyKnowsIsAFailureSoon() throws {
        let cluster = try makeCluster("unknown", leader: 1)
        cluster.setError(ofTopic: "unknown", code: 3)
        let consumer = try makeConsumer(cluster)
        #expect { try high(consumer, "unknown", milliseconds: 3_600_000) } throws: {
            let failure = $0 as? KafkaFailure
            return failure?.name == "UNKNOWN_TOPIC_OR_PART" && failure?.topic == "unknown"
        }
    }

    @Test func aPartitionThatIsNotThereIsNamedInTheEnd() throws {
        let cluster = try makeCluster("few", leader: 1)
        let consumer = try makeConsumer(cluster)
        #expect { try consumer.watermarks(topic: "few", partition: 7, milliseconds: 300) } throws: {
            let failure = $0 as? KafkaFailure
            return failure?.name == "_UNKNOWN_PARTITION" && failure?.topic == "few" && failure?.partition == 7
        }
    }
}
