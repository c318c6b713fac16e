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

    /// The newest `length` values, and a source of more.
    private struct Window {
        let values = UnsafeMutablePointer<Double>.allocate(capacity: length)
        var state: UInt64

        init(seed: UInt64) {
            state = seed
            values.initialize(repeating: 0, count: length)
        }

        var content: UnsafeBufferPointer<Double> { UnsafeBufferPointer(start: values, count: length) }
        var numbers: [Double] { Array(content) }

        /// SplitMix64.
        @inline(__always)
        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = state
            mixed = (mixed ^ (mixed &>> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed &>> 27)) &* 0x94D0_49BB_1331_11EB
            return mixed ^ (mixed &>> 31)
        }

        /// 53 random bits, of magnitudes over 14 orders: a pair of doubles cannot hold their sum exactly.
        @inline(__always)
        mutating func nextValue() -> Double {
            let bits = next()
            return Double(bitPattern: (bits &>> 12) | (UInt64(1_023) &+ (bits & 31) &* 3 &- 47) &<< 52)
        }
    }

    @Test func sumsOfDoubles() {
        var window = Window(seed: 3)
        defer { window.values.deallocate() }
        var total = DoubleSum.zero
        var (worst, refreshes) = (0.0, 0)
        for step in 0..<Self.steps {
            let place = step & (Self.length &- 1)
            if step >= Self.length { total.remove(window.values[place]) }
            let value = window.nextValue()
            window.values[place] = value
            total.add(value)
            if total.sum.needsRefresh {
                total = .zero
                for value in window.content { total.add(value) }
                refreshes += 1
            }
            if step < Self.length || step % Self.checked != 0 { continue }
            let exact = ExactSum.of(window.content)
            worst = max(worst, (total.sum.value - exact).magnitude / exact)
        }
        print("sum of doubles: worst relative error \(worst) after \(Self.steps) steps, \(refreshes) refreshes")
        #expect(worst <= 1e-12)
        #expect(total.presentCount == UInt32(Self.length))
        let mean = total.sum.value / Double(total.presentCount)
        let exact = ExactSum.of(window.content) / Double(Self.length)
        #expect((mean - exact).magnitude <= 1e-12 * exact)
    }

    @Test func deviationsOfDoubles() {
        var window = Window(seed: 4)
        defer { window.values.deallocate() }
        var deviation = DoubleDeviation.zero
        var (worst, refreshes) = (0.0, 0)
        for step in 0..<Self.steps {
            let place = step & (Self.length &- 1)
            if step >= Self.length {
                deviation.remove(window.values[place])
                if deviation.needsRefresh {
                    window.values[place] = .nan
                    deviation.begin(at: window.values[(place &+ 1) & (Self.length &- 1)])
                    for value in window.content where DoubleDeviation.holds(value) { deviation.addBeside(value) }
                    refreshes += 1
                }
            }
            let value = window.nextValue()
            window.values[place] = value
            deviation.add(value)
            if step < Self.length || step % Self.checked != 0 { continue }
            let exact = DeviationTests.exact(window.numbers)
            worst = max(worst, (deviation.value - exact).magnitude / exact)
        }
        print("stddev of doubles: worst relative error \(worst) after \(Self.steps) steps, \(refreshes) refreshes")
        #expect(worst <= 1e-12)
        #expect(deviation.count == UInt64(Self.length))
    }

    /// Integers: nothing is rounded but the result.
    @Test func sumsAndDeviationsOfIntegers() {
        var window = Window(seed: 5)
        defer { window.values.deallocate() }
        let values = UnsafeMutablePointer<Int64>.allocate(capacity: Self.length)
        defer { values.deallocate() }
        var sum = IntegerSum.zero
        var deviation = IntegerDeviation.zero
        var (exactSum, exactSquares) = (Int128(0), Int128(0))
        var worst = 0.0
        for step in 0..<Self.steps {
            let place = step & (Self.length &- 1)
            if step >= Self.length {
                let value = values[place]
                sum.remove(value)
                deviation.remove(value)
                exactSum -= Int128(value)
                exactSquares -= Int128(value) * Int128(value)
            }
            // 52 bits: n times the sum of squares is below 2^127.
            let value = Int64(bitPattern: window.next()) &>> 12
            values[place] = value
            sum.add(value)
            deviation.add(value)
            exactSum += Int128(value)
            exactSquares += Int128(value) * Int128(value)
            if step < Self.length || step % Self.checked != 0 { continue }
            if sum.value != Double(exactSum) { Issue.record("step \(step): \(sum.value), not \(exactSum)") }
            let count = Int128(Self.length)
            let spread = Double(count * exactSquares - exactSum * exactSum)
            let exact = (spread / Double(count * (count - 1))).squareRoot()
            worst = max(worst, (deviation.value - exact).magnitude / exact)
        }
        print("stddev of integers: worst relative error \(worst) after \(Self.steps) steps")
        #expect(worst <= 1e-15)
        #expect(deviation.count == UInt64(Self.length))
    }
}
