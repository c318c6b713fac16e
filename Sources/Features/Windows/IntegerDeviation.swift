/// What a standard deviation of integers needs, exactly: their number, sum and sum of squares, in 128 and 192 bits.
///
/// 2^64 values of any size cannot overflow it.
struct IntegerDeviation {
    var sum: IntegerSum
    var squaresLow: UInt64
    var squaresMiddle: UInt64
    var squaresHigh: UInt64
    var count: UInt64

    static let zero = IntegerDeviation(sum: .zero, squaresLow: 0, squaresMiddle: 0, squaresHigh: 0, count: 0)

    mutating func add(_ value: Int64) {
        sum.add(value)
        let square = value.magnitude.multipliedFullWidth(by: value.magnitude)
        let low = squaresLow.addingReportingOverflow(square.low)
        let middle = squaresMiddle.addingReportingOverflow(square.high)
        let carried = middle.partialValue.addingReportingOverflow(low.overflow ? 1 : 0)
        squaresLow = low.partialValue
        squaresMiddle = carried.partialValue
        squaresHigh = squaresHigh &+ (middle.overflow ? 1 : 0) &+ (carried.overflow ? 1 : 0)
        count &+= 1
    }

    mutating func remove(_ value: Int64) {
        sum.remove(value)
        let square = value.magnitude.multipliedFullWidth(by: value.magnitude)
        let low = squaresLow.subtractingReportingOverflow(square.low)
        let middle = squaresMiddle.subtractingReportingOverflow(square.high)
        let borrowed = middle.partialValue.subtractingReportingOverflow(low.overflow ? 1 : 0)
        squaresLow = low.partialValue
        squaresMiddle = borrowed.partialValue
        squaresHigh = squaresHigh &- (middle.overflow ? 1 : 0) &- (borrowed.overflow ? 1 : 0)
        count &-= 1
    }

    /// The standard deviation of a sample, in the integers' unit; NaN for fewer than two values.
    ///
    /// n times the sum of squares less the square of the sum is exact; it is rounded once, divided and its root taken.
    var value: Double {
        if count < 2 { return .nan }
        // All of it in 128 bits, as is usual; the square of the sum is never the larger product.
        if count <= UInt32.max, squaresHigh == 0, squaresMiddle < 1 << 29 {
            let squares = (UInt128(squaresMiddle) << 64 | UInt128(squaresLow)) &* UInt128(count)
            let magnitude = Int64(bitPattern: sum.low).magnitude
            let spread = squares &- UInt128(magnitude) &* UInt128(magnitude)
            let high = UInt64(truncatingIfNeeded: spread >> 64)
            let rounded = Double(high) * 0x1p64 + Double(UInt64(truncatingIfNeeded: spread))
            return (rounded / (Double(count) * Double(count &- 1))).squareRoot()
        }
        let number = UInt128(count)
        let squares = number.multipliedFullWidth(by: UInt128(squaresMiddle) << 64 | UInt128(squaresLow))
        let squaresTop = squares.high &+ number &* UInt128(squaresHigh)
        let total = (Int128(sum.high) << 64 | Int128(sum.low)).magnitude
        let square = total.multipliedFullWidth(by: total)
        let low = squares.low.subtractingReportingOverflow(square.low)
        let high = squaresTop &- square.high &- (low.overflow ? 1 : 0)
        let spread = Double(high) * 0x1p128 + Double(low.partialValue)
        let degrees = Double(count) * Double(count - 1)
        return (spread / degrees).squareRoot()
    }
}
