import Engine
import Events
import Foundation
import Kafka
import Logging
import Testing

@testable import Scoring

/// The bench of restarts: that it has the keys it says, and reads the right times from the log.
struct RestartBenchTests {
    @Test func everyKeyComesEquallyOften() throws {
        let assembly = try #require(PipelineAssembly.load(path: TestFiles.cardFraud).assembly)
        let plan = assembly.scoring
        let decoder = JSONEventDecoder(source: 0, of: plan.sources, limits: plan.decodeLimits)
        let batch = plan.makeBatch(capacity: 3_500)
        var payments = RestartPayments(keys: 700, eventsPerKey: 5)
        var counts: [String: Int] = [:]
        var timestamps: [Int64] = []
        for _ in 0..<payments.wanted {
            payments.next { event in
                counts[String(decoding: event.key, as: UTF8.self), default: 0] += 1
                timestamps.append(event.timestampMilliseconds ?? -1)
                decoder.decode(
                    value: event.value, recordTime: (event.timestampMilliseconds ?? 0) * 1_000, offset: 0, lane: 0,
                    into: batch)
            }
            if payments.made == 700 { #expect(counts.count == 700) }
        }
        #expect(counts.count == 700 && counts.values.allSatisfy { $0 == 5 })
        #expect(batch.count == 3_500 && (0..<3_500).allSatisfy { batch.faults[$0].code == .none })
        #expect((0..<3_500).allSatisfy { batch.eventTimes[$0] == timestamps[$0] * 1_000 })
        let span = try #require(timestamps.last) - timestamps[0]
        #expect(timestamps == timestamps.sorted() && span > 9 * 86_400_000 && span < 10 * 86_400_000)
    }

    private func line(_ milliseconds: Int, _ message: String, _ fields: [String: String] = [:]) -> String {
        let others = fields.map { ",\"\($0)\":\"\($1)\"" }.joined()
        let digits = String(milliseconds)
        let fraction = String(repeating: "0", count: 5 - digits.count) + digits
        return "{\"time\":\"2026-03-01T08:00:\(fraction.prefix(2)).\(fraction.suffix(3))Z\",\"level\":\"info\","
            + "\"message\":\"\(message)\"\(others)}\n"
    }

    private func at(_ milliseconds: Int) -> Date {
        Date(timeIntervalSince1970: 1_772_352_000 + Double(milliseconds) / 1_000)
    }

    private func log() -> String {
        line(400, "joining the group", ["group": "g"]) + "librdkafka says something\n"
            + line(9_400, "partitions assigned", ["epoch": "1"])
            + line(10_000, "windows are rebuilt from snapshot 7", ["offsets": "50000"])
            + line(10_010, "partition assigned") + line(10_250, "windows are whole; scoring begins")
            + line(30_000, "snapshot written", ["number": "8", "bytes": "251000000", "seconds": "0.75"])
    }

    @Test func theTimeIsInParts() throws {
        let lines = LoggedLine.all(in: log())
        #expect(lines.count == 6)
        let times = try RestartTimes(lines, executed: at(100), scored: at(10_300))
        func isNear(_ value: Double, _ expected: Double) -> Bool { abs(value - expected) < 1e-3 }
        #expect(isNear(times.start, 0.3) && isNear(times.join, 9) && isNear(times.load, 0.6))
        #expect(isNear(times.replay, 0.25) && isNear(times.firstScore, 0.05) && times.replayed == 50_000)
        #expect(isNear(times.total, 10.2) && isNear(times.withoutJoin, 1.2))
        #expect(abs(times.replayedPerSecond - 200_000) < 1_000)
        #expect(SnapshotTimes.all(in: lines) == [SnapshotTimes(bytes: 251_000_000, seconds: 0.75)])
    }

    /// Times of a log that tells of another restart would be times of something else.
    @Test(arguments: ["joining the group", "partitions assigned", "windows are rebuilt from snapshot 7"])
    func withoutASnapshotThereAreNoTimes(message: String) {
        let lines = LoggedLine.all(in: log().replacing(message, with: "something else"))
        #expect(throws: RunFailure.self) { try RestartTimes(lines, executed: at(100), scored: at(10_300)) }
    }

    @Test func aRefusedSnapshotIsNamed() {
        let lines = LoggedLine.all(in: line(500, "snapshot not used", ["reason": "it is damaged"]) + log())
        let failure = #expect(throws: RunFailure.self) {
            try RestartTimes(lines, executed: at(100), scored: at(10_300))
        }
        #expect(failure?.description.contains("it is damaged") == true)
    }

