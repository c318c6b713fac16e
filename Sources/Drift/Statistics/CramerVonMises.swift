import Glibc

/// The two-sample Cramer-von Mises test: the mean squared distance of the two distribution functions.
public enum CramerVonMises {
    /// In the larger sample, up to which p-values are exact without ties.
    public static let exactMax = 20

    /// The limit law's p-value of a statistic without ties, its mean and variance brought to those of the limit.
    ///
    /// Source: T. Anderson, "On the distribution of the two-sample Cramer-von Mises criterion", Annals of Mathematical
    /// Statistics 33, 1962.
    static func asymptoticP(_ statistic: Double, n: Double, m: Double) -> Double {
        limitP(statistic, mean: (1 + 1 / (n + m)) / 6, variance: untiedVariance(n: n, m: m))
    }

    static func untiedVariance(n: Double, m: Double) -> Double {
        let (total, product) = (n + m, n * m)
        let terms = 4 * product * total - 3 * (n * n + m * m) - 2 * product
        return (total + 1) * terms / (45 * total * total * 4 * product)
    }

    static func limitP(_ statistic: Double, mean: Double, variance: Double) -> Double {
        let scaled = 1 / 6.0 + (statistic - mean) / (45 * variance).squareRoot()
        if scaled.isNaN { return .nan }
        return scaled < 0.003 ? 1 : min(1, max(0, 1 - CramerVonMisesLaw.cumulative(scaled)))
    }
}

/// Mean and variance of the statistic under the null hypothesis, given which values are tied.
///
/// Tied values make it larger or smaller than the law without ties says: a heavy lowest value alone, such as a score of
/// 0, makes a nominal 5 % test reject up to 9 %. The mean is exact over all ways to deal the pooled values out to the
/// samples, where the count of one sample up to a place is hypergeometric. The variance is that of the limit, a Brownian
/// bridge seen at the tied places (Cov(B(s)^2, B(t)^2) = 2 (s (1 - t))^2), corrected for the samples' sizes as without
/// ties.
struct TiedMoments {
    private let n: Double
    private let m: Double
    private let total: Double
    private let inverseTotal: Double
    private var both = 0.0
    private var below = 0.0
    private var meanSum = 0.0
    private var varianceSum = 0.0

    init(n: Double, m: Double) {
        self.n = n
        self.m = m
        total = n + m
        inverseTotal = 1 / total
    }

    /// The next distinct value, and how often both samples have it.
    @inline(__always)
    mutating func add(_ tied: Double) {
        both += tied
        meanSum += tied * both * (total - both)
        let (share, at) = (tied * inverseTotal, both * inverseTotal)
        let here = share * at * at
        varianceSum += share * (1 - at) * (1 - at) * (2 * below + here)
        below += here
    }

    /// Over all ways to deal the pooled values out.
    var mean: Double { meanSum / (total * total * (total - 1)) }

    /// NaN where all values are one.
    func pValue(_ statistic: Double) -> Double {
        let variance = 2 * varianceSum * 45 * CramerVonMises.untiedVariance(n: n, m: m)
        return CramerVonMises.limitP(statistic, mean: mean, variance: variance)
    }
}

extension PooledCounts {
    /// n m / (n + m)^2 times the sum of (F - G)^2 over all observations, F and G taken right of each.
    ///
    /// Without ties it is scipy's test. With ties it stays a distance, and its p-value allows for them; scipy's
    /// (`cramerVonMisesOfRanks`) then rejects samples of one distribution. Undefined for fewer than two observations a
    /// sample; the p-value is 1 where all values are one. Complexity: O(distinct values); without ties and up to 20
    /// observations a sample the p-value is exact.
    public func cramerVonMises() -> TwoSampleResult {
        if min(referenceCount, currentCount) < 2 { return .undefined }
        var (sum, f, g) = (0.0, 0.0, 0.0)
        var moments = TiedMoments(n: n, m: m)
        for index in values.indices {
            f += reference[index]
            g += current[index]
            let distance = f / n - g / m
            sum += (reference[index] + current[index]) * distance * distance
            moments.add(reference[index] + current[index])
        }
        let statistic = n * m / (total * total) * sum
        if values.count == 1 { return TwoSampleResult(statistic: statistic, pValue: 1) }
        let p = hasTies ? moments.pValue(statistic) : cramerVonMisesP(statistic)
        return TwoSampleResult(statistic: statistic, pValue: p)
    }

    /// Scipy's `cramervonmises_2samp`, by midranks: for comparison only.
    ///
    /// On tied samples of unequal size it rejects nearly always, whatever the distributions.
    /// - Parameter isExact: `nil`: up to 20 observations a sample, as scipy's `auto`; beyond them it is asymptotic.
    public func cramerVonMisesOfRanks(isExact: Bool? = nil) -> TwoSampleResult {
        if min(referenceCount, currentCount) < 2 { return .undefined }
        var (sum, both, f, g) = (0.0, 0.0, 0.0, 0.0)
        for index in values.indices {
            let (a, b) = (reference[index], current[index])
            let rank = both + (a + b + 1) / 2
            sum += n * Self.squares(of: a, from: rank - f) + m * Self.squares(of: b, from: rank - g)
            both += a + b
            f += a
            g += b
        }
        let product = n * m
        let statistic = sum / (product * total) - (4 * product - 1) / (6 * total)
        let p = cramerVonMisesP(statistic, isExact: isExact)
        return TwoSampleResult(statistic: statistic, pValue: p)
    }

    /// The sum of (rank - i)^2 for i from 1 to `count`.
    private static func squares(of count: Double, from rank: Double) -> Double {
        let distance = rank - (count + 1) / 2
        return count * distance * distance + count * (count * count - 1) / 12
    }

    private func cramerVonMisesP(_ statistic: Double, isExact: Bool? = nil) -> Double {
        let isSmall = max(referenceCount, currentCount) <= CramerVonMises.exactMax
        if isSmall, isExact ?? true {
            return CramerVonMisesPaths(referenceCount, currentCount).atLeast(statistic)
        }
        return CramerVonMises.asymptoticP(statistic, n: n, m: m)
    }
}
