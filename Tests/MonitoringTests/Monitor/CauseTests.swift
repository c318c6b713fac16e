import Foundation
import Testing

@testable import Monitoring

/// What was planted is named first, beside a feature that hangs together with it and the score that follows from both.
@Suite struct CauseTests {
    /// The first alert of a history with a change.
    private static func firstAlert(_ change: PaymentScores.Change, seed: UInt64) -> DriftAlert? {
        var scores = PaymentScores(seed: seed, change: change, from: 2_000)
        let monitor = DriftMonitor(plan: PaymentMonitor.plan, lanes: [MonitorLane(topic: "scores", partition: 0)])
        for offset in stride(from: Int64(0), to: 30_000, by: 1_000) {
            let rows = (0..<1_000).map { _ in scores.next() }
            monitor.add(PaymentScores.batch(rows, firstOffset: offset), lane: 0, position: offset + 1_000)
            if let alert = monitor.advance().first { return alert }
        }
        return nil
    }

    /// As `scripts/drift_causes.py` counts, which does it for more kinds and seeds.
    @Test(arguments: [
        (PaymentScores.Change.risk, "risk"), (.amount, "amount"), (.variance, "amount"), (.missing, "missing(amount)"),
        (.channel, "channel"),
    ])
    func whatIsPlantedIsNamedFirst(change: PaymentScores.Change, wanted: String) throws {
        for seed in 301...303 as ClosedRange<UInt64> {
            let data = try DriftMonitorTests.data(try #require(Self.firstAlert(change, seed: seed), "seed \(seed)"))
            let moved = ["causes", "segments"].flatMap { data[$0] as? [[String: Any]] ?? [] }
            let names = [data["series"] as? String ?? ""] + moved.compactMap { $0["series"] as? String }
            let first = names.first { !$0.hasPrefix("score") && !$0.hasPrefix("decision=") } ?? ""
            // `amount` is what `amount{channel=web}` and `out_of_range(amount)` are about.
            let whole = first.split(separator: "{").first.map(String.init) ?? ""
            let value = whole.split(separator: "(").last.map(String.init) ?? ""
            let about: Set<String> = [first, whole, value.hasSuffix(")") ? String(value.dropLast()) : value]
            #expect(about.contains(wanted), "seed \(seed): \(names)")
        }
    }
}
