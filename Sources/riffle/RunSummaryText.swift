import Engine
import Scoring

/// The last line of a run.
enum RunSummaryText {
    static func line(_ summary: StreamSummary) -> String {
        let seconds = Double(summary.nanoseconds) / 1e9
        let rate = seconds > 0 ? Int(Double(summary.consumed) / seconds) : 0
        var parts = [
            "\(summary.consumed) events in \((seconds * 10).rounded() / 10) s (\(rate)/s)", "\(summary.scored) scored",
        ]
        for (count, name) in [
            (summary.absorbed, "absorbed"), (summary.deadLettered, "dead-lettered"),
            (summary.lateDropped, "dropped as late"),
            (summary.muted, "muted to rebuild state"), (summary.released, "released"), (summary.late, "late"),
        ] where count > 0 {
            parts.append("\(count) \(name)")
        }
        return ([parts.joined(separator: ", ")] + summary.accounts.waitLines).joined(separator: "\n")
    }
}
