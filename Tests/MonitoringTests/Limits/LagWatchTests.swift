import Testing

@testable import Monitoring

@Suite struct LagWatchTests {
    @Test(arguments: [1, 2, 3] as [UInt64])
    func quantilesAreThoseOfTheSortedLagsWithinAQuarter(seed: UInt64) {
        var random = RandomWords(seed)
        var lags: [Int64] = []
        var counts = LagCounts()
        for _ in 0..<500 {
            let lag = Int64(bitPattern: random.next() >> UInt64(random.below(63))) - Int64(random.below(100))
            lags.append(lag)
            counts.add(lag, limit: 1_000)
        }
        lags.sort()
        #expect(counts.rows == 500 && counts.beyond == lags.filter { $0 > 1_000 }.count, "seed \(seed)")
        for share in [0.1, 0.5, 0.9, 0.99, 1] {
            let exact = Double(lags[Int((share * 500).rounded(.up)) - 1])
            let found = counts.quantile(share)
            if exact > 0 {
                #expect(found >= exact && found <= exact * 1.25 + 1, "seed \(seed): \(share): \(exact) \(found)")
            } else {
                #expect(found == 0, "seed \(seed)")
            }
        }
    }

    @Test func everyLagHasACell() {
        for lag in [Int64.min, -1, 0, 1, 2, 3, 4, 5, 7, 8, 9, 1 << 40, .max - 1, .max] {
            let cell = LagCounts.cell(of: lag)
            #expect((0..<LagCounts.cellCount).contains(cell))
            #expect(lag <= 0 || LagCounts.end(ofCell: cell) >= Double(lag), "\(lag)")
            #expect(lag <= 0 || LagCounts.end(ofCell: cell - 1) <= Double(lag), "\(lag)")
        }
    }

    /// Minutes with so many scores in time and so many that are not.
    static func run(_ minutes: [(Int, Int)]) -> [String] {
        var watch = LagWatch(limitMicroseconds: 30_000_000, cooldownMicroseconds: 0)
        var told: [String] = []
        for (minute, (inTime, late)) in minutes.enumerated() {
            var counts = LagCounts()
            for _ in 0..<inTime { counts.add(2_000_000, limit: 30_000_000) }
            for _ in 0..<late { counts.add(95_000_000, limit: 30_000_000) }
            let start = Int64(minute) * 60_000_000
            guard let news = watch.take(counts, start: start, end: start + 60_000_000) else { continue }
            told.append(
                "\(news.state) \(news.time / 60_000_000) since \(news.changedAt / 60_000_000), \(news.events) scores")
            #expect(news.limit == 30 && news.unit == "s")
            if news.state == .firing { #expect(news.value >= 95 && news.value < 120, "\(news.value)") }
            if news.state == .resolved { #expect(news.value <= 30, "\(news.value)") }
        }
        return told
    }

    @Test func threeBadMinutesInARowAreToldAndThreeGoodOnesEndIt() {
        let good = (100, 0)
        let bad = (80, 20)
        let between = (93, 7)
        #expect(Self.run([good, bad, bad, good, bad, bad, between, bad, bad]).isEmpty)
        #expect(
            Self.run([good, bad, bad, bad, good, good, between, good, good, good, good])
                == ["firing 4 since 1, 300 scores", "resolved 10 since 9, 100 scores"])
    }

    @Test func fewScoresAreTakenTogether() {
        let told = Self.run(Array(repeating: (0, 1), count: 60))
        #expect(told == ["firing 60 since 0, 60 scores"])
        #expect(Self.run(Array(repeating: (9, 1), count: 60)).isEmpty, "one in ten may be late")
    }
}
