import Engine
import Kafka
import Logging
import Testing

@testable import Scoring

/// The engine's source over a group on the embedded cluster, which lets its first member wait three seconds for others.
@Suite struct KafkaSourcePortTests {
    /// What the port tells of its assignments.
    private final class Lanes: SourceObserver {
        var all: [AssignedLane] = []
        func sourceDidAssign(epoch: UInt64, lanes: [AssignedLane]) -> [LaneStart] {
            all = lanes.sorted { ($0.topic, $0.partition) < ($1.topic, $1.partition) }
            return lanes.map {
                LaneStart(topic: $0.topic, partition: $0.partition, offset: $0.begin, mutedUntil: $0.scoresFrom)
            }
        }
        func sourceWillRevoke(epoch: UInt64, isLost: Bool) {}
    }

    /// Two topics of three partitions, ten records each; a group, its port, and what it says.
    private final class Member {
        let cluster: EmbeddedCluster
        let lines = LoggedLines()
        let lanes = Lanes()
        let metrics = RunMetrics(pipeline: "p", topics: ["t"])
        let consumer: KafkaConsumer
        let port: KafkaSourcePort
        static let topics = ["added", "new"]

        init(start: StartPosition) throws {
            cluster = try EmbeddedCluster()
            for topic in Self.topics { try cluster.createTopic(topic, partitions: 3) }
            let producer = try KafkaProducer(brokers: cluster.bootstrapServers, onDelivery: { _ in })
            for name in Self.topics {
                let topic = try producer.topic(name)
                for index in 0..<30 {
                    let outcome = producer.produce(
                        to: topic, partition: Int32(index % 3), key: nil, value: nil, token: 0)
                    guard case .queued = outcome else { throw DeadlinePassed(description: "\(outcome)") }
                }
            }
            guard producer.flush(milliseconds: 20_000) == 0 else { throw DeadlinePassed(description: "a record") }
            consumer = try KafkaConsumer(
                brokers: cluster.bootstrapServers, group: "g",
                properties: KafkaProperties(["fetch.wait.max.ms": "5", "session.timeout.ms": "6000"]))
            port = KafkaSourcePort(consumer: consumer, start: start, logger: lines.logger, metrics: metrics)
        }

        /// Without joining: as an earlier instance has left it.
        func commitBefore(_ positions: [CommitPosition]) throws {
            let earlier = try KafkaConsumer(brokers: cluster.bootstrapServers, group: "g")
            let places = positions.map { TopicPartition(topic: $0.topic, partition: $0.partition) }
            _ = try earlier.read(places, from: positions.map(\.nextOffset))
            let report = try earlier.commitAndWait(positions, epoch: earlier.epoch, milliseconds: 10_000)
            if !report.isComplete { throw DeadlinePassed(description: "\(report)") }
        }

        func join() throws {
            try consumer.subscribe(Self.topics)
            try until("an assignment") { !lanes.all.isEmpty }
        }

        func until(_ what: String, _ isDone: () throws -> Bool) throws {
            let end = ContinuousClock.now + .seconds(30)
            while try !isDone() {
                guard ContinuousClock.now < end else { throw DeadlinePassed(description: "\(what): not within 30 s") }
                consumer.wait(milliseconds: 10)
                try port.poll(lanes)
            }
        }

        func committed(_ topic: String) throws -> [CommittedOffset?] {
            try consumer.committed(
                of: (0..<3).map { TopicPartition(topic: topic, partition: $0) }, milliseconds: 10_000)
        }

        func close() throws { try port.close(lanes) }
    }

