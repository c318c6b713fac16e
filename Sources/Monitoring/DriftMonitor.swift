import Drift
public import Events

/// Watches the scores of a pipeline: counts them in buckets of event time and decides, bucket by bucket, what has moved.
///
/// A function of what each lane holds and of the closings: neither the order in which lanes are read, nor how their rows
/// are cut into batches, nor a restart from a snapshot changes an alert. It belongs to one thread.
public final class DriftMonitor {
    public let plan: MonitorPlan
    /// Those of scores come first, then those of labels, then those of dead letters.
    public let lanes: [MonitorLane]
    /// The name that the cluster of the lanes has given itself; empty: it is not known, or they are files.
    public let cluster: String
    /// Only these hold buckets of scores back.
    public let scoreLanes: Range<Int>
    let labelLanes: Range<Int>
    let letterLanes: Range<Int>
    let buckets: EvidenceBuckets
    let limits: LimitFlow
    /// `nil`: labels are not watched.
    let labels: LabelFlow?
    /// `nil`: dead letters are not watched.
    let letters: DeadLetterFlow?
    var watches: [SeriesWatch]
    /// By role: series of scores, series of labels, the series of dead letters.
    var scored: MonitorSide
    var labelled: MonitorSide
    var refused: MonitorSide
    /// `nil`: the reference knows of no labels.
    var estimate: EstimateWindow?
    public internal(set) var eventCount = 0
    private var counts: [[Int]]
    private var bucketCounts: [BucketCounts]
    private var outputs: [DriftAlert] = []
    /// Whether each window is described when it ends; read by `takeWindowReports`.
    public var describesWindows = false
    private var reports: [WindowReport] = []
    private var performance: [PerformanceRecord] = []
    /// `nil`: no report is asked for.
    var history: MonitorHistory?

    public init(plan: MonitorPlan, lanes: [MonitorLane], cluster: String = "") {
        scoreLanes = 0..<(lanes.firstIndex { $0.role != .scores } ?? lanes.count)
        labelLanes = scoreLanes.upperBound..<(lanes.firstIndex { $0.role == .deadLetters } ?? lanes.count)
        precondition(!scoreLanes.isEmpty, "a monitor of no scores")
        letterLanes = labelLanes.upperBound..<lanes.count
        precondition(
            lanes[labelLanes].allSatisfy { $0.role == .labels }
                && lanes[letterLanes].allSatisfy { $0.role == .deadLetters },
            "lanes are not in the order of their roles")
        self.plan = plan
        self.lanes = lanes
        self.cluster = cluster
        let settings = plan.settings
        let labelPlan = labelLanes.isEmpty ? nil : plan.labels
        let labelLaneCount = labelLanes.count
        buckets = EvidenceBuckets(
            layout: plan.layout, bucketMicroseconds: settings.bucketMicroseconds,
            lateMicroseconds: settings.lateMicroseconds, laneCount: scoreLanes.count, pipeline: plan.pipeline,
            feed: labelPlan.map { ScoreFeed($0, records: plan.records) },
            flags: plan.estimation?.flags)
        labels = labelPlan.map { LabelFlow($0, laneCount: labelLaneCount, late: settings.lateMicroseconds) }
        let letterLaneCount = letterLanes.count
        letters =
            letterLaneCount == 0 || plan.deadLetters == nil
            ? nil
            : DeadLetterFlow(
                laneCount: letterLaneCount, bucketMicroseconds: settings.bucketMicroseconds,
                late: settings.lateMicroseconds)
        limits = LimitFlow(pipeline: plan.pipeline, settings: settings)
        buckets.recordTimes = limits.makeRecordTimes()
        watches = plan.series.map { SeriesWatch($0, runLength: settings.runLength) }
        let firstRefused = plan.series.firstIndex { $0.isOfDeadLetters } ?? plan.series.count
        let firstLabelled = plan.series.firstIndex { $0.isLabelled } ?? firstRefused
        scored = MonitorSide(series: 0..<firstLabelled)
        labelled = MonitorSide(series: firstLabelled..<firstRefused)
        refused = MonitorSide(series: firstRefused..<plan.series.count)
        estimate = plan.estimation.map { EstimateWindow(cellCount: $0.grid.cellCount) }
        counts = plan.series.map { Array(repeating: 0, count: $0.cellCount) }
        bucketCounts = plan.series.map { BucketCounts(binCount: $0.bets.binCount) }
    }

