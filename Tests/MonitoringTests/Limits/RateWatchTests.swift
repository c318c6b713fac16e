import Testing

@testable import Monitoring

@Suite struct RateWatchTests {
    static let minute: Int64 = 60_000_000

    /// A bucket of scores each: what is told, and when.
    static func run(_ rows: [Int], _ name: LimitName, _ events: Int64, per microseconds: Int64) -> [String] {
        var watch = RateWatch(
            name, .init(events: events, microseconds: microseconds), bucketMicroseconds: minute,
            cooldownMicroseconds: 5 * minute)
        var told: [String] = []
        for (bucket, rows) in rows.enumerated() {
            watch.pass(until: Int64(bucket)) { told.append("\($0.state) \($0.time / minute): \($0.effect)") }
            if rows > 0 { watch.add(rows, bucket: Int64(bucket)) }
        }
        watch.pass(until: Int64(rows.count)) { told.append("\($0.state) \($0.time / minute): \($0.effect)") }
        return told
    }

    @Test func fewerThanThereHaveToBeAreToldAtTheEndOfTheirSpan() {
        let told = Self.run(
            [7, 30, 25, 20, 15, 9, 1, 30, 30, 30, 30, 30, 30, 30], .rateBelow, 95, per: 5 * Self.minute)
        #expect(
            told == [
                "firing 7: 70 scores in 5m, at least 95",
                "resolved 14: 150 scores in 5m, at least 95",
            ])
    }

    @Test func moreThanThereMayBeAreToldAndEndAfterThreeMinutesAtLeast() {
        let told = Self.run([1, 5, 11, 10, 12, 3, 3, 3, 3], .rateAbove, 10, per: Self.minute)
        #expect(
            told == ["firing 3: 11 scores in 1m, at most 10", "resolved 8: 3 scores in 1m, at most 10"])
    }

    @Test func nothingIsSaidBeforeAWholeSpanNorOfTheFirstBucketThatIsCut() {
        #expect(Self.run([1, 9, 9, 9, 9], .rateBelow, 100, per: 5 * Self.minute).isEmpty)
        #expect(Self.run([1, 9, 9, 9, 9, 9], .rateBelow, 100, per: 5 * Self.minute).count == 1)
        #expect(Self.run([0, 0, 0], .rateBelow, 100, per: Self.minute).isEmpty, "no score was seen")
    }

    @Test func aSpanBelowABucketIsTakenInProportion() {
        #expect(Self.run([0, 5, 59, 60], .rateBelow, 1, per: 1_000_000).count == 1)
        #expect(Self.run([0, 5, 60, 60], .rateBelow, 1, per: 1_000_000).isEmpty)
    }

    /// The same by brute force: every bucket looked at, every sum made anew.
    static func oracle(_ rows: [Int64: Int], until end: Int64, _ watch: RateWatch, cooldown: Int64) -> [String] {
        guard let first = rows.keys.min() else { return [] }
        let (size, count) = (watch.stepBuckets, Int64(watch.recent.count))
        func step(_ bucket: Int64) -> Int64 { Int64((Double(bucket) / Double(size)).rounded(.down)) }
        var startedAt: Int64?
        var coolUntil = Int64.min
        var calm: Int64 = 0
        var told: [String] = []
        for now in step(first)..<step(end) where now - count >= step(first) {
            let sum = rows.filter { (now - count + 1...now).contains(step($0.key)) }.reduce(0) { $0 + $1.value }
            let time = (now + 1) * size * minute
            let rate = Double(sum) / Double(count * size * minute)
            let allowed = Double(watch.rate.events) / Double(watch.rate.microseconds)
            let isBeyond = watch.name == .rateBelow ? rate < allowed * (1 - 1e-12) : rate > allowed * (1 + 1e-12)
            if startedAt != nil {
                calm = isBeyond ? 0 : calm + 1
                if calm >= max(3, count) {
                    told.append("resolved \(time) \(sum)")
                    startedAt = nil
                    coolUntil = time + cooldown
                }
            } else if isBeyond, time >= coolUntil {
                told.append("firing \(time) \(sum)")
                startedAt = time
                calm = 0
            }
        }
        return told
    }

    @Test(arguments: 1...40 as ClosedRange<UInt64>)
    func isWhatLookingAtEveryBucketTells(seed: UInt64) {
        var random = RandomWords(seed)
        let name = random.below(2) == 0 ? LimitName.rateBelow : .rateAbove
        let span = [1, 2, 5, 60, 3_000][random.below(5)]
        let cooldown = Int64(random.below(30)) * Self.minute
        var watch = RateWatch(
            name, .init(events: Int64(span * 5), microseconds: Int64(span) * Self.minute),
            bucketMicroseconds: Self.minute, cooldownMicroseconds: cooldown)
        // Some time before 1970, so that numbers of buckets are negative, too.
        var bucket = Int64(-200 - random.below(200))
        var rows: [Int64: Int] = [:]
        var told: [String] = []
        func note(_ news: LimitNews) { told.append("\(news.state) \(news.time) \(news.events)") }
        var mean = 10
        for _ in 0..<150 {
            if random.below(15) == 0 { mean = 1 + random.below(16) }
            bucket += random.below(30) == 0 ? Int64(random.below(2 * span + 40)) : 1
            watch.pass(until: bucket) { note($0) }
            let count = random.below(2 * mean)
            if count == 0 { continue }
            rows[bucket] = count
            watch.add(count, bucket: bucket)
        }
        bucket += Int64(2 * span)
        watch.pass(until: bucket) { note($0) }
        #expect(told == Self.oracle(rows, until: bucket, watch, cooldown: cooldown), "seed \(seed)")
    }

    @Test func aJumpOverYearsTakesNoLongerThanOneOverASpan() {
        for name in [LimitName.rateBelow, .rateAbove] {
            var watch = RateWatch(
                name, .init(events: 5, microseconds: Self.minute), bucketMicroseconds: 1_000_000,
                cooldownMicroseconds: 7 * 86_400_000_000)
            for bucket in 0..<300 as Range<Int64> {
                watch.pass(until: bucket) { _ in }
                watch.add(1, bucket: bucket)
            }
            var told: [AlertRecordState] = []
            watch.pass(until: 200_000_000_000) { told.append($0.state) }
            #expect(told == (name == .rateBelow ? [.firing] : [.resolved]))
        }
    }
}
