import Monitoring

/// What `riffle monitor --input` says at its end.
enum MonitorSummaryText {
    private static let openMax = 8

    static func lines(_ summary: FileMonitoring.Summary) -> String {
        var text = "\(summary.rows) scores, \(summary.fired) alerts, \(summary.resolved) resolved"
        if !summary.open.isEmpty {
            text += "; open: \(summary.open.prefix(openMax).joined(separator: ", "))"
            if summary.open.count > openMax { text += " and \(summary.open.count - openMax) more" }
        }
        if summary.lateRows > 0 { text += "; \(summary.lateRows) scores came late and are no evidence" }
        if summary.foreignRows > 0 { text += "; \(summary.foreignRows) are of other pipelines" }
        if let labels = summary.labels { text += "\n" + lines(labels) }
        if summary.faultyRows > 0 { text += "\n" + faults(summary) }
        return text
    }

    private static func lines(_ labels: LabelJoinCounts) -> String {
        var text = "\(labels.labels) labels, \(labels.joined) joined with scores"
        let rest = [
            (labels.unlabelled, "scores without a label in time"), (labels.lateLabels, "labels came too late"),
            (labels.unknownLabels, "labels of events that were not scored"),
            (labels.duplicateLabels, "labels of events that had one"),
            (labels.contradictingLabels, "labels that contradict an earlier one"),
            (labels.scoresNotSampled, "scores left out, since too many waited"),
        ]
        for (count, what) in rest where count > 0 { text += "; \(count) \(what)" }
        return text
    }

    static func faults(_ summary: FileMonitoring.Summary) -> String {
        "\(summary.faultyRows) lines are no scores: " + summary.firstFaults.joined(separator: "; ")
    }
}
