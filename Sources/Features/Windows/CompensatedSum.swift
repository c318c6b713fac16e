/// A running sum of finite doubles that values enter and leave: an unevaluated pair of doubles.
///
/// Each step is DWPlusFP of Joldes, Muller and Popescu (ACM TOMS 44, 2017, algorithm 4), with a relative error of at
/// most 2^-105. Errors add up and are relative to the largest sum so far: when a huge value leaves, what it has rounded
/// away stays lost. `needsRefresh` says when, and the window is then summed anew. That bounds the error by 1e-12 of the
/// sum of the values' magnitudes (of the sum itself where all have one sign) after any practical number of steps, 2^40
/// and more. A value leaves after all that entered before it, so that refreshes cost O(1) a value, amortised.
///
/// All of it depends on the values and their order alone.
struct CompensatedSum {
    /// Sums are kept in units of 2^32, so that no 2^32 finite values can overflow.
    static let unit = 0x1p32
    private static let perUnit = 0x1p-32
    /// The fall of magnitude up to which nothing is refreshed: 2^-105 a step is then still 2^-85 of what is left.
    private static let fallMax = 0x1p-20

    var high: Double
    var low: Double
    /// The sum of the magnitudes, plainly rounded: tells when a sum has lost most of what it held.
    var magnitude: Double
    /// The largest `magnitude` since the last refresh.
    var peak: Double

    static let zero = CompensatedSum(high: 0, low: 0, magnitude: 0, peak: 0)

    /// The sum, correctly rounded but for errors far below a double's precision; infinite where it is too large.
    var value: Double { high * Self.unit }

    var needsRefresh: Bool { magnitude < peak * Self.fallMax }

    @inline(__always)
    mutating func add(_ value: Double) {
        let scaled = value * Self.perUnit
        accumulate(scaled)
        magnitude += scaled.magnitude
        if magnitude > peak { peak = magnitude }
    }

    @inline(__always)
    mutating func remove(_ value: Double) {
        let scaled = value * Self.perUnit
        accumulate(-scaled)
        magnitude -= scaled.magnitude
    }

    @inline(__always)
    private mutating func accumulate(_ value: Double) {
        let sum = high + value
        let shadow = sum - high
        let error = (high - (sum - shadow)) + (value - shadow)
        let carried = low + error
        high = sum + carried
        low = carried - (high - sum)
    }
}

/// The compensated sum of doubles and how many there were.
struct DoubleSum {
    var sum: CompensatedSum
    var presentCount: UInt32

    static let zero = DoubleSum(sum: .zero, presentCount: 0)

    /// NaN is a missing value and counts for nothing.
    @inline(__always)
    mutating func add(_ value: Double) {
        if value.isNaN { return }
        sum.add(value)
        presentCount &+= 1
    }

    @inline(__always)
    mutating func remove(_ value: Double) {
        if value.isNaN { return }
        sum.remove(value)
        presentCount &-= 1
    }
}
