import Drift
import Foundation
import Testing

@testable import Monitoring

@Suite struct DriftMonitorTests {
    /// Runs rows through one lane and gives what was told.
    static func run(_ scores: PaymentScores, events: Int, plan: MonitorPlan = PaymentMonitor.plan) -> [DriftAlert] {
        var scores = scores
        let monitor = DriftMonitor(plan: plan, lanes: [MonitorLane(topic: "scores", partition: 0)])
        var alerts: [DriftAlert] = []
        var offset: Int64 = 0
        while offset < events {
            let rows = (0..<min(1_000, events - Int(offset))).map { _ in scores.next() }
            monitor.add(PaymentScores.batch(rows, firstOffset: offset), lane: 0, position: offset + Int64(rows.count))
            offset += Int64(rows.count)
            alerts += monitor.advance()
        }
        return alerts + monitor.finish()
    }

    static func data(_ alert: DriftAlert) throws -> [String: Any] {
        try #require(JSONSerialization.jsonObject(with: alert.data) as? [String: Any])
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func nothingIsToldWhereNothingMoves(seed: UInt64) {
        let alerts = Self.run(PaymentScores(seed: seed), events: 100_000)
        #expect(alerts.isEmpty, "seed \(seed): \(alerts.map(\.subject))")
    }

    @Test func aShiftFiresNamesItsCauseAndIsResolved() throws {
        let alerts = Self.run(PaymentScores(seed: 5, change: .risk, from: 20_000, until: 40_000), events: 90_000)
        let first = try #require(alerts.first)
        #expect(first.state == .firing)
        let data = try Self.data(first)
        let moved = try #require(data["causes"] as? [[String: Any]])
        let names = [first.subject] + moved.compactMap { $0["series"] as? String }
        #expect(names.filter { ["risk", "amount"].contains($0) }.first == "risk", "\(names)")
        let score = try #require(alerts.first { $0.subject == "score" })
        #expect(score.severity == "critical")
        let evidence = try #require(try Self.data(score)["evidence"] as? [String: Any])
        #expect(evidence["direction"] as? String == "up")
        let ratio = try #require(evidence["odds_ratio"] as? Double)
        #expect(ratio > 1.1 && ratio < 6, "\(ratio)")
        let changed = try #require(evidence["change_time"] as? String)
        // Event 20,000 is 10,000 s after midnight: 02:46:40.
        #expect(changed >= "2025-01-01T02:3" && changed < "2025-01-01T03:1", "\(changed)")
        // Of payments at other tills there are too few for the end to be seen.
        for fingerprint in Set(alerts.filter { !$0.subject.contains("(other)") }.map(\.fingerprint)) {
            let states = alerts.filter { $0.fingerprint == fingerprint }.map(\.state)
            #expect(states.first == .firing && states.last == .resolved, "\(states)")
            #expect(states.dropFirst().dropLast().allSatisfy { $0 == .updated }, "one open alert: \(states)")
        }
        #expect(Set(alerts.map(\.id)).count == alerts.count)
    }

    @Test(arguments: [
        (PaymentScores.Change.variance, "amount"), (.missing, "missing(amount)"), (.channel, "unseen(channel)"),
        (.decisions, "decision=block"),
    ])
    func whatIsPlantedIsFound(change: PaymentScores.Change, series: String) {
        let alerts = Self.run(PaymentScores(seed: 9, change: change, from: 10_000), events: 50_000)
        let named = alerts.filter { $0.state == .firing }.map(\.subject)
        #expect(named.contains(series), "\(change): \(named)")
    }

    @Test func featuresAreNotToldBelowAFiringScore() throws {
        let plan = PaymentMonitor.makePlan()
        let alerts = Self.run(PaymentScores(seed: 11, change: .risk, from: 5_000), events: 60_000, plan: plan)
        let score = try #require(alerts.firstIndex { $0.subject == "score" && $0.state == .firing })
        for alert in alerts[(score + 1)...] where alert.state == .firing {
            #expect(!["amount", "risk"].contains(alert.subject) && !alert.subject.hasSuffix("}"), "\(alert.subject)")
        }
    }

    @Test func afterItIsResolvedASeriesCoolsDown() throws {
        // Changed twice, with a pause that is long enough to be resolved and shorter than the cool-down.
        let plan = PaymentMonitor.makePlan { $0.cooldownMicroseconds = 48 * 3_600_000_000 }
        var alerts: [DriftAlert] = []
        let monitor = DriftMonitor(plan: plan, lanes: [MonitorLane(topic: "scores", partition: 0)])
        var first = PaymentScores(seed: 21, change: .risk, from: 10_000, until: 20_000)
        var rows = (0..<45_000).map { _ in first.next() }
        var second = PaymentScores(seed: 22, change: .risk, from: 0)
        rows += (0..<20_000).map { index in
            var row = second.next()
            row.time = rows[44_999].time + Int64(index + 1) * PaymentScores.spacing
            return row
        }
        for start in stride(from: 0, to: rows.count, by: 5_000) {
            let batch = PaymentScores.batch(rows[start..<start + 5_000], firstOffset: Int64(start))
            monitor.add(batch, lane: 0, position: Int64(start + 5_000))
            alerts += monitor.advance()
        }
        alerts += monitor.finish()
        let score = alerts.filter { $0.subject == "score" }
        #expect(score.map(\.state).filter { $0 == .firing }.count == 1, "\(score.map { "\($0.state) \($0.time)" })")
        #expect(score.contains { $0.state == .resolved })
    }

    @Test func anAlertTellsNumbersThatHoldTogether() throws {
        let alerts = Self.run(PaymentScores(seed: 31, change: .amount, from: 10_000), events: 40_000)
        let data = try Self.data(try #require(alerts.first { $0.subject == "score" || $0.subject == "amount" }))
        let evidence = try #require(data["evidence"] as? [String: Any])
        let (reference, current) = (evidence["reference_share"] as? Double, evidence["current_share"] as? Double)
        #expect(try #require(current) > #require(reference))
        let detector = try #require(data["detector"] as? [String: Any])
        #expect(detector["false_alarm_every_events"] as? Double == 1_000_000)
        let window = try #require(data["window"] as? [String: Any])
        let offsets = try #require((window["offsets"] as? [[String: Any]])?.first)
        #expect(offsets["topic"] as? String == "scores")
        let summaries = try #require(data["summaries"] as? [String: Any])
        let statistics = try #require(summaries["statistics"] as? [String: Double])
        #expect(Set(statistics.keys) == ["psi", "js", "chi2", "ks", "w1", "w1-sd", "ad", "cvm"])
    }

    @Test func weightsAreOneBudget() {
        let sum = PaymentMonitor.plan.series.reduce(0) { $0 + $1.weight }
        #expect(abs(sum - 1) < 1e-12, "\(sum)")
    }
}
