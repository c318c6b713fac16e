/// What a standard deviation of doubles needs: their number, and the sums of their distances from a reference and of
/// the squares of these, each as a pair of doubles.
///
/// Distances from a value amid the others keep the difference of two large and nearly equal sums from losing what
/// matters. Where the reference has come to lie far from what is left, or most of the spread has left, the sums are
/// made anew (`needsRefresh`); that bounds the error of the deviation below 1e-12 of itself after 2^35 steps. Behind a
/// refresh the reference is the mean, so that no refresh follows before something has changed: they cost O(1) a value,
/// amortised, up to a constant that the range of exponents bounds.
///
/// A value beyond 2^500 has no square: while one is there, there is no deviation. Spreads below 1e-150 are nothing.
struct DoubleDeviation {
    private static let magnitudeMax = 0x1p500
    /// Steps of 2^-105 that are relative to the largest sum of squares remain 2^-75 of what is left.
    private static let fallMax = 0x1p-30

    private(set) var reference: Double
    private(set) var sum: PairSum
    private(set) var squares: PairSum
    /// The largest sum of squares since the sums were made.
    private(set) var peak: Double
    private(set) var count: UInt64
    /// Values that are too large.
    private(set) var hugeCount: UInt64

    /// All values that are there.
    var valueCount: UInt64 { count &+ hugeCount }

    static let zero = DoubleDeviation(
        reference: 0, sum: .zero, squares: .zero, peak: 0, count: 0, hugeCount: 0)

    /// NaN is a missing value and counts for nothing.
    mutating func add(_ value: Double) {
        if value.isNaN { return }
        if value.magnitude > Self.magnitudeMax {
            hugeCount &+= 1
            return
        }
        if count == 0 { begin(at: value) }
        addBeside(value)
    }

    /// Whether a value enters the sums at all.
    static func holds(_ value: Double) -> Bool { value.magnitude <= magnitudeMax }

    /// Adds a value that the sums hold, whatever their reference is.
    mutating func addBeside(_ value: Double) {
        accumulate(value, sign: 1)
        count &+= 1
        peak = max(peak, squares.high)
    }

    mutating func remove(_ value: Double) {
        if value.isNaN { return }
        if value.magnitude > Self.magnitudeMax {
            hugeCount &-= 1
            return
        }
        accumulate(value, sign: -1)
        count &-= 1
    }

    /// Forgets all values but the huge ones.
    mutating func begin(at value: Double) {
        reference = value
        sum = .zero
        squares = .zero
        peak = 0
        count = 0
    }

    /// Whether the sums have to be made anew, after values have left.
    var needsRefresh: Bool { count > 0 && spread < peak * Self.fallMax }

    /// The standard deviation of a sample; NaN for fewer than two values.
    var value: Double {
        if count < 2 || hugeCount > 0 { return .nan }
        return (max(0, spread) / Double(count - 1)).squareRoot()
    }

    /// The sum of the squared distances from the mean.
    private var spread: Double {
        let number = Double(count)
        let product = sum.high * sum.high
        let rest = (-product).addingProduct(sum.high, sum.high) + 2 * sum.high * sum.low
        let quotient = product / number
        let remainder = (product.addingProduct(-quotient, number) + rest) / number
        // Rounded once, so that the reference is hardly ever seen in it.
        let difference = squares.high - quotient
        let shadow = difference - squares.high
        let error = (squares.high - (difference - shadow)) + (-quotient - shadow)
        return difference + (error + (squares.low - remainder))
    }

    @inline(__always)
    private mutating func accumulate(_ value: Double, sign: Double) {
        // The distance, exactly, as a pair.
        let high = value - reference
        let shadow = high - value
        let low = (value - (high - shadow)) + (-reference - shadow)
        sum.add(sign * high)
        sum.add(sign * low)
        let square = high * high
        squares.add(sign * square)
        squares.add(sign * ((-square).addingProduct(high, high) + 2 * high * low))
    }
}
