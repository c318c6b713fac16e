import Drift

/// Bars for a distribution: the history's bins, taken together until a picture can show them.
struct DistributionBins {
    struct Bar: Hashable, Sendable {
        let label: String
        /// Events.
        var reference = 0.0
        var current = 0.0
    }

    private(set) var bars: [Bar] = []
    /// Of bars that are spans of numbers: where they begin, and the end of the last; empty: each stands for one value.
    private(set) var edges: [Double] = []

    static let barsMax = 24

    /// - Parameter current: by bin of the history.
    init(_ series: ReportSeries, current: [Int]) {
        let reference = series.bins.reference
        switch series.kind {
        case .categories: addCategories(series)
        case .share: bars = [Bar(label: "no"), Bar(label: "yes")]
        case .numbers:
            addNumbers(series, reference: reference, current: current)
            return
        }
        for bin in bars.indices {
            bars[bin].reference = Double(reference[bin])
            bars[bin].current = Double(current[bin])
        }
    }

    private mutating func addCategories(_ series: ReportSeries) {
        let categories = series.plan.reference.categories ?? []
        let singly = min(categories.count, HistoryBins.categoriesMax)
        bars = categories.prefix(singly).map { Bar(label: $0) }
        if categories.count > singly { bars.append(Bar(label: "\(categories.count - singly) rarer ones")) }
        bars.append(Bar(label: SeriesName.otherValue))
    }

    private mutating func addNumbers(_ series: ReportSeries, reference: [Int], current: [Int]) {
        let grid = series.plan.reference.grid
        let used = reference.indices.filter { reference[$0] + current[$0] > 0 }
        if used.count <= Self.barsMax {
            bars = used.map { bin in
                Bar(
                    label: MonitorText.number(grid.value(ofCell: series.bins.lastCells[bin])),
                    reference: Double(reference[bin]), current: Double(current[bin]))
            }
            return
        }
        let (from, to) = Self.range(series, reference, current, grid)
        edges = (0...Self.barsMax).map { from + (to - from) * Double($0) / Double(Self.barsMax) }
        bars = (0..<Self.barsMax).map { bar in
            let (low, high) = (MonitorText.number(edges[bar]), MonitorText.number(edges[bar + 1]))
            if bar == 0, from > grid.lowest { return Bar(label: "below \(high)") }
            if bar == Self.barsMax - 1, to < grid.highest { return Bar(label: "\(low) and more") }
            return Bar(label: "\(low) to \(high)")
        }
        func bar(_ cell: Int) -> Int {
            let place = min(max((grid.value(ofCell: cell) - from) / (to - from), 0), 1) * Double(Self.barsMax)
            return min(Self.barsMax - 1, Int(place))
        }
        let counts = series.plan.reference.counts
        for cell in counts.indices where counts[cell] > 0 { bars[bar(cell)].reference += Double(counts[cell]) }
        for bin in used where current[bin] > 0 {
            let cells = series.bins.cells(ofBin: bin)
            // Where in the bin its events were was not kept.
            for cell in cells { bars[bar(cell)].current += Double(current[bin]) / Double(cells.count) }
        }
    }

    /// All but the last half percent at each end; the whole grid where that is not much more.
    private static func range(
        _ series: ReportSeries, _ reference: [Int], _ current: [Int], _ grid: ValueGrid
    ) -> (from: Double, to: Double) {
        let counts = [reference, current]
        let from = counts.compactMap { series.quantile(0.005, of: $0) }.min() ?? grid.lowest
        let to = counts.compactMap { series.quantile(0.995, of: $0) }.max() ?? grid.highest
        if from >= to || (to - from) > 0.4 * (grid.highest - grid.lowest) { return (grid.lowest, grid.highest) }
        return (from, to)
    }

    func share(_ bar: Int, ofReference: Bool) -> Double {
        let sum = bars.reduce(0.0) { $0 + (ofReference ? $1.reference : $1.current) }
        return (ofReference ? bars[bar].reference : bars[bar].current) / max(1, sum)
    }
}
