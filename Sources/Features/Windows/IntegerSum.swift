/// The exact sum of 64-bit integers, 128 bits wide: 2^64 values of any size cannot overflow it.
struct IntegerSum {
    var low: UInt64
    var high: Int64

    static let zero = IntegerSum(low: 0, high: 0)

    @inline(__always)
    mutating func add(_ value: Int64) {
        let (sum, carried) = low.addingReportingOverflow(UInt64(bitPattern: value))
        low = sum
        high = high &+ (value >> 63) &+ (carried ? 1 : 0)
    }

    @inline(__always)
    mutating func remove(_ value: Int64) {
        let (difference, borrowed) = low.subtractingReportingOverflow(UInt64(bitPattern: value))
        low = difference
        high = high &- (value >> 63) &- (borrowed ? 1 : 0)
    }

    /// Correctly rounded while the sum fits 64 bits; beyond it, rounded twice.
    @inline(__always)
    var value: Double {
        if high == Int64(bitPattern: low) >> 63 { return Double(Int64(bitPattern: low)) }
        return Double(high) * 0x1p64 + Double(low)
    }
}

/// The exact sum of the integers that are not missing, and how many there were.
struct OptionalIntegerSum {
    var sum: IntegerSum
    var presentCount: UInt32

    static let zero = OptionalIntegerSum(sum: .zero, presentCount: 0)

    /// - Parameter presence: 1, or 0 for a missing value, which is then 0.
    @inline(__always)
    mutating func add(_ value: Int64, presence: Int64) {
        sum.add(value)
        presentCount &+= UInt32(truncatingIfNeeded: presence)
    }

    @inline(__always)
    mutating func remove(_ value: Int64, presence: Int64) {
        sum.remove(value)
        presentCount &-= UInt32(truncatingIfNeeded: presence)
    }
}
