import Drift

/// The pictures of one series.
struct SeriesPlots {
    let series: ReportSeries
    let axis: TimeAxis
    /// The evidence from which an alert is raised.
    let budget: Double

    // MARK: - Distribution

    /// Bars of the current events and a line of the reference's; of what is a share nothing, since its course says it all.
    var distribution: HTML {
        if series.kind == .share { return .empty }
        let bins = DistributionBins(series, current: (series.moved ?? series.total).bins)
        let shares = bins.bars.indices.flatMap { bar in
            [bins.share(bar, ofReference: true), bins.share(bar, ofReference: false)]
        }
        let scale = Self.shareScale(shares)
        var frame = PlotFrame(series.moved == nil ? "Distribution" : "Distribution during the alert")
        frame.legend =
            "<span class=legend><i class=\"key box\"></i> current <i class=\"key two\"></i> reference</span>"
        for tick in scale.ticks() { frame.addRow(scale.place(tick), ReportText.percent(tick)) }
        var line: [(x: Double, y: Double)] = []
        for bar in bins.bars.indices {
            let (left, right) = (Double(bar) / Double(bins.bars.count), Double(bar + 1) / Double(bins.bars.count))
            frame.addBar(from: left, to: right, height: scale.place(bins.share(bar, ofReference: false)))
            let reference = scale.place(bins.share(bar, ofReference: true))
            line += [(left, reference), (right, reference)]
        }
        // On a ground of its own, so that it can be told from bars without colours.
        frame.addLine("halo", [line])
        frame.addLine("ref", [line])
        frame.columns = Self.labels(bins)
        return frame.html
    }

    /// Some of the bars' labels, so that they do not run into each other: edges between bars, or their middles.
    private static func labels(_ bins: DistributionBins) -> [(place: Double, text: String)] {
        let count = bins.bars.count
        let step = max(1, (count + 3) / 4)
        if !bins.edges.isEmpty {
            return stride(from: 0, through: count, by: step).map { edge in
                (Double(edge) / Double(count), MonitorText.number(bins.edges[edge]))
            }
        }
        return stride(from: 0, to: count, by: step).map { bar in
            let label = bins.bars[bar].label
            return ((Double(bar) + 0.5) / Double(count), label.count > 14 ? label.prefix(13) + "…" : label)
        }
    }

    /// Shares from 0 up; on a logarithmic scale where one bar would leave nothing to be seen of the others.
    private static func shareScale(_ shares: [Double]) -> PlotScale {
        let most = shares.max() ?? 1
        if most > 0.5 { return PlotScale(.logarithmic, from: 1e-4, to: 1) }
        return PlotScale(from: 0, to: max(most * 1.05, 1e-6))
    }

    // MARK: - Over time

    /// Evidence against the budget, with what was told.
    var evidence: HTML {
        var frame = PlotFrame("Evidence")
        frame.legend = "<span class=legend><i class=\"key\"></i> evidence <i class=\"key limit\"></i> alert</span>"
        let scale = Self.evidenceScale(series.total.evidence, budget: budget)
        for tick in scale.ticks() { frame.addRow(scale.place(tick), ReportText.count(tick)) }
        addEpisodes(to: &frame)
        frame.addLevel("limit", at: scale.place(budget))
        frame.addLine("l1", series.runs { point in (middle(point), scale.place(point.value.evidence)) })
        frame.addTimes(axis)
        return frame.html
    }

    /// From 5 % to 95 % of the values over time, or the share.
    var course: HTML {
        switch series.kind {
        case .numbers: band
        case .share: shares(of: series.bins.count - 1, "Share over time")
        case .categories: mostMoved.map { shares(of: $0.bin, "Share of \($0.label) over time") } ?? .empty
        }
    }

