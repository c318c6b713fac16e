import Drift
public import Events

/// Watches the scores of a pipeline: counts them in buckets of event time and decides, bucket by bucket, what has moved.
///
/// A function of what each lane holds and of the closings: neither the order in which lanes are read, nor how their rows
/// are cut into batches, nor a restart from a snapshot changes an alert. It belongs to one thread.
public final class DriftMonitor {
    public let plan: MonitorPlan
    /// Those of scores come first.
    public let lanes: [MonitorLane]
    /// Only these hold buckets of scores back.
    public let scoreLanes: Range<Int>
    let buckets: EvidenceBuckets
    let limits: LimitFlow
    var watches: [SeriesWatch]
    /// Of the last closed bucket that held rows.
    var modelVersion = ""
    /// The window that is open: its start and what was read in it.
    var windowSpan = WindowSpan()
    var lastWindowSpan = WindowSpan()
    /// The end of the newest closed bucket, in microseconds.
    public internal(set) var closedUntil = Int64.min
    public internal(set) var eventCount = 0
    private var counts: [[Int]]
    private var bucketCounts: [BucketCounts]
    private var outputs: [DriftAlert] = []
    /// Whether each window is described when it ends; read by `takeWindowReports`.
    public var describesWindows = false
    private var reports: [WindowReport] = []

    public init(plan: MonitorPlan, lanes: [MonitorLane]) {
        scoreLanes = 0..<(lanes.firstIndex { $0.role != .scores } ?? lanes.count)
        precondition(!scoreLanes.isEmpty, "a monitor of no scores")
        precondition(!lanes[scoreLanes.upperBound...].contains { $0.role == .scores }, "scores behind other lanes")
        self.plan = plan
        self.lanes = lanes
        let settings = plan.settings
        buckets = EvidenceBuckets(
            layout: plan.layout, bucketMicroseconds: settings.bucketMicroseconds,
            lateMicroseconds: settings.lateMicroseconds, laneCount: scoreLanes.count, pipeline: plan.pipeline)
        limits = LimitFlow(pipeline: plan.pipeline, settings: settings)
        buckets.recordTimes = limits.makeRecordTimes()
        watches = plan.series.map { SeriesWatch($0, runLength: settings.runLength) }
        counts = plan.series.map { Array(repeating: 0, count: $0.cellCount) }
        bucketCounts = plan.series.map { BucketCounts(binCount: $0.bets.binCount) }
    }

    /// Takes in rows of one lane, in their order; nothing is decided before `advance`.
    ///
    /// - Parameter position: behind the last of them: where a restart goes on.
    public func add(_ batch: EventBatch, lane: Int, position: Int64) {
        buckets.add(batch, lane: lane, position: position)
    }

    /// Raises a lane's watermark, which never falls: nothing before it is waited for any more.
    public func raise(lane: Int, to watermark: Int64) { buckets.lanes.raise(lane: lane, to: watermark) }

    /// Follows what was recorded of closings before a restart; call it before rows are added.
    public func follow(_ closings: [LaneClosing]) {
        for (index, lane) in lanes.enumerated() {
            let own = closings.filter { $0.topic == lane.topic && $0.partition == lane.partition }
            buckets.lanes.follow(own, lane: index)
        }
    }

    /// Behind the last record taken of a lane.
    public func position(lane: Int) -> Int64 { buckets.lanes[lane].position }

    /// Where a lane begins that is not in a snapshot.
    public func begin(lane: Int, at position: Int64) { buckets.lanes[lane].position = position }

    public var openBucketCount: Int { buckets.open.count }

    /// Up to where a lane is past; `Int64.min`: it has not begun.
    public func watermark(lane: Int) -> Int64 { buckets.lanes.watermark(lane: lane) }

    var tally: EvidenceTally { buckets.tally }

    /// The series whose alerts are open, those that nobody was told of included.
    public var openAlerts: [String] {
        watches.indices.filter { watches[$0].isFiring }.map { plan.series[$0].name.description } + limits.openAlerts
    }

    /// Closes what all lanes are past.
    ///
    /// - Returns: what people are to be told, in order.
    public func advance() -> [DriftAlert] { close(before: buckets.lanes.watermark) }

    /// Closes what is open: nothing comes any more.
    public func finish() -> [DriftAlert] {
        let alerts = close(before: .max)
        if describesWindows, windowSpan.rows > 0 { describeWindow(until: max(closedUntil, windowSpan.start)) }
        return alerts
    }