    // MARK: - Lanes

    /// Takes in rows of one lane, in their order; nothing is decided before `advance`.
    ///
    /// - Parameters:
    ///   - batch: of the schema of the lane's role.
    ///   - position: behind the last of them: where a restart goes on.
    public func add(_ batch: EventBatch, lane: Int, position: Int64) {
        switch lanes[lane].role {
        case .scores: buckets.add(batch, lane: lane, position: position)
        case .labels: labels?.add(batch, lane: lane - labelLanes.lowerBound, position: position)
        case .deadLetters: letters?.add(batch, lane: lane - letterLanes.lowerBound, position: position)
        }
    }

    /// The clocks that a lane is among, and its place there.
    private func withClock<Result>(of lane: Int, _ body: (inout LaneClocks, Int) -> Result) -> Result {
        if labelLanes.contains(lane), let labels { return body(&labels.lanes, lane - labelLanes.lowerBound) }
        if letterLanes.contains(lane), let letters { return body(&letters.lanes, lane - letterLanes.lowerBound) }
        return body(&buckets.lanes, lane)
    }

    /// Raises a lane's watermark, which never falls: nothing before it is waited for any more.
    public func raise(lane: Int, to watermark: Int64) {
        withClock(of: lane) { clocks, place in clocks.raise(lane: place, to: watermark) }
    }

    /// Follows what was recorded of closings before a restart; call it before rows are added.
    public func follow(_ closings: [LaneClosing]) {
        for (index, lane) in lanes.enumerated() {
            let own = closings.filter { $0.topic == lane.topic && $0.partition == lane.partition }
            withClock(of: index) { clocks, place in clocks.follow(own, lane: place) }
        }
    }

    func clock(of lane: Int) -> LaneClock { withClock(of: lane) { clocks, place in clocks[place] } }

    func setClock(_ clock: LaneClock, of lane: Int) { withClock(of: lane) { clocks, place in clocks[place] = clock } }

    /// Behind the last record taken of a lane.
    public func position(lane: Int) -> Int64 { clock(of: lane).position }

    /// Where a lane begins that is not in a snapshot.
    public func begin(lane: Int, at position: Int64) {
        withClock(of: lane) { clocks, place in clocks[place].position = position }
    }

    /// Up to where a lane is past; `Int64.min`: it has not begun.
    public func watermark(lane: Int) -> Int64 {
        withClock(of: lane) { clocks, place in clocks.watermark(lane: place) }
    }

    /// Up to where all lanes of scores are past.
    var scoreWatermark: Int64 { buckets.lanes.watermark }

    /// Whether a lane has to wait for others: it would hold ever more open buckets, or scores and labels of which the other
    /// half has not come.
    func mustWait(lane: Int, openBucketsMax: Int) -> Bool {
        if labelLanes.contains(lane), let labels {
            if labels.openBucketCount >= openBucketsMax, watermark(lane: lane) > labels.lanes.watermark { return true }
            return labels.isFull && !labels.areScoresAhead
        }
        if letterLanes.contains(lane), let letters {
            return letters.letters.count >= openBucketsMax && watermark(lane: lane) > scoreWatermark
        }
        if let letters, letters.scores.count >= DeadLetterFlow.waitingMax { return true }
        if buckets.open.count >= openBucketsMax, watermark(lane: lane) > scoreWatermark { return true }
        return labels.map { $0.isFull && $0.areScoresAhead } ?? false
    }

    var tally: EvidenceTally { buckets.tally }
    /// Records of all lanes that were taken: whether there is anything new to be kept.
    var takenRows: Int {
        buckets.tally.rows + (labels?.join.counts.labels ?? 0) + (letters?.letterCount ?? 0)
    }
    /// What became of scores and labels; `nil`: labels are not watched.
    public var labelCounts: LabelJoinCounts? { labels?.join.counts }

    /// The series whose alerts are open: first those that people were told of, then those that are parts of them.
    public var openAlerts: [String] {
        let firing = watches.indices.filter { watches[$0].isFiring }
        let told = firing.filter { !watches[$0].isInhibited }
        return told.map { plan.series[$0].name.description } + limits.openAlerts
            + firing.filter { watches[$0].isInhibited }.map { plan.series[$0].name.description }
    }

