import Kafka
import Testing

/// The embedded cluster lets a group's first member wait three seconds for others: few tests need a group.
@Suite struct KafkaGroupTests {
    private let quick = KafkaProperties([
        "fetch.wait.max.ms": "5", "heartbeat.interval.ms": "100", "session.timeout.ms": "6000",
    ])

    private func makeMember(_ cluster: EmbeddedCluster, _ topic: String, group: String = "g") throws -> Reader {
        let consumer = try KafkaConsumer(brokers: cluster.bootstrapServers, group: group, properties: quick)
        try consumer.subscribe([topic])
        return Reader(consumer)
    }

    @Test func aGroupGoesOnWhereItCommitted() throws {
        let cluster = try EmbeddedCluster()
        try cluster.createTopic("resume", partitions: 2)
        let sender = try Sender(cluster.bootstrapServers, "resume")
        for index in 0..<20 { sender.send("\(index)", partition: Int32(index % 2)) }
        try sender.flush()
        let admin = try KafkaAdmin(brokers: cluster.bootstrapServers)
        let places = [TopicPartition(topic: "resume", partition: 0), TopicPartition(topic: "resume", partition: 1)]
        #expect(try admin.committedOffsets(group: "g", of: places, milliseconds: 10_000) == [nil, nil])

        let first = try makeMember(cluster, "resume")
        try first.read(20)
        #expect(first.recorder.log == ["assigned 1"])
        #expect(first.recorder.committedAtAssignment == [nil, nil])
        // Nothing to commit: nothing is sent, and that is no failure.
        let epoch = first.consumer.epoch
        #expect(try first.consumer.commit([], epoch: epoch))
        #expect(try first.consumer.commitAndWait([], epoch: epoch, milliseconds: 10_000).isComplete)
        let note = "order 17/42 \u{2713}"
        #expect(try first.consumer.commit([at("resume", 0, 4, note)], epoch: epoch))
        // One is under way at a time.
        #expect(try !first.consumer.commit([at("resume", 0, 3)], epoch: epoch))
        try until("the commit's result") {
            try first.turn()
            return !first.recorder.reports.isEmpty
        }
        let report = try #require(first.recorder.reports.last)
        #expect(report.isComplete)
        #expect(report.entries.map(\.offset) == [4])
        #expect(report.entries.map(\.partition) == [0])
        let waited = try first.consumer.commitAndWait(
            [at("resume", 0, 4, note), at("resume", 1, 7)], epoch: epoch, milliseconds: 10_000)
        #expect(waited.isComplete)
        #expect(waited.entries.first { $0.partition == 1 }?.offset == 7)
        // What was waited for is not reported as well.
        try first.turn()
        #expect(first.recorder.reports.count == 1)
        #expect(try admin.committedOffsets(group: "g", of: places, milliseconds: 10_000) == [4, 7])
        #expect(
            try first.consumer.committed(of: places, milliseconds: 10_000) == [
                CommittedOffset(offset: 4, metadata: note), CommittedOffset(offset: 7),
            ])
        #expect(try first.consumer.committed(of: [], milliseconds: 10_000).isEmpty)
        // Neither for a partition that is another's, nor for another assignment.
        let foreign = "partition that is not assigned"
        #expect { try first.consumer.commit([at("resume", 2, 1)], epoch: epoch) } throws: { "\($0)".contains(foreign) }
        #expect { try first.consumer.commit([at("other", 0, 1)], epoch: epoch) } throws: { "\($0)".contains(foreign) }
        #expect(throws: KafkaFailure.self) {
            try first.consumer.commitAndWait([at("resume", 0, 5)], epoch: AssignmentEpoch(0), milliseconds: 10_000)
        }

        // A revocation is the last chance to commit.
        var atTheEnd: CommitReport?
        first.recorder.onRevoked = { consumer in
            atTheEnd = try? consumer.commitAndWait([at("resume", 1, 8, "last")], epoch: epoch, milliseconds: 10_000)
        }
        try first.consumer.close(first.recorder)
        #expect(atTheEnd?.isComplete == true)
        #expect(first.recorder.log == ["assigned 1", "revoked 1"])
        #expect(throws: KafkaFailure.self) { try first.consumer.commit([at("resume", 1, 9)], epoch: epoch) }

        let second = try makeMember(cluster, "resume")
        second.recorder.start = .latest
        try second.read(8)
        #expect(second.recorder.committedAtAssignment == [4, 8])
        #expect(second.recorder.metadataAtAssignment == [note, "last"])
        #expect(second.taken[0]?.map(\.offset) == Array(4..<10))
        #expect(second.taken[1]?.map(\.offset) == Array(8..<10))
        try second.consumer.close(second.recorder)
    }

    @Test func aNewGroupBeginsWhereItIsTold() throws {
        let cluster = try EmbeddedCluster()
        try cluster.createTopic("start", partitions: 1)
        let sender = try Sender(cluster.bootstrapServers, "start")
        for index in 0..<10 { sender.send("\(index)") }
        try sender.flush()
        let reader = try makeMember(cluster, "start", group: "new")
        var starts: [StartPosition: [Int64]] = [:]
        var byTime: [Int64] = []
        let positions: [StartPosition] = [.earliest, .latest, .duration(microseconds: 3_600_000_000)]
        reader.recorder.onAssigned = { partitions throws(KafkaFailure) in
            for position in positions {
                starts[position] = try reader.consumer.startOffsets(of: partitions, otherwise: position)
            }
            byTime = try reader.consumer.offsets(
                atRecordTimeMilliseconds: 1_700_000_000_000, of: [TopicPartition(topic: "start", partition: 0)],
                milliseconds: 10_000)
        }
        reader.recorder.start = .latest
        try until("the end") {
            try reader.turn()
            return reader.ends == [0]
        }
        // The embedded cluster knows no offsets by time: rather all than none.
        #expect(starts == [.earliest: [0], .latest: [10], .duration(microseconds: 3_600_000_000): [0]])
        #expect(byTime == [0])
        #expect(reader.count == 0)
        #expect(reader.consumer.partitions[0].startOffset == 10)
        sender.send("10")
        try sender.flush()
        try reader.read(1)
        #expect(reader.taken[0]?.map(\.offset) == [10])
        try reader.consumer.close(reader.recorder)
    }

    @Test func aCommittedOffsetThatIsGoneIsALoudFailure() throws {
        let cluster = try EmbeddedCluster()
        try cluster.createTopic("gone", partitions: 1)
        let sender = try Sender(cluster.bootstrapServers, "gone")
        for index in 0..<3 { sender.send("\(index)") }
        try sender.flush()
        let first = try makeMember(cluster, "gone")
        try first.read(3)
        let beyond = [at("gone", 0, 77)]
        #expect(
            try first.consumer.commitAndWait(beyond, epoch: first.consumer.epoch, milliseconds: 10_000).isComplete)
        try first.consumer.close(first.recorder)
        let second = try makeMember(cluster, "gone")
        try until("a failure") {
            try second.turn()
            return !second.failures.isEmpty
        }
        #expect(second.failures[0].name == "OFFSET_OUT_OF_RANGE")
        #expect(second.failures[0].offset == 77)
        #expect(second.count == 0)
        try second.consumer.close(second.recorder)
    }

    @Test func aSecondMemberGetsAShareAfterTheFirstHasGivenAllUp() throws {
        let cluster = try EmbeddedCluster()
        try cluster.createTopic("share", partitions: 4)
        let sender = try Sender(cluster.bootstrapServers, "share")
        for index in 0..<400 { sender.send("\(index)", partition: Int32(index % 4)) }
        try sender.flush()
        let first = try makeMember(cluster, "share")
        try first.read(400)
        #expect(first.consumer.partitions.count == 4)
        let old = first.consumer.partitions
        let positions = first.consumer.partitions.map { at("share", $0.partition, $0.nextOffset) }
        // A real cluster takes a commit in the revocation too; the embedded one answers that a rebalance is in
        // progress.
        #expect(
            try first.consumer.commitAndWait(positions, epoch: first.consumer.epoch, milliseconds: 10_000).isComplete)
        var areStillAssigned = false
        first.recorder.onRevoked = { consumer in
            areStillAssigned = consumer.partitions.allSatisfy { $0.isAssigned && $0.position == 100 }
        }
        let second = try makeMember(cluster, "share")
        try until("two shares") {
            try first.turn()
            try second.turn()
            return first.consumer.partitions.count == 2 && second.consumer.partitions.count == 2
        }
        // A loaded machine may make the group settle in more rounds: each takes all away before it gives anew.
        #expect(first.recorder.log.starts(with: ["assigned 1", "revoked 1", "assigned 2"]))
        #expect(first.recorder.committedAtAssignment == [100, 100])
        #expect(second.recorder.committedAtAssignment == [100, 100])
        #expect(first.consumer.partitions.allSatisfy { $0.epoch == first.consumer.epoch })
        #expect(areStillAssigned)
        #expect(old.allSatisfy { !$0.isAssigned })
        #expect(throws: KafkaFailure.self) { try first.consumer.commit(positions, epoch: AssignmentEpoch(1)) }
        for index in 400..<800 { sender.send("\(index)", partition: Int32(index % 4)) }
        try sender.flush()
        try until("both halves") {
            try first.turn()
            try second.turn()
            return first.count + second.count == 800
        }
        #expect(second.count == 200)
        for partition: Int32 in 0..<4 {
            let offsets = first.taken[partition, default: []] + second.taken[partition, default: []]
            #expect(offsets.map(\.offset) == Array(0..<200))
        }
        first.recorder.onRevoked = { _ in }
        try second.consumer.close(second.recorder)
        try first.consumer.close(first.recorder)
        #expect(second.recorder.log == ["assigned 1", "revoked 1"])
    }

    @Test func anInstanceBeyondThePartitionsIsGivenNone() throws {
        let cluster = try EmbeddedCluster()
        try cluster.createTopic("single", partitions: 1)
        let readers = [try makeMember(cluster, "single"), try makeMember(cluster, "single")]
        try until("both assignments") {
            for reader in readers { try reader.turn() }
            return readers.allSatisfy { $0.recorder.log.last?.hasPrefix("assigned") == true }
                && readers.reduce(0) { $0 + $1.consumer.partitions.count } == 1
        }
        let idle = try #require(readers.first { $0.consumer.partitions.isEmpty })
        try idle.consumer.close(idle.recorder)
        #expect(idle.recorder.failures.isEmpty)
        let busy = try #require(readers.first { !$0.consumer.isClosed })
        let sender = try Sender(cluster.bootstrapServers, "single")
        sender.send("a")
        try sender.flush()
        try busy.read(1)
        try busy.consumer.close(busy.recorder)
    }

    @Test func whatTheDelegateThrowsEndsTheAssignment() throws {
        let cluster = try EmbeddedCluster()
        try cluster.createTopic("refuse", partitions: 1)
        let reader = try makeMember(cluster, "refuse")
        reader.recorder.onAssigned = { _ throws(KafkaFailure) in throw KafkaFailure(code: -1, message: "no") }
        #expect(throws: KafkaFailure(code: -1, message: "no")) {
            try until("an assignment") {
                try reader.turn()
                return false
            }
        }
        #expect(reader.consumer.partitions.isEmpty)
        try reader.consumer.close(reader.recorder)
        #expect(reader.recorder.log == ["assigned 1"])
    }
}
