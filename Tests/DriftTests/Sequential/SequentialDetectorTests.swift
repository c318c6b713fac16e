import Drift
import Testing

@Suite struct SequentialDetectorTests {
    static let bounds = [
        ExceedanceBounds(lower: 0.45, upper: 0.52), ExceedanceBounds(lower: 0.08, upper: 0.11),
        ExceedanceBounds(lower: 0.004, upper: 0.006),
    ]

    static func bets(dispersion: Double = 1, strata: Int = 1) -> SequentialBets {
        SequentialBets(
            thresholds: [100, 300, 700], strata: Array(repeating: bounds, count: strata),
            dispersion: [1, dispersion, dispersion])
    }

    /// A bucket of independent events whose shares above the thresholds are given.
    static func bucket(_ events: Int, shares: [Double], _ random: inout SeededDraws) -> BucketCounts {
        var bucket = BucketCounts(binCount: shares.count + 1)
        for _ in 0..<events {
            let draw = random.unit()
            bucket.add(bin: shares.count(where: { draw < $0 }))
        }
        return bucket
    }

    /// One event from a fresh detector: R is the factor, and its mean is the sum over the two outcomes.
    @Test func noNullWithinTheBoundsMakesAProfit() {
        for dispersion in [1.0, 3, 40] {
            let bets = Self.bets(dispersion: dispersion)
            var below = SequentialDetector(bets: bets, runLength: 1e6)
            var above = below
            var bucket = BucketCounts(binCount: 4)
            bucket.add(bin: 0)
            _ = below.close(bucket)
            bucket.removeAll()
            bucket.add(bin: 3)
            _ = above.close(bucket)
            for (index, component) in bets.components.enumerated() {
                let bound = Self.bounds[component.threshold]
                for step in 0...10 {
                    let share = bound.lower + (bound.upper - bound.lower) * Double(step) / 10
                    let mean = share * above.evidence[index] + (1 - share) * below.evidence[index]
                    #expect(mean <= 1 + 1e-12, "\(component) at \(share)")
                }
                let outside = component.direction == .up ? 2 * bound.upper : bound.lower / 2
                if dispersion == 1, component.oddsRatio < 2 {
                    #expect(outside * above.evidence[index] + (1 - outside) * below.evidence[index] > 1, "\(component)")
                }
            }
        }
    }

    @Test(arguments: UInt64(1)...4)
    func evidenceIsTheSumOverAllChangePoints(seed: UInt64) {
        var random = SeededDraws(seed: seed)
        let bets = Self.bets(dispersion: 2)
        var detector = SequentialDetector(bets: bets, runLength: 1e9)
        var sizes: [Double] = []
        var factors: [[Double]] = []
        for _ in 0..<40 {
            let bucket = Self.bucket(1 + random.below(90), shares: [0.6, 0.13, 0.008], &random)
            var alone = SequentialDetector(bets: bets, runLength: 1e9)
            _ = alone.close(bucket)
            sizes.append(Double(bucket.eventCount))
            factors.append(alone.evidence.map { $0 / Double(bucket.eventCount) })
            _ = detector.close(bucket)
        }
        for component in bets.components.indices {
            var sum = 0.0
            var place = 0.0
            var start = 0.0
            for first in sizes.indices {
                let product = (first..<sizes.count).reduce(sizes[first]) { $0 * factors[$1][component] }
                sum += product
                place += product * start
                start += sizes[first]
            }
            let evidence = detector.evidence[component]
            #expect(abs(evidence - sum) <= 1e-10 * sum, "seed \(seed) component \(component): \(evidence), not \(sum)")
            if detector.lead.component == bets.components[component] {
                let since = start - place / sum
                #expect(abs(detector.lead.eventsSinceChange - since) <= 1e-8 * start, "seed \(seed)")
            }
        }
        let mean = detector.evidence.reduce(0, +) / Double(detector.evidence.count)
        #expect(abs(detector.statistic - mean) <= 1e-12 * mean)
    }