    // MARK: - Closing

    /// Closes what all lanes are past.
    ///
    /// - Returns: what people are to be told, in order.
    public func advance() -> [DriftAlert] {
        close(before: scoreWatermark)
        if let labels {
            labels.passScores(scoreWatermark)
            labels.closeLabels()
            join(labels)
        }
        if let letters { takeDeadLetters(letters, isOver: false) }
        return takeOutputs()
    }

    /// Closes what is open: nothing comes any more.
    public func finish() -> [DriftAlert] {
        close(before: .max)
        if let labels {
            labels.finish()
            join(labels)
        }
        if let letters { takeDeadLetters(letters, isOver: true) }
        for side in [scored, labelled, refused] where describesWindows && side.window.rows > 0 {
            describeWindow(side, until: max(side.closedUntil, side.window.start))
        }
        endEstimate()
        return takeOutputs()
    }

    private func takeOutputs() -> [DriftAlert] {
        defer { outputs = [] }
        return outputs
    }

    private func close(before watermark: Int64) {
        while let block = buckets.closeNext(before: watermark) {
            limits.pass(until: block.start).forEach(tell)
            take(block)
            limits.take(block).forEach(tell)
            buckets.recycle(block)
        }
        // At the end of a file the last bucket is cut: up to the newest score, and no further, it is known what came.
        limits.pass(until: min(watermark, buckets.lanes.highest)).forEach(tell)
    }

    private func take(_ block: EvidenceBlock) {
        let end = block.start + plan.settings.bucketMicroseconds
        turnWindow(\.scored, at: block.start)
        scored.window.add(block, lanes: scoreLanes.count)
        if let version = block.mostVersion(of: buckets.versions) { scored.modelVersion = version }
        eventCount += block.rows
        scored.closedUntil = max(scored.closedUntil, end)
        for index in scored.series { takeSeries(index, block) }
        history?.take(block, evidence: openEvidence(of: scored))
        takeEstimate(block)
        if let labels, var scores = block.scores.take() {
            labels.closeScores(through: end, &scores)
            block.scores = scores
        }
        letters?.close(start: block.start, scores: block.rows + block.lateRows)
        decide(scored, at: end)
    }

    /// Adds the bucket to a series' windows, recent bins and evidence.
    private func takeSeries(_ index: Int, _ block: EvidenceBlock) {
        for cell in counts[index].indices { counts[index][cell] = 0 }
        let missing = plan.series[index].add(block, to: &counts[index])
        watches[index].windowMissing += missing
        history?.take(index, missing: missing, start: block.start)
        addCalmRows(block.rows, to: index)
        takeCounts(index, start: block.start, stratumTime: block.start)
    }

    func addCalmRows(_ rows: Int, to index: Int) {
        if case .firing(var alert) = watches[index].phase {
            alert.calmRows += rows
            watches[index].phase = .firing(alert)
        }
    }

    /// Counts of cells of one bucket are evidence of a series; in microseconds.
    func take(_ cells: [Int], of index: Int, start: Int64) {
        counts[index] = cells
        takeCounts(index, start: start, stratumTime: start)
    }

    /// What `counts` holds of a series is evidence.
    ///
    /// - Parameters:
    ///   - start: of the bucket.
    ///   - stratumTime: an event time of the stratum that the events are of. Both in microseconds.
    private func takeCounts(_ index: Int, start: Int64, stratumTime: Int64) {
        let series = plan.series[index]
        bucketCounts[index].removeAll()
        var hasEvents = false
        for cell in 0..<series.cellCount {
            let events = counts[index][cell]
            if events == 0 { continue }
            hasEvents = true
            watches[index].window[cell] += events
            bucketCounts[index].add(bin: Int(series.binOfCell[cell]), events: events)
        }
        guard hasEvents else { return }
        let bins = (0..<series.bets.binCount).map { bucketCounts[index].events(inBin: $0) }
        watches[index].recent.add(start: start, bins: bins)
        let stratum = series.reference.stratum(at: stratumTime / 1_000)
        _ = watches[index].detector.close(bucketCounts[index], stratum: stratum)
        history?.take(
            index, cells: counts[index], start: start, evidence: series.weight * watches[index].detector.statistic)
        if case .firing(var alert) = watches[index].phase {
            for bin in bins.indices { alert.calmBins[bin] += bins[bin] }
            alert.peak = max(alert.peak, watches[index].detector.statistic)
            watches[index].phase = .firing(alert)
        }
    }

