/// The buckets of `QuantileSketch`: bucket i of the positive numbers holds those in (γ^(i-1), γ^i], γ = 1.01/0.99.
///
/// ```
///    ... −γ^2   −γ   −1 │ 0 │ 1    γ    γ^2 ...
///     ├─────┼─────┼─────┤   ├─────┼─────┼─────┤      an edge belongs to the bucket nearer to zero
/// ```
///
/// A bucket's *key* orders all of them: 0 for zero, i + 34560 for a positive bucket, the negated key of its mirror image
/// for a negative one. Edges are products of two constants that are made by basic arithmetic alone, and a value is
/// compared with them: no logarithm decides, so that a value has the same bucket on every machine.
enum QuantileBuckets {
    /// Smaller magnitudes are zero.
    static let smallest = 1e-300
    /// Larger magnitudes are counted as this one.
    static let largest = 1e300
    /// No key is beyond this, on either side of zero.
    static let keyMax = Int32(keyOffset + 34_538)
    static let relativeAccuracy = 0.01

    private static let keyOffset = 34_560
    private static let fineShift = 8
    private static let fineCount = 1 << fineShift
    private static let coarseCount = 2 * keyOffset / fineCount + 1
    /// Buckets for each doubling: 1 / log2 γ.
    private static let perDoubling = 34.656203751888177

    /// γ^0 ... γ^255, then γ^(256 k - 34560).
    // SAFETY: written before anyone has it, and never again.
    nonisolated(unsafe) private static let powers: UnsafePointer<Double> = makePowers()

    /// The upper edge of the bucket with this positive key, correct to two units in the last place.
    @inline(__always)
    private static func edge(_ powers: UnsafePointer<Double>, _ key: Int) -> Double {
        powers[fineCount &+ key >> fineShift] * powers[key & (fineCount &- 1)]
    }

    /// The bucket of a number. Not for NaN.
    ///
    /// Complexity: O(1), some 5 ns.
    @inline(__always)
    static func key(of value: Double) -> Int32 {
        let magnitude = value.magnitude
        if magnitude < smallest { return 0 }
        let key = positiveKey(min(magnitude, largest))
        return value < 0 ? -key : key
    }

    @inline(__always)
    private static func positiveKey(_ value: Double) -> Int32 {
        let bits = value.bitPattern
        let exponent = Double(Int(truncatingIfNeeded: bits >> 52) &- 1023)
        let part = Double(bitPattern: bits & 0x000F_FFFF_FFFF_FFFF | 0x3FF0_0000_0000_0000) - 1
        // log2(1 + part) within a hundredth: a third of a bucket.
        let logarithm = exponent + ((6.0 / 35.0 * part - 3.0 / 5.0) * part + 10.0 / 7.0) * part
        var key = Int(logarithm * perDoubling + Double(keyOffset)) &+ 1
        let powers = powers
        while value > edge(powers, key) { key &+= 1 }
        while value <= edge(powers, key &- 1) { key &-= 1 }
        return Int32(truncatingIfNeeded: key)
    }

    /// The number that stands for all of a bucket: none in it is further away than 1 % of its own magnitude.
    static func representative(_ key: Int32) -> Double {
        if key == 0 { return 0 }
        // 2 γ^i / (γ + 1), and 2 / (γ + 1) is 0.99.
        let magnitude = edge(powers, Int(min(key.magnitude, UInt32(keyMax)))) * 0.99
        return key < 0 ? -magnitude : magnitude
    }

    private static func makePowers() -> UnsafePointer<Double> {
        let powers = UnsafeMutablePointer<Double>.allocate(capacity: fineCount + coarseCount)
        let gamma = DoublePair(101) / DoublePair(99)
        var power = DoublePair(1)
        for index in 0..<fineCount {
            powers[index] = power.high
            power = power * gamma
        }
        // power is γ^256 now; the coarse powers begin at its power of -135.
        let coarse = power
        power = DoublePair(1)
        for _ in 0..<(coarseCount / 2) { power = power / coarse }
        for index in 0..<coarseCount {
            powers[fineCount + index] = power.high
            power = power * coarse
        }
        return UnsafePointer(powers)
    }
}

/// An unevaluated sum of two doubles, to make tables with: products and quotients to some 2^-100 (Dekker, Numer. Math. 18,
/// 1971, with the fused multiplication in place of his splitting).
private struct DoublePair {
    var high: Double
    var low: Double

    init(_ value: Double) { (high, low) = (value, 0) }

    private init(sum high: Double, _ low: Double) {
        self.high = high + low
        self.low = low - (self.high - high)
    }

    static func * (left: DoublePair, right: DoublePair) -> DoublePair {
        let product = left.high * right.high
        let error = (-product).addingProduct(left.high, right.high)
        return DoublePair(sum: product, error + (left.high * right.low + left.low * right.high))
    }

    static func / (left: DoublePair, right: DoublePair) -> DoublePair {
        let quotient = left.high / right.high
        let product = DoublePair(quotient) * right
        let rest = (left.high - product.high) - product.low + left.low
        return DoublePair(sum: quotient, rest / right.high)
    }
}
