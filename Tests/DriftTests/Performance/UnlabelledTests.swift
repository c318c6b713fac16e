import Foundation
import Testing

@testable import Drift

/// What can be said without labels, and what cannot: simulated scores whose truth is known.
@Suite struct UnlabelledTests {
    private static let grid = ValueGrid.scores

    /// Scores from 0 to 1 and labels drawn with some probability of them.
    private static func simulate(
        _ count: Int, _ random: inout SeededDraws, positive: (Double) -> Double
    ) -> (scores: [Double], labels: [Bool]) {
        var scores: [Double] = []
        var labels: [Bool] = []
        for _ in 0..<count {
            // Most scores are small.
            let cell = grid.cell(of: random.unit() * random.unit() * random.unit()) ?? 0
            scores.append(grid.value(ofCell: cell))
            labels.append(random.unit() < positive(scores[scores.count - 1]))
        }
        return (scores, labels)
    }

    private static func counts(_ scores: [Double], above: Double = 0) -> [Int] {
        var counts = [Int](repeating: 0, count: grid.cellCount)
        for score in scores where score >= above { counts[grid.cell(of: score) ?? 0] += 1 }
        return counts
    }

    private static func recall(_ scores: [Double], _ labels: [Bool]) -> Double {
        let found = zip(scores, labels).count { $0 >= 0.5 && $1 }
        return Double(found) / Double(labels.count { $0 })
    }

    /// The traffic changes, the meaning of a score does not: expected and real recall agree.
    @Test(arguments: 1...3 as ClosedRange<UInt64>)
    func expectedPerformanceFollowsTheTraffic(seed: UInt64) throws {
        var random = SeededDraws(seed: seed)
        let reference = Self.simulate(100_000, &random) { $0 * $0 }
        let map = try #require(CalibrationMap(LabelledCounts(scores: reference.scores, labels: reference.labels)))
        var now = Self.simulate(200_000, &random) { $0 * $0 }
        // Every other event with a small score is gone.
        let kept = now.scores.indices.filter { now.scores[$0] > 0.3 || $0 % 2 == 0 }
        now = (kept.map { now.scores[$0] }, kept.map { now.labels[$0] })
        let expected = ExpectedPerformance(
            grid: Self.grid, counts: Self.counts(now.scores), flagged: Self.counts(now.scores, above: 0.5), map: map)
        // Some 9,000 positives: a standard error of 0.005.
        let real = Self.recall(now.scores, now.labels)
        #expect(abs(try #require(expected.recall) - real) < 0.03, "seed \(seed): \(expected) against \(real)")
        let area = try #require(LabelledCounts(scores: now.scores, labels: now.labels).rocAUC)
        #expect(abs(try #require(expected.rocAUC) - area) < 0.02, "seed \(seed): \(expected) against \(area)")
    }

    /// Half of the fraud learns to look like ordinary traffic. The estimate does not see it, as `blindTo` says.
    @Test func expectedPerformanceIsBlindToConceptDrift() throws {
        var random = SeededDraws(seed: 4)
        let reference = Self.simulate(100_000, &random) { $0 * $0 }
        let map = try #require(CalibrationMap(LabelledCounts(scores: reference.scores, labels: reference.labels)))
        let now = Self.simulate(100_000, &random) { score in score < 0.2 ? 0.04 : score * score / 2 }
        let expected = ExpectedPerformance(
            grid: Self.grid, counts: Self.counts(now.scores), flagged: Self.counts(now.scores, above: 0.5), map: map)
        let before = Self.recall(reference.scores, reference.labels)
        #expect(abs(try #require(expected.recall) - before) < 0.05)
        #expect(Self.recall(now.scores, now.labels) < before / 1.5)
        #expect(ExpectedPerformance.blindTo.contains("concept drift"))
    }

    /// Positives become three times as many, each scoring as before: the interval holds the new share.
    @Test(arguments: 1...5 as ClosedRange<UInt64>)
    func priorIsFound(seed: UInt64) throws {
        var random = SeededDraws(seed: seed)
        func draw(_ count: Int, prior: Double) -> (scores: [Double], labels: [Bool]) {
            var scores: [Double] = []
            var labels: [Bool] = []
            for _ in 0..<count {
                let isPositive = random.unit() < prior
                let draw = isPositive ? 1 - random.unit() * random.unit() : random.unit() * random.unit()
                scores.append(Self.grid.value(ofCell: Self.grid.cell(of: draw) ?? 0))
                labels.append(isPositive)
            }
            return (scores, labels)
        }
        let reference = draw(200_000, prior: 0.05)
        let map = try #require(CalibrationMap(LabelledCounts(scores: reference.scores, labels: reference.labels)))
        let now = draw(40_000, prior: 0.15)
        let estimate = try #require(PriorEstimate(grid: Self.grid, counts: Self.counts(now.scores), map: map))
        let real = Double(now.labels.count { $0 }) / 40_000
        // The interval takes the map as exact; give it as much again for the map's error.
        let slack = estimate.highest - estimate.lowest
        #expect(estimate.lowest - slack < real && real < estimate.highest + slack, "seed \(seed): \(estimate), \(real)")
        #expect(abs(estimate.prior - real) < 0.01, "seed \(seed): \(estimate), \(real)")
        #expect(estimate.lowest < estimate.prior && estimate.prior < estimate.highest)
    }

