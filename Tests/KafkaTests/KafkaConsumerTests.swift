import Dispatch
import Kafka
import Testing

@Suite struct KafkaConsumerTests {
    @Test(arguments: [1, 7, 1_000], [65_536, 4_194_304])
    func everyPartitionKeepsItsOrderWhateverTheBatches(takeMax: Int, fetchBytes: Int) throws {
        let cluster = try EmbeddedCluster()
        try cluster.createTopic("order", partitions: 3)
        let sender = try Sender(cluster.bootstrapServers, "order", ["batch.num.messages": "100"])
        for index in 0..<3_000 { sender.send("\(index)", partition: Int32(index % 3)) }
        try sender.flush()
        let reader = try makeReader(
            cluster.bootstrapServers, "order", from: [0, 10, 1_000], ["fetch.message.max.bytes": "\(fetchBytes)"])
        reader.takeMax = takeMax
        try reader.read(1_990)
        #expect(reader.taken[0]?.map(\.offset) == Array(0..<1_000))
        #expect(reader.taken[1]?.map(\.offset) == Array(10..<1_000))
        #expect(reader.taken[1]?.map(\.text) == (10..<1_000).map { "\($0 * 3 + 1)" })
        #expect(reader.taken[2, default: []].isEmpty)
        #expect(reader.consumer.straysDropped == 0)
        #expect(reader.consumer.recordsOutCount == 0)
    }

    @Test func aTakeStopsSoonAfterItsBytes() throws {
        let cluster = try EmbeddedCluster()
        try cluster.createTopic("bytes", partitions: 1)
        let sender = try Sender(cluster.bootstrapServers, "bytes")
        let value = String(repeating: "x", count: 1_000)
        for _ in 0..<500 { sender.send(value) }
        try sender.flush()
        let reader = try makeReader(cluster.bootstrapServers, "bytes", from: [0])
        let buffer = UnsafeMutableBufferPointer<KafkaRecord>.allocate(capacity: 1_000)
        defer { buffer.deallocate() }
        var counts: [Int] = []
        var sum = 0
        try until("all records") {
            let answer = reader.consumer.take(reader.consumer.partitions[0], max: 1_000, bytesMax: 20_000, into: buffer)
            reader.consumer.release(UnsafeBufferPointer(rebasing: buffer[..<answer.count]))
            counts.append(answer.count)
            sum += answer.count
            if answer.isDrained { reader.consumer.wait(milliseconds: 20) }
            return sum == 500
        }
        // The size of the first records is a guess.
        #expect(counts.filter { $0 > 100 }.isEmpty, "\(counts)")
    }

    @Test func theEndIsKnownFromTheWatermarkAndFromItsEvent() throws {
        let cluster = try EmbeddedCluster()
        try cluster.createTopic("end", partitions: 2)
        let sender = try Sender(cluster.bootstrapServers, "end")
        for index in 0..<10 { sender.send("\(index)", partition: 0) }
        try sender.flush()
        // Partition 1 is empty: only its event can tell.
        let reader = try makeReader(cluster.bootstrapServers, "end", from: [0, 0])
        #expect(reader.consumer.partitions.allSatisfy { !reader.consumer.isAtEnd($0) })
        try until("both ends") {
            try reader.turn()
            return reader.ends == [0, 1]
        }
        #expect(reader.count == 10)
        #expect(reader.consumer.partitions.map(\.position) == [10, 0])
        for index in 10..<20 { sender.send("\(index)", partition: 1) }
        try sender.flush()
        try reader.read(20)
        #expect(reader.taken[1]?.map(\.offset) == Array(0..<10))
        #expect(reader.consumer.isAtEnd(reader.consumer.partitions[1]))
        let admin = try KafkaAdmin(brokers: cluster.bootstrapServers)
        #expect(try admin.endOffsets(of: "end", milliseconds: 10_000) == [10, 10])
    }

    @Test func anOffsetOutOfRangeIsALoudFailure() throws {
        let cluster = try EmbeddedCluster()
        try cluster.createTopic("range", partitions: 1)
        let sender = try Sender(cluster.bootstrapServers, "range")
        for index in 0..<10 { sender.send("\(index)") }
        try sender.flush()
        let reader = try makeReader(cluster.bootstrapServers, "range", from: [5_000])
        try until("a failure") {
            try reader.turn()
            return !reader.failures.isEmpty
        }
        let failure = reader.failures[0]
        #expect(failure.name == "OFFSET_OUT_OF_RANGE")
        #expect(!failure.isRetriable)
        #expect(failure.topic == "range")
        #expect(failure.partition == 0)
        #expect(failure.offset == 5_000)
        #expect(
            failure.message == """
                offset 5000 of topic "range" partition 0 is not in the log, which holds 0 to 10: the topic was truncated \
                or made anew; nothing is skipped by itself: reset the group's offsets, or use a new group with "start:"
                """)
        #expect(reader.count == 0)
    }

    @Test func aWakeFromAnotherThreadEndsAWait() throws {
        let consumer = try KafkaConsumer(brokers: "", group: "g")
        DispatchQueue.global().async { consumer.wake() }
        var isWoken = false
        try until("a wake") {
            isWoken = consumer.wait(milliseconds: 10_000)
            return true
        }
        #expect(isWoken)
        #expect(!consumer.wait(milliseconds: 0))
    }

    @Test func pausedPartitionsYieldNothingUntilTheyAreResumed() throws {
        let cluster = try EmbeddedCluster()
        try cluster.createTopic("pause", partitions: 2)
        let sender = try Sender(cluster.bootstrapServers, "pause")
        let reader = try makeReader(cluster.bootstrapServers, "pause", from: [0, 0])
        try until("both ends") {
            try reader.turn()
            return reader.ends == [0, 1]
        }
        try reader.consumer.pause([reader.consumer.partitions[0]])
        for index in 0..<20 { sender.send("\(index)", partition: Int32(index % 2)) }
        try sender.flush()
        try until("partition 1") {
            try reader.turn()
            return reader.taken[1]?.count == 10
        }
        #expect(reader.taken[0, default: []].isEmpty)
        try reader.consumer.resume([reader.consumer.partitions[0]])
        try reader.read(20)
        #expect(reader.taken[0]?.map(\.offset) == Array(0..<10))
    }

    @Test func recordsOutliveTheirPartitionAndTheClose() throws {
        let cluster = try EmbeddedCluster()
        try cluster.createTopic("outlive", partitions: 1)
        let sender = try Sender(cluster.bootstrapServers, "outlive")
        for index in 0..<100 { sender.send("\(index)") }
        try sender.flush()
        let reader = try makeReader(cluster.bootstrapServers, "outlive", from: [0])
        let buffer = UnsafeMutableBufferPointer<KafkaRecord>.allocate(capacity: 100)
        defer { buffer.deallocate() }
        let partition = reader.consumer.partitions[0]
        var count = 0
        try until("50 records") {
            reader.consumer.wait(milliseconds: 20)
            let rest = UnsafeMutableBufferPointer(rebasing: buffer[count...])
            count += reader.consumer.take(partition, max: 50 - count, into: rest).count
            return count == 50
        }
        try reader.consumer.close(reader.recorder)
        let after = reader.consumer.take(partition, max: 50, into: buffer)
        #expect(after.count == 0 && after.isDrained && !after.reachedEnd)
        #expect(buffer[..<50].map { Copied($0).text } == (0..<50).map { "\($0)" })
        reader.consumer.release(UnsafeBufferPointer(rebasing: buffer[..<50]))
        // The consumer goes away at the end of the test: a record that is still out would stop it.
        #expect(reader.consumer.recordsOutCount == 0)
    }
}
