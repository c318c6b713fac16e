import Foundation
import Testing

@testable import Monitoring

/// Limits in a monitor of one lane, as over a file.
@Suite struct LimitMonitorTests {
    /// Two scores a second; from one event on there is a pause.
    private static func alerts(
        pauseAt: Int, events: Int = 9_000, batch: Int = 700, restarts: Bool = false
    ) throws -> [DriftAlert] {
        let plan = PaymentMonitor.makePlan { settings in
            settings.limits.rateBelow = .init(events: 1_000, microseconds: 600_000_000)
            settings.runbookURL = "https://example.org/rate"
        }
        var scores = PaymentScores(seed: 40)
        let rows = (0..<events).map { number in
            var row = scores.next()
            if number >= pauseAt { row.time += 1_800_000_000 }
            return row
        }
        var monitor = DriftMonitor(plan: plan, lanes: [MonitorLane(topic: "scores", partition: 0)])
        var alerts: [DriftAlert] = []
        for start in stride(from: 0, to: events, by: batch) {
            let end = min(events, start + batch)
            let made = PaymentScores.batch(rows[start..<end], firstOffset: Int64(start))
            monitor.add(made, lane: 0, position: Int64(end))
            alerts += monitor.advance()
            guard restarts else { continue }
            let next = DriftMonitor(plan: plan, lanes: monitor.lanes)
            try next.restore(monitor.stateBytes())
            monitor = next
        }
        return alerts + monitor.finish()
    }

    @Test func aPauseIsToldAndTheEndOfAFileIsNone() throws {
        let told = try Self.alerts(pauseAt: 4_000)
        #expect(told.map(\.subject) == ["rate.below", "rate.below"])
        #expect(told.map(\.state) == [.firing, .resolved])
        // Event 4,000 is at 00:33:20, the next one half an hour later.
        #expect(told.map(\.time) == ["2025-01-01T00:40:00Z", "2025-01-01T01:25:00Z"])
        #expect(try Self.alerts(pauseAt: .max).isEmpty, "the last bucket is cut, and says nothing")
    }

    @Test func neitherBatchesNorRestartsMatter() throws {
        let told = try Self.alerts(pauseAt: 4_000)
        #expect(try Self.alerts(pauseAt: 4_000, batch: 37) == told)
        #expect(try Self.alerts(pauseAt: 4_000, batch: 211, restarts: true) == told)
    }

    @Test func aRecordSaysWhatWasLimitedAndByHowMuch() throws {
        let alert = try #require(try Self.alerts(pauseAt: 4_000).first)
        let data = try #require(JSONSerialization.jsonObject(with: alert.data) as? [String: Any])
        #expect((data["detector"] as? [String: Any])?["name"] as? String == "limit")
        let evidence = try #require(data["evidence"] as? [String: Any])
        #expect(evidence["value"] as? Double == 400 && evidence["limit"] as? Double == 1_000)
        #expect(evidence["unit"] as? String == "scores per 10m")
        #expect(evidence["change_time"] as? String == "2025-01-01T00:30:00Z")
        #expect(data["summary"] as? String == "too few scores: 400 scores in 10m, at least 1000")
        #expect(
            data["severity"] as? String == "critical" && data["runbook_url"] as? String == "https://example.org/rate")
        #expect((data["model"] as? [String: Any])?["version"] as? String == "")
    }

    @Test func aStateOfOtherLimitsIsNotTaken() throws {
        let lanes = [MonitorLane(topic: "scores", partition: 0)]
        func monitor(_ change: (inout LimitSettings) -> Void) -> DriftMonitor {
            DriftMonitor(plan: PaymentMonitor.makePlan { change(&$0.limits) }, lanes: lanes)
        }
        let bytes = monitor { $0.lagMicroseconds = 1_000 }.stateBytes()
        try monitor { $0.lagMicroseconds = 1_000 }.restore(bytes)
        #expect(throws: (any Error).self) { try monitor { $0.lagMicroseconds = 2_000 }.restore(bytes) }
        #expect(throws: (any Error).self) { try monitor { _ in }.restore(bytes) }
    }

    @Test func limitsAreNoPartOfTheBudget() {
        let plan = PaymentMonitor.makePlan { $0.limits.rateBelow = .init(events: 1, microseconds: 1_000_000) }
        #expect(plan.settings.limits != LimitSettings() && plan.withoutLimits().settings.limits == LimitSettings())
    }
}