    @Test func theTableHoldsMediansAndGoals() {
        func times(_ load: Double) -> RestartTimes {
            RestartTimes(start: 0.25, join: 9, load: load, replay: 0.5, firstScore: 0.125, replayed: 100_000)
        }
        var result = RestartBench.Result()
        result.rounds = [times(1), times(4), times(2)]
        result.snapshot = SnapshotTimes(bytes: 500_000_000, seconds: 1.5)
        let text = RestartText.table(result)
        let median = text.split(separator: "\n").first { $0.hasPrefix("median") }
        #expect(
            median?.split(separator: " ").map(String.init) == [
                "median", "0.250", "9.000", "2.000", "0.500", "0.125", "11.875", "2.875", "100000", "200000",
            ])
        #expect(text.contains("load under 3 s: met") && text.contains("aside: met"))
        result.rounds = [times(5)]
        #expect(RestartText.table(result).contains("load under 3 s: missed"))
    }

    @Test func whatCannotBeMeasuredIsRefused() throws {
        let text = try String(contentsOfFile: TestFiles.cardFraud, encoding: .utf8)
            .replacing(
                "models/card-fraud.json",
                with: URL(fileURLWithPath: TestFiles.cardFraud).deletingLastPathComponent()
                    .appending(path: "models/card-fraud.json").path
            )
            .replacing("${RIFFLE_DELIVERY:-at-least-once}", with: "exactly-once")
            .replacing("${RIFFLE_BROKERS:-embedded}", with: "localhost:9092")
        let assembly = try #require(try TestFiles.assembly(text))
        let failure = #expect(throws: RunFailure.self) {
            _ = try RestartBench(
                assembly: assembly, pipelinePath: "p.yaml", executable: "/bin/false", logger: Logger(label: "test"))
        }
        #expect(failure?.description.contains("at-least-once") == true)
    }

    /// Only outputs of the events that were sent after a place count, whatever stands in the topic.
    @Test func newOutputsAreToldFromOldOnes() throws {
        let cluster = try EmbeddedCluster()
        try cluster.createTopic("out", partitions: 2)
        let producer = try KafkaProducer(brokers: cluster.bootstrapServers, onDelivery: { _ in })
        let topic = try producer.topic("out")
        for (partition, origin) in [
            (0, "in/0/4"), (0, "in/0/5"), (1, "in/1/8"), (1, "in/7/99"), (1, "no"), (1, "in/1/9"),
        ] {
            let outcome = Array(origin.utf8).withUnsafeBytes { text in
                withUnsafePointer(to: KafkaHeader(name: "riffle-origin", value: text)) { header in
                    producer.produce(
                        to: topic, partition: Int32(partition), key: nil, value: text,
                        headers: UnsafeBufferPointer(start: header, count: 1), token: 0)
                }
            }
            guard case .queued = outcome else { throw DeadlinePassed(description: "\(outcome)") }
        }
        #expect(producer.flush(milliseconds: 20_000) == 0)
        // The first record of partition 0 is not read at all, and of the rest only "in/0/5" and "in/1/9" are new.
        let watch = try OutputWatch(
            brokers: cluster.bootstrapServers, topic: "out", outputFrom: [1, 0], sourceFrom: [0, 9])
        #expect(watch.firstAt == nil)
        let deadline = ContinuousClock.now.advanced(by: .seconds(20))
        while watch.count < 2 && ContinuousClock.now < deadline { try watch.step() }
        watch.close()
        #expect(watch.count == 2 && watch.firstAt != nil)
    }

    @Test func aChildIsKilledAtOnce() throws {
        let child = try MeasuredChild(["/bin/sh", "-c", "trap '' TERM; echo up; while :; do :; done"])
        let deadline = ContinuousClock.now.advanced(by: .seconds(20))
        while child.log.isEmpty && ContinuousClock.now < deadline {}
        #expect(child.residentBytes > 0)
        try child.kill()
        #expect(child.residentBytes == 0)
        let failure = #expect(throws: RunFailure.self) { try child.requireRunning() }
        #expect(failure?.description.contains("by signal 9") == true)
        #expect(throws: RunFailure.self) { try child.kill() }
        #expect(MeasuredChild.residentBytes(of: "self") > 1 << 20)
    }
}
