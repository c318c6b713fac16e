import Testing

@testable import Kafka

@Suite struct EmbeddedClusterTests {
    @Test func topicsHaveThePartitionsAndLeadersAskedFor() throws {
        let cluster = try EmbeddedCluster(brokersCount: 3)
        #expect(cluster.bootstrapServers.split(separator: ",").count == 3)
        #expect(cluster.bootstrapServers.hasPrefix("127.0.0.1:"))
        try cluster.createTopic("topic", partitions: 5)
        try cluster.setLeader(of: "topic", partition: 4, broker: 2)
        let admin = try KafkaAdmin(brokers: cluster.bootstrapServers)
        let metadata = try #require(try admin.metadata(of: "topic", milliseconds: 10_000))
        #expect(metadata.name == "topic")
        #expect(metadata.partitions.map(\.id) == [0, 1, 2, 3, 4])
        #expect(metadata.partitions[4].leader == 2)
        #expect(try admin.endOffsets(of: "topic", milliseconds: 10_000) == [0, 0, 0, 0, 0])
        #expect(throws: KafkaFailure.self) { try cluster.createTopic("topic", partitions: 5) }
    }

    @Test func theSocketsOfAllBrokersAreFoundAlsoAfterTheyWereAway() throws {
        let cluster = try EmbeddedCluster(brokersCount: 3)
        let other = try EmbeddedCluster()
        #expect(cluster.disableAnswerDelay() == 3)
        #expect(other.disableAnswerDelay() == 1)
        try cluster.takeDown(broker: 2)
        #expect(cluster.disableAnswerDelay() == 2)
        try cluster.bringUp(broker: 2)
        #expect(cluster.disableAnswerDelay() == 3)
    }

    @Test func askingForATopicDoesNotMakeIt() throws {
        let cluster = try EmbeddedCluster()
        let admin = try KafkaAdmin(brokers: cluster.bootstrapServers)
        #expect(try admin.metadata(of: "absent", milliseconds: 10_000) == nil)
        #expect(try admin.metadata(of: "absent", milliseconds: 10_000) == nil)
        #expect(throws: KafkaFailure.self) { try admin.endOffsets(of: "absent", milliseconds: 10_000) }
    }

    @Test func aRequestThatTheClusterDoesNotKnowIsAFailure() throws {
        let cluster = try EmbeddedCluster()
        let admin = try KafkaAdmin(brokers: cluster.bootstrapServers)
        #expect(throws: KafkaFailure.self) { try admin.createTopic("new", partitions: 2, milliseconds: 500) }
        #expect(throws: KafkaFailure.self) { try admin.createTopic("new", partitions: 0, milliseconds: 500) }
    }

    @Test func noBrokerIsARetriableFailure() throws {
        let cluster = try EmbeddedCluster()
        try cluster.takeDown(broker: 1)
        let admin = try KafkaAdmin(brokers: cluster.bootstrapServers)
        do throws(KafkaFailure) {
            _ = try admin.metadata(of: "any", milliseconds: 200)
            Issue.record("an answer without a broker")
        } catch {
            #expect(error.isRetriable)
        }
        #expect(throws: KafkaFailure.self) { try cluster.takeDown(broker: 9) }
    }

    @Test func clientsOutliveTheCluster() throws {
        var cluster: EmbeddedCluster? = try EmbeddedCluster()
        try cluster?.createTopic("brief", partitions: 1)
        let sender = try Sender(try #require(cluster?.bootstrapServers), "brief")
        sender.send("a")
        try sender.flush()
        cluster = nil
        sender.send("b")
        sender.producer.purge()
        try until("the purged record") {
            sender.producer.poll(milliseconds: 20)
            return sender.delivered.count == 2
        }
        #expect(sender.delivered.map(\.isDelivered) == [true, false])
    }

    @Test func aProducerBehindTheGateNeverOverrunsItsGroup() throws {
        let cluster = try EmbeddedCluster()
        try cluster.createTopic("gate", partitions: 2)
        let sender = try Sender(cluster.bootstrapServers, "gate")
        let consumer = try KafkaConsumer(
            brokers: cluster.bootstrapServers, group: "slow", properties: KafkaProperties(["fetch.wait.max.ms": "5"]))
        try consumer.subscribe(["gate"])
        let reader = Reader(consumer)
        let admin = try KafkaAdmin(brokers: cluster.bootstrapServers)
        var gate = BacklogGate(endOffsets: [0, 0])
        let value = String(repeating: "x", count: 10_000)
        // 24 MB through partitions that hold 5 MiB each.
        var sent = 0
        var shut = 0
        try until("all records") {
            while sent < 2_400, gate.isOpen(partition: Int32(sent % 2), bytes: value.utf8.count) {
                guard case .queued = sender.send(value, partition: Int32(sent % 2)) else { break }
                gate.count(partition: Int32(sent % 2), bytes: value.utf8.count)
                sent += 1
            }
            if sent < 2_400 { shut += 1 }
            sender.producer.poll(milliseconds: 0)
            try reader.turn()
            let positions = consumer.partitions.map { at("gate", $0.partition, $0.nextOffset) }
            let report = try consumer.commitAndWait(positions, epoch: consumer.epoch, milliseconds: 10_000)
            #expect(report.isComplete)
            try gate.refresh(admin, group: "slow", topic: "gate", milliseconds: 10_000)
            return reader.count == 2_400
        }
        #expect(shut > 0)
        #expect(reader.failures.isEmpty)
        #expect(reader.taken[0]?.map(\.offset) == Array(0..<1_200))
        #expect(reader.taken[1]?.map(\.offset) == Array(0..<1_200))
        let low = try admin.watermarks(topic: "gate", partition: 0, milliseconds: 10_000).low
        #expect(low > 0, "the test must send more than the cluster keeps")
        try consumer.close(reader.recorder)
    }
}
