import CAllocationCounter
import Monitoring
import Testing

/// Joining scores with labels. In the suite of the other tests that count, since there is one counter.
extension WarmPathTests {
    /// Scores of a minute with labels of the minute before. Closing is left out: sorting takes room by bucket, and without
    /// optimisation by comparison.
    @Test func aWarmLabelJoinAllocatesByBucketOnly() {
        let minute: Int64 = 60_000_000
        let plan = LabelJoinPlan(
            decisions: ["block", "allow"], bucket: minute, within: 10 * minute, window: 10 * minute, pendingMax: 20_000)
        var join = LabelJoin(plan)
        var scores = join.makeScoreBucket()
        var labels = join.makeLabelBucket()
        let rows = 1_000
        var joined = 0
        var allocations: UInt64 = 0
        func go(_ bucket: Int) {
            allocation_counter_start()
            for row in 0..<rows {
                let number = Int64(bucket * rows + row)
                let time = Int64(bucket) * minute + Int64(row)
                let score = Double(row) / Double(rows)
                scores.add(
                    ScoredEvent(
                        key: LabelKey(number), time: time, score: score, decision: row > 900 ? 0 : 1, version: 0))
                // One in ten gets no label.
                if row % 10 == 0 { continue }
                labels.add(LabelEvent(key: LabelKey(number - Int64(rows)), available: time, isPositive: row % 7 == 0))
            }
            allocations += allocation_counter_stop()
            join.closeScores(through: Int64(bucket + 1) * minute, &scores)
            join.closeLabels(through: Int64(bucket + 1) * minute, &labels)
            allocation_counter_start()
            while join.step() != nil { joined += join.joined.count }
            allocations += allocation_counter_stop()
        }
        allocation_counter_watch_thread(true)
        defer { allocation_counter_watch_thread(false) }
        for bucket in 0..<41 { go(bucket) }
        allocations = 0
        // A window of ten buckets that is still open: what is measured at its end is not counted.
        for bucket in 41..<49 { go(bucket) }
        #expect(allocations < 8 * 10, "8 buckets of \(rows) scores and labels")
        #expect(joined > 40 * rows)
    }
}