    private func close(before watermark: Int64) -> [DriftAlert] {
        while let block = buckets.closeNext(before: watermark) {
            limits.pass(until: block.start).forEach(tell)
            take(block)
            limits.take(block).forEach(tell)
            buckets.recycle(block)
        }
        // At the end of a file the last bucket is cut: up to the newest score, and no further, it is known what came.
        limits.pass(until: min(watermark, buckets.lanes.highest)).forEach(tell)
        defer { outputs = [] }
        return outputs
    }

    private func take(_ block: EvidenceBlock) {
        let end = block.start + plan.settings.bucketMicroseconds
        turnWindow(at: block.start)
        windowSpan.add(block, lanes: lanes.count)
        if let version = block.mostVersion(of: buckets.versions) { modelVersion = version }
        eventCount += block.rows
        closedUntil = max(closedUntil, end)
        for index in plan.series.indices { takeSeries(index, block) }
        decide(at: end)
    }

    /// Adds the bucket to a series' windows, recent bins and evidence.
    private func takeSeries(_ index: Int, _ block: EvidenceBlock) {
        let series = plan.series[index]
        for cell in counts[index].indices { counts[index][cell] = 0 }
        let missing = series.add(block, to: &counts[index])
        watches[index].windowMissing += missing
        bucketCounts[index].removeAll()
        var hasEvents = false
        for cell in 0..<series.cellCount {
            let events = counts[index][cell]
            if events == 0 { continue }
            hasEvents = true
            watches[index].window[cell] += events
            bucketCounts[index].add(bin: Int(series.binOfCell[cell]), events: events)
        }
        if case .firing(var alert) = watches[index].phase {
            alert.calmRows += block.rows
            watches[index].phase = .firing(alert)
        }
        guard hasEvents else { return }
        let bins = (0..<series.bets.binCount).map { bucketCounts[index].events(inBin: $0) }
        watches[index].recent.add(start: block.start, bins: bins)
        let stratum = series.reference.stratum(at: block.start / 1_000)
        _ = watches[index].detector.close(bucketCounts[index], stratum: stratum)
        if case .firing(var alert) = watches[index].phase {
            for bin in bins.indices { alert.calmBins[bin] += bins[bin] }
            alert.peak = max(alert.peak, watches[index].detector.statistic)
            watches[index].phase = .firing(alert)
        }
    }

    /// Windows begin at whole multiples of their length.
    private func turnWindow(at time: Int64) {
        let length = plan.settings.windowMicroseconds
        let start = time - ((time % length) + length) % length
        if windowSpan.start == start { return }
        if windowSpan.rows > 0 {
            if describesWindows { describeWindow(until: windowSpan.start + length) }
            for index in watches.indices { watches[index].turnWindow() }
            lastWindowSpan = windowSpan
        }
        windowSpan = WindowSpan(start: start)
    }

    private func describeWindow(until end: Int64) {
        for (index, series) in plan.series.enumerated() {
            let watch = watches[index]
            let events = watch.window.reduce(0, +)
            if events + watch.windowMissing == 0 { continue }
            let found = WindowSummary(watch.window, of: series)
            reports.append(
                WindowReport(
                    series: series.name.description, from: windowSpan.start, to: end, events: events,
                    missing: watch.windowMissing, statistics: found.statistics, pValues: found.pValues,
                    evidence: series.weight * watch.detector.statistic, isFiring: watch.isFiring))
        }
    }

    /// The windows that have ended since the last call, in order.
    public func takeWindowReports() -> [WindowReport] {
        defer { reports = [] }
        return reports
    }

    func tell(_ alert: DriftAlert) { outputs.append(alert) }
}

/// What was read in a window.
struct WindowSpan: Hashable, Sendable {
    /// In microseconds; `Int64.min` before the first row.
    var start = Int64.min
    var rows = 0
    var lateRows = 0
    /// By lane: the first and the last offset.
    var offsets: [ClosedRange<Int64>?] = []

    mutating func add(_ block: EvidenceBlock, lanes: Int) {
        rows += block.rows
        lateRows += block.lateRows
        while offsets.count < lanes { offsets.append(nil) }
        for (lane, range) in block.offsets { offsets[lane] = Self.union(offsets[lane], range) }
    }

    static func union(_ left: ClosedRange<Int64>?, _ right: ClosedRange<Int64>?) -> ClosedRange<Int64>? {
        guard let left, let right else { return left ?? right }
        return min(left.lowerBound, right.lowerBound)...max(left.upperBound, right.upperBound)
    }
}
