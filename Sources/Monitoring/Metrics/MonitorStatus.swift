import Drift
import Foundation

/// How a monitor stands at one moment.
public struct MonitorStatus: Sendable {
    public struct Lane: Hashable, Sendable {
        public let lane: MonitorLane
        /// Records read by this process.
        public var records: UInt64
        /// Behind the last record read.
        public var position: Int64
        /// Behind the last record there is; `nil`: that is not known.
        public var end: Int64?
    }

    public struct Series: Hashable, Sendable {
        public let name: SeriesName
        public let severity: String
        /// The logarithm of its evidence over that of what raises an alert: 0 and more.
        public let evidence: Double
        public let isFiring: Bool
    }

    /// Something that is limited: a rate, a lag, freshness.
    public struct Limit: Hashable, Sendable {
        public let name: String
        public let severity: String
        public let isFiring: Bool
    }

    public internal(set) var lanes: [Lane] = []
    public let series: [Series]
    public let limits: [Limit]
    /// Of the score topic, since the state began.
    public let unreadable: Int
    public let foreign: Int
    public let late: Int
    /// Event time, in microseconds; `nil`: a partition has not begun.
    public let watermark: Int64?
    /// `nil`: labels are not watched.
    public let labels: LabelJoinCounts?

    /// Complexity: O(series), each with a look at its bets: not for each batch.
    init(_ monitor: DriftMonitor) {
        let plan = monitor.plan
        let full = log(max(2, plan.settings.runLength))
        series = plan.series.indices.map { index in
            let (series, watch) = (plan.series[index], monitor.watches[index])
            let statistic = max(1, series.weight * watch.detector.statistic)
            return Series(
                name: series.name, severity: DriftMonitor.severity(of: series.name),
                evidence: log(statistic) / full, isFiring: watch.isFiring)
        }
        limits = monitor.limits.states.map { Limit(name: $0.rawValue, severity: $0.severity, isFiring: $1) }
        (unreadable, foreign, late) = (
            monitor.tally.faultyRows, monitor.tally.foreignRows, monitor.tally.lateRows
        )
        watermark = monitor.scoreWatermark == .min ? nil : monitor.scoreWatermark
        labels = monitor.labelCounts
    }
}
