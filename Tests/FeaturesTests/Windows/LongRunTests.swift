import Testing

@testable import Features

/// What the reference promises of sums and deviations: an error below 1e-12 after 10^7 inserts and evictions.
///
/// The kernels' own states are driven directly, as `WindowKernel` drives them, so that all ten million steps fit into a
/// build that is not optimised; `SumTests` and `DeviationTests` go through the engine.
struct LongRunTests {
    static let steps = 10_000_000
    /// A power of two.
    static let length = 1_024
    /// Every so many steps the window is compared; no divisor of the length.
    static let checked = 99_991

    /// More values than a window holds, which come round again and again: another 65,536 of them a seed.
    private struct Values {
        static let mask = (1 << 16) - 1
        let values: UnsafeMutablePointer<Double>

        /// 53 random bits each, of magnitudes over 28 orders: a pair of doubles cannot hold their sum exactly.
        init(seed: UInt64) {
            var random = HistoryRandom(seed: seed)
            values = .allocate(capacity: Self.mask + 1)
            for place in 0...Self.mask {
                let significand = 1 + Double(random.next() >> 12) * 0x1p-52
                let exponent = Int.random(in: 0..<32, using: &random) * 3 - 47
                values[place] = Double(sign: .plus, exponent: exponent, significand: significand)
            }
        }

        func window(upTo step: Int) -> [Double] { (step - length + 1...step).map { values[$0 & Self.mask] } }
    }

    @Test func sumsOfDoubles() {
        let values = Values(seed: 3).values
        defer { values.deallocate() }
        let mask = Values.mask
        var total = DoubleSum.zero
        var worst = 0.0
        for step in 0..<Self.steps {
            if step >= Self.length { total.remove(values[(step &- Self.length) & mask]) }
            total.add(values[step & mask])
            if step < Self.length || step % Self.checked != 0 { continue }
            let exact = ExactSum.of((step - Self.length + 1...step).lazy.map { values[$0 & mask] })
            worst = max(worst, (total.sum.value - exact).magnitude / exact)
            worst = max(worst, (total.sum.value / Double(Self.length) - exact / Double(Self.length)).magnitude / exact)
        }
        print("sum and mean of doubles: worst relative error \(worst) after \(Self.steps) steps")
        #expect(worst <= 1e-12)
        #expect(total.presentCount == UInt32(Self.length))
        #expect(!total.sum.needsRefresh)
    }

    @Test func deviationsOfDoubles() {
        let values = Values(seed: 4)
        defer { values.values.deallocate() }
        let (content, mask) = (values.values, Values.mask)
        var deviation = DoubleDeviation.zero
        var (worst, refreshes) = (0.0, 0)
        for step in 0..<Self.steps {
            if step >= Self.length { deviation.remove(content[(step &- Self.length) & mask]) }
            if deviation.needsRefresh {
                let rest = values.window(upTo: step - 1).dropFirst()
                deviation.begin(at: rest.reduce(0, +) / Double(rest.count))
                for value in rest { deviation.addBeside(value) }
                refreshes += 1
            }
            deviation.add(content[step & mask])
            if step < Self.length || step % Self.checked != 0 { continue }
            let exact = DeviationTests.exact(values.window(upTo: step))
            worst = max(worst, (deviation.value - exact).magnitude / exact)
        }
        print("stddev of doubles: worst relative error \(worst) after \(Self.steps) steps, \(refreshes) refreshes")
        #expect(worst <= 1e-12)
        #expect(deviation.count == UInt64(Self.length))
    }

    /// Integers: nothing is rounded but the result.
    @Test func sumsAndDeviationsOfIntegers() {
        let values = UnsafeMutablePointer<Int64>.allocate(capacity: Values.mask + 1)
        defer { values.deallocate() }
        let mask = Values.mask
        var random = HistoryRandom(seed: 5)
        // 52 bits: n times the sum of squares is below 2^127.
        for place in 0...mask { values[place] = Int64(bitPattern: random.next()) >> 12 }
        var sum = IntegerSum.zero
        var deviation = IntegerDeviation.zero
        var worst = 0.0
        for step in 0..<Self.steps {
            if step >= Self.length {
                let value = values[(step &- Self.length) & mask]
                sum.remove(value)
                deviation.remove(value)
            }
            let value = values[step & mask]
            sum.add(value)
            deviation.add(value)
            if step < Self.length || step % Self.checked != 0 { continue }
            let window = (step - Self.length + 1...step).map { Int128(values[$0 & mask]) }
            let exact = window.reduce(0, +)
            if sum.value != Double(exact) { Issue.record("step \(step): \(sum.value), not \(exact)") }
            let count = Int128(Self.length)
            let spread = Double(count * window.reduce(0) { $0 + $1 * $1 } - exact * exact)
            let wanted = (spread / Double(count * (count - 1))).squareRoot()
            worst = max(worst, (deviation.value - wanted).magnitude / wanted)
        }
        print("stddev of integers: worst relative error \(worst) after \(Self.steps) steps")
        #expect(worst <= 1e-15)
        #expect(deviation.count == UInt64(Self.length))
    }
}
