import Foundation

/// Between which means a count of rare events leaves the truth: exact 95 % bounds (Garwood, 1936).
struct PoissonBounds: Hashable {
    let lower: Double
    let upper: Double

    init(count: Int) {
        lower = count == 0 ? 0 : Self.mean(from: 0, to: Double(count)) { Self.cumulative(count - 1, mean: $0) > 0.975 }
        upper = Self.mean(from: Double(count), to: 10 * Double(count) + 20) { Self.cumulative(count, mean: $0) > 0.025 }
    }

    /// The mean up to which the condition holds.
    private static func mean(from low: Double, to high: Double, while holds: (Double) -> Bool) -> Double {
        var (low, high) = (low, high)
        for _ in 0..<100 {
            let middle = (low + high) / 2
            if holds(middle) { low = middle } else { high = middle }
        }
        return (low + high) / 2
    }

    /// P(X <= count).
    private static func cumulative(_ count: Int, mean: Double) -> Double {
        var logTerm = -mean
        var sum = exp(logTerm)
        for k in 1..<max(1, count + 1) {
            logTerm += log(mean / Double(k))
            sum += exp(logTerm)
        }
        return sum
    }
}
