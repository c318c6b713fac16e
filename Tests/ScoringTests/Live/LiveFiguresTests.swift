import Events
import Testing

@testable import Engine
@testable import Features
@testable import Scoring

/// What a console shows of a run.
@Suite struct LiveFiguresTests {
    // MARK: - Latencies

    @Test func bucketsRiseAndHoldWhatFallsIntoThem() {
        var last = -1
        for microseconds in Array(0..<5_000) + stride(from: 5_000, to: 100_000_000, by: 7_919) {
            let bucket = LatencyBuckets.bucket(Int64(microseconds))
            #expect(bucket >= last)
            last = bucket
            let error = abs(LatencyBuckets.middle(bucket) - Double(microseconds))
            #expect(error <= 0.5 + Double(microseconds + 8) * 0.0625, "\(microseconds) us: off by \(error)")
        }
        #expect(LatencyBuckets.bucket(.min) == 0 && LatencyBuckets.bucket(.max) > last)
    }

    @Test(arguments: [1, 2, 3] as [UInt64]) func percentilesAreThoseOfTheSpan(seed: UInt64) throws {
        // Knuth's linear congruential generator: any numbers will do.
        var state = seed
        func next() -> Double {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Double(state >> 11) / Double(1 << 53)
        }
        var buckets = LatencyBuckets()
        for _ in 0..<1_000 { buckets.add(microseconds: 50_000_000) }
        let before = buckets
        var values: [Double] = []
        for _ in 0..<5_000 {
            let microseconds = 1_000 / (1.000_1 - next())
            values.append(microseconds)
            buckets.add(microseconds: Int64(microseconds))
        }
        values.sort()
        let shares = [0.5, 0.95, 0.99]
        let found = try #require(buckets.percentiles(shares, since: before))
        for (share, seconds) in zip(shares, found) {
            let exact = values[Int((share * 5_000).rounded(.up)) - 1] / 1e6
            #expect(abs(seconds / exact - 1) < 0.07, "seed \(seed), \(share): \(seconds) for \(exact)")
        }
        #expect(buckets.percentiles(shares, since: buckets) == nil)
    }

    // MARK: - Scores

    @Test func scoresFallIntoTheBinsOfTheirEdges() {
        let bins = ScoreBins(lowest: -1, highest: 1, count: 4)
        #expect(bins.edges == [-1, -0.5, 0, 0.5, 1])
        let scores = [-.infinity, -7, -1, -0.6, -0.5, -0.1, 0, 0.4, 0.5, 1, 99, .infinity]
        #expect(scores.map(bins.bin) == [0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 3, 3])
    }

    // MARK: - Notices and books

    private static func books(consumed: UInt64, isClosed: Bool = false) -> StreamBooks {
        var account = LaneAccount(topic: "t", partition: 1)
        account.consumed = consumed
        account.late = 2
        return StreamBooks(
            epoch: 1,
            lanes: [StreamBooks.Lane(account: account, inFlight: 3, finishedOffset: 90, availableTime: nil)],
            isClosed: isClosed, deadLetters: DeadLetterCounts(), explanations: ExplanationCounts(),
            state: FeatureStateStatistics())
    }

    @Test func restoringEndsWithItsEndOrWithTheAssignment() {
        let figures = LiveFigures(plan: BareBatch.plan)
        #expect(figures.snapshot().restoring == nil)
        figures.didNotice(.restoring(from: .horizon, offsets: 100))
        figures.didNotice(.restored(offsets: 40, of: 100, events: 39))
        #expect(figures.snapshot().restoring?.done == 40 && figures.snapshot().restoring?.of == 100)
        figures.didNotice(.restoreFinished(nanoseconds: 1, isWhole: true))
        #expect(figures.snapshot().restoring == nil)
        figures.didNotice(.restoring(from: .wholeLog, offsets: 100))
        figures.didBalance(Self.books(consumed: 1, isClosed: true), ends: { _, _ in nil })
        #expect(figures.snapshot().restoring == nil)
        figures.willStop()
        #expect(figures.snapshot().isOver)
    }

    @Test func totalsGoOnOverAssignments() {
        let figures = LiveFigures(plan: BareBatch.plan)
        figures.didBalance(Self.books(consumed: 10), ends: { _, _ in 95 })
        let first = figures.snapshot()
        #expect(first.consumed == 10 && first.late == 2)
        #expect(first.lanes == [LiveFiguresSnapshot.Lane(topic: "t", partition: 1, lag: 5, inFlight: 3)])
        figures.didBalance(Self.books(consumed: 12, isClosed: true), ends: { _, _ in 95 })
        #expect(figures.snapshot().lanes.isEmpty)
        figures.didBalance(Self.books(consumed: 5), ends: { _, _ in nil })
        let second = figures.snapshot()
        #expect(second.consumed == 17 && second.late == 4)
        #expect(second.lanes.first?.lag == nil)
    }
}
