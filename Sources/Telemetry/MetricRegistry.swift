public import CoreMetrics
import Synchronization

/// The metrics of one process: a back end of swift-metrics that keeps what its catalogue declares, and nothing else.
///
/// Handles are taken once and kept: what they do is atomic, without locks or allocations. Taking one is a look-up under
/// a lock. A handle whose metric is not declared, is of another kind or has other labels counts into nothing.
public final class MetricRegistry: MetricsFactory, Sendable {
    public let catalogue: MetricCatalogue
    /// Labels that every series has, such as the pipeline's name.
    let constantLabels: [(name: String, value: String)]
    private let families: Mutex<[String: MetricFamily]>
    private let nothing = NoSeries()

    /// Series of metrics without labels, and of declared label values, are there at once: a counter begins at 0.
    public init(_ catalogue: MetricCatalogue, constantLabels: [(name: String, value: String)] = []) {
        self.catalogue = catalogue
        self.constantLabels = constantLabels
        families = Mutex(Dictionary(uniqueKeysWithValues: catalogue.specs.map { ($0.name, MetricFamily($0)) }))
    }

    // MARK: - Handles

    public func counter(_ spec: MetricSpec, _ values: String...) -> Counter {
        check(spec, values)
        return Counter(label: spec.name, dimensions: Self.dimensions(spec, values), factory: self)
    }

    /// A counter of fractions, such as seconds.
    public func fractions(_ spec: MetricSpec, _ values: String...) -> FloatingPointCounter {
        check(spec, values)
        return FloatingPointCounter(label: spec.name, dimensions: Self.dimensions(spec, values), factory: self)
    }

    /// `destroy` takes its series off the exposition; a later handle makes it anew.
    public func gauge(_ spec: MetricSpec, _ values: String...) -> Meter {
        check(spec, values)
        return Meter(label: spec.name, dimensions: Self.dimensions(spec, values), factory: self)
    }

    public func histogram(_ spec: MetricSpec, _ values: String...) -> Recorder {
        check(spec, values)
        return Recorder(
            label: spec.name, dimensions: Self.dimensions(spec, values), aggregate: true, factory: self)
    }

    /// A histogram of seconds.
    public func timer(_ spec: MetricSpec, _ values: String...) -> CoreMetrics.Timer {
        check(spec, values)
        return CoreMetrics.Timer(label: spec.name, dimensions: Self.dimensions(spec, values), factory: self)
    }

    /// A histogram of seconds that is filled by many events at once.
    public func durations(_ spec: MetricSpec, _ values: String...) -> DurationCounts {
        check(spec, values)
        guard case .histogram(let bounds) = spec.kind,
            let series = find(spec.name, Self.dimensions(spec, values)) as? HistogramSeries
        else { preconditionFailure("\(spec.name) is no histogram") }
        return DurationCounts(series, bounds: bounds)
    }

    private func check(_ spec: MetricSpec, _ values: [String]) {
        precondition(catalogue[spec.name] == spec, "\(spec.name) is not in the catalogue")
        precondition(values.count == spec.labels.count, "\(spec.name) has \(spec.labels.count) labels, not \(values)")
    }

    private static func dimensions(_ spec: MetricSpec, _ values: [String]) -> [(String, String)] {
        Array(zip(spec.labels.map(\.name), values))
    }

    // MARK: - What swift-metrics asks for

    public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        find(label, dimensions) as? CounterSeries ?? nothing
    }

    public func makeFloatingPointCounter(
        label: String, dimensions: [(String, String)]
    ) -> any FloatingPointCounterHandler {
        find(label, dimensions) as? CounterSeries ?? nothing
    }

    public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        find(label, dimensions) as? GaugeSeries ?? nothing
    }

    /// A histogram where `aggregate` is true, else a gauge.
    public func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        let series = find(label, dimensions)
        return (aggregate ? series as? HistogramSeries : series as? GaugeSeries as (any RecorderHandler)?) ?? nothing
    }

    public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        find(label, dimensions) as? HistogramSeries ?? nothing
    }

    /// Counters and histograms stay: what they have counted was counted.
    public func destroyCounter(_ handler: any CounterHandler) {}
    public func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) {}
    public func destroyTimer(_ handler: any TimerHandler) {}
    public func destroyMeter(_ handler: any MeterHandler) { remove(handler as? GaugeSeries) }
    public func destroyRecorder(_ handler: any RecorderHandler) { remove(handler as? GaugeSeries) }

    private func find(_ name: String, _ dimensions: [(String, String)]) -> MetricSeries? {
        families.withLock { families in
            guard let labels = families[name]?.spec.labels, labels.count == dimensions.count else { return nil }
            var values: [String] = []
            for label in labels {
                guard let value = dimensions.first(where: { $0.0 == label.name })?.1 else { return nil }
                values.append(value)
            }
            return families[name]?.find(values)
        }
    }

    private func remove(_ series: GaugeSeries?) {
        guard let series else { return }
        families.withLock { families in
            for name in families.keys { families[name]?.remove(series) }
        }
    }

    // MARK: - What is exposed

    /// The metrics in the catalogue's order, each with its series as they are now.
    func snapshot() -> [(spec: MetricSpec, series: [MetricSeries])] {
        families.withLock { families in
            catalogue.specs.map { ($0, families[$0.name]?.all ?? []) }
        }
    }
}
