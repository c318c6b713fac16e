import Engine
import Testing

@testable import Scoring

struct DemonstrationTests {
    private func makeDemonstration(_ options: DemonstrationOptions) throws -> Demonstration {
        let assembly = try #require(PipelineAssembly.load(path: TestFiles.cardFraud).assembly)
        return try Demonstration(assembly: assembly, options: options, logger: PublishedTopic.quiet)
    }

    @Test func endsByItselfWithBalancedBooks() throws {
        var options = DemonstrationOptions()
        options.historyDays = 9
        options.customers = 300
        options.terminals = 400
        options.eventsPerSecond = 5_000
        options.liveEventsMax = 2_000
        options.brokenEvery = 400
        let demonstration = try makeDemonstration(options)
        #expect(demonstration.snapshot().phase == .starting)
        let summary = try demonstration.run()

        let last = summary.last
        #expect(summary.published.failed == 0)
        #expect(summary.published.delivered > 2_000)
        // Of nine days and those of the live part, labels have come for all but the last six.
        let labels = try #require(last.labels)
        #expect(labels.known > 500 && summary.run.absorbed == UInt64(labels.known))
        #expect(labels.frauds > 0 && labels.frauds < labels.known)
        #expect(last.decisions.reduce(0) { $0 + $1.labelled } > 0)
        #expect(summary.run.consumed == UInt64(summary.published.delivered + labels.known))
        #expect(summary.run.consumed == summary.run.scored + summary.run.deadLettered + summary.run.absorbed)
        #expect(summary.run.released == 0)
        // At events 100, 500, 900, 1300 and 1700 of the live part: each kind in turn.
        #expect(summary.run.deadLettered == 5)
        #expect(last.faults.reduce(0) { $0 + $1.events } == 5)
        #expect(Set(last.faults.map(\.name)) == ["invalid-json", "field-missing", "wrong-type", "invalid-time"])

        #expect(last.phase == .stopping)
        #expect(last.lag == 0)
        #expect(last.scored == Int(summary.run.scored))
        // Distributions are of the live part alone.
        #expect(last.decisions.map(\.name) == ["block", "review", "allow"])
        #expect(last.decisions.reduce(0) { $0 + $1.events } == 1_995)
        #expect(last.bins.reduce(0, +) == 1_995)
        let latency = try #require(last.latency)
        #expect(latency.p50 <= latency.p95 && latency.p95 <= latency.p99)
        #expect(summary.firstScoreNanoseconds != nil)
        #expect(summary.text.hasPrefix("\(NumberStyle.grouped(Int(summary.run.consumed))) events in "))
    }

    @Test func stopBeforeTheLivePartEndsInOrder() throws {
        let demonstration = try makeDemonstration(DemonstrationOptions())
        demonstration.requestStop()
        let summary = try demonstration.run()
        #expect(summary.published.queued == 0)
        #expect(summary.run.consumed == 0)
        #expect(summary.last.latency == nil)
    }
}

struct BrokenEventTests {
    private let event =
        #"{"transaction_id":1,"tx_datetime":"2025-01-01T00:00:23Z","customer_id":"3","tx_amount":9.50,"tx_fraud":false}"#

    @Test(arguments: [
        (BrokenEvent.truncated, #"{"transaction_id":1,"tx_datetime":"2025-01-01T00:00:23Z"#),
        (
            .missingField,
            #"{"transaction_id":1,"tx_datetime":"2025-01-01T00:00:23Z","customer_id":"3","tx_fraud":false}"#
        ),
        (
            .wrongType,
            #"{"transaction_id":1,"tx_datetime":"2025-01-01T00:00:23Z","customer_id":"3","tx_amount":true,"tx_fraud":false}"#
        ),
        (
            .invalidTime,
            #"{"transaction_id":1,"tx_datetime":"yesterday","customer_id":"3","tx_amount":9.50,"tx_fraud":false}"#
        ),
    ])
    func breaks(_ kind: BrokenEvent, _ expected: String) {
        var value = Array(event.utf8)
        kind.apply(to: &value)
        #expect(String(decoding: value, as: UTF8.self) == expected)
    }

    @Test func kindsTakeTurns() {
        #expect(
            (0..<5).map { BrokenEvent(number: $0) } == [
                .truncated, .missingField, .wrongType, .invalidTime, .truncated,
            ])
        // What has no such field stays as it is.
        for kind in [BrokenEvent.missingField, .wrongType, .invalidTime] {
            var value = Array("{}".utf8)
            kind.apply(to: &value)
            #expect(value == Array("{}".utf8))
        }
    }
}
