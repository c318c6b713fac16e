import Monitoring

/// What `riffle monitor --input` says at its end.
enum MonitorSummaryText {
    static func lines(_ summary: FileMonitoring.Summary) -> String {
        var text = "\(summary.rows) scores, \(summary.fired) alerts, \(summary.resolved) resolved"
        if !summary.open.isEmpty { text += "; open: \(summary.open.prefix(8).joined(separator: ", "))" }
        if summary.lateRows > 0 { text += "; \(summary.lateRows) scores came late and are no evidence" }
        if summary.foreignRows > 0 { text += "; \(summary.foreignRows) are of other pipelines" }
        if summary.faultyRows > 0 { text += "\n" + faults(summary) }
        return text
    }

    static func faults(_ summary: FileMonitoring.Summary) -> String {
        "\(summary.faultyRows) lines are no scores: " + summary.firstFaults.joined(separator: "; ")
    }
}
