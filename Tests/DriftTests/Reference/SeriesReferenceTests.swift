import Testing

@testable import Drift

@Suite struct SeriesReferenceTests {
    /// Scores of a history, an event every so many milliseconds: most uniform below 0.2, some uniform from 0.5 on.
    static func history(
        events: Int, every milliseconds: Int64, seed: UInt64,
        rare: (_ event: Int, _ random: inout SeededDraws) -> Double = { _, _ in 0.01 },
        bulk: (Int64) -> Double = { _ in 0 }
    ) -> ReferenceHistory {
        var history = ReferenceHistory(grid: .scores)
        var random = SeededDraws(seed: seed)
        for event in 0..<events {
            let time = Int64(event) * milliseconds
            let isRare = random.unit() < rare(event, &random)
            history.add(isRare ? 0.5 + 0.5 * random.unit() : (0.2 + bulk(time)) * random.unit(), at: time)
        }
        return history
    }

    @Test func independentEventsMakeOneStratumAndNoDispersion() throws {
        let history = Self.history(events: 60_000, every: 6_000, seed: 11)
        let reference = try SeriesReference(history)
        #expect(reference.eventCount == 60_000)
        #expect(reference.hourCount == 100)
        #expect(reference.strata.count == 1)
        #expect(reference.dispersion.allSatisfy { $0 == 1 }, "\(reference.dispersion)")
        #expect(reference.thresholds.contains(500) && reference.thresholds.contains(900))
        #expect(reference.strata[0].boundingEvents == 54_000)
        #expect(abs(reference.quantile(0.5) - 0.1) < 0.005)
        #expect(reference.quantile(0) == 0)
        let again = try SeriesReference(history)
        #expect(again == reference)
    }

    @Test func theBoundsHoldTheTruth() throws {
        var misses = 0
        var bounds = 0
        for seed in UInt64(1)...20 {
            let reference = try SeriesReference(Self.history(events: 10_000, every: 60_000, seed: seed))
            for (threshold, cell) in reference.thresholds.enumerated() {
                let cut = (Double(cell) + 0.5) / 1_000
                let truth = 0.99 * max(0, 1 - cut / 0.2) + 0.01 * min(1, 2 - 2 * cut)
                let bound = ExceedanceBounds.clopperPearson(
                    exceedances: reference.strata[0].exceedances[threshold],
                    events: reference.strata[0].boundingEvents, error: 0.02)
                bounds += 1
                if truth < bound.lower || truth > bound.upper { misses += 1 }
            }
        }
        #expect(bounds >= 300 && Double(misses) <= 0.03 * Double(bounds), "\(misses) of \(bounds)")
    }

    @Test func aDailyCycleMakesStrataOfTheHours() throws {
        let history = Self.history(
            events: 96_000, every: 3_600, seed: 12, bulk: { ($0 / 3_600_000) % 24 < 8 ? 0 : 0.05 })
        let reference = try SeriesReference(history)
        #expect(reference.strata.count == 24)
        #expect(reference.dispersion.allSatisfy { $0 < 1.6 }, "\(reference.dispersion)")
        #expect(reference.eventCount == 96_000)
        #expect(reference.stratum(at: 3_600_000 * 25) == 1)
        #expect(reference.stratum(at: -1) == 23)
        let bets = reference.bets()
        #expect(bets.strataCount == 24)
    }

    @Test func twoDaysAreTooFewForACycle() throws {
        let history = Self.history(
            events: 48_000, every: 3_600, seed: 13, bulk: { ($0 / 3_600_000) % 24 < 8 ? 0 : 0.05 })
        let reference = try SeriesReference(history)
        #expect(reference.strata.count == 1)
        #expect((reference.dispersion.max() ?? 1) > 10, "then it is dispersion")
    }

    /// Waves in what is rare are seen at the thresholds that they reach, and cost nothing at the others.
    @Test func burstsAreDispersionWhereTheyAre() throws {
        let history = Self.history(
            events: 80_000, every: 6_000, seed: 14, rare: { event, _ in event / 300 % 5 == 0 ? 0.05 : 0.002 })
        let reference = try SeriesReference(history)
        let byCell = Dictionary(uniqueKeysWithValues: zip(reference.thresholds, reference.dispersion))
        #expect((byCell[500] ?? 1) > 2, "\(byCell)")
        let median = try #require(reference.thresholds.first { (90...110).contains($0) })
        #expect(byCell[median] == 1)
    }

    @Test func orderMattersOnlyWithinAnHour() throws {
        var random = SeededDraws(seed: 15)
        let hours = (0..<30).map { hour in (0..<700).map { _ in (random.below(1_001), Int64(hour) * 3_600_000) } }
        var forth = ReferenceHistory(grid: .scores)
        var mixed = ReferenceHistory(grid: .scores)
        for hour in hours { for (cell, time) in hour { forth.add(cell: cell, at: time) } }
        for event in 0..<700 { for hour in hours.reversed() { mixed.add(cell: hour[event].0, at: hour[event].1) } }
        let first = try SeriesReference(forth)
        let second = try SeriesReference(mixed)
        #expect(first == second)
    }

    @Test func aHistoryWithoutValuesIsRefused() {
        var history = ReferenceHistory(grid: .scores)
        history.add(nil, at: 0)
        history.add(.nan, at: .min)
        #expect(history.missingCount == 2)
        #expect(throws: ReferenceFault.self) { try SeriesReference(history) }
    }

    @Test func oneEventIsEnoughAndLeavesRoom() throws {
        for cell in [0, 500, 1_000] {
            var history = ReferenceHistory(grid: .scores)
            history.add(cell: cell, at: .max)
            let reference = try SeriesReference(history)
            var detector = SequentialDetector(bets: reference.bets(), runLength: 1e4)
            var bucket = BucketCounts(binCount: detector.bets.binCount)
            bucket.add(bin: 0, events: 50)
            let alarming = detector.close(bucket)
            #expect(!alarming)
        }
    }

    /// Hours without room are counted; an hour with many events makes larger pieces instead of more.
    @Test func memoryIsBounded() throws {
        let grid = ValueGrid(from: 0, to: 1, cells: ValueGrid.cellCountMax)
        let room = ReferenceHistory.cellsMax / grid.cellCount
        var history = ReferenceHistory(grid: grid)
        for hour in 0..<Int64(room + 5) { history.add(cell: 7, at: hour * 3_600_000) }
        #expect(history.eventCount == room)
        #expect(history.leftOutCount == 5)
        var long = ReferenceHistory(grid: grid)
        for event in 0..<Int64(room * 600) { long.add(cell: Int(event % 1_000), at: event) }
        #expect(long.leftOutCount == 0 && long.eventCount == room * 600)
        let pieces = long.ordered()
        #expect(pieces.count < room && pieces.reduce(0) { $0 + $1.events } == room * 600)
        #expect(pieces.allSatisfy { piece in piece.counts.reduce(0) { $0 + Int($1) } == piece.events })
    }
}
