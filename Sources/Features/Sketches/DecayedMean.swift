/// The mean of values whose weight halves with age: Σ v 2^(-(T-t)/h) / Σ 2^(-(T-t)/h), T the newest time among them.
///
/// Asking later changes both sums by the same factor, so the mean stays as it is until a value comes. An older value
/// enters with the weight that is left of it; the order of values makes no difference but for rounding. Weights are
/// made with basic arithmetic alone: the same bits on every machine.
///
/// All zeros is a mean without values.
struct DecayedMean {
    /// T, in microseconds.
    private(set) var newestTime: Int64
    /// As of `newestTime`, so at least 1 once there is a value: it can neither vanish nor, for 2^64 values, overflow.
    private(set) var weight: Double
    /// In units of 2^64, so that no 2^64 values overflow it.
    private(set) var sum: Double

    static let zero = DecayedMean(newestTime: 0, weight: 0, sum: 0)
    private static let unit = 0x1p64
    private static let perUnit = 0x1p-64

    /// NaN where there is no value.
    var value: Double { weight > 0 ? sum / weight * Self.unit : .nan }

    /// NaN and infinities are missing and count for nothing.
    ///
    /// - Parameters:
    ///   - time: in microseconds, older than what came before or not; any at all.
    ///   - halfLife: in microseconds, the same for all values; more than 0.
    ///
    /// Complexity: O(1), some 30 ns.
    mutating func add(_ value: Double, at time: Int64, halfLife: Double) {
        if !value.isFinite { return }
        let scaled = value * Self.perUnit
        if weight == 0 {
            self = DecayedMean(newestTime: time, weight: 1, sum: scaled)
        } else if time >= newestTime {
            let left = Self.weight(age: UInt64(bitPattern: time &- newestTime), halfLife: halfLife)
            weight = weight * left + 1
            sum = sum * left + scaled
            newestTime = time
        } else {
            let left = Self.weight(age: UInt64(bitPattern: newestTime &- time), halfLife: halfLife)
            weight += left
            sum += scaled * left
        }
    }

    /// 2^(-age/halfLife), to two units in the last place; 0 where that is too small for a double.
    @inline(__always)
    static func weight(age: UInt64, halfLife: Double) -> Double {
        if age == 0 { return 1 }
        let halvings = Double(age) / halfLife
        if !(halvings >= 0 && halvings < 1_022) { return 0 }
        let whole = Int(halvings + 0.5)
        // From -0.5 to 0.5: the power series of 2^-x, cut where its terms fall below 2^-60.
        let rest = halvings - Double(whole)
        var power = -0x1.816193166d0f9p-40
        power = power * rest + 0x1.c3bd650fc2986p-36
        power = power * rest - 0x1.e8cac7351bb25p-32
        power = power * rest + 0x1.e4cf5158b8ecap-28
        power = power * rest - 0x1.b5253d395e7c4p-24
        power = power * rest + 0x1.62c0223a5c824p-20
        power = power * rest - 0x1.ffcbfc588b0c7p-17
        power = power * rest + 0x1.430912f86c787p-13
        power = power * rest - 0x1.5d87fe78a6731p-10
        power = power * rest + 0x1.3b2ab6fba4e77p-7
        power = power * rest - 0x1.c6b08d704a0c0p-5
        power = power * rest + 0x1.ebfbdff82c58fp-3
        power = power * rest - 0x1.62e42fefa39efp-1
        power = power * rest + 1
        return power * Double(bitPattern: UInt64(1_023 - whole) << 52)
    }

    /// Whether values that nobody vouches for are those of a mean.
    var isValid: Bool {
        if weight == 0 { return newestTime == 0 && sum == 0 }
        return weight >= 1 && weight <= 0x1p64 && sum.isFinite
    }
}
