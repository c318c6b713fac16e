import Kafka
import Testing

@Suite struct KafkaProducerTests {
    @Test func keysValuesHeadersTombstonesAndTimesComeBack() throws {
        let cluster = try EmbeddedCluster()
        try cluster.createTopic("round", partitions: 1)
        let sender = try Sender(cluster.bootstrapServers, "round")
        let headers = [("traceparent", "00-a-b-01"), ("none", nil), ("empty", "")]
        sender.send("first", key: "k1", headers: headers, timestamp: 1_700_000_000_123)
        sender.send(nil, key: "k2", timestamp: 1)
        sender.send("", key: nil, timestamp: 1_700_000_000_124)
        sender.send("again", key: "", headers: [("traceparent", "old"), ("traceparent", "new")], timestamp: 5)
        try sender.flush()
        #expect(sender.delivered.map(\.offset) == [0, 1, 2, 3])
        #expect(sender.delivered.map(\.token) == [0, 1, 2, 3])
        #expect(sender.delivered.compactMap(\.failure) == [])

        let reader = try makeReader(cluster.bootstrapServers, "round", from: [0])
        try reader.read(4)
        let records = try #require(reader.taken[0])
        #expect(records.map(\.text) == ["first", "nil", "", "again"])
        #expect(records.map(\.key) == [Array("k1".utf8), Array("k2".utf8), nil, []])
        #expect(records.map(\.value) == [Array("first".utf8), nil, [], Array("again".utf8)])
        #expect(records.map(\.offset) == [0, 1, 2, 3])
        #expect(records.map(\.timestampMicroseconds) == [1_700_000_000_123_000, 1_000, 1_700_000_000_124_000, 5_000])
        #expect(
            records[0].headers == [
                KafkaHeaderCopy(name: "traceparent", value: Array("00-a-b-01".utf8)),
                KafkaHeaderCopy(name: "none", value: nil), KafkaHeaderCopy(name: "empty", value: []),
            ])
        #expect(records[1].headers.isEmpty)
    }

    @Test func oneHeaderIsLentWithoutCopying() throws {
        let cluster = try EmbeddedCluster()
        try cluster.createTopic("headers", partitions: 1)
        let sender = try Sender(cluster.bootstrapServers, "headers")
        sender.send("a", headers: [("traceparent", "old"), ("traceparent", "new"), ("none", nil)])
        sender.send("b")
        try sender.flush()
        let reader = try makeReader(cluster.bootstrapServers, "headers", from: [0])
        let buffer = UnsafeMutableBufferPointer<KafkaRecord>.allocate(capacity: 8)
        defer { buffer.deallocate() }
        var count = 0
        try until("two records") {
            reader.consumer.wait(milliseconds: 20)
            let rest = UnsafeMutableBufferPointer(rebasing: buffer[count...])
            count += reader.consumer.take(reader.consumer.partitions[0], max: 8, into: rest).count
            return count == 2
        }
        #expect(buffer[0].hasHeaders)
        #expect(!buffer[1].hasHeaders)
        #expect(buffer[0].withHeader(named: "traceparent") { $0.map { String(decoding: $0, as: UTF8.self) } } == "new")
        let none: Bool? = buffer[0].withHeader(named: "none") { $0 == nil }
        #expect(none == true)
        let absent: Bool? = buffer[0].withHeader(named: "absent") { _ in true }
        #expect(absent == nil)
        let without: Bool? = buffer[1].withHeader(named: "traceparent") { _ in true }
        #expect(without == nil)
        #expect(reader.consumer.recordsOutCount == 2)
        reader.consumer.release(UnsafeBufferPointer(rebasing: buffer[..<2]))
        #expect(reader.consumer.recordsOutCount == 0)
    }

    @Test func aFullQueueIsSaidAndEmptiesAgain() throws {
        let cluster = try EmbeddedCluster()
        try cluster.createTopic("full", partitions: 1)
        try cluster.takeDown(broker: 1)
        let sender = try Sender(cluster.bootstrapServers, "full", ["queue.buffering.max.messages": "10"])
        var outcomes: [String] = []
        for index in 0..<12 {
            let headers = [("name", "value")]
            outcomes.append("\(sender.send("v\(index)", key: "k", headers: headers))")
        }
        #expect(outcomes == Array(repeating: "queued", count: 10) + ["queueFull", "queueFull"])
        #expect(sender.producer.outstandingCount >= 10)
        try cluster.bringUp(broker: 1)
        try sender.flush()
        #expect("\(sender.send("more"))" == "queued")
        try sender.flush()
        #expect(sender.delivered.count == 11)
    }

    @Test func purgedRecordsComeBackAsFailed() throws {
        let cluster = try EmbeddedCluster()
        try cluster.createTopic("purge", partitions: 1)
        try cluster.takeDown(broker: 1)
        let sender = try Sender(cluster.bootstrapServers, "purge")
        for index in 0..<3 { sender.send("v\(index)") }
        sender.producer.purge()
        try until("purged deliveries") {
            sender.producer.poll(milliseconds: 20)
            return sender.delivered.count == 3
        }
        #expect(sender.delivered.allSatisfy { !$0.isDelivered })
        #expect(sender.delivered.first?.failure?.name == "_PURGE_QUEUE")
        #expect(sender.producer.outstandingCount == 0)
    }

    @Test func aRecordBeyondTheLimitIsRefusedBeforeItIsProduced() throws {
        let sender = try Sender("", "large", ["message.max.bytes": "2000"])
        let header = ("name", String(repeating: "y", count: 97))
        let outcome = sender.send(String(repeating: "x", count: 1_900), headers: [header])
        guard case .tooLarge(let bytes, let bytesMax) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(bytes == 2_001)
        #expect(bytesMax == 2_000)
        // Librdkafka counts its own framing too: its refusal has the same form.
        guard case .tooLarge = sender.send(String(repeating: "x", count: 1_999)) else {
            Issue.record("librdkafka took a record that its framing makes too large")
            return
        }
        #expect(sender.producer.outstandingCount == 0)
    }

    @Test func aPartitionThatIsNotThereIsAFailureOfTheRecord() throws {
        let cluster = try EmbeddedCluster()
        try cluster.createTopic("three", partitions: 3)
        let sender = try Sender(cluster.bootstrapServers, "three")
        sender.send("known", partition: 2)
        try sender.flush()
        let outcome = sender.send("unknown", partition: 9)
        guard case .failed(let failure) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(failure.name == "_UNKNOWN_PARTITION")
        #expect(failure.topic == "three")
    }

    @Test func injectedErrorsAreRetriedInOrderWithoutLossOrDoubles() throws {
        let cluster = try EmbeddedCluster(brokersCount: 2)
        try cluster.createTopic("faults", partitions: 2)
        // The embedded cluster does not check the sequence numbers of an idempotent producer: only one request at a
        // time keeps the order there.
        let sender = try Sender(
            cluster.bootstrapServers, "faults",
            ["retry.backoff.ms": "10", "batch.num.messages": "20", "max.in.flight": "1"])
        // NOT_LEADER_FOR_PARTITION, REQUEST_TIMED_OUT, NOT_ENOUGH_REPLICAS, LEADER_NOT_AVAILABLE
        cluster.failNext(.produce, codes: [6, 7, 19, 5, 0, 6])
        for index in 0..<400 { sender.send("\(index)", partition: Int32(index % 2)) }
        try sender.flush()
        #expect(sender.delivered.count == 400)
        #expect(sender.delivered.compactMap(\.failure) == [])
        let reader = try makeReader(cluster.bootstrapServers, "faults", from: [0, 0])
        cluster.failNext(.fetch, codes: [6, 13])
        try until("all records") {
            try reader.turn()
            return reader.count >= 400 && reader.ends == [0, 1]
        }
        for partition: Int32 in [0, 1] {
            let wanted = (0..<400).filter { $0 % 2 == Int(partition) }.map { "\($0)" }
            #expect(reader.taken[partition]?.map(\.text) == wanted)
        }
    }

    @Test func aBrokerThatGoesAndComesBackCostsNoRecord() throws {
        let cluster = try EmbeddedCluster()
        try cluster.createTopic("down", partitions: 1)
        let sender = try Sender(cluster.bootstrapServers, "down", ["reconnect.backoff.max.ms": "200"])
        for index in 0..<50 { sender.send("\(index)") }
        try sender.flush()
        let reader = try makeReader(cluster.bootstrapServers, "down", from: [0], ["reconnect.backoff.max.ms": "200"])
        try reader.read(50)
        try cluster.takeDown(broker: 1)
        for index in 50..<100 { sender.send("\(index)") }
        sender.producer.poll(milliseconds: 50)
        #expect(sender.delivered.count == 50)
        try cluster.bringUp(broker: 1)
        try sender.flush()
        try reader.read(100)
        #expect(reader.taken[0]?.map(\.text) == (0..<100).map { "\($0)" })
        #expect(reader.failures.allSatisfy { $0.isRetriable })
    }
}
