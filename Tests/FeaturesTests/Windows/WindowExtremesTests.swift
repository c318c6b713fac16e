import Events
import Testing

@testable import Features

/// The ends of every range: nothing overflows, and what is exact stays exact.
struct WindowExtremesTests {
    @Test func integersOfAnySizeAreSummedExactly() {
        var plan = HistoryPlan()
        plan.add(
            key: HistoryField.device, windows: [(delay: 0, length: 10), (delay: 1, length: 3)],
            columns: Array(HistoryPlan.allColumns[..<2]), late: 3)
        let extremes = [
            Int64.max, Int64.min, Int64.max, Int64.max, 0, -1, Int64.min, Int64.min, 1, Int64.min, Int64.max,
        ]
        var random = HistoryRandom(seed: 3)
        let events = (0..<2_000).map { index -> HistoryEvent in
            let value = extremes[Int.random(in: extremes.indices, using: &random)]
            let back = random.chance(20) ? Int64.random(in: 0...5, using: &random) : 0
            return HistoryEvent(
                time: Int64(index / 3) - back, amount: value,
                quantity: random.chance(20) ? nil : extremes[Int.random(in: extremes.indices, using: &random)])
        }
        let features = HistoryRun(plan).features(events)
        let expected = WindowOracle(plan: plan).features(events)
        for (row, (values, wanted)) in zip(features, expected).enumerated() {
            for (feature, (value, want)) in zip(values, wanted).enumerated() {
                // Beyond 64 bits a sum is rounded twice.
                guard case .exact(let exact?) = want, exact.magnitude > 0x1p56 else {
                    #expect(want.matches(value), "event \(row), feature \(feature): \(value), not \(want)")
                    continue
                }
                #expect((value - exact).magnitude <= 0x1p-51 * exact.magnitude, "event \(row), feature \(feature)")
            }
        }
    }

    /// The least integer is a value like any other, also where values may be missing.
    @Test func theLeastIntegerIsNotMissing() {
        var plan = HistoryPlan()
        plan.add(key: HistoryField.device, windows: [(delay: 0, length: 10)], columns: [HistoryPlan.allColumns[1]])
        let events = [Int64.min, nil, 0].map { HistoryEvent(time: 1, quantity: $0) }
        let features = HistoryRun(plan).features(events)
        #expect(features.map { $0[1] } == [-0x1p63, -0x1p63, -0x1p63])
        #expect(features.map { $0[2] } == [-0x1p63, -0x1p63, -0x1p62])
    }

    @Test func yearsOneAndNineThousandMeet() {
        let day: Int64 = 86_400_000_000
        let first = EventTime.minimum.microseconds
        let last = EventTime.maximum.microseconds
        for late in [0, 10 * day, WindowPlan.spanMicrosecondsMax] {
            var plan = HistoryPlan()
            plan.add(
                key: HistoryField.device,
                windows: [
                    (delay: 0, length: 400 * day), (delay: 400 * day, length: 400 * day),
                    (delay: WindowPlan.spanMicrosecondsMax, length: WindowPlan.spanMicrosecondsMax),
                    (delay: 0, length: WindowPlan.spanMicrosecondsMax),
                ], columns: HistoryPlan.allColumns, late: late)
            let times = [
                first, first, first + 400 * day, 0, last - 400 * day, last, first, last, 0, last, first + 1, last - 1,
            ]
            let events = times.enumerated().map { index, time in
                HistoryEvent(time: time, amount: Int64(index), ratio: Double(index))
            }
            for batchSize in [1, 12] {
                let found = differences(
                    HistoryRun(plan).features(events, batchSize: batchSize), WindowOracle(plan: plan).features(events))
                #expect(found.isEmpty, "late by \(late): \(found.prefix(3))")
            }
        }
    }

