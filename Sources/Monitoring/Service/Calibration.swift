/// The alerts that a time in which nothing was wrong would have raised, beside the budget.
public struct Calibration: Hashable, Sendable {
    private let eventsPerFalseAlarm: Double
    private let reference: ClosedRange<Int64>
    private let seriesCount: Int
    private var times: [String: [String]] = [:]
    private var count = 0

    public init(_ plan: MonitorPlan) {
        eventsPerFalseAlarm = plan.settings.runLength
        reference = plan.reference.fromMilliseconds...plan.reference.toMilliseconds
        seriesCount = plan.series.count
    }

    public mutating func add(_ alert: DriftAlert) {
        if alert.state != .firing { return }
        count += 1
        times[alert.subject, default: []].append(alert.time)
    }

    /// What was measured, with bounds that hold for alarms that come independently of one another (Poisson).
    public func text(_ summary: FileMonitoring.Summary) -> String {
        let bounds = PoissonBounds(count: count)
        let rows = Double(max(1, summary.rows))
        func each(_ alarms: Double) -> String { MonitorText.number(alarms / rows * 1_000_000) }
        var text = "\(summary.rows) scores, \(seriesCount) series, \(count) alerts\n"
        text += "false alarms per 1,000,000 scores: \(each(Double(count))), 95 % bounds \(each(bounds.lower)) to "
        text += "\(each(bounds.upper)); the budget is \(MonitorText.number(1_000_000 / eventsPerFalseAlarm))\n"
        for (series, times) in times.sorted(by: { (-$0.value.count, $0.key) < (-$1.value.count, $1.key) }) {
            text += "  \(series): \(times.count), first at \(times[0])\n"
        }
        if rows < eventsPerFalseAlarm {
            text += "fewer scores than the budget has between two false alarms: none would be no proof; give more\n"
        }
        let from = MonitorText.time(reference.lowerBound * 1_000)
        let to = MonitorText.time(reference.upperBound * 1_000)
        text += "the reference is of \(from) to \(to): scores of that time say nothing about others\n"
        return text
    }
}
