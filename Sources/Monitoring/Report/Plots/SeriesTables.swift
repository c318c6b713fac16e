import Drift

/// The figures behind the pictures of a series.
struct SeriesTables {
    let series: ReportSeries

    static let rowsMax = 32

    var html: HTML {
        """
        <details class=figures><summary>Figures</summary><div class=scroll tabindex=0 role=region aria-label="Figures of \(
            series.name)">\(distribution)\(course)</div></details>

        """
    }

    private var distribution: HTML {
        if series.kind == .share { return .empty }
        let whole = DistributionBins(series, current: series.total.bins)
        let moved = series.moved.map { DistributionBins(series, current: $0.bins) }
        // Bars of the two are the same but where values are far out: then each has its own, and one of them is shown.
        let bins = moved ?? whole
        var table: HTML = "<table><tr><th scope=col>Value<th scope=col class=n>Reference<th scope=col class=n>"
        table += moved == nil ? "Whole period" : "While the alert was open"
        for bar in bins.bars.indices {
            let reference = ReportText.percent(bins.share(bar, ofReference: true))
            let current = ReportText.percent(bins.share(bar, ofReference: false))
            table += "<tr><td>\(bins.bars[bar].label)<td class=n>\(reference)<td class=n>\(current)"
        }
        return table + "</table>"
    }

    private var course: HTML {
        let coarse = series.coarser(Self.rowsMax)
        let isShare = series.kind == .share
        var table: HTML = "<table><tr><th scope=col>From<th scope=col class=n>Events<th scope=col class=n>Missing"
        if isShare { table += "<th scope=col class=n>Share" }
        if series.kind == .numbers {
            table += "<th scope=col class=n>5 %<th scope=col class=n>Median<th scope=col class=n>95 %"
        }
        table += "<th scope=col class=n>Evidence"
        for point in coarse.points {
            let value = point.value
            table +=
                "<tr><td>\(TimeAxis.text(point.start))<td class=n>\(count: value.events)<td class=n>\(count: value.missing)"
            if isShare {
                table += "<td class=n>\(ReportSeries.share(of: value.bins).map(ReportText.percent) ?? "–")"
            }
            if series.kind == .numbers {
                for share in [0.05, 0.5, 0.95] {
                    table += "<td class=n>\(series.quantile(share, of: value.bins).map(MonitorText.number) ?? "–")"
                }
            }
            table += "<td class=n>\(ReportText.count(value.evidence))"
        }
        return table + "</table>"
    }
}