    private var band: HTML {
        let reference = series.bins.reference
        typealias Three = (low: Double, middle: Double, high: Double)
        func three(_ counts: [Int]) -> Three? {
            guard let low = series.quantile(0.05, of: counts), let middle = series.quantile(0.5, of: counts),
                let high = series.quantile(0.95, of: counts)
            else { return nil }
            return (low, middle, high)
        }
        let found = series.runs { point in three(point.value.bins).map { (middle(point), $0) } }
        guard let before = three(reference), !found.isEmpty else { return .empty }
        let all = found.flatMap { $0.map(\.1) } + [before]
        let lowest = all.map(\.low).min() ?? 0
        let highest = all.map(\.high).max() ?? 1
        let margin = highest > lowest ? (highest - lowest) * 0.06 : max(1e-6, abs(highest) * 0.1)
        let scale = PlotScale(from: lowest - margin, to: highest + margin)
        var frame = PlotFrame("Median, and 5 % to 95 %")
        frame.legend = "<span class=legend><i class=\"key\"></i> current <i class=\"key two\"></i> reference</span>"
        for tick in scale.ticks() { frame.addRow(scale.place(tick), MonitorText.number(tick)) }
        addEpisodes(to: &frame)
        frame.addBand("band", found.map { $0.map { ($0.0, scale.place($0.1.low), scale.place($0.1.high)) } })
        frame.addLine("edge", found.map { $0.map { ($0.0, scale.place($0.1.low)) } })
        frame.addLine("edge", found.map { $0.map { ($0.0, scale.place($0.1.high)) } })
        for value in [before.low, before.middle, before.high] { frame.addLevel("ref", at: scale.place(value)) }
        frame.addLine("l1", found.map { $0.map { ($0.0, scale.place($0.1.middle)) } })
        frame.addTimes(axis)
        return frame.html
    }

    private func shares(of bin: Int, _ title: String) -> HTML {
        func share(_ counts: [Int]) -> Double? {
            let total = counts.reduce(0, +)
            return total == 0 ? nil : Double(counts[bin]) / Double(total)
        }
        let found = series.runs { point in share(point.value.bins).map { (middle(point), $0) } }
        let before = share(series.bins.reference) ?? 0
        let all = found.flatMap { $0.map(\.1) } + [before]
        let scale = Self.scale(from: all.min() ?? 0, to: all.max() ?? 1)
        var frame = PlotFrame(title)
        frame.legend = "<span class=legend><i class=\"key\"></i> current <i class=\"key two\"></i> reference</span>"
        for tick in scale.ticks() { frame.addRow(scale.place(tick), ReportText.percent(tick)) }
        addEpisodes(to: &frame)
        frame.addLevel("ref", at: scale.place(before))
        frame.addLine("l1", found.map { $0.map { ($0.0, scale.place($0.1)) } })
        frame.addTimes(axis)
        return frame.html
    }

    /// The category whose share has changed most.
    private var mostMoved: (bin: Int, label: String)? {
        let bins = DistributionBins(series, current: (series.moved ?? series.total).bins)
        func change(_ bar: Int) -> Double {
            abs(bins.share(bar, ofReference: true) - bins.share(bar, ofReference: false))
        }
        return bins.bars.indices.max { change($0) < change($1) }.map { ($0, bins.bars[$0].label) }
    }

    // MARK: - Parts

    /// What is far beyond the budget is at the upper edge.
    static func evidenceScale(_ most: Double, budget: Double) -> PlotScale {
        PlotScale(.logarithmic, from: 1, to: min(max(most, budget), budget * 1e3) * 10)
    }

    /// Of shares: from 0, but where that would leave nothing to be seen.
    private static func scale(from lowest: Double, to highest: Double) -> PlotScale {
        if lowest < highest / 2 { return PlotScale(from: 0, to: min(1, max(highest * 1.1, 1e-6))) }
        let margin = max((highest - lowest) * 0.2, 0.002)
        return PlotScale(from: max(0, lowest - margin), to: min(1, highest + margin))
    }

    private func middle(_ point: ReportSeries.Point) -> Double { axis.place(point.start + series.width / 2) }

    private func addEpisodes(to frame: inout PlotFrame) {
        for episode in series.episodes {
            frame.addSpan("open", from: axis.place(episode.startedAt), to: axis.place(episode.endedAt ?? axis.to))
            for record in episode.records {
                let text = "\(record.state.rawValue) \(TimeAxis.text(record.time)): \(ReportText.effect(record.effect))"
                frame.marks.append((axis.place(record.time), record.state, text))
            }
        }
    }
}
