import Engine
import Events

/// The last lines of a replay.
enum ReplaySummaryText {
    static func lines(_ summary: ReplaySummary) -> String {
        let seconds = Double(summary.nanoseconds) / 1e9
        var parts = [
            "\(summary.rows) rows read", "\(summary.scored) scored", "\(summary.faults) faults", "\(summary.late) late",
        ]
        if summary.absorbed > 0 { parts.append("\(summary.absorbed) absorbed") }
        if summary.muted > 0 { parts.append("\(summary.muted) not asked for") }
        if summary.lateDropped > 0 { parts.append("\(summary.lateDropped) dropped as late") }
        parts.append("\((seconds * 100).rounded() / 100) s, \(rate(summary)) rows/s")
        var text = parts.joined(separator: ", ")
        if summary.faults > 0 {
            let counts = summary.faultCounts.map { "\($0.count) \($0.code.name)" }.joined(separator: ", ")
            text = "faults: \(counts)\n" + text
        }
        return text
    }

    static func rate(_ summary: ReplaySummary) -> Int {
        summary.nanoseconds > 0 ? Int(Double(summary.rows) * 1e9 / Double(summary.nanoseconds)) : 0
    }

    static func timings(_ summary: ReplaySummary) -> String {
        let times = summary.times
        let steps = [
            ("read", times.read), ("split", times.split), ("decode", times.decode), ("gather", times.gather),
            ("features", times.features), ("score", times.score), ("format", times.format), ("write", times.write),
        ]
        return steps.map { "\($0.0) \($0.1 / 1_000_000) ms" }.joined(separator: ", ")
    }
}
