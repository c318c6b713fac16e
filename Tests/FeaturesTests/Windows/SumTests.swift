import Events
import Testing

@testable import Features

struct SumTests {
    // MARK: - Integers

    @Test func integerSumsCarryAndBorrow() {
        var random = HistoryRandom(seed: 1)
        let corners = [0, 1, -1, Int64.max, Int64.min, Int64.max - 1, Int64.min + 1, 1 << 32, -(1 << 32)]
        var sum = IntegerSum.zero
        var exact = Int128(0)
        for step in 0..<20_000 {
            let value = random.chance(50) ? corners[step % corners.count] : Int64(bitPattern: random.next())
            if random.chance(50) {
                sum.add(value)
                exact += Int128(value)
            } else {
                sum.remove(value)
                exact -= Int128(value)
            }
            #expect(Int128(sum.high) << 64 | Int128(sum.low) == exact)
            let rounded = Double(exact)
            if Int64(exactly: exact) != nil {
                #expect(sum.value == rounded)
            } else {
                #expect((sum.value - rounded).magnitude <= rounded.magnitude * 0x1p-52)
            }
        }
    }

    @Test func integerSumsAtTheEdgesOf64Bits() {
        var sum = IntegerSum.zero
        sum.add(Int64.max)
        #expect(sum.value == 0x1p63)
        sum.add(1)
        #expect(sum.value == 0x1p63)
        sum.add(Int64.min)
        #expect(sum.value == 0)
        sum.remove(1)
        #expect(sum.value == -1)
        sum.remove(Int64.max)
        #expect(sum.value == -0x1p63)
        sum.remove(1)
        #expect(sum.value == -0x1p63)
        sum.remove(Int64.min)
        #expect(sum.value == -1)
    }

    @Test func optionalSumsCountWhatIsThere() {
        var sum = OptionalIntegerSum.zero
        sum.add(5, presence: 1)
        sum.add(0, presence: 0)
        sum.add(Int64.min, presence: 1)
        #expect(sum.presentCount == 2)
        sum.remove(5, presence: 1)
        sum.remove(0, presence: 0)
        #expect(sum.presentCount == 1)
        #expect(sum.sum.value == -0x1p63)
    }

    // MARK: - Doubles

    /// A window of the newest `length` values, summed as the kernel does it.
    struct SlidingSum {
        let length: Int
        var values: [Double] = []
        var first = 0
        var total = DoubleSum.zero
        var refreshed = 0

        var window: ArraySlice<Double> { values[first...] }

        mutating func add(_ value: Double) {
            while values.count - first >= length {
                total.remove(values[first])
                first += 1
            }
            if total.presentCount == 0 { total = .zero }
            if total.sum.needsRefresh {
                total = .zero
                for value in window { total.add(value) }
                refreshed += window.count
            }
            total.add(value)
            values.append(value)
        }

        /// The error of the sum in units of the magnitudes' sum.
        var relativeError: Double {
            let magnitudes = window.reduce(0) { $0 + $1.magnitude }
            return magnitudes == 0
                ? total.sum.value.magnitude : (total.sum.value - ExactSum.of(window)).magnitude / magnitudes
        }
    }

    @Test(arguments: ["amounts", "spikes", "signs", "exponents", "cancelling spikes"], [1, 50, 1_000])
    func manyStepsStayExact(kind: String, length: Int) {
        var random = HistoryRandom(seed: UInt64(length))
        var sliding = SlidingSum(length: length)
        sliding.values.reserveCapacity(200_000)
        var worst = 0.0
        for step in 0..<200_000 {
            var value = Double(random.next() >> 11) * 0x1p-50 + 0.01
            switch kind {
            case "spikes": if step % 2_500 == 7 { value *= 1e16 }
            case "signs": if step % 3 == 0 { value = -value }
            case "exponents": value = Double(sign: .plus, exponent: Int(random.next() % 400) - 200, significand: value)
            case "cancelling spikes": if step % 700 < 2 { value = step % 700 == 0 ? 1e18 + value : -1e18 }
            default: break
            }
            sliding.add(value)
            if step % 499 == 0 || step % 2_500 == 7 + length { worst = max(worst, sliding.relativeError) }
        }
        #expect(worst <= 1e-12, "\(kind) in a window of \(length)")
        #expect(sliding.refreshed <= 100 * 200_000, "\(sliding.refreshed) values were summed anew")
    }

