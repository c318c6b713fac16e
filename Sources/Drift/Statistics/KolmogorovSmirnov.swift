import Glibc

/// The two-sample Kolmogorov-Smirnov test: the largest distance between the two empirical distribution functions.
///
/// With tied values the p-value is conservative: too large, never too small.
public struct KolmogorovSmirnov: Hashable, Sendable {
    /// Which distance counts; the reference's distribution function is F, the current one's G.
    public enum Alternative: String, Hashable, Sendable, CaseIterable {
        case twoSided = "two-sided"
        /// F - G at its largest: current values are larger.
        case greater
        /// G - F at its largest: current values are smaller.
        case less
    }

    public enum Method: String, Hashable, Sendable, CaseIterable {
        /// Exact up to 10,000 observations in the larger sample, else asymptotic, as scipy does.
        case automatic = "auto"
        /// Counts every way in which the samples may interleave; asymptotic where n x m is above `exactProductMax`.
        case exact
        /// The law of the one-sample statistic of n m / (n + m) observations, rounded; one-sided Hodges' formula.
        case asymptotic = "asymp"
    }

    public var statistic: Double
    public var pValue: Double
    /// The lowest value at which the distance is as large as the statistic.
    public var location: Double
    /// 1: F is above G there; -1: below.
    public var sign: Int
    /// How the p-value came about: never `automatic`.
    public var method: Method

    public static let automaticExactMax = 10_000
    public static let exactProductMax = 100_000_000

    static let undefined = KolmogorovSmirnov(
        statistic: .nan, pValue: .nan, location: .nan, sign: 1, method: .asymptotic)
}

extension PooledCounts {
    /// As scipy's `ks_2samp`, but that one-sided p-values are exact also where scipy gives up.
    ///
    /// Complexity: O(distinct values), and for the exact p-value up to O(n m) (n times the statistic, where two-sided).
    public func kolmogorovSmirnov(
        alternative: KolmogorovSmirnov.Alternative = .twoSided, method: KolmogorovSmirnov.Method = .automatic
    ) -> KolmogorovSmirnov {
        if isEmpty { return .undefined }
        let (above, below) = largestDistances
        let isBelow = alternative == .less || (alternative == .twoSided && below.steps > above.steps)
        let found = isBelow ? below : above
        let distance = found.steps / (n * m)
        let product = n * m
        let isExact =
            switch method {
            case .automatic: max(referenceCount, currentCount) <= KolmogorovSmirnov.automaticExactMax
            case .exact: product <= Double(KolmogorovSmirnov.exactProductMax)
            case .asymptotic: false
            }
        let p: Double
        if isExact {
            p = KolmogorovPaths(referenceCount, currentCount, steps: Int(found.steps))
                .outside(isTwoSided: alternative == .twoSided)
        } else {
            p = Self.asymptoticP(distance, n, m, isTwoSided: alternative == .twoSided)
        }
        return KolmogorovSmirnov(
            statistic: distance, pValue: p, location: found.location, sign: isBelow ? -1 : 1,
            method: isExact ? .exact : .asymptotic)
    }

    /// The p-value of a distance between samples of n and m; NaN where n m / (n + m) rounds to none.
    static func asymptoticP(_ distance: Double, _ n: Double, _ m: Double, isTwoSided: Bool) -> Double {
        let (larger, smaller) = (max(n, m), min(n, m))
        let effective = larger * smaller / (larger + smaller)
        if isTwoSided { return KolmogorovDistribution.tail(effective.rounded(.toNearestOrEven), distance) }
        let z = effective.squareRoot() * distance
        let correction = 2 * z * (larger + 2 * smaller) / (larger * smaller * (larger + smaller)).squareRoot() / 3
        return min(1, max(0, exp(-2 * z * z - correction)))
    }

    /// F - G and G - F at their largest, in steps of 1 / (n m), which are whole.
    private var largestDistances: (above: (steps: Double, location: Double), below: (steps: Double, location: Double)) {
        var above = (steps: 0.0, location: values[0])
        var below = above
        // An equal distance at the first value is where it is, even if it is none.
        var isFirst = true
        var (f, g) = (0.0, 0.0)
        for index in values.indices {
            f += reference[index]
            g += current[index]
            let steps = f * m - g * n
            if steps > above.steps || (isFirst && steps == 0) { above = (steps, values[index]) }
            if -steps > below.steps || (isFirst && steps == 0) { below = (-steps, values[index]) }
            isFirst = false
        }
        return (above, below)
    }
}
