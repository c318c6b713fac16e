/// A sum of doubles as an unevaluated pair: DWPlusFP of Joldes, Muller and Popescu (ACM TOMS 44, 2017, algorithm 4),
/// with a relative error of at most 2^-105 a step.
struct PairSum {
    var high: Double
    var low: Double

    static let zero = PairSum(high: 0, low: 0)

    @inline(__always)
    mutating func add(_ value: Double) {
        let sum = high + value
        let shadow = sum - high
        let error = (high - (sum - shadow)) + (value - shadow)
        let carried = low + error
        high = sum + carried
        low = carried - (high - sum)
    }
}
