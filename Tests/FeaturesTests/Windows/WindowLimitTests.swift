import Events
import Testing

@testable import Features

/// What happens where the state is full.
struct WindowLimitTests {
    static let length: Int64 = 1_000

    static func plan(late: Int64 = 0) -> HistoryPlan {
        var plan = HistoryPlan()
        plan.add(key: HistoryField.device, windows: [(delay: 0, length: length)], late: late)
        return plan
    }

    private func counts(_ run: HistoryRun, _ events: [(device: Int64, time: Int64)], batchSize: Int = 64) -> [Int] {
        run.features(events.map { HistoryEvent(time: $0.time, device: $0.device) }, batchSize: batchSize).map {
            Int($0[0])
        }
    }

    @Test func theLeastRecentlySeenKeyGoesFirst() {
        let run = HistoryRun(Self.plan(), limits: FeatureLimits(keysPerEntity: 4, shardCount: 1))
        // 1 is the first made but not the oldest seen; 3 is the last made, but its event is the oldest.
        #expect(counts(run, [(1, 10), (2, 20), (4, 15), (1, 30), (3, 5)]) == [1, 1, 1, 2, 1])
        #expect(run.engine.statistics.keys == 4)
        #expect(run.engine.statistics.keysEvicted == 0)
        // 5 needs room: 3 goes. 3 comes again: 4 goes. The others are whole.
        #expect(counts(run, [(5, 40), (1, 41), (2, 42), (4, 16), (3, 43)]) == [1, 3, 2, 2, 1])
        #expect(run.engine.statistics.keysEvicted == 2)
        #expect(run.engine.statistics.keysEmptied == 0)
        #expect(run.engine.statistics.keys == 4)
        #expect(counts(run, [(1, 44), (2, 45), (5, 46), (3, 47)]) == [4, 3, 2, 2])
    }

    @Test func emptiedKeysGoBeforeOthers() {
        let run = HistoryRun(Self.plan(late: 100), limits: FeatureLimits(keysPerEntity: 3, shardCount: 1))
        #expect(counts(run, [(1, 0), (2, 1_100), (3, 1_099)]) == [1, 1, 1])
        // At 1,100 what is as old as 0 is forgotten, so nothing has to be evicted for 4.
        #expect(counts(run, [(4, 1_100), (2, 1_101), (3, 1_101)]) == [1, 2, 2])
        #expect(run.engine.statistics.keysEmptied == 1)
        #expect(run.engine.statistics.keysEvicted == 0)
    }

    @Test func aSixteenthIsEvictedAtOnce() {
        let run = HistoryRun(Self.plan(), limits: FeatureLimits(keysPerEntity: 100, shardCount: 1))
        var events = (0..<100).map { (device: Int64($0), time: Int64($0)) }
        #expect(counts(run, events) == Array(repeating: 1, count: 100))
        #expect(run.engine.statistics.keysEvicted == 0)
        #expect(counts(run, [(1_000, 100)]) == [1])
        #expect(run.engine.statistics.keysEvicted == 6)
        #expect(run.engine.statistics.keys == 95)
        events = (0..<5).map { (device: Int64(1_001 + $0), time: 101) }
        _ = counts(run, events)
        #expect(run.engine.statistics.keysEvicted == 6)
        // 6 to 99 are whole.
        #expect(counts(run, (6..<100).map { (device: Int64($0), time: 200) }) == Array(repeating: 2, count: 94))
    }

    /// Random keys against a model that keeps a list of events a key.
    @Test(arguments: [UInt64](1...5))
    func evictionFollowsItsModel(seed: UInt64) {
        var random = HistoryRandom(seed: seed)
        var now: Int64 = 1_000_000
        let events = (0..<3_000).map { _ -> (device: Int64, time: Int64) in
            now += random.chance(2) ? 700 : Int64.random(in: 0...30, using: &random)
            return (Int64.random(in: 0..<60, using: &random), now - Int64.random(in: 0...40, using: &random))
        }
        let keysMax = 32
        var model: [Int64: [Int64]] = [:]
        var (evicted, emptied, watermark) = (0, 0, Int64.min)
        var expected: [Int] = []
        for event in events {
            watermark = max(watermark, event.time)
            if model[event.device] == nil, model.count >= keysMax {
                let horizon = Self.length + 40
                let empty = model.filter { ($0.value.max() ?? 0) <= watermark - horizon }.keys
                empty.forEach { model[$0] = nil }
                emptied += empty.count
                func age(_ device: Int64) -> (Int64, UInt64) {
                    (
                        model[device]?.max() ?? 0,
                        withUnsafeBytes(of: device) { KeyHash.fixed($0.baseAddress!, count: 8) }
                    )
                }
                for device in model.keys.sorted(by: { age($0) < age($1) }).prefix(max(0, model.count - 30)) {
                    model[device] = nil
                    evicted += 1
                }
            }
            model[event.device, default: []].append(event.time)
            expected.append(
                model[event.device, default: []].count { $0 <= event.time && $0 > event.time - Self.length })
        }
        var statistics: [FeatureStateStatistics] = []
        for batchSize in [1, 50, 3_000] {
            let run = HistoryRun(Self.plan(late: 40), limits: FeatureLimits(keysPerEntity: keysMax, shardCount: 1))
            #expect(counts(run, events, batchSize: batchSize) == expected, "seed \(seed), batches of \(batchSize)")
            statistics.append(run.engine.statistics)
        }
        #expect(evicted > 50 && emptied > 50, "seed \(seed)")
        #expect(statistics.allSatisfy { $0 == statistics[0] })
        #expect(statistics[0].keysEvicted == UInt64(evicted))
        #expect(statistics[0].keysEmptied == UInt64(emptied))
    }

