public import CoreMetrics
import Foundation
import Telemetry

/// What a monitor counts: from what its loop tells to `MetricCatalogue.monitor`.
// SAFETY: `hear` is called on the monitor's thread alone, which owns what is not constant; the registry is made for all.
public final class MonitorMetrics: @unchecked Sendable {
    private let registry: MetricRegistry
    /// Writes of the metrics file that failed.
    public let fileFailures: Counter
    private let statesSaved: Counter
    private let statesFailed: Counter
    /// Made of the first status: what a state has counted before is not this process'.
    private var figures: MonitorFigures?

    public init(pipeline: String) {
        registry = MetricRegistry(.monitor, constantLabels: [(name: "pipeline", value: pipeline)])
        fileFailures = registry.counter(.metricsFileFailures)
        statesSaved = registry.counter(.monitorStatesSaved)
        statesFailed = registry.counter(.monitorStatesFailed)
        registry.gauge(.startTimestamp).set(Date().timeIntervalSince1970.rounded(.down))
    }

    /// All metrics as they are now, in Prometheus' text format; from any thread.
    public func text() -> String {
        if let bytes = ResidentMemory.bytes { registry.gauge(.residentBytes).set(bytes) }
        return registry.text()
    }

    /// On the monitor's thread.
    public func hear(_ notice: MonitorLoop.Notice) {
        switch notice {
        case .stands(let status):
            let figures = figures ?? MonitorFigures(status, registry)
            self.figures = figures
            figures.show(status)
        case .told(let alert): registry.counter(.driftAlerts, alert.severity, alert.state.rawValue).increment()
        case .stateSaved: statesSaved.increment()
        case .stateNotSaved, .stateRefused: statesFailed.increment()
        case .restored, .began, .closed, .toldBefore, .measured, .reportNotWritten: break
        }
    }
}

/// The handles of one monitor's lanes, series and counts.
private final class MonitorFigures {
    private struct Lane {
        let records: RisingCounter
        let lag: Meter
    }

    private struct Series {
        let evidence: Meter
        let isActive: Meter
    }

    private let lanes: [Lane]
    private let series: [Series]
    private let limits: [Meter]
    private let refused: [(counter: RisingCounter, of: KeyPath<MonitorStatus, Int>)]
    private let labels: [(counter: RisingCounter, of: KeyPath<LabelJoinCounts, Int>)]
    private let watermark: Meter

    init(_ status: MonitorStatus, _ registry: MetricRegistry) {
        lanes = status.lanes.map { lane in
            let (topic, partition) = (lane.lane.topic, "\(lane.lane.partition)")
            return Lane(
                records: RisingCounter(registry.counter(.monitorRecords, topic, partition)),
                lag: registry.gauge(.monitorLag, topic, partition))
        }
        limits = status.limits.map { registry.gauge(.driftAlertActive, $0.name, "", $0.severity) }
        // Series beyond the bound would share one gauge, which would say nothing: they are not shown.
        let shown = max(0, MetricSpec.driftEvidence.seriesMax - limits.count)
        series = status.series.prefix(shown).map { series in
            let name = SeriesName(series.name.subject).description
            let segment = series.name.segment.map { "\($0.field)=\($0.value)" } ?? ""
            return Series(
                evidence: registry.gauge(.driftEvidence, name, segment),
                isActive: registry.gauge(.driftAlertActive, name, segment, series.severity))
        }
        let reasons: [(String, KeyPath<MonitorStatus, Int>)] = [
            ("unreadable", \.unreadable), ("foreign", \.foreign), ("late", \.late),
        ]
        refused = reasons.map { name, path in
            let counter = registry.counter(.monitorRecordsRefused, name)
            return (RisingCounter(counter, from: UInt64(status[keyPath: path])), path)
        }
        let outcomes: [(Counter, KeyPath<LabelJoinCounts, Int>)] = [
            (registry.counter(.monitorLabels, "joined"), \.joined),
            (registry.counter(.monitorLabels, "late"), \.lateLabels),
            (registry.counter(.monitorLabels, "unknown"), \.unknownLabels),
            (registry.counter(.monitorLabels, "duplicate"), \.duplicateLabels),
            (registry.counter(.monitorLabels, "not-sampled"), \.labelsNotSampled),
            (registry.counter(.monitorUnlabelled), \.unlabelled),
        ]
        let before = status.labels ?? LabelJoinCounts()
        labels = outcomes.map { (RisingCounter($0, from: UInt64(before[keyPath: $1])), $1) }
        watermark = registry.gauge(.monitorWatermark)
        registry.gauge(.monitorSeries).set(status.series.count)
    }

    func show(_ status: MonitorStatus) {
        for (lane, metrics) in zip(status.lanes, lanes) {
            metrics.records.rise(to: lane.records)
            if let end = lane.end { metrics.lag.set(max(0, end - lane.position)) }
        }
        for (series, metrics) in zip(status.series, series) {
            metrics.evidence.set(series.evidence)
            metrics.isActive.set(series.isFiring ? 1 : 0)
        }
        for (limit, isActive) in zip(status.limits, limits) { isActive.set(limit.isFiring ? 1 : 0) }
        for (counter, path) in refused { counter.rise(to: UInt64(status[keyPath: path])) }
        if let counts = status.labels {
            for (counter, path) in labels { counter.rise(to: UInt64(counts[keyPath: path])) }
        }
        if let time = status.watermark { watermark.set(Double(time) / 1e6) }
    }
}
