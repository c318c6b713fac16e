import Engine
import Events
import Foundation
import Kafka
import Testing

@testable import Scoring

/// Replays from the topics of an embedded cluster: the same features as were scored, in rows as of a file.
@Suite struct TopicReplayTests {
    @Test(arguments: [1, 2] as [UInt64])
    func theRecordedOrderGivesTheFeaturesThatWereScored(seed: UInt64) throws {
        let fixture = try TopicReplayFixture()
        let run = try fixture.runUnevenly(seed: seed)
        let faults = UInt64(TopicReplayFixture.events / 50)
        #expect(run.scored == UInt64(TopicReplayFixture.events) - faults && run.deadLettered == faults)
        let scores = try fixture.scores()
        #expect(UInt64(scores.count) == run.scored)
        let before = try fixture.footprint()
        let witness = TopicReplayWitness()
        let outcome = try fixture.replay(to: "rows.ndjson", observer: witness) { $0.workers = 2 }
        let rows = try fixture.rows("rows.ndjson")
        #expect(rows.keys.sorted() == scores.keys.sorted())
        #expect(scores.filter { rows[$0.key] != $0.value }.isEmpty, "seed \(seed): features differ")
        #expect(outcome.summary.rows == UInt64(TopicReplayFixture.events))
        #expect(outcome.summary.scored == run.scored && outcome.summary.count(of: .invalidJSON) == faults)
        #expect(outcome.warmUp == 0 && outcome.measures == nil)
        #expect(witness.faults.count == ReplayService.faultsShownMax)
        #expect(witness.faults.allSatisfy { $0.hasPrefix("payments/") && $0.hasSuffix(" invalid-json") })
        #expect(witness.last?.inputRead == Int64(TopicReplayFixture.events))
        #expect(witness.last?.inputTotal == Int64(TopicReplayFixture.events))
        // It was only read.
        #expect(try fixture.footprint() == before)

        // Without the order at least one feature differs, or this test shows nothing.
        _ = try fixture.replay(to: "merged.ndjson") { $0.followsOrder = false }
        let merged = try fixture.rows("merged.ndjson")
        #expect(merged.keys.sorted() == scores.keys.sorted())
        #expect(scores.contains { merged[$0.key] != $0.value }, "seed \(seed): the order decided nothing")
    }

    @Test func whatNoOrderTellsOfIsMerged() throws {
        let fixture = try TopicReplayFixture()
        let payments = TopicReplayFixture.payments(seed: 4)
        _ = try fixture.run([Array(payments[100..<300]), Array(payments[..<100])])
        let scores = try fixture.scores()
        try fixture.publish(Array(payments[300...]))
        // Half is followed, and the rest comes behind it.
        let outcome = try fixture.replay(to: "rows.ndjson")
        let rows = try fixture.rows("rows.ndjson")
        #expect(outcome.summary.rows == UInt64(payments.count) && rows.count == 2 * scores.count)
        #expect(scores.allSatisfy { rows[$0.key] == $0.value })
        let ids = try fixture.text("rows.ndjson").matches(of: /"id":([0-9]+)/).compactMap { Int($0.1) }
        #expect(Set(ids[..<scores.count]) == Set(scores.keys))
        // Merged alone, twice: however the partitions answer, the rows stand in the same order.
        for workers in [1, 2] {
            _ = try fixture.replay(to: "merged-\(workers).csv") {
                $0.followsOrder = false
                $0.workers = workers
            }
        }
        #expect(try fixture.text("merged-1.csv") == fixture.text("merged-2.csv"))
        #expect(try fixture.text("merged-1.csv").split(separator: "\n").count == rows.count + 1)
    }

    @Test func rowsMayBeginLaterAndAreTheSame() throws {
        let fixture = try TopicReplayFixture()
        try fixture.publish(TopicReplayFixture.payments(seed: 5))
        let all = try fixture.replay(to: "all.ndjson")
        let part = try fixture.replay(to: "part.ndjson") { $0.start = .offsets([100, 0, 1_000_000]) }
        let (every, some) = (try fixture.rows("all.ndjson"), try fixture.rows("part.ndjson"))
        #expect(some.count < every.count && !some.isEmpty)
        #expect(some.allSatisfy { every[$0.key] == $0.value })
        #expect(part.warmUp > 100 && part.warmUp + part.summary.rows == all.summary.rows)
        let lines = try fixture.text("part.ndjson").split(separator: "\n")
        #expect(try fixture.text("all.ndjson").split(separator: "\n").filter { Set(lines).contains($0) } == lines)
        // The embedded cluster knows no times: rather too much than too little.
        let old = try fixture.replay(to: "old.ndjson") { $0.start = .back(microseconds: 3_600_000_000) }
        #expect(old.warmUp == 0 && old.summary.scored == all.summary.scored)
    }