    /// Many keys, each seen for a short time: the table does not grow with the keys of all time, and nothing is lost.
    @Test func emptiedKeysAreDroppedUnseen() {
        var random = HistoryRandom(seed: 17)
        let events = (0..<12_000).map { index -> HistoryEvent in
            let time = Int64(index) * 20
            let device = Int64(index / 40 * 10) + Int64.random(in: 0..<30, using: &random)
            return HistoryEvent(time: time - Int64.random(in: 0...100, using: &random), device: device)
        }
        let plan = Self.plan(late: 50)
        let run = HistoryRun(plan, limits: FeatureLimits(shardCount: 2))
        let found = differences(run.features(events), WindowOracle(plan: plan).features(events))
        #expect(found.isEmpty, "\(found.prefix(3))")
        let statistics = run.engine.statistics
        #expect(statistics.keysEmptied > 1_000)
        #expect(statistics.keysEvicted == 0)
        #expect(statistics.keys < 200, "\(statistics.keys) keys are left")
        #expect(statistics.bytes < 2_000_000)
    }

    /// A key that remembers no more than eight events, against a sorted list that does the same.
    @Test(arguments: [UInt64](1...5))
    func aFullRingForgetsTheOldest(seed: UInt64) {
        var random = HistoryRandom(seed: seed)
        var plan = HistoryPlan()
        plan.add(
            key: HistoryField.device, windows: [(delay: 0, length: 100), (delay: 20, length: 50)],
            columns: Array(HistoryPlan.allColumns[..<1]), late: 60)
        var now: Int64 = 0
        let events = (0..<600).map { _ -> HistoryEvent in
            now += Int64.random(in: 0...(random.chance(10) ? 60 : 12), using: &random)
            let time = now - (random.chance(20) ? Int64.random(in: 0...60, using: &random) : 0)
            return HistoryEvent(time: time, amount: Int64.random(in: -100...100, using: &random))
        }
        let horizon = plan.plan.horizonMicroseconds
        var remembered: [HistoryEvent] = []
        var (newest, forgotten) = (Int64.min, 0)
        var expected: [[Double]] = []
        for event in events {
            newest = max(newest, event.time)
            remembered.removeAll { $0.time <= newest - horizon }
            if remembered.count == 8 {
                remembered.removeFirst()
                forgotten += 1
            }
            let place = remembered.firstIndex { $0.time > event.time } ?? remembered.count
            remembered.insert(event, at: place)
            var row: [Double] = []
            for (delay, length) in [(Int64(0), Int64(100)), (20, 50)] {
                let visible = remembered.filter {
                    $0.time <= event.time - delay && $0.time > event.time - delay - length
                }
                let sum = Double(visible.reduce(0) { $0 + $1.amount })
                row += [Double(visible.count), sum / 100, visible.isEmpty ? .nan : sum / (Double(visible.count) * 100)]
            }
            expected.append(row)
        }
        let run = HistoryRun(plan, limits: FeatureLimits(eventsPerKey: 5))
        #expect(run.features(events).bits == expected.bits, "seed \(seed)")
        #expect(forgotten > 50)
        #expect(run.engine.statistics.eventsForgotten == UInt64(forgotten))
    }

    /// Each key has a burst and goes on slowly: what it needed once serves the next one's burst.
    @Test func aKeyThatWasBusyGivesItsMemoryBack() {
        let run = HistoryRun(Self.plan(), limits: FeatureLimits(keysPerEntity: 1_000, shardCount: 1))
        let (keys, burst, slow) = (100, 1_024, 2_400)
        var time: Int64 = 0
        for key in 0..<keys {
            var events = (0..<burst).map { _ in (device: Int64(key), time: time) }
            for _ in 0..<slow {
                time += Self.length / 5
                events.append((device: Int64(key), time: time))
            }
            let found = counts(run, events)
            #expect(found[burst - 1] == burst)
            #expect(found[burst..<burst + 4].elementsEqual(burst + 1...burst + 4))
            #expect(found[(burst + 4)...].allSatisfy { $0 == 5 })
        }
        #expect(run.engine.statistics.eventsForgotten == 0)
        // A ring of a burst is 8 KiB, and all of them are 800.
        #expect(run.engine.statistics.bytes < 400_000, "\(run.engine.statistics.bytes) bytes")
    }

    @Test func aKeyMayRememberASingleEvent() {
        let run = HistoryRun(Self.plan(late: 10), limits: FeatureLimits(eventsPerKey: 1))
        #expect(counts(run, [(1, 0), (1, 1), (1, 2), (1, 1), (2, 2), (1, 3)]) == [1, 1, 1, 1, 1, 1])
    }
}
