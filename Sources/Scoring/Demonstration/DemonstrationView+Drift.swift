import Events

extension DemonstrationView {
    /// Lines of alerts that are shown: always so many, so that nothing jumps.
    private static let alertLines = 3

    /// The monitor: how it stands, and the alerts that are open, or were last.
    func drift(_ status: DriftStatus) -> [StyledLine] {
        var first = label("drift")
        switch status.phase {
        case .preparing: first.add("the reference is made of the history", .yellow)
        case .watching:
            let open = status.openCount
            first.add(open == 0 ? "quiet" : "\(open) open", open == 0 ? .green : .red)
            first.add("   \(NumberStyle.grouped(status.seriesCount)) series")
            first.add("   a false alarm in \(NumberStyle.decimal(status.eventsPerFalseAlarm, places: 0)) events", .dim)
        }
        let open = status.alerts.filter(\.isOpen)
        let closed = status.alerts.filter { !$0.isOpen }
        // What is open counts more; of the others the newest.
        let room = max(0, Self.alertLines - open.count)
        let shown = closed.suffix(room) + open.prefix(Self.alertLines)
        var lines = [first] + shown.map(line)
        while lines.count <= Self.alertLines { lines.append(StyledLine()) }
        return lines
    }

    private func line(_ alert: DemonstrationAlert) -> StyledLine {
        var line = label("")
        let since = TimeText.string(alert.since).prefix(16).dropFirst(5)
        line.add(alert.isOpen ? "firing    " : "resolved  ", alert.isOpen ? .red : .green)
        line.add("\(since)  ", .dim)
        line.add(alert.text)
        return line
    }
}

extension DriftStatus {
    /// For the end: what was planted, and what was told.
    var summaryLines: [String] {
        guard phase == .watching else { return [] }
        var lines: [String] = []
        if let planted { lines.append("planted: \(planted)") }
        if alerts.isEmpty {
            lines.append("drift: no alert; \(NumberStyle.grouped(seriesCount)) series watched")
            return lines
        }
        let resolved = alerts.count - openCount
        lines.append(
            "drift: \(alerts.count) \(alerts.count == 1 ? "alert" : "alerts"), \(resolved) resolved; "
                + "\(NumberStyle.grouped(seriesCount)) series watched")
        for alert in alerts.prefix(Self.summaryAlertsMax) {
            let end = alert.until.map { " to \(TimeText.string($0).prefix(16))" } ?? ", open"
            lines.append("  \(alert.text) (\(TimeText.string(alert.since).prefix(16))\(end))")
        }
        return lines
    }

    private static let summaryAlertsMax = 8
}