    /// The worst null that the bounds admit, buckets of many sizes: the mean number of events up to an alarm.
    @Test func falseAlarmsComeAsSeldomAsPromised() {
        var random = SeededDraws(seed: 20_261)
        let shares = Self.bounds.map(\.upper)
        var events = 0
        var alarms = 0
        var detector = SequentialDetector(bets: Self.bets(), runLength: 500)
        while alarms < 40, events < 400_000 {
            let bucket = Self.bucket(1 + random.below(60), shares: shares, &random)
            events += bucket.eventCount
            if detector.close(bucket) {
                alarms += 1
                detector.reset()
            }
        }
        #expect(alarms > 0, "the test can see alarms")
        #expect(Double(events) >= 500 * Double(alarms), "\(alarms) alarms in \(events) events")
    }

    @Test func aChangeIsFoundAndSaidWhereAndSinceWhen() {
        var random = SeededDraws(seed: 77)
        var detector = SequentialDetector(bets: Self.bets(strata: 24), runLength: 1e6)
        for hour in 0..<200 {
            let alarming = detector.close(Self.bucket(100, shares: [0.5, 0.1, 0.005], &random), stratum: hour % 24)
            #expect(!alarming, "at event \(detector.eventCount)")
        }
        var after = 0
        while !detector.isAlarming, after < 20_000 {
            after += 100
            _ = detector.close(Self.bucket(100, shares: [0.5, 0.1, 0.03], &random), stratum: 3)
        }
        #expect(after <= 2_000, "found after \(after)")
        #expect(detector.lead.cell == 700)
        #expect(detector.lead.component.direction == .up)
        #expect(detector.lead.component.oddsRatio == 4)
        #expect(abs(detector.lead.eventsSinceChange - Double(after)) < 300, "\(detector.lead), changed \(after) ago")
        #expect(detector.evidence(atThreshold: 2) == detector.lead.evidence)
        detector.reset()
        #expect(detector == SequentialDetector(bets: Self.bets(strata: 24), runLength: 1e6))
    }

    /// A threshold above which the reference has nothing, or everything, leaves one side without a bet.
    @Test func whereThereIsNothingToBetOnNoEvidenceGathers() {
        let bets = SequentialBets(
            thresholds: [0, 1], strata: [[.init(lower: 0.9, upper: 1), .init(lower: 0, upper: 0.1)]],
            dispersion: [1, 1])
        var detector = SequentialDetector(bets: bets, runLength: 1e5)
        var bucket = BucketCounts(binCount: 3)
        bucket.add(bin: 1, events: 100)
        for _ in 0..<20_000 {
            let alarming = detector.close(bucket)
            #expect(!alarming)
        }
        for (index, component) in bets.components.enumerated()
        where (component.threshold == 0) == (component.direction == .up) {
            #expect(detector.evidence[index] <= 1)
        }
    }

    @Test func evidenceStaysFiniteAndComesBack() {
        var detector = SequentialDetector(bets: Self.bets(), runLength: 1e6)
        var bucket = BucketCounts(binCount: 4)
        bucket.add(bin: 3, events: 1 << 31)
        for _ in 0..<3 { _ = detector.close(bucket) }
        #expect(detector.statistic <= SequentialDetector.evidenceMax && detector.isAlarming)
        #expect(detector.evidence.allSatisfy { $0 >= 0 && $0 <= SequentialDetector.evidenceMax })
        bucket.removeAll()
        let still = detector.close(bucket)
        #expect(still, "an empty bucket changes nothing")
        bucket.add(bin: 0, events: 500_000)
        bucket.add(bin: 1, events: 400_000)
        bucket.add(bin: 2, events: 95_000)
        bucket.add(bin: 3, events: 5_000)
        for _ in 0..<4 { _ = detector.close(bucket) }
        #expect(!detector.isAlarming, "\(detector.statistic)")
    }
}
