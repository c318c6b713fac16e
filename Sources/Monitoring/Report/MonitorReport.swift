import Drift

/// What a monitor saw and told, as one page that needs nothing beside it.
///
/// Made of the monitor's plan and its history alone, without a clock: the same closed buckets make the same bytes.
public struct MonitorReport {
    let plan: MonitorPlan
    let history: MonitorHistory
    let lanes: [MonitorLane]
    /// Since the history began.
    let tally: EvidenceTally
    let versionNames: [String]
    let labelCounts: LabelJoinCounts?
    let openAlerts: [String]
    let episodes: [AlertEpisode]
    let series: [ReportSeries]
    let axis: TimeAxis

    /// What a browser is given at most, whatever is watched.
    public static let bytesMax = 300_000

    /// `nil`: the monitor keeps no history, see `DriftMonitor.keepHistory`.
    public init?(_ monitor: DriftMonitor) {
        guard let history = monitor.history else { return nil }
        plan = monitor.plan
        self.history = history
        lanes = monitor.lanes
        tally = monitor.tally.since(history.tallyBefore)
        versionNames = monitor.buckets.versions.names
        labelCounts = monitor.labelCounts
        openAlerts = monitor.openAlerts
        let episodes = AlertEpisode.all(of: history.alerts)
        self.episodes = episodes
        let period = history.period ?? 0...1
        axis = TimeAxis(from: period.lowerBound, to: period.upperBound)
        let bySeries = Dictionary(grouping: episodes) { $0.first.series }
        series = ReportSeries.ranked(
            plan.series.indices.map { index in
                let points = history.series[index].entries.map {
                    ReportSeries.Point(start: history.start(ofSlot: $0.slot), value: $0.value)
                }
                let plan = monitor.plan.series[index]
                return ReportSeries(
                    plan, bins: history.bins[index], points: points, width: history.slotWidth,
                    episodes: bySeries[plan.name.description] ?? [])
            })
    }

    /// UTF-8, at most `bytesMax` bytes.
    public var html: String { ReportPage(report: self).html.text }
}
