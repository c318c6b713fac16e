import Drift

/// The head of the page: of what it is, and what moved.
struct ReportSummary {
    let report: MonitorReport

    private static let rowsMax = 40
    private static let namesMax = 8

    var html: HTML {
        """
        <section>\(verdict)\(moved)</section>
        <section aria-label="What was read"><dl>\(facts)</dl></section>

        """
    }

    private var verdict: HTML {
        let count = report.episodes.count
        let open = report.episodes.count { $0.endedAt == nil }
        if count == 0 {
            return """
                <p class=verdict>No alert.</p><p class=note>None of the \(report.series.count) series reached the evidence that an \
                alert takes. The most was \(ReportText.count(report.series.first?.total.evidence ?? 0)) of \
                \(ReportText.count(report.plan.settings.runLength)), of <bdi>\(report.series.first?.name ?? "")</bdi>.</p>
                """
        }
        let alerts = count == 1 ? "One alert" : "\(count) alerts"
        let state = open == 0 ? "resolved" : open == count ? "open" : "\(open) of them open"
        return "<p class=verdict>\(alerts), \(state).</p>"
    }

    private var moved: HTML {
        if report.episodes.isEmpty { return .empty }
        var table: HTML = """
            <div class=wide-table><table class="all stack"><tr><th scope=col>Series<th scope=col>What moved<th scope=col>Since<th \
            scope=col>Told<th scope=col>Until<th scope=col class=n>Evidence<th scope=col>First cause
            """
        for episode in report.episodes.prefix(Self.rowsMax) { table += row(episode) }
        table += "</table></div>"
        if report.episodes.count > Self.rowsMax {
            table += "<p class=note>and \(report.episodes.count - Self.rowsMax) more</p>"
        }
        if report.history.alertsLeftOut > 0 {
            table += "<p class=note>\(report.history.alertsLeftOut) older records of alerts are not on this page.</p>"
        }
        return table
    }

    private func row(_ episode: AlertEpisode) -> HTML {
        let first = episode.first
        let evidence = first.evidence.map(ReportText.count) ?? "a limit"
        let cause: HTML =
            first.causes.first.map { "<bdi>\($0.series)</bdi>: \(ReportText.effect($0.effect))" } ?? "–"
        return """
            <tr><td><b><bdi>\(first.series)</bdi></b> \(first.severity)<td>\(ReportText.effect(first.effect))<td class=t data-n=since>\
            \(TimeAxis.text(first.changedAt))<td class=t data-n=told>\(TimeAxis.text(first.time))<td class=t data-n=until>\
            \(episode.endedAt.map(TimeAxis.text) ?? "open")<td class=n data-n=evidence>\(evidence)<td data-n=cause>\(cause)
            """
    }

    private var facts: HTML {
        let reference = report.plan.reference
        let from = reference.fromMilliseconds.multipliedReportingOverflow(by: 1_000)
        let to = reference.toMilliseconds.multipliedReportingOverflow(by: 1_000)
        var facts: HTML = """
            <dt>Scores<dd>\(count: report.tally.rows)\(period)\(refused)
            <dt>From<dd>\(sources)
            <dt>Reference<dd>\(count: report.plan.series.map(\.reference.eventCount).max() ?? 0) events, \
            \(TimeAxis.text(from.overflow ? 0 : from.partialValue)) to \(TimeAxis.text(to.overflow ? 0 : to.partialValue)) UTC, sha256 \
            \(String(report.plan.referenceDigest.prefix(16)))
            <dt>Budget<dd>one false alarm in \(ReportText.count(report.plan.settings.runLength)) events, over \
            \(report.series.count) series
            """
        if !versions.isEmpty { facts += "<dt>Model<dd>\(versions)" }
        if report.history.eventsBefore > 0 {
            facts +=
                "<dt>Before<dd>\(count: report.history.eventsBefore) scores were seen by an earlier run and are not on this page"
        }
        let told = Set(report.episodes.map(\.first.series))
        let openBefore = report.openAlerts.filter { !told.contains($0) }
        if !openBefore.isEmpty { facts += "<dt>Open, and not told here<dd>\(Self.list(openBefore))" }
        if let labels = report.labelCounts {
            facts += "<dt>Labels<dd>\(count: labels.labels), \(count: labels.joined) joined with scores"
        }
        if !report.plan.unwatched.isEmpty {
            facts += "<dt>Not watched<dd>\(Self.list(report.plan.unwatched)): not in the reference"
        }
        return facts
    }

    private var period: HTML {
        if report.history.period == nil { return ", in no bucket that is closed yet" }
        return ", \(TimeAxis.text(report.axis.from)) to \(TimeAxis.text(report.axis.to)) UTC"
    }

    private var refused: HTML {
        let counts = [
            (report.tally.lateRows, "late, which are no evidence"), (report.tally.foreignRows, "of other pipelines"),
            (report.tally.faultyRows, "that are no scores"),
        ]
        return counts.reduce(into: HTML.empty) { text, count in
            if count.0 > 0 { text += "; \(count: count.0) \(count.1)" }
        }
    }

    /// Files by their names, topics with their partitions.
    private var sources: String {
        var partitions: [(topic: String, count: Int)] = []
        for lane in report.lanes {
            let name = lane.topic.split(separator: "/").last.map(String.init) ?? lane.topic
            if partitions.last?.topic == name {
                partitions[partitions.count - 1].count += 1
            } else {
                partitions.append((name, 1))
            }
        }
        return Self.list(partitions.map { $0.count == 1 ? $0.topic : "\($0.topic) (\($0.count) partitions)" })
    }

    private var versions: String {
        let rows = report.history.versions
        let all = report.versionNames.indices.filter { $0 < rows.count && rows[$0] > 0 }
        return Self.list(
            all.sorted { rows[$0] > rows[$1] }.map { place in
                let name = report.versionNames[place]
                return "\(name.isEmpty ? "(none)" : String(name.prefix(24))): \(ReportText.grouped(rows[place]))"
            })
    }

    private static func list(_ names: [String]) -> String {
        names.prefix(namesMax).joined(separator: ", ")
            + (names.count > namesMax ? " and \(names.count - namesMax) more" : "")
    }
}
