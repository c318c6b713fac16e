import Drift

/// What came and when, beside the limits that somebody has set, and the evidence of all series together.
struct ReportFlow {
    let report: MonitorReport

    private struct Point {
        let from: Int64
        let to: Int64
        let value: FlowPoint

        var seconds: Double { Double(to - from) / 1e6 }
    }

    /// Slots, without what of the first and the last is not within the period.
    private var points: [Point] {
        let history = report.history
        return history.flow.entries.compactMap { entry in
            let start = history.start(ofSlot: entry.slot)
            let (end, isTooFar) = start.addingReportingOverflow(history.slotWidth)
            let (from, to) = (max(start, report.axis.from), min(isTooFar ? .max : end, report.axis.to))
            return from < to ? Point(from: from, to: to, value: entry.value) : nil
        }
    }

    var html: HTML {
        let points = points
        if points.isEmpty { return .empty }
        return """
            <h2 id=flow>All scores</h2><section><div class=plots>\(evidence(points))\(rate(points))\(lag(points))</div>\(figures(
                points))</section>

            """
    }

    private func middle(_ point: Point) -> Double { report.axis.place(point.from + (point.to - point.from) / 2) }

    /// Evidence of the series of scores that nobody was told of yet.
    private func evidence(_ points: [Point]) -> HTML {
        let budget = report.plan.settings.runLength
        var frame = PlotFrame("Evidence of all series together")
        frame.legend = "<span class=legend><i class=\"key\"></i> evidence <i class=\"key limit\"></i> alert</span>"
        let most = points.map(\.value.evidence).max() ?? 0
        let scale = SeriesPlots.evidenceScale(most, budget: budget)
        for tick in scale.ticks() { frame.addRow(scale.place(tick), ReportText.count(tick)) }
        frame.addLevel("limit", at: scale.place(budget))
        frame.addLine("l1", [points.map { (middle($0), scale.place($0.value.evidence)) }])
        for episode in report.episodes { addMarks(of: episode, to: &frame) }
        frame.addTimes(report.axis)
        return frame.html
    }

    private func addMarks(of episode: AlertEpisode, to frame: inout PlotFrame) {
        for record in episode.records where record.state != .updated {
            let text = "\(episode.first.series) \(record.state.rawValue) \(TimeAxis.text(record.time))"
            frame.marks.append((report.axis.place(record.time), record.state, text))
        }
    }

    // MARK: - Rate

    private var limits: LimitSettings { report.plan.settings.limits }

    /// What scores are counted by: the span of a limit, or the shortest of a second, a minute and an hour with a few in it.
    private func unit(_ points: [Point]) -> (seconds: Double, name: String) {
        if let limit = limits.rateBelow ?? limits.rateAbove {
            let seconds = Double(limit.microseconds) / 1e6
            return (seconds, Self.span(seconds))
        }
        let rows = points.reduce(0.0) { $0 + Double($1.value.rows + $1.value.lateRows) }
        let mean = rows / max(1e-6, points.reduce(0.0) { $0 + $1.seconds })
        for seconds in [1.0, 60] where mean * seconds >= 5 { return (seconds, Self.span(seconds)) }
        return (3_600, Self.span(3_600))
    }

    private static func span(_ seconds: Double) -> String {
        for (size, name) in [(86_400.0, "d"), (3_600, "h"), (60, "min"), (1, "s")] where seconds >= size {
            return seconds == size ? "1 \(name)" : MonitorText.number(seconds / size) + " " + name
        }
        return MonitorText.number(seconds * 1_000) + " ms"
    }

    private func rate(_ points: [Point]) -> HTML {
        let unit = unit(points)
        func level(_ limit: LimitSettings.Rate?) -> Double? {
            limit.map { Double($0.events) / (Double($0.microseconds) / 1e6) * unit.seconds }
        }
        func rate(_ point: Point) -> Double {
            Double(point.value.rows + point.value.lateRows) / point.seconds * unit.seconds
        }
        let levels = [level(limits.rateBelow), level(limits.rateAbove)].compactMap { $0 }
        let scale = PlotScale(from: 0, to: (points.map(rate) + levels).reduce(0, max) * 1.1)
        var frame = PlotFrame("Scores in \(unit.name)")
        frame.legend = "<span class=legend><i class=\"key\"></i> scores"
        if !levels.isEmpty { frame.legend += " <i class=\"key limit\"></i> limit" }
        frame.legend += "</span>"
        for tick in scale.ticks() { frame.addRow(scale.place(tick), ReportText.count(tick)) }
        for level in levels { frame.addLevel("limit", at: scale.place(level)) }
        // Where there is no slot there was no score.
        var line: [(x: Double, y: Double)] = []
        for (place, point) in points.enumerated() {
            if place > 0, points[place - 1].to < point.from {
                line += [(report.axis.place(points[place - 1].to), 0), (report.axis.place(point.from), 0)]
            }
            line.append((middle(point), scale.place(rate(point))))
        }
        frame.addLine("l1", [line])
        addEpisodes(["rate.below", "rate.above", "freshness"], to: &frame)
        frame.addTimes(report.axis)
        return frame.html
    }

    private func addEpisodes(_ names: Set<String>, to frame: inout PlotFrame) {
        for episode in report.episodes where names.contains(episode.first.series) {
            frame.addSpan(
                "open", from: report.axis.place(episode.startedAt),
                to: report.axis.place(episode.endedAt ?? report.axis.to))
            addMarks(of: episode, to: &frame)
        }
    }

    // MARK: - Lag

    private func lag(_ points: [Point]) -> HTML {
        let found = points.filter { $0.value.lags.rows > 0 }
        guard let limit = limits.lagMicroseconds.map({ Double($0) / 1e6 }), !found.isEmpty else { return .empty }
        func seconds(_ point: Point) -> Double { point.value.lags.quantile(0.9) / 1e6 }
        let most = max(found.map(seconds).max() ?? 0, limit)
        let scale = PlotScale(.logarithmic, from: max(0.001, min(limit, 1) / 1_000), to: max(most, 0.01) * 2)
        var frame = PlotFrame("Lag that nine in ten are within")
        frame.legend = "<span class=legend><i class=\"key\"></i> lag <i class=\"key limit\"></i> limit</span>"
        for tick in scale.ticks() { frame.addRow(scale.place(tick), Self.span(tick)) }
        frame.addLevel("limit", at: scale.place(limit))
        frame.addLine("l1", [found.map { (middle($0), scale.place(seconds($0))) }])
        addEpisodes(["lag"], to: &frame)
        frame.addTimes(report.axis)
        return frame.html
    }

    private func figures(_ points: [Point]) -> HTML {
        let hasLag = points.contains { $0.value.lags.rows > 0 }
        var table: HTML = """
            <details class=figures><summary>Figures</summary><div class=scroll tabindex=0 role=region aria-label="Figures of all \
            scores"><table><tr><th scope=col>From<th scope=col class=n>Scores<th scope=col class=n>Late<th scope=col \
            class=n>Evidence
            """
        if hasLag { table += "<th scope=col class=n>Lag of nine in ten" }
        for point in points {
            let value = point.value
            table +=
                "<tr><td>\(TimeAxis.text(point.from))<td class=n>\(count: value.rows)<td class=n>\(count: value.lateRows)"
            table += "<td class=n>\(ReportText.count(value.evidence))"
            if hasLag {
                table += "<td class=n>\(value.lags.rows == 0 ? "–" : Self.span(value.lags.quantile(0.9) / 1e6))"
            }
        }
        return table + "</table></div></details>"
    }
}