    /// The embedded cluster's topics do not grow; for a group, a partition that was added is one without an offset
    /// beside others that have one.
    @Test(arguments: [StartPosition.latest, .duration(microseconds: 3_600_000_000)])
    func aPartitionThatWasAddedIsScoredFromItsFirstEvent(start: StartPosition) throws {
        let member = try Member(start: start)
        try member.commitBefore([
            CommitPosition(topic: "added", partition: 0, nextOffset: 4, metadata: "riffle-1 1700000000"),
            CommitPosition(topic: "added", partition: 1, nextOffset: 10),
        ])
        try member.join()
        let lanes = member.lanes.all
        #expect(lanes.map(\.topic) == ["added", "added", "added", "new", "new", "new"])
        #expect(lanes.map(\.committed) == [4, 10, nil, nil, nil, nil])
        #expect(lanes[2].begin == 0 && lanes[2].scoresFrom == 0)
        // A topic that the group has never read begins as it is told to.
        #expect(lanes[3...].allSatisfy { $0.begin == (start == .latest ? 10 : 0) && $0.scoresFrom == 10 })
        let said = member.lines.containing("a partition was added")
        #expect(said.count == 1 && said.allSatisfy { $0.hasPrefix("warning ") })
        #expect(said.allSatisfy { $0.hasSuffix("[offset=0 partition=2 topic=added]") }, "\(said)")
        #expect(member.metrics.text().contains("riffle_partitions_added_total{pipeline=\"p\"} 1\n"))
        // Both are committed at once, so that a restart finds them begun.
        #expect(try member.committed("added").map { $0?.offset } == [4, 10, 0])
        #expect(
            try member.committed("new")
                == Array(repeating: CommittedOffset(offset: 10, metadata: "riffle-start 3"), count: 3))
        try member.close()
    }

    /// Another instance of a new group was quicker: its starts say that these partitions are no newer than its own.
    @Test func anInstanceThatBeginsLaterBeginsAsTheOthers() throws {
        let member = try Member(start: .latest)
        try member.commitBefore([
            CommitPosition(topic: "added", partition: 0, nextOffset: 10, metadata: "riffle-start 3")
        ])
        try member.join()
        #expect(member.lanes.all[1...2].allSatisfy { $0.committed == nil && $0.begin == 10 && $0.scoresFrom == 10 })
        #expect(member.lines.containing("a partition was added").isEmpty)
        try member.close()
    }

    private func offsets(_ next: Int64, in member: Member) -> OffsetCommit {
        let positions = member.lanes.all.indices.map { index in
            LanePosition(
                lane: LaneIndex(index), topic: member.lanes.all[index].topic,
                partition: member.lanes.all[index].partition, offset: next)
        }
        return OffsetCommit(positions: positions, note: "n")
    }

    /// UNKNOWN, which librdkafka does not send again by itself: at the start and later.
    @Test func offsetsThatAreNotTakenAreSentAgain() throws {
        let member = try Member(start: .earliest)
        member.cluster.failNext(.offsetCommit, codes: [-1, -1])
        try member.join()
        let said = "offsets not committed; the next commit tries again"
        #expect(member.lines.containing(said).count == 2)
        #expect(try member.committed("new").map { $0?.offset } == [0, 0, 0])
        member.cluster.failNext(.offsetCommit, codes: [-1, -1])
        #expect(try member.port.commit(offsets(5, in: member), isFinal: false) == .accepted)
        try member.until("the commit") {
            try member.lines.containing(said).count >= 4 && member.committed("added").map { $0?.offset } == [5, 5, 5]
        }
        try member.close()
    }

    /// GROUP_AUTHORIZATION_FAILED and OFFSET_METADATA_TOO_LARGE.
    @Test(arguments: [30, 12] as [Int32])
    func offsetsThatAreRefusedEndTheRun(code: Int32) throws {
        let member = try Member(start: .earliest)
        try member.join()
        member.cluster.failNext(.offsetCommit, codes: [code])
        #expect(try member.port.commit(offsets(5, in: member), isFinal: false) == .accepted)
        let thrown = try #require(throws: KafkaFailure.self) { try member.until("the failure") { false } }
        #expect(thrown.code == code && thrown.message.hasPrefix("offsets cannot be committed: "), "\(thrown)")
        try member.close()
    }

    /// REBALANCE_IN_PROGRESS, which the embedded cluster is told to answer without there being one: nothing is sent until
    /// the last commit of the assignment, and that takes all along.
    @Test func offsetsOfAnAssignmentThatIsOverWaitForItsEnd() throws {
        let member = try Member(start: .earliest)
        try member.join()
        member.cluster.failNext(.offsetCommit, codes: [27])
        #expect(try member.port.commit(offsets(5, in: member), isFinal: false) == .accepted)
        let said = "notice offsets not committed: the group goes on without this assignment"
        try member.until("the refusal") { !member.lines.containing(said).isEmpty }
        // Were anything sent, it would meet this and end the run.
        member.cluster.failNext(.offsetCommit, codes: [30])
        var turns = 0
        try member.until("turns") {
            turns += 1
            return turns > 20
        }
        member.cluster.clearFailures(of: .offsetCommit)
        #expect(try member.committed("added").map { $0?.offset } == [0, 0, 0])
        var last = offsets(7, in: member)
        last.positions.removeSubrange(1...)
        #expect(try member.port.commit(last, isFinal: true) == .accepted)
        let committed = try (member.committed("added") + member.committed("new")).map { $0?.offset }
        #expect(committed == [7, 5, 5, 5, 5, 5])
        #expect(member.lines.containing("offsets not committed").count == 1)
        try member.close()
    }
}
