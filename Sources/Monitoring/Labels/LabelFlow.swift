import Events

/// The labels' side of a monitor: lanes of labels in buckets of the time since when they are known, and their join with
/// scores.
///
/// A function of what the lanes hold and of the closings, like the scores' side: neither side waits for the other to be
/// decided, and what is decided does not depend on which is ahead.
final class LabelFlow {
    let plan: LabelPlan
    var lanes: LaneClocks
    var join: LabelJoin
    /// By their ends.
    private(set) var open: [Int64: LabelBucket] = [:]
    /// Records that are no labels.
    var faultyRows = 0

    init(_ plan: LabelPlan, laneCount: Int, late: Int64) {
        self.plan = plan
        lanes = LaneClocks(count: laneCount, late: late)
        join = LabelJoin(plan.join)
    }

    /// Takes rows of one lane, in their order.
    ///
    /// A label that says it was known before the lane's watermark is taken as known from there on: none is lost.
    ///
    /// - Parameter position: behind the last of them.
    func add(_ batch: EventBatch, lane: Int, position: Int64) {
        for row in 0..<batch.count {
            lanes.pass(lane: lane, at: batch.offsets[row])
            guard batch.faults[row].code == .none, let key = batch.labelKey(plan.columns.id, row: row),
                let isPositive = plan.columns.answer(row, of: batch)
            else {
                faultyRows += 1
                continue
            }
            let time = max(batch.orderTimes[row], lanes.watermark(lane: lane))
            lanes[lane].highest = max(lanes[lane].highest, batch.orderTimes[row])
            open[plan.join.bucketEnd(of: time), default: join.makeLabelBucket()].add(
                LabelEvent(key: key, available: time, isPositive: isPositive))
        }
        lanes[lane].position = position
        lanes.pass(lane: lane, at: position)
    }

    // MARK: - Closing

    func closeScores(through end: Int64, _ bucket: inout ScoreBucket) { join.closeScores(through: end, &bucket) }

    /// No score before `watermark` will come.
    func passScores(_ watermark: Int64) {
        guard let end = end(before: watermark), end > join.scores.closedThrough else { return }
        var none = join.makeScoreBucket()
        join.closeScores(through: end, &none)
    }

    /// Closes what all lanes of labels are past.
    func closeLabels() { closeLabels(before: lanes.watermark) }

    private func closeLabels(before watermark: Int64) {
        for end in open.keys.sorted() where end <= watermark {
            guard var bucket = open.removeValue(forKey: end) else { continue }
            join.closeLabels(through: end, &bucket)
        }
        guard let end = end(before: watermark), end > join.labels.closedThrough else { return }
        var none = join.makeLabelBucket()
        join.closeLabels(through: end, &none)
    }

    /// Nothing comes any more, on neither side.
    func finish() {
        passScores(.max)
        closeLabels(before: .max)
    }

    /// The end of the last bucket that lies before a watermark; `nil`: there is none.
    private func end(before watermark: Int64) -> Int64? {
        if watermark == .min { return nil }
        let last = plan.join.bucketEnd(of: LabelJoinPlan.timeMax) - plan.join.bucket
        let end = plan.join.bucketEnd(of: watermark) - plan.join.bucket
        return watermark >= LabelJoinPlan.timeMax ? last : end
    }

    // MARK: - Bounds

    /// While it is full, the side that is ahead has to wait.
    var isFull: Bool { open.values.reduce(join.queuedRows) { $0 + $1.rowCount } > plan.join.pendingMax }
    var areScoresAhead: Bool { join.scores.closedThrough > join.labels.closedThrough }
    var openBucketCount: Int { open.count }

    /// Sets what a state held.
    func restore(open: [Int64: LabelBucket], faultyRows: Int) {
        self.open = open
        self.faultyRows = faultyRows
    }
}
