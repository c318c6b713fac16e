import Drift

/// The page from top to bottom: what is told first, then series by series, then what is left as a table.
struct ReportPage {
    let report: MonitorReport

    /// Whole series are shown as long as the page is not longer; then a line of a table.
    private static let wholeBytes = 200_000
    private static let linesBytes = 280_000
    /// Without an alert, a series with less evidence than this part of the budget is closed to begin with.
    private static let openShare = 0.001

    var html: HTML {
        var page: HTML = """
            <!DOCTYPE html>
            <html lang=en><head><meta charset=utf-8><meta name=viewport content="width=device-width, initial-scale=1">
            <meta http-equiv=Content-Security-Policy content="default-src 'none'; style-src 'unsafe-inline'">
            <title>\(report.plan.pipeline): drift report</title><style>
            \(ReportStyle.text)</style></head><body>
            <a class=skip href="#series">Skip to the series</a>
            <header><h1>Riffle <span>\(report.plan.pipeline), drift report</span></h1></header><main>

            """
        page += ReportSummary(report: report).html
        page += ReportFlow(report: report).html
        page += ReportPerformance(windows: report.history.windows, leftOut: report.history.windowsLeftOut).html
        page += "<h2 id=series>Series</h2>\n"
        page += legend
        var rest: [ReportSeries] = []
        for series in report.series where !series.points.isEmpty || series.isTold {
            if page.byteCount < Self.wholeBytes {
                page += whole(series)
            } else {
                rest.append(series)
            }
        }
        page += lines(of: rest, after: page.byteCount)
        return page + "</main></body></html>\n"
    }

    private var legend: HTML {
        """
        <p class=note>Those that were told come first, then those with the most evidence. <b>Evidence</b> grows while more or fewer \
        events are above a threshold than the reference leaves possible; an alert is raised where the evidence of all series \
        together reaches \(ReportText.count(report.plan.settings.runLength)), and then begins anew. Signs: ▼ an alert was raised, \
        ◆ told again, △ resolved; a bar above the picture says while it was open.</p>

        """
    }

    private func whole(_ series: ReportSeries) -> HTML {
        let plots = SeriesPlots(series: series, axis: report.axis, budget: report.plan.settings.runLength)
        let kind: HTML = series.kind == .share ? "plots wide" : "plots"
        let body: HTML = """
            \(facts(series))<div class=\"\(kind)\">\(plots.distribution)\(plots.course)\(plots.evidence)</div>\(SeriesTables(series: series)
                .html)
            """
        let isOpen = series.isTold || series.total.evidence >= Self.openShare * report.plan.settings.runLength
        if series.isTold { return "<section class=told>\(heading(series))\(body)</section>\n" }
        let state: HTML = isOpen ? " open" : ""
        return "<details class=series\(state)><summary>\(heading(series))</summary>\(body)</details>\n"
    }

    private func heading(_ series: ReportSeries) -> HTML {
        var tag: HTML = "<span class=\"tag dim\">evidence \(ReportText.count(series.total.evidence))</span>"
        if series.isTold {
            let isOpen = series.episodes.contains { $0.endedAt == nil }
            tag =
                isOpen
                ? "<span class=\"tag bad\">alert is open</span>" : "<span class=\"tag good\">alert is resolved</span>"
        }
        return "<h3><bdi>\(series.name)</bdi></h3>\(tag)"
    }

    private func facts(_ series: ReportSeries) -> HTML {
        var text: HTML = "<p class=note>"
        for episode in series.episodes.prefix(3) {
            text +=
                "<b>\(ReportText.effect(episode.first.effect))</b>, since \(TimeAxis.text(episode.first.changedAt)). "
        }
        text += "\(count: series.total.events) events, \(count: series.total.missing) without a value."
        return text + "</p>"
    }

    private func lines(of series: [ReportSeries], after bytes: Int) -> HTML {
        if series.isEmpty { return .empty }
        var table: HTML = """
            <h2>The rest</h2><section class=wide-table><table class=all><tr><th scope=col>Series<th scope=col class=n>\
            Events<th scope=col class=n>Missing<th scope=col class=n>Reference<th scope=col class=n>Current<th scope=col \
            class=n>Evidence
            """
        var shown = 0
        for series in series where bytes + table.byteCount < Self.linesBytes {
            table += line(of: series)
            shown += 1
        }
        table += "</table>"
        if shown < series.count { table += "<p class=note>and \(series.count - shown) with less evidence</p>" }
        return table + "</section>\n"
    }

    private func line(of series: ReportSeries) -> HTML {
        func middle(_ counts: [Int]) -> String {
            switch series.kind {
            case .numbers: series.quantile(0.5, of: counts).map(MonitorText.number) ?? "–"
            case .share: ReportSeries.share(of: counts).map(ReportText.percent) ?? "–"
            case .categories: "–"
            }
        }
        let values = [
            ReportText.grouped(series.total.events), ReportText.grouped(series.total.missing),
            middle(series.bins.reference), middle(series.total.bins), ReportText.count(series.total.evidence),
        ]
        let cells: [HTML] = values.map { "<td class=n>\($0)" }
        return "<tr><td><bdi>\(series.name)</bdi>\(cells)"
    }
}
