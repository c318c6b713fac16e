/// All series of one metric; reached only under the registry's lock.
struct MetricFamily {
    let spec: MetricSpec
    private var series: [[String]: MetricSeries] = [:]
    /// What came when there was no room for series of their own.
    private var rest: MetricSeries?

    /// The value of every label of the series that stands for what there is no room for.
    static let other = "other"
    /// Longer values of labels are cut: names of topics have at most 249 characters.
    static let valueCharactersMax = 256

    init(_ spec: MetricSpec) {
        self.spec = spec
        for values in spec.declaredSeries { _ = find(values) }
    }

    /// The series of these label values, made if there is room, else the one that stands for the rest.
    mutating func find(_ values: [String]) -> MetricSeries {
        let values = values.map { $0.unicodeScalars.count <= Self.valueCharactersMax ? $0 : Self.cut($0) }
        if let found = series[values] { return found }
        let others = spec.labels.map { _ in Self.other }
        if series.count < spec.seriesMax && values != others {
            let made = make(values)
            series[values] = made
            return made
        }
        if let rest { return rest }
        let made = make(others)
        rest = made
        return made
    }

    /// Shows a series no longer; the one that stands for the rest stays.
    mutating func remove(_ gone: MetricSeries) {
        if series[gone.labelValues] === gone { series[gone.labelValues] = nil }
    }

    /// Sorted by their labels' values: numbers by size, so that partition 10 comes after 9.
    var all: [MetricSeries] {
        let sorted = series.values.sorted { Self.isBefore($0.labelValues, $1.labelValues) }
        return sorted + (rest.map { [$0] } ?? [])
    }

    private func make(_ values: [String]) -> MetricSeries {
        switch spec.kind {
        case .counter: CounterSeries(labelValues: values)
        case .gauge: GaugeSeries(labelValues: values)
        case .histogram(let bounds): HistogramSeries(labelValues: values, bounds: bounds)
        }
    }

    private static func cut(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.prefix(valueCharactersMax)))
    }

    private static func isBefore(_ left: [String], _ right: [String]) -> Bool {
        for (one, other) in zip(left, right) where one != other {
            if let one = Int(one), let other = Int(other) { return one < other }
            return one < other
        }
        return false
    }
}
