/// A seeded source of random numbers that gives the same draws on every machine.
///
/// The generator is xoshiro256** (Blackman and Vigna, 2018), seeded through SplitMix64. Only integer operations and
/// the IEEE basic operations are used: `log`, `exp` and their kin may differ in the last bit from one C library to
/// the next.
public struct RandomSource: Sendable {
    @usableFromInline var a: UInt64
    @usableFromInline var b: UInt64
    @usableFromInline var c: UInt64
    @usableFromInline var d: UInt64

    /// Streams of one seed are independent: drawing more from one changes nothing in another.
    public init(seed: UInt64, stream: UInt64) {
        var mixed = seed &+ stream &* 0xD1B5_4A32_D192_ED03
        func mix() -> UInt64 {
            mixed &+= 0x9E37_79B9_7F4A_7C15
            var word = mixed
            word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
            word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
            return word ^ (word >> 31)
        }
        a = mix()
        b = mix()
        c = mix()
        d = mix()
    }

    @inlinable @inline(__always)
    public mutating func next() -> UInt64 {
        let product = b &* 5
        let result = (product << 7 | product >> 57) &* 9
        let shifted = b << 17
        c ^= a
        d ^= b
        b ^= c
        a ^= d
        c ^= shifted
        d = d << 45 | d >> 19
        return result
    }

    /// Uniform in [0, 1), a multiple of 2^-53.
    @inlinable @inline(__always)
    public mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }

    /// Uniform in 0 ..< bound without bias (Lemire, 2019); `bound` is positive.
    @inlinable @inline(__always)
    public mutating func below(_ bound: Int) -> Int {
        let range = UInt64(bound)
        var product = range.multipliedFullWidth(by: next())
        if product.low < range {
            let threshold = (0 &- range) % range
            while product.low < threshold { product = range.multipliedFullWidth(by: next()) }
        }
        return Int(product.high)
    }

    /// Nearly standard normal: the sum of twelve 16-bit draws, so between -6 and 6, and exact.
    @inline(__always)
    public mutating func normal() -> Double {
        var sum: UInt64 = 0
        for _ in 0..<3 {
            let word = next()
            // Two steps add the four 16-bit lanes of a word.
            let pairs = (word & 0x0000_FFFF_0000_FFFF) &+ (word >> 16 & 0x0000_FFFF_0000_FFFF)
            sum &+= (pairs & 0xFFFF_FFFF) &+ (pairs >> 32)
        }
        // Each lane has mean 32767.5 and variance (2^32 - 1) / 12: twelve have mean 393210 and deviation 2^16.
        return (Double(sum) - 393_210) * 0x1p-16
    }

    /// A Poisson draw by inversion; `zeroProbability` is e^-mean, made once a mean. Expected time O(mean).
    @inline(__always)
    mutating func poisson(mean: Double, zeroProbability: Double) -> Int {
        let target = unit()
        var count = 0
        var term = zeroProbability
        var cumulative = term
        // The last digits of `cumulative` may stay below 1 for ever: the bound, far out in the tail, ends that.
        let countMax = 32 + Int(8 * mean)
        while target >= cumulative, count < countMax {
            count += 1
            term *= mean / Double(count)
            cumulative += term
        }
        return count
    }
}

/// e^-x for 0 <= x <= 100 by basic operations alone: the series at x / 64, squared six times.
func exponentialDecay(_ x: Double) -> Double {
    let reduced = x / 64
    var term = 1.0
    var sum = 1.0
    for step in 1...24 {
        term *= -reduced / Double(step)
        sum += term
    }
    for _ in 0..<6 { sum *= sum }
    return sum
}
