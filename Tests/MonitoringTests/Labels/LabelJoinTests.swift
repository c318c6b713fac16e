import Drift
import Testing

@testable import Monitoring

@Suite struct LabelJoinTests {
    private static func plan(pendingMax: Int = 10_000, rowsMax: Int? = nil) -> LabelJoinPlan {
        LabelJoinPlan(
            decisions: ["block", "review", "allow"], bucket: LabelHistory.minute, within: 3 * LabelHistory.hour,
            window: LabelHistory.hour, pendingMax: pendingMax, rowsMax: rowsMax, cardsChecked: 3)
    }

    /// With room for everything the join is what its definition says: each id's first score and first label.
    @Test(arguments: 1...6 as ClosedRange<UInt64>)
    func asByDefinition(seed: UInt64) throws {
        let history = LabelHistory.seeded(seed, events: 1_200, plan: Self.plan())
        let run = try history.run(seed: seed)
        let naive = NaiveJoin(history)
        #expect(run.steps.flatMap(\.finished).count == naive.windows.count, "seed \(seed)")
        for (found, expected) in zip(run.steps.flatMap(\.finished), naive.windows) {
            #expect(found == expected, "seed \(seed)")
        }
        var byBucket: [Int64: [String]] = [:]
        for step in run.steps where !step.joined.isEmpty { byBucket[step.end] = step.joined.sorted() }
        #expect(byBucket == naive.joined.mapValues { $0.sorted() }, "seed \(seed)")
        #expect(run.join.counts == naive.counts, "seed \(seed)")
        #expect(run.join.waitingScores == 0 && run.join.share == 1)
    }