    @Test func priorAtTheEnds() throws {
        let map = try CalibrationMap(reading: [0, 1], probabilities: [0, 1], positives: 1, events: 2)
        var counts = [Int](repeating: 0, count: Self.grid.cellCount)
        counts[0] = 100
        let none = try #require(PriorEstimate(grid: Self.grid, counts: counts, map: map))
        // exp(-3.84 / 2) = (1 - share)^100
        #expect(none.prior == 0 && none.lowest == 0 && isNear(none.highest, 0.019024009, absolute: 1e-8))
        counts[0] = 0
        counts[1_000] = 3
        let all = try #require(PriorEstimate(grid: Self.grid, counts: counts, map: map))
        #expect(all.prior == 1 && all.highest == 1)
        counts[1_000] = 0
        #expect(PriorEstimate(grid: Self.grid, counts: counts, map: map) == nil)
    }

    /// Sums over all outcomes: the mean distance of a binomial share from its probability.
    @Test(arguments: [(1, 0.3), (5, 0.2), (40, 0.01), (40, 0.5), (200, 0.995), (3, 1.0), (3, 0.0)])
    func biasOfTheCalibrationError(events: Int, probability: Double) {
        let bin = CalibrationError.Bin(count: events, positives: 0, meanScore: probability)
        var mean = 0.0
        for successes in 0...events {
            let chance = BinomialTerm.probability(
                Double(successes), of: Double(events), p: probability, q: 1 - probability)
            mean += chance * (Double(successes) / Double(events) - probability).magnitude
        }
        #expect(isNear(CalibrationError(bins: [bin]).expectedIfCalibrated, mean, absolute: 1e-12))
    }

    @Test func scoresThatAreNoProbabilities() {
        let counts = LabelledCounts(scores: [-0.5, 2, 3] as [Double], labels: [false, true, false])
        #expect(counts.rocAUC == 0.5)
        #expect(counts.logLoss == nil && counts.brierScore == nil && counts.calibrationError() == nil)
        let none = LabelledCounts(scores: [] as [Double], labels: [])
        #expect(none.logLoss == nil && none.brierScore == nil && none.calibrationError() == nil)
    }

    @Test func mapsInFiles() throws {
        let map = try CalibrationMap(reading: [0, 0.5], probabilities: [0.1, 0.25], positives: 2, events: 9)
        let bytes = try JSONEncoder().encode(map)
        #expect(try JSONDecoder().decode(CalibrationMap.self, from: bytes) == map)
        let falling = #"{"scores":[0,1],"probabilities":[0.5,0.1],"positives":1,"events":2}"#
        #expect {
            try JSONDecoder().decode(CalibrationMap.self, from: Data(falling.utf8))
        } throws: { error in
            "\(error)".contains("that do not fall")
        }
    }

    @Test func mapsThatAreRefused() {
        let refused: [([Double], [Double], Int, Int)] = [
            ([], [], 1, 2), ([0], [0.5, 0.5], 1, 2), ([0, 0], [0.1, 0.2], 1, 2), ([0, .infinity], [0.1, 0.2], 1, 2),
            ([0, 1], [0.2, 0.1], 1, 2), ([0, 1], [0.2, 1.1], 1, 2), ([0, 1], [.nan, 1], 1, 2), ([0], [0.5], 0, 2),
            ([0], [0.5], 2, 2), ([0], [0.5], 1, .max),
        ]
        for (scores, probabilities, positives, events) in refused {
            #expect(throws: ReferenceFault.self) {
                try CalibrationMap(reading: scores, probabilities: probabilities, positives: positives, events: events)
            }
        }
        #expect(CalibrationMap(LabelledCounts(scores: [1, 2] as [Double], labels: [true, true])) == nil)
        #expect(CalibrationMap(LabelledCounts(scores: [1, .nan] as [Double], labels: [true, false])) == nil)
    }
}