    /// A million inserts and as many evictions, without a refresh.
    @Test func aLongSteadySumStaysExact() {
        var random = HistoryRandom(seed: 5)
        var total = DoubleSum.zero
        var ring = Array(repeating: 0.0, count: 64)
        for step in 0..<1_000_000 {
            let value = Double(random.next() >> 11) * 0x1p-43
            if step >= 64 { total.remove(ring[step & 63]) }
            ring[step & 63] = value
            total.add(value)
        }
        #expect(!total.sum.needsRefresh)
        let exact = ExactSum.of(ring)
        #expect((total.sum.value - exact).magnitude <= 1e-15 * exact)
    }

    /// Values that cancel exactly are no reason to sum anew again and again.
    @Test func alternatingValuesCostNothing() {
        var sliding = SlidingSum(length: 2_000)
        for step in 0..<50_000 { sliding.add(step % 2 == 0 ? 1.0 : -1.0) }
        #expect(sliding.refreshed == 0)
        #expect(sliding.total.sum.value == 0)
    }

    @Test func hugeSumsComeBackFromInfinity() {
        var sliding = SlidingSum(length: 4)
        for _ in 0..<10 { sliding.add(.greatestFiniteMagnitude) }
        #expect(sliding.total.sum.value == .infinity)
        for _ in 0..<3 { sliding.add(1) }
        #expect(sliding.total.sum.value == .greatestFiniteMagnitude)
        sliding.add(1)
        #expect(sliding.total.sum.value == 4)
    }

    @Test func missingDoublesCountForNothing() {
        var sliding = SlidingSum(length: 3)
        for value in [0.1, .nan, 0.2] { sliding.add(value) }
        #expect(sliding.total.presentCount == 2)
        for _ in 0..<3 { sliding.add(.nan) }
        sliding.add(.nan)
        #expect(sliding.total.presentCount == 0)
        #expect(sliding.total.sum.value == 0)
    }

    /// Through the engine: spikes leave the windows of a key, early, late and with values missing between.
    @Test(arguments: [UInt64](1...3))
    func spikesLeaveWindows(seed: UInt64) {
        var random = HistoryRandom(seed: seed)
        var plan = HistoryPlan()
        plan.add(
            key: HistoryField.device, windows: [(delay: 0, length: 20), (delay: 5, length: 60), (delay: 0, length: 1)],
            columns: [HistoryPlan.allColumns[3]], late: 10)
        let events = (0..<1_500).map { index -> HistoryEvent in
            var event = HistoryEvent(time: Int64(index / 2), device: Int64(index % 2))
            if random.chance(15) { event.time -= Int64.random(in: 0...12, using: &random) }
            event.ratio = random.chance(30) ? nil : Double.random(in: 0.1...1, using: &random)
            if random.chance(2) { event.ratio = Double.random(in: 1e15...1e17, using: &random) }
            return event
        }
        let found = differences(HistoryRun(plan).features(events), WindowOracle(plan: plan).features(events))
        #expect(found.isEmpty, "seed \(seed): \(found.count), \(found.prefix(3))")
    }

    @Test func anInfiniteSumIsMissing() {
        var plan = HistoryPlan()
        plan.add(
            key: HistoryField.device, windows: [(delay: 0, length: 2)], columns: [HistoryPlan.allColumns[3]],
            meanDefault: 9)
        let events = (0..<4).map { HistoryEvent(time: Int64($0), ratio: $0 < 3 ? .greatestFiniteMagnitude : 1) }
        let features = HistoryRun(plan).features(events)
        #expect(features[0][1] == .greatestFiniteMagnitude)
        #expect(features[1][1].isNaN && features[1][2] == 9)
        #expect(features[3][1] == .greatestFiniteMagnitude)
    }
}
