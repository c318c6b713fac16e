import Drift
import Events
import Foundation

@testable import Monitoring

/// Monitors that keep a history, for reports.
enum ReportWorld {
    /// A monitor that has seen rows of one lane, closed at their end.
    static func watch(_ scores: PaymentScores, events: Int, batch: Int = 1_000) -> DriftMonitor {
        var scores = scores
        let monitor = DriftMonitor(plan: PaymentMonitor.plan, lanes: [MonitorLane(topic: "dir/scores", partition: 0)])
        monitor.keepHistory()
        var offset = 0
        while offset < events {
            let rows = (0..<min(batch, events - offset)).map { _ in scores.next() }
            monitor.add(
                PaymentScores.batch(rows, firstOffset: Int64(offset)), lane: 0, position: Int64(offset + rows.count))
            offset += rows.count
            _ = monitor.advance()
        }
        _ = monitor.finish()
        return monitor
    }

    static func page(of monitor: DriftMonitor) -> String { MonitorReport(monitor)?.html ?? "" }

    /// A risk that moves between two events, and is back.
    // SAFETY: nobody adds to them; tests only read.
    nonisolated(unsafe) static let moved = watch(
        PaymentScores(seed: 5, change: .risk, from: 12_000, until: 20_000), events: 30_000)
    nonisolated(unsafe) static let quiet = watch(PaymentScores(seed: 2), events: 12_000)

    /// A plan that watches many features of any names.
    static func plan(features: [String]) throws -> MonitorPlan {
        var history = ReferenceHistory(grid: ValueGrid(from: -6, to: 6, cells: 1_001))
        for row in PaymentMonitor.history.prefix(2_000) { history.add(row.risk, at: row.time / 1_000) }
        let series = try SeriesReference(history)
        var watch = MonitorPlan.Watch()
        watch.score = false
        watch.quality = false
        watch.features = features
        var settings = MonitorSettings()
        settings.bucketMicroseconds = 60_000_000
        return try MonitorPlan(
            pipeline: "many", watch: watch,
            reference: ReferenceFile(
                pipeline: "many", fromMilliseconds: 0, toMilliseconds: 1,
                series: Dictionary(features.map { ($0, series) }, uniquingKeysWith: { one, _ in one })),
            settings: settings)
    }

    /// Of a series, as a monitor tells it.
    static func alert(_ series: String, at time: Int64) -> DriftAlert {
        let moved: [String: Any] = ["series": series, "effect": "share above \(series): 1 % -> 2 %"]
        let data: [String: Any] = [
            "startsAt": MonitorText.time(time), "causes": [moved], "segments": [moved],
            "evidence": ["statistic": 2e6, "change_time": MonitorText.time(time), "effect": "share of \(series)"],
        ]
        do {
            return DriftAlert(
                fingerprint: series, id: series, state: .firing, severity: "warning", pipeline: "many", subject: series,
                time: MonitorText.time(time), data: try JSONSerialization.data(withJSONObject: data))
        } catch {
            fatalError("\(error)")
        }
    }
}