    @Test func keysOfEveryLengthAreToldApart() {
        var keys: [[UInt8]] = []
        for length in Array(0...40) + [63, 64, 65, 255, 4_095, 4_096] {
            let key = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 7) }
            keys.append(key)
            // Each byte decides.
            for place in Set([0, 1, 2, 3, 4, 7, 8, 9, length / 2, length - 9, length - 8, length - 2, length - 1]) {
                guard key.indices.contains(place) else { continue }
                var other = key
                other[place] ^= 0x80
                keys.append(other)
            }
        }
        #expect(Set(keys).count == keys.count)
        var plan = HistoryPlan()
        plan.add(key: HistoryField.customer, windows: [(delay: 0, length: 1_000_000)])
        var events = keys.map { HistoryEvent(time: 1, customer: $0) }
        events += events.reversed()
        let run = HistoryRun(plan, limits: FeatureLimits(shardCount: 2))
        let counts = run.features(events).map { $0[0] }
        #expect(counts == Array(repeating: 1, count: keys.count) + Array(repeating: 2, count: keys.count))
        #expect(run.engine.statistics.keys == keys.count)
    }

    /// Long keys are given back and used again when keys are dropped.
    @Test func longKeysComeAndGo() {
        var plan = HistoryPlan()
        plan.add(key: HistoryField.customer, windows: [(delay: 0, length: 50)])
        let run = HistoryRun(plan, limits: FeatureLimits(keysPerEntity: 20, shardCount: 1))
        let events = (0..<4_000).map { index in
            HistoryEvent(
                time: Int64(index), customer: Array(repeating: UInt8(index / 3 % 251), count: 17 + index % 3000 / 3))
        }
        let features = run.features(events)
        #expect(features.map { Int($0[0]) } == events.indices.map { $0 % 3 + 1 })
        #expect(run.engine.statistics.bytes < 1_000_000)
    }

    @Test func integerKeysOfAnySize() {
        var plan = HistoryPlan()
        plan.add(key: HistoryField.device, windows: [(delay: 0, length: 50)])
        let keys = [Int64.min, Int64.min + 1, -1, 0, 1, 255, 256, 1 << 32, Int64.max - 1, Int64.max]
        let features = HistoryRun(plan).features((keys + keys).map { HistoryEvent(time: 1, device: $0) })
        #expect(features.map { Int($0[0]) } == Array(repeating: 1, count: 10) + Array(repeating: 2, count: 10))
    }

    @Test func aMissingKeyHasEmptyWindowsAndNoState() {
        var plan = HistoryPlan()
        plan.add(key: HistoryField.customer, windows: [(delay: 0, length: 50)], columns: HistoryPlan.allColumns)
        plan.add(
            key: HistoryField.device, windows: [(delay: 0, length: 50)], columns: [HistoryPlan.allColumns[0]],
            meanDefault: 7)
        let run = HistoryRun(plan)
        let events = (0..<3).map { _ in
            HistoryEvent(time: 1, customer: nil, device: nil, amount: 5, quantity: 1, ratio: 1)
        }
        let nan = Double.nan
        let empty = [0, 0, nan, 0, nan, 0, nan, 0, nan, 0, 0, 7]
        #expect(run.features(events).bits == Array(repeating: empty, count: 3).bits)
        #expect(run.engine.statistics.keys == 0)
    }

    @Test func rowsThatDoNotEnterLeaveNoTrace() {
        var plan = HistoryPlan()
        plan.add(key: HistoryField.customer, windows: [(delay: 0, length: 50)], columns: HistoryPlan.allColumns)
        let events = (0..<60).map { index -> HistoryEvent in
            var event = HistoryEvent(time: Int64(index), amount: 3, ratio: 0.5)
            event.disposition = [.score, .fault, .lateDropped, .muted, .fault][index % 5]
            // Dropped as late, a time in the far future would move the watermark.
            if event.disposition == .lateDropped { event.time = EventTime.maximum.microseconds }
            return event
        }
        let entered = events.filter { $0.disposition.entersState }
        for batchSize in [1, 3, 60] {
            let features = HistoryRun(plan).features(events, batchSize: batchSize).filter { !$0.isEmpty }
            #expect(features.bits == HistoryRun(plan).features(entered).bits)
        }
    }
}
