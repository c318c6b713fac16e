import Drift

/// How performance is estimated without labels, from what a reference knows of them.
struct EstimationPlan: Sendable {
    let grid: ValueGrid
    let map: CalibrationMap
    let flags: FlaggedScores
    /// In microseconds.
    let window: Int64

    /// `nil`: the reference has no calibration, or the score is not watched.
    init?(_ reference: ReferenceFile, _ layout: EvidenceLayout, _ decisions: [String], _ labels: LabelPlan?) {
        guard let map = reference.calibration, let score = reference.series[SeriesName(.score).description],
            let subject = layout.subjects.firstIndex(where: { $0.column == ScoreRecordSchema.score })
        else { return nil }
        self.map = map
        grid = score.grid
        flags = FlaggedScores(
            subject: subject, cellCount: grid.cellCount, decisions: decisions,
            flags: labels?.join.flags ?? LabelJoinPlan.defaultFlags(decisions))
        window = labels?.join.window ?? LabelJoinPlan.windowDefault
    }
}

/// Scores of a window whose performance will be estimated.
struct EstimateWindow: Hashable, Sendable {
    /// In microseconds; `Int64.min`: there was no score yet.
    var start = Int64.min
    /// Events by cell of the score, and those that a decision called positive.
    var counts: [Int]
    var flagged: [Int]

    init(cellCount: Int) {
        counts = Array(repeating: 0, count: cellCount)
        flagged = counts
    }
}

extension DriftMonitor {
    func takeEstimate(_ block: EvidenceBlock) {
        guard let estimation = plan.estimation, estimate != nil else { return }
        let start = estimation.start(of: block.start)
        if estimate?.start != start { endEstimate() }
        estimate?.start = start
        let first = plan.layout.start(subject: estimation.flags.subject)
        for cell in 0..<estimation.grid.cellCount {
            estimate?.counts[cell] += Int(block.counts[first + cell])
            estimate?.flagged[cell] += block.flagged[cell]
        }
    }

    /// Tells of the window that is open, if there is one.
    func endEstimate() {
        guard let estimation = plan.estimation, let window = estimate else { return }
        if window.start != .min, window.counts.contains(where: { $0 > 0 }) {
            add(
                .estimated(
                    EstimateReport(
                        from: window.start, to: window.start + estimation.window, grid: estimation.grid,
                        counts: window.counts, flagged: window.flagged, map: estimation.map),
                    pipeline: plan.pipeline))
        }
        estimate = EstimateWindow(cellCount: estimation.grid.cellCount)
    }
}

extension EstimationPlan {
    /// Of the window that a time lies in.
    func start(of time: Int64) -> Int64 { time - ((time % window) + window) % window }
}
