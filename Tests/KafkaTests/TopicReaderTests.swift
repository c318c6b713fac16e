import Kafka
import Testing

@Suite struct TopicReaderTests {
    private func open(
        _ cluster: EmbeddedCluster, _ topic: String, from: Int64, prefetch: KafkaPrefetch = TopicReader.prefetchDefault
    ) throws -> TopicReader {
        try TopicReader(
            brokers: cluster.bootstrapServers, group: "reader", properties: KafkaProperties(["fetch.wait.max.ms": "5"]),
            topic: topic, partition: 0, from: from, prefetch: prefetch, milliseconds: 10_000)
    }

    /// All that is left, with the positions behind each.
    private func drain(_ reader: TopicReader) throws -> (records: [Copied], positions: [Int64]) {
        var records: [Copied] = []
        var positions: [Int64] = []
        try until("the end") {
            switch try reader.next(milliseconds: 100) {
            case .record(let record):
                records.append(Copied(record))
                positions.append(reader.position)
                return false
            case .nothingYet: return false
            case .end: return true
            }
        }
        return (records, positions)
    }

    @Test(arguments: [0, 1, 1_500, 2_999] as [Int64])
    func everythingUpToTheEndAtOpeningIsReadOnce(from: Int64) throws {
        let cluster = try EmbeddedCluster()
        try cluster.createTopic("log", partitions: 1)
        let sender = try Sender(cluster.bootstrapServers, "log")
        for index in 0..<3_000 {
            sender.send("\(index)", key: "k\(index % 3)", headers: [("n", "\(index)")], timestamp: 1_000 + Int64(index))
        }
        try sender.flush()
        let reader = try open(cluster, "log", from: from)
        #expect(reader.startOffset == from)
        #expect(reader.endOffset == 3_000)
        #expect(reader.skipped == nil)
        #expect(reader.position == from)
        // What comes later is not read.
        for index in 3_000..<3_100 { sender.send("\(index)") }
        try sender.flush()
        let (records, positions) = try drain(reader)
        #expect(records.map(\.offset) == Array(from..<3_000))
        #expect(positions == Array(from + 1...3_000))
        #expect(records.map(\.text) == (from..<3_000).map { "\($0)" })
        #expect(records.last?.headers == [KafkaHeaderCopy(name: "n", value: Array("2999".utf8))])
        #expect(records.last?.timestampMicroseconds == 3_999_000)
        #expect(records.last?.key == Array("k2".utf8))
        #expect(reader.position == 3_000)
        guard case .end = try reader.next(milliseconds: 0) else {
            Issue.record("the end does not stay")
            return
        }
    }

    @Test func anEmptyLogEndsAtOnce() throws {
        let cluster = try EmbeddedCluster()
        try cluster.createTopic("empty", partitions: 1)
        let reader = try open(cluster, "empty", from: 0)
        guard case .end = try reader.next(milliseconds: 0) else {
            Issue.record("no end")
            return
        }
        #expect(reader.position == 0)
    }

    @Test func aStartBehindTheEndIsAFailureThatSaysSo() throws {
        let cluster = try EmbeddedCluster()
        try cluster.createTopic("short", partitions: 1)
        let sender = try Sender(cluster.bootstrapServers, "short")
        sender.send("a")
        try sender.flush()
        do throws(KafkaFailure) {
            _ = try TopicReader(
                brokers: cluster.bootstrapServers, group: "reader", topic: "short", partition: 0, from: 2,
                milliseconds: 10_000)
            Issue.record("a reader from behind the end")
        } catch {
            #expect(error.name == "OFFSET_OUT_OF_RANGE")
            #expect(error.offset == 2)
            #expect(error.message.contains("holds 0 to 1: the topic was truncated or made anew"))
        }
    }

    @Test func whatRetentionHasTakenIsNamed() throws {
        let cluster = try EmbeddedCluster()
        try cluster.createTopic("old", partitions: 1)
        let sender = try Sender(cluster.bootstrapServers, "old")
        // The embedded cluster keeps 5 MiB.
        let value = String(repeating: "x", count: 50_000)
        for _ in 0..<200 {
            sender.send(value)
            try sender.flush()
        }
        let reader = try open(cluster, "old", from: 3)
        #expect(reader.startOffset > 3)
        #expect(reader.skipped == 3..<reader.startOffset)
        let (records, _) = try drain(reader)
        #expect(records.map(\.offset) == Array(reader.startOffset..<200))
    }

    @Test func aSmallPrefetchLosesNothing() throws {
        let cluster = try EmbeddedCluster()
        try cluster.createTopic("narrow", partitions: 1)
        let sender = try Sender(cluster.bootstrapServers, "narrow", ["batch.num.messages": "100"])
        for index in 0..<3_000 { sender.send("\(index)") }
        try sender.flush()
        let prefetch = KafkaPrefetch(bytesMax: 1 << 20, recordsMax: 1_000, partitions: 1)
        let (records, _) = try drain(try open(cluster, "narrow", from: 0, prefetch: prefetch))
        #expect(records.map(\.offset) == Array(0..<3_000))
    }

    @Test func aBrokerThatIsAwayIsNothingYetAndThenGoesOn() throws {
        let cluster = try EmbeddedCluster()
        try cluster.createTopic("away", partitions: 1)
        let sender = try Sender(cluster.bootstrapServers, "away")
        for index in 0..<10 { sender.send("\(index)") }
        try sender.flush()
        let reader = try TopicReader(
            brokers: cluster.bootstrapServers, group: "reader",
            properties: KafkaProperties(["reconnect.backoff.max.ms": "100", "fetch.wait.max.ms": "5"]), topic: "away",
            partition: 0, from: 0, milliseconds: 10_000)
        try cluster.takeDown(broker: 1)
        var waits = 0
        var records: [Int64] = []
        try until("the end") {
            switch try reader.next(milliseconds: 50) {
            case .record(let record): records.append(record.offset)
            case .nothingYet:
                waits += 1
                if waits == 2 { try cluster.bringUp(broker: 1) }
            case .end: return true
            }
            return false
        }
        #expect(records == Array(0..<10))
    }

    @Test func noPermissionIsAFailureAndNotAWait() throws {
        let cluster = try EmbeddedCluster()
        try cluster.createTopic("closed", partitions: 1)
        let sender = try Sender(cluster.bootstrapServers, "closed")
        sender.send("a")
        try sender.flush()
        // TOPIC_AUTHORIZATION_FAILED
        cluster.failNext(.fetch, codes: [29, 29, 29, 29])
        let reader = try open(cluster, "closed", from: 0)
        #expect { _ = try drain(reader) } throws: { ($0 as? KafkaFailure)?.name == "TOPIC_AUTHORIZATION_FAILED" }
        cluster.clearFailures(of: .fetch)
        cluster.failNext(.listOffsets, codes: [29])
        #expect { _ = try open(cluster, "closed", from: 0) } throws: {
            ($0 as? KafkaFailure)?.name == "TOPIC_AUTHORIZATION_FAILED"
        }
    }

    @Test func aReaderMayGoBeforeItsEnd() throws {
        let cluster = try EmbeddedCluster()
        try cluster.createTopic("left", partitions: 1)
        let sender = try Sender(cluster.bootstrapServers, "left")
        for index in 0..<100 { sender.send("\(index)") }
        try sender.flush()
        let reader = try open(cluster, "left", from: 0)
        var offset: Int64 = -1
        try until("a record") {
            guard case .record(let record) = try reader.next(milliseconds: 100) else { return false }
            offset = record.offset
            return true
        }
        // A record that was not given back would stop the process here.
        #expect(offset == 0)
    }
}
