import Drift

/// What a monitor saw since it began, for a report: bounded, and the same for the same closed buckets.
///
/// All series share one level of slots: when one of them has more than `slotsMax`, all become coarser by a factor of two.
/// It belongs to the monitor's thread.
final class MonitorHistory {
    private(set) var series: [SlotRow<SeriesPoint>]
    private(set) var flow = SlotRow<FlowPoint>()
    let bins: [HistoryBins]
    private(set) var level = 0
    let slotsMax: Int
    let bucketMicroseconds: Int64
    /// The newest ones.
    private(set) var alerts: [ReportedAlert] = []
    private(set) var alertsLeftOut = 0
    private(set) var windows: [ReportedWindow] = []
    private(set) var windowsLeftOut = 0
    /// Scores by version of the model, as `VersionTable` numbers them.
    private(set) var versions: [Int] = []
    /// Of closed buckets with scores, in microseconds; `nil`: there was none.
    private(set) var period: ClosedRange<Int64>?

    /// When it began.
    private(set) var eventsBefore = 0
    private(set) var tallyBefore = EvidenceTally()

    static let slotsMost = 96
    static let slotsLeast = 24
    /// Counts of all series and slots together, where there are not so many series that even `slotsLeast` make more: 32 MB.
    static let countsAim = 4 << 20
    static let alertsMax = 400
    static let windowsMax = 120
    private static let levelMax = 40

    init(_ plan: MonitorPlan, slotsMost: Int = MonitorHistory.slotsMost) {
        bins = plan.series.map { HistoryBins($0) }
        let counts = max(1, bins.reduce(0) { $0 + $1.count })
        slotsMax = min(slotsMost, max(Self.slotsLeast, Self.countsAim / counts))
        series = bins.map { _ in SlotRow() }
        bucketMicroseconds = plan.settings.bucketMicroseconds
    }

    /// What an earlier run has seen, which is in none of the slots.
    func begin(eventsBefore: Int, tally: EvidenceTally) {
        self.eventsBefore = eventsBefore
        tallyBefore = tally
    }

    /// The first microsecond of a slot.
    func start(ofSlot slot: Int64) -> Int64 {
        let (start, isTooFar) = (slot << Int64(level)).multipliedReportingOverflow(by: bucketMicroseconds)
        return isTooFar ? (slot < 0 ? .min : .max) : start
    }

    /// In microseconds.
    var slotWidth: Int64 { bucketMicroseconds << Int64(level) }

    private func slot(of time: Int64) -> Int64 {
        let (quotient, remainder) = time.quotientAndRemainder(dividingBy: bucketMicroseconds)
        return (remainder < 0 ? quotient - 1 : quotient) >> Int64(level)
    }

    /// Of one closed bucket: counts of a series' cells, and its evidence with it.
    func take(_ index: Int, cells: [Int], start: Int64, evidence: Double) {
        let bins = bins[index]
        series[index].update(slot(of: start), empty: SeriesPoint(binCount: bins.count)) { point in
            for cell in cells.indices where cells[cell] > 0 { point.bins[Int(bins.binOfCell[cell])] += cells[cell] }
            if evidence.isFinite { point.evidence = max(point.evidence, evidence) }
        }
        while series[index].entries.count > slotsMax, coarsen() {}
    }

    func take(_ index: Int, missing: Int, start: Int64) {
        if missing == 0 { return }
        series[index].update(slot(of: start), empty: SeriesPoint(binCount: bins[index].count)) { $0.missing += missing }
        while series[index].entries.count > slotsMax, coarsen() {}
    }

    func take(_ block: EvidenceBlock, evidence: Double) {
        flow.update(slot(of: block.start), empty: FlowPoint()) { point in
            point.rows += block.rows
            point.lateRows += block.lateRows
            if block.lags.rows > 0 { point.lags.add(block.lags) }
            if evidence.isFinite { point.evidence = max(point.evidence, evidence) }
        }
        while flow.entries.count > slotsMax, coarsen() {}
        for (version, rows) in block.versions.enumerated() where rows > 0 {
            while versions.count <= version { versions.append(0) }
            versions[version] += rows
        }
        let end = block.start + bucketMicroseconds
        period = min(period?.lowerBound ?? block.start, block.start)...max(period?.upperBound ?? end, end)
    }

    func take(_ alert: DriftAlert) {
        guard let read = ReportedAlert(alert) else { return }
        alerts.append(read)
        if alerts.count > Self.alertsMax {
            alerts.removeFirst()
            alertsLeftOut += 1
        }
    }

    func take(_ record: PerformanceRecord) {
        guard let read = ReportedWindow(record) else { return }
        windows.append(read)
        if windows.count > Self.windowsMax {
            windows.removeFirst()
            windowsLeftOut += 1
        }
    }

    /// False: a slot is longer than time is.
    private func coarsen() -> Bool {
        guard level < Self.levelMax, bucketMicroseconds << Int64(level + 1) > 0 else { return false }
        level += 1
        for index in series.indices { series[index].halve() }
        flow.halve()
        return true
    }
}