    @Test func aTopicGivesTheRowsThatAFileGives() throws {
        let space = try ReplayWorkspace()
        let fixture = try TopicReplayFixture(
            try space.text("pipeline.yaml").replacing("model.json", with: space.file("model.json")), partitions: 1)
        let lines = ReplayWorkspace.table(rows: 5_000).split(separator: "\n").dropFirst().map { line in
            let cells = line.split(separator: ",")
            return "{\"transaction_id\":\(cells[0]),\"tx_datetime\":\"\(cells[1])\",\"customer_id\":\"\(cells[2])\","
                + "\"tx_amount\":\(cells[0].hasSuffix("77") ? "none" : cells[3]),\"tx_fraud\":\(cells[4])}"
        }
        try space.write("in.ndjson", lines.joined(separator: "\n"))
        try fixture.publish(
            lines.map { TopicReplayFixture.Payment(key: "7", json: $0, milliseconds: 1_900_000_000_000) })
        for name in ["out.csv", "out.ndjson", "out.csv.gz"] {
            let file = try space.replay("in.ndjson", to: name) {
                $0.metricsLabel = "tx_fraud"
                $0.metricsKey = "customer_id"
            }
            let replay = try fixture.makeReplay(to: name) {
                $0.metricsLabel = "tx_fraud"
                $0.metricsKey = "customer_id"
                $0.workers = 2
            }
            // What comes after the start is no part of it.
            try fixture.publish([
                .init(key: "7", json: lines[0], milliseconds: 1_900_000_000_000)
            ])
            let topic = try replay.run()
            if name == "out.csv" {
                #expect(try fixture.text(name) == space.text(name))
            }
            let (ours, theirs) = (topic.summary, file.summary)
            let added: UInt64 = name == "out.csv" ? 0 : name == "out.ndjson" ? 1 : 2
            #expect(ours.rows == theirs.rows + added && ours.faults == theirs.faults && ours.faults == 50)
            #expect(ours.faultCounts.map(\.count) == theirs.faultCounts.map(\.count))
            #expect(ours.lateDropped == theirs.lateDropped && ours.late >= theirs.late)
            if name == "out.csv" {
                let (mine, other) = (try #require(topic.measures), try #require(file.measures))
                #expect(mine.rows == other.rows && mine.positives == other.positives)
                #expect(mine.values.map(\.name) == other.values.map(\.name))
                #expect(mine.values.map(\.value) == other.values.map(\.value))
            }
        }
    }

    @Test func whatCannotBeReadOrMeasuredIsSaidAndLeavesNothing() throws {
        let fixture = try TopicReplayFixture()
        #expect(throws: ReplayFailure(.usage, "--metrics needs scores, and the pipeline has no model")) {
            _ = try fixture.makeReplay(to: "rows.csv") { $0.metricsLabel = "card" }
        }
        #expect(throws: ReplayFailure(.usage, "--metrics-key needs --metrics")) {
            _ = try fixture.makeReplay(to: "rows.csv") { $0.metricsKey = "card" }
        }
        let unnamed = try #require(throws: ReplayFailure.self) { _ = try fixture.makeReplay(to: "rows") }
        #expect(unnamed.kind == .usage)
        let cluster = try EmbeddedCluster()
        let missing = try #require(throws: ReplayFailure.self) {
            _ = try TopicReplayService(
                assembly: fixture.assembly, brokers: cluster.bootstrapServers,
                options: TopicReplayOptions(output: fixture.path("rows.csv")), logger: PublishedTopic.quiet)
        }
        #expect(missing.kind == .environment && missing.description.contains("\"payments\" does not exist"))
        // An empty topic has a header and no row.
        let outcome = try fixture.replay(to: "empty.csv")
        #expect(outcome.summary.rows == 0)
        #expect(try fixture.text("empty.csv").split(separator: "\n").count == 1)
        // TOPIC_AUTHORIZATION_FAILED, in the middle of reading.
        try fixture.publish(Array(TopicReplayFixture.payments(seed: 7)[..<40]))
        let replay = try fixture.makeReplay(to: "rows.csv")
        fixture.cluster.failNext(.fetch, codes: Array(repeating: 29, count: 50))
        let refused = try #require(throws: ReplayFailure.self) { _ = try replay.run() }
        #expect(refused.kind == .environment)
        #expect(fixture.files == ["empty.csv"])
    }

    @Test func brokersThatSayNothingEndIt() throws {
        let fixture = try TopicReplayFixture()
        try fixture.publish(Array(TopicReplayFixture.payments(seed: 8)[..<10]))
        let lane = AssignedLane(
            topic: "payments", partition: 0, committed: nil, low: 0, high: 10, begin: 0, scoresFrom: 0)
        let source = TopicReplaySource(
            consumer: try KafkaConsumer(brokers: fixture.cluster.bootstrapServers, group: "uneven"), lanes: [lane],
            silenceMax: .zero, logger: PublishedTopic.quiet)
        let engine = FirstLaneObserver()
        try source.poll(engine)
        #expect(engine.lanes == [lane] && source.offsetsTotal == 10 && source.offsetsRead == 0)
        source.wait(milliseconds: 0)
        let error = try #require(throws: TopicSilent.self) { try source.poll(engine) }
        #expect(error.description.contains("\"payments\""))
    }

    /// Begins where it is told to.
    private final class FirstLaneObserver: SourceObserver {
        private(set) var lanes: [AssignedLane] = []

        func sourceDidAssign(epoch: UInt64, lanes: [AssignedLane]) -> [LaneStart] {
            self.lanes = lanes
            return lanes.map {
                LaneStart(topic: $0.topic, partition: $0.partition, offset: $0.begin, mutedUntil: $0.scoresFrom)
            }
        }
        func sourceWillRevoke(epoch: UInt64, isLost: Bool) {}
    }
}