    /// Whichever side is ahead, in whatever order rows come, wherever it stops and goes on: the same steps, bit for bit,
    /// in a tenth of the room that everything would take.
    @Test(arguments: 1...4 as ClosedRange<UInt64>, [40, 150, 10_000])
    func onlyContentsDecide(seed: UInt64, pendingMax: Int) throws {
        let plan = Self.plan(pendingMax: pendingMax, rowsMax: 60)
        let history = LabelHistory.seeded(seed, events: 600, plan: plan)
        let run = try history.run(seed: 1)
        #expect(run.steps.flatMap(\.finished).count >= 10)
        for other in [2, 3] as [UInt64] {
            let again = try history.run(seed: other, restarts: other == 3 ? 9 : 0)
            #expect(again.steps == run.steps, "seed \(seed), run \(other)")
            #expect(again.join.counts == run.join.counts, "seed \(seed), run \(other)")
            #expect(again.join.stateBytes() == run.join.stateBytes(), "seed \(seed), run \(other)")
        }
        #expect(run.heldMost <= pendingMax)
        let counts = run.join.counts
        #expect(
            counts.scores == counts.scoresNotSampled + counts.duplicateScores + counts.joined + counts.unlabelled,
            "seed \(seed): \(counts)")
        #expect(
            counts.labels == counts.labelsNotSampled + counts.duplicateLabels + counts.lateLabels
                + counts.unknownLabels + counts.joined, "seed \(seed): \(counts)")
    }

    /// When room is short every window is a plain sample: exactly the ids of its level, each with its fate.
    @Test(arguments: 1...6 as ClosedRange<UInt64>)
    func windowsAreSamplesByID(seed: UInt64) throws {
        let history = LabelHistory.seeded(seed, events: 1_500, plan: Self.plan(pendingMax: 100), onlyOrdinary: true)
        let run = try history.run(seed: seed)
        let windows = run.steps.flatMap(\.finished)
        #expect(windows.contains { $0.share < 1 }, "seed \(seed): nothing was left out")
        for window in windows where !window.isThinned {
            let sampled = history.scores.filter {
                (window.from..<window.to).contains($0.time)
                    && LabelKey.share(ofLevel: $0.key.sampleBits.leadingZeroBitCount) <= window.share
            }
            let ids = Set(sampled.map(\.key))
            let labels = history.labels.filter { ids.contains($0.key) }
            #expect(window.total.sampled == sampled.count, "seed \(seed)")
            #expect(window.total.labelled == labels.count, "seed \(seed)")
            #expect(window.total.positives == labels.count { $0.isPositive }, "seed \(seed)")
            #expect(window.total.basis == .singleScores)
            #expect(window.share == 1 || window.total.cardPrecision == nil)
        }
        #expect(
            windows.reduce(0) { $0 + $1.total.events } == history.scores.count, "seed \(seed): every event is counted")
    }

    /// A burst halves the sample; with the windows that come after it, it grows again.
    @Test func theSampleGrowsAgain() throws {
        var history = LabelHistory(plan: Self.plan(pendingMax: 64))
        for number in 0..<1_000 as Range<Int64> {
            history.scores.append(ScoredEvent(key: LabelKey(number), time: number, score: 0.5, decision: 1, version: 0))
        }
        for number in 1_000..<1_100 as Range<Int64> {
            history.scores.append(
                ScoredEvent(
                    key: LabelKey(number), time: (number - 999) * LabelHistory.hour / 2, score: 0.5, decision: 1,
                    version: 0)
            )
        }
        let windows = try history.run(seed: 1).steps.flatMap(\.finished)
        #expect(windows.first?.share == 1 / 16.0 || windows.first?.share == 1 / 32.0)
        #expect(windows.last?.share == 1)
        #expect(zip(windows, windows.dropFirst()).allSatisfy { $0.share <= $1.share })
        #expect(windows.first?.total.events == 1_001)
    }

    /// Beyond the room for single events the window with the most goes on with counts: decisions are exact as before,
    /// scores of three digits, too.
    @Test(arguments: 1...3 as ClosedRange<UInt64>)
    func largeWindowsAreCounts(seed: UInt64) throws {
        let exact = try LabelHistory.seeded(seed, events: 900, plan: Self.plan()).run(seed: 1)
        let counted = try LabelHistory.seeded(seed, events: 900, plan: Self.plan(rowsMax: 50)).run(seed: 1)
        let (one, two) = (exact.steps.flatMap(\.finished), counted.steps.flatMap(\.finished))
        #expect(one.count == two.count)
        #expect(two.contains { $0.total.basis == .gridCounts } && one.allSatisfy { $0.total.basis == .singleScores })
        for (left, right) in zip(one, two) where right.total.basis == .gridCounts {
            #expect(!right.isThinned && right.share == 1 && right.total.cardPrecision == nil)
            #expect(left.versions.map(\.version) == right.versions.map(\.version))
            for (a, b) in zip(
                [left.total] + left.versions.map(\.measures), [right.total] + right.versions.map(\.measures))
            {
                #expect(a.decisions == b.decisions && a.flagged == b.flagged, "seed \(seed)")
                #expect(a.events == b.events && a.sampled == b.sampled && a.unscored == b.unscored, "seed \(seed)")
                #expect(a.rocAUC == b.rocAUC && a.averagePrecision == b.averagePrecision, "seed \(seed)")
                #expect(a.calibrationError?.bins.map(\.positives) == b.calibrationError?.bins.map(\.positives))
            }
        }
    }

    /// Scores that are no probabilities cannot be counted on the grid: single ones are still ranked.
    @Test(arguments: [1_000, 5])
    func scoresThatAreNoProbabilities(rowsMax: Int) throws {
        var history = LabelHistory(plan: Self.plan(rowsMax: rowsMax))
        for number in 0..<20 as Range<Int64> {
            let score = Double(number) - 3
            let key = LabelKey(number)
            history.scores.append(ScoredEvent(key: key, time: number, score: score, decision: 2, version: 0))
            history.labels.append(LabelEvent(key: key, available: number, isPositive: number >= 10))
        }
        let measures = try #require(try history.run(seed: 1).steps.flatMap(\.finished).first).total
        #expect(measures.labelled == 20 && measures.positives == 10 && measures.unscored == 0)
        #expect(measures.rocAUC == (rowsMax == 5 ? nil : 1))
        #expect(measures.logLoss == nil && measures.brierScore == nil && measures.calibrationError == nil)
    }

    /// A label counts to the microsecond: with the event's time plus `within` it is in time, one later it is late.
    ///
    ///     score at 10     label at 10 + within      joined
    ///     score at 20     label at 21 + within      late
    @Test func withinIsInclusive() throws {
        var history = LabelHistory(plan: Self.plan())
        for (id, time) in [(1, 10), (2, 20)] as [(Int64, Int64)] {
            history.scores.append(ScoredEvent(key: LabelKey(id), time: time, score: 0.95, decision: 0, version: 3))
        }
        history.labels.append(LabelEvent(key: LabelKey(1), available: 10 + history.plan.within, isPositive: true))
        history.labels.append(LabelEvent(key: LabelKey(2), available: 21 + history.plan.within, isPositive: true))
        let run = try history.run(seed: 1)
        #expect(run.join.counts.joined == 1 && run.join.counts.lateLabels == 1 && run.join.counts.unlabelled == 1)
        let window = try #require(run.steps.flatMap(\.finished).first)
        #expect(window.from == 0 && window.to == LabelHistory.hour)
        #expect(window.versions.map(\.version) == [3])
        #expect(window.total.decisions[0].precision == 1 && window.total.coverage == 0.5)
    }

    /// Decisions and versions that the plan has no place for are counted together.
    @Test func unknownDecisionsAndManyVersions() throws {
        var history = LabelHistory(plan: Self.plan())
        for number in 0..<200 as Range<Int64> {
            let key = LabelKey(number)
            history.scores.append(
                ScoredEvent(key: key, time: number, score: 0.5, decision: .max, version: UInt16(number * 300)))
            history.labels.append(LabelEvent(key: key, available: number, isPositive: true))
        }
        let window = try #require(try history.run(seed: 1).steps.flatMap(\.finished).first)
        #expect(window.versions.map(\.version) == [0, PerformanceTally.otherVersions])
        #expect(window.versions.map(\.measures.labelled) == [1, 199])
        #expect(window.total.decisions.map(\.labelled) == [0, 0, 0, 200])
        #expect(window.total.flagged.recall == 0)
    }
}
