import Testing

@testable import Drift
@testable import Monitoring

/// A join's bytes come from a file. That they are restored without a trace is tested beside the join itself.
@Suite struct LabelJoinStateTests {
    private static let plan = LabelJoinPlan(
        decisions: ["block", "allow"], bucket: LabelHistory.minute, within: LabelHistory.hour,
        window: LabelHistory.hour, pendingMax: 50, rowsMax: 30)

    /// A join in the middle of things: with queued buckets, ids of every kind, windows with and without single events.
    private static func join() -> LabelJoin {
        var join = LabelJoin(plan)
        var random = LabelDraws(seed: 5)
        let history = LabelHistory.seeded(5, events: 400, plan: plan)
        var scoreBucket = join.makeScoreBucket()
        var labelBucket = join.makeLabelBucket()
        for end in stride(from: -LabelHistory.hour, through: LabelHistory.hour, by: Int(plan.bucket)) {
            for row in history.scores where plan.bucketEnd(of: row.time) == end { scoreBucket.add(row) }
            join.closeScores(through: end, &scoreBucket)
            // The labels' side stays a little behind.
            if end > LabelHistory.hour - 10 * plan.bucket { continue }
            for row in history.labels where plan.bucketEnd(of: row.available) == end { labelBucket.add(row) }
            join.closeLabels(through: end, &labelBucket)
            while join.step() != nil {}
            _ = random.next()
        }
        return join
    }

    /// Goes on with whatever the join holds until all is over.
    private static func runOut(_ join: inout LabelJoin) {
        let last = plan.bucketEnd(of: max(join.scores.closedThrough, join.labels.closedThrough, 0))
        // Beyond any calendar there is no bucket to close.
        guard last < LabelJoinPlan.timeMax - 20 * LabelHistory.hour else { return }
        var scoreBucket = join.makeScoreBucket()
        var labelBucket = join.makeLabelBucket()
        for number in 0..<40 as Range<Int64> {
            scoreBucket.add(
                ScoredEvent(key: LabelKey(number), time: last, score: 0.5, decision: 0, version: 9))
            labelBucket.add(LabelEvent(key: LabelKey(number), available: last, isPositive: true))
        }
        join.closeScores(through: last + plan.bucket, &scoreBucket)
        join.closeLabels(through: last + plan.bucket, &labelBucket)
        while join.step() != nil {}
        join.closeScores(through: last + plan.bucket + 3 * LabelHistory.hour, &scoreBucket)
        join.closeLabels(through: last + plan.bucket + 3 * LabelHistory.hour, &labelBucket)
        while join.step() != nil {}
    }

    @Test func everyCutIsRefused() throws {
        let bytes = Self.join().stateBytes()
        for count in 0..<bytes.count {
            #expect(throws: StateFault.self) { try LabelJoin(restoring: Array(bytes[..<count]), Self.plan) }
        }
        let join = try LabelJoin(restoring: bytes, Self.plan)
        #expect(join.queuedRows > 0 && join.windows.contains { $0.isOnGrid } && join.windows.contains { !$0.isOnGrid })
        for role in JoinTable.Role.allCases where role != .early { #expect(join.table.count(of: role) > 0) }
        #expect(join.stateBytes() == bytes)
    }

    @Test func ofAnotherPlan() {
        let other = LabelJoinPlan(
            decisions: ["block", "pass"], bucket: LabelHistory.minute, within: LabelHistory.hour,
            window: LabelHistory.hour, pendingMax: 50, rowsMax: 30)
        #expect {
            try LabelJoin(restoring: Self.join().stateBytes(), other)
        } throws: { error in
            guard case StateFault.ofOtherSettings = error else { return false }
            return "\(error)".contains("begin without it")
        }
    }

    /// Changed and sealed again, as one would who means harm: refused, or a join that goes on without a fault.
    @Test(arguments: 1...6 as ClosedRange<UInt64>)
    func changedBytesDoNoHarm(seed: UInt64) {
        var random = LabelDraws(seed: seed)
        let bytes = Self.join().stateBytes()
        var taken = 0
        for _ in 0..<250 {
            var changed = Array(bytes.dropLast(8))
            for _ in 0...random.below(3) {
                let place = Int(random.below(Int64(changed.count)))
                switch random.below(3) {
                case 0: changed[place] = UInt8(random.below(256))
                case 1: changed[place] ^= UInt8(1 << random.below(8))
                default: changed[place] = [0, 0x7F, 0x80, 0xFF][Int(random.below(4))]
                }
            }
            let seal = StateSeal.of(changed[...])
            for shift in 0..<8 as Range<UInt64> { changed.append(UInt8(truncatingIfNeeded: seal >> (8 * shift))) }
            guard var join = try? LabelJoin(restoring: changed, Self.plan) else { continue }
            taken += 1
            Self.runOut(&join)
            #expect(join.heldIDs <= Self.plan.pendingMax, "seed \(seed)")
        }
        #expect(taken > 0 && taken < 250, "seed \(seed): \(taken) were taken")
    }
}