    // MARK: - Labels

    /// Works on what both sides have closed.
    private func join(_ labels: LabelFlow) {
        while let end = labels.join.step() {
            if !labels.join.joined.isEmpty { take(labels.join.joined, of: labels, end: end) }
            for window in labels.join.finished {
                add(.measured(window, labels.plan.join, plan.pipeline, versions: buckets.versions.names))
            }
        }
    }

    private func take(_ joined: [JoinedEvent], of labels: LabelFlow, end: Int64) {
        let start = end - plan.settings.bucketMicroseconds
        turnWindow(\.labelled, at: start)
        labelled.window.rows += joined.count
        labelled.closedUntil = end
        labelled.modelVersion = buckets.versions.most(of: joined.map { Int($0.version) }) ?? labelled.modelVersion
        for index in labelled.series {
            guard case .labelled(let measure) = plan.series[index].source else { continue }
            addCalmRows(joined.count, to: index)
            takeSeries(index, joined, measure, start: start)
        }
        decide(labelled, at: end)
    }

    /// Events of one bucket of labels happened at many times: each stratum is evidence by itself, in their order.
    private func takeSeries(_ index: Int, _ joined: [JoinedEvent], _ measure: LabelSeries.Measure, start: Int64) {
        let reference = plan.series[index].reference
        var strata = Array(repeating: [0, 0], count: reference.strata.count)
        var times = Array(repeating: Int64(0), count: reference.strata.count)
        for event in joined {
            guard let isHit = measure.value(of: event) else { continue }
            let stratum = reference.stratum(at: event.time / 1_000)
            strata[stratum][isHit ? 1 : 0] += 1
            times[stratum] = event.time
        }
        for stratum in strata.indices where strata[stratum] != [0, 0] {
            counts[index] = strata[stratum]
            takeCounts(index, start: start, stratumTime: times[stratum])
        }
    }

    // MARK: - Windows

    /// Windows begin at whole multiples of their length.
    func turnWindow(_ path: ReferenceWritableKeyPath<DriftMonitor, MonitorSide>, at time: Int64) {
        let length = plan.settings.windowMicroseconds
        let start = time - ((time % length) + length) % length
        let side = self[keyPath: path]
        if side.window.start == start { return }
        if side.window.rows > 0 {
            if describesWindows { describeWindow(side, until: side.window.start + length) }
            for index in side.series { watches[index].turnWindow() }
            self[keyPath: path].lastWindow = side.window
        }
        self[keyPath: path].window = WindowSpan(start: start)
    }

    private func describeWindow(_ side: MonitorSide, until end: Int64) {
        for index in side.series {
            let series = plan.series[index]
            let watch = watches[index]
            let events = watch.window.reduce(0, +)
            if events + watch.windowMissing == 0 { continue }
            let found = WindowSummary(watch.window, of: series)
            reports.append(
                WindowReport(
                    series: series.name.description, from: side.window.start, to: end, events: events,
                    missing: watch.windowMissing, statistics: found.statistics, pValues: found.pValues,
                    evidence: series.weight * watch.detector.statistic, isFiring: watch.isFiring))
        }
    }

    /// The windows that have ended since the last call, in order.
    public func takeWindowReports() -> [WindowReport] {
        defer { reports = [] }
        return reports
    }

    /// Windows whose performance became known since the last call, or was estimated.
    public func takePerformance() -> [PerformanceRecord] {
        defer { performance = [] }
        return performance
    }

    func add(_ record: PerformanceRecord) {
        performance.append(record)
        history?.take(record)
    }

    /// The side that a series is of.
    func side(of index: Int) -> MonitorSide {
        refused.series.contains(index) ? refused : labelled.series.contains(index) ? labelled : scored
    }

    func tell(_ alert: DriftAlert) {
        outputs.append(alert)
        history?.take(alert)
    }
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
