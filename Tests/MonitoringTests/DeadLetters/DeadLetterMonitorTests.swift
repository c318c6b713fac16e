import Drift
import Testing

@testable import Monitoring

/// The share of events that become dead letters, watched beside the scores.
@Suite struct DeadLetterMonitorTests {
    static let lanes = [
        MonitorLane(topic: "scores", partition: 0), MonitorLane(topic: "letters", partition: 0, role: .deadLetters),
        MonitorLane(topic: "letters", partition: 1, role: .deadLetters),
    ]

    /// Rows, and the times of dead letters by lane; their share is another from one event up to another.
    static func history(
        seed: UInt64, events: Int, share: Double, from: Int, until: Int
    ) -> (rows: [PaymentScores.Row], letters: [[Int64]]) {
        var random = RandomWords(seed &+ 500)
        var scores = PaymentScores(seed: seed)
        var rows: [PaymentScores.Row] = []
        var letters: [[Int64]] = [[], []]
        for number in 0..<events {
            let row = scores.next()
            let own = (from..<until).contains(number) ? share : PaymentLetters.share
            if random.unit() < own { letters[random.below(2)].append(row.time) } else { rows.append(row) }
        }
        return (rows, letters)
    }

    static func run(
        _ history: (rows: [PaymentScores.Row], letters: [[Int64]]), seed: UInt64, piece: Int, restarts: Bool = false
    ) throws -> [DriftAlert] {
        var random = RandomWords(seed)
        let plan = PaymentLetters.makePlan()
        var monitor = DriftMonitor(plan: plan, lanes: lanes)
        var places = [0, 0, 0]
        let counts = [history.rows.count] + history.letters.map(\.count)
        var alerts: [DriftAlert] = []
        while true {
            let open = (0..<3).filter { places[$0] < counts[$0] }
            if open.isEmpty { break }
            let lane = open[random.below(open.count)]
            let end = min(counts[lane], places[lane] + 1 + random.below(piece))
            let batch =
                lane == 0
                ? PaymentScores.batch(history.rows[places[0]..<end], firstOffset: Int64(places[0]))
                : PaymentLetters.batch(history.letters[lane - 1][places[lane]..<end], firstOffset: Int64(places[lane]))
            monitor.add(batch, lane: lane, position: Int64(end))
            places[lane] = end
            alerts += monitor.advance()
            if restarts, random.below(6) == 0 {
                let next = DriftMonitor(plan: plan, lanes: lanes)
                try next.restore(monitor.stateBytes())
                monitor = next
            }
        }
        return alerts + monitor.finish()
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func theReferencesShareIsNoNews(seed: UInt64) throws {
        let alerts = try Self.run(
            Self.history(seed: seed, events: 40_000, share: PaymentLetters.share, from: 0, until: 0), seed: 1,
            piece: 2_000)
        #expect(alerts.isEmpty, "seed \(seed): \(alerts.map(\.subject))")
    }

    @Test func moreOfThemAreToldAndTheEndOfItToo() throws {
        let history = Self.history(seed: 4, events: 50_000, share: 0.02, from: 10_000, until: 20_000)
        let alerts = try Self.run(history, seed: 1, piece: 2_000)
        #expect(alerts.map(\.subject).allSatisfy { $0 == "dead_letters" })
        #expect(alerts.first?.state == .firing && alerts.first?.severity == "critical")
        #expect(alerts.last?.state == .resolved)
        let data = try DriftMonitorTests.data(try #require(alerts.first))
        let evidence = try #require(data["evidence"] as? [String: Any])
        let share = try #require(evidence["current_share"] as? Double)
        #expect(abs(share - 0.02) < 0.01, "\(share)")
        // Event 10,000 is 5,000 s after midnight: 01:23:20.
        let changed = try #require(evidence["change_time"] as? String)
        #expect(changed >= "2025-01-01T01:10" && changed < "2025-01-01T01:50", "\(changed)")
    }

    @Test func neitherOrderNorBatchesNorRestartsMatter() throws {
        let history = Self.history(seed: 5, events: 40_000, share: 0.03, from: 8_000, until: 15_000)
        let told = try Self.run(history, seed: 1, piece: 2_000)
        #expect(told.contains { $0.state == .firing } && told.contains { $0.state == .resolved })
        #expect(try Self.run(history, seed: 2, piece: 300) == told)
        #expect(try Self.run(history, seed: 3, piece: 9_000) == told)
        #expect(try Self.run(history, seed: 4, piece: 900, restarts: true) == told)
    }

    @Test func scoresDoNotWaitForDeadLetters() {
        let monitor = DriftMonitor(plan: PaymentLetters.makePlan(), lanes: Self.lanes)
        var scores = PaymentScores(seed: 6, change: .risk, from: 2_000)
        let rows = (0..<20_000).map { _ in scores.next() }
        monitor.add(PaymentScores.batch(rows, firstOffset: 0), lane: 0, position: 20_000)
        let alerts = monitor.advance()
        #expect(alerts.contains { $0.subject == "score" }, "no dead letter was ever read")
    }

    @Test func aReferenceHasTheShareWhateverTheOrder() throws {
        let series = try #require(PaymentLetters.reference.series["dead_letters"])
        #expect(abs(Double(series.counts[1]) / Double(series.eventCount) - PaymentLetters.share) < 0.001)
        #expect(series.dispersion == [1], "spread evenly, they are no bursts: \(series.dispersion)")
        // What is outside of the scores' time has nothing beside it.
        var tally = DeadLetterTally(BaselineSettings(pipeline: "payments", watch: MonitorPlan.Watch()))
        for minute in 10..<20 as Range<Int64> { for _ in 0..<50 { tally.addScore(at: minute * 60_000_000) } }
        tally.add(PaymentLetters.batch([0, 15 * 60_000_000, 40 * 60_000_000], firstOffset: 0))
        let made = try tally.reference(within: 600_000_000...1_140_000_000, cellsMax: 1 << 16)
        #expect(made.counts == [500, 1])
    }

    @Test func aPlanWithoutTheSeriesSaysSo() throws {
        let plan = try MonitorPlan(
            pipeline: "payments", watch: MonitorPlan.Watch(), reference: PaymentMonitor.reference,
            settings: MonitorSettings(), deadLetters: PaymentLetters.columns)
        #expect(plan.unwatched.contains("dead_letters") && plan.deadLetters == nil)
        #expect(PaymentLetters.makePlan().seriesNames.last == "dead_letters")
    }
}
