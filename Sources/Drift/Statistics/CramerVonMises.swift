import Glibc

/// The two-sample Cramer-von Mises test: the mean squared distance of the two distribution functions.
public enum CramerVonMises {
    /// In the larger sample, up to which p-values are exact.
    public static let exactMax = 20

    /// The limit law's p-value of a statistic whose mean and variance are brought to those of the limit.
    ///
    /// Source: T. Anderson, "On the distribution of the two-sample Cramer-von Mises criterion", Annals of Mathematical
    /// Statistics 33, 1962.
    static func asymptoticP(_ statistic: Double, n: Double, m: Double) -> Double {
        let (total, product) = (n + m, n * m)
        let mean = (1 + 1 / total) / 6
        let variance =
            (total + 1) * (4 * product * total - 3 * (n * n + m * m) - 2 * product) / (45 * total * total * 4 * product)
        let scaled = 1 / 6.0 + (statistic - mean) / (45 * variance).squareRoot()
        if scaled.isNaN { return .nan }
        return scaled < 0.003 ? 1 : min(1, max(0, 1 - CramerVonMisesLaw.cumulative(scaled)))
    }
}

extension PooledCounts {
    /// n m / (n + m)^2 times the sum of (F - G)^2 over all observations, F and G taken right of each.
    ///
    /// Without ties it is scipy's statistic. With ties it stays a distance, and the p-value is conservative, where
    /// scipy's (`cramerVonMisesOfRanks`) rejects samples of one distribution. Undefined for fewer than two observations a
    /// sample. Complexity: O(distinct values); up to 20 observations a sample the p-value is exact.
    public func cramerVonMises() -> TwoSampleResult {
        if min(referenceCount, currentCount) < 2 { return .undefined }
        var (sum, f, g) = (0.0, 0.0, 0.0)
        for index in values.indices {
            f += reference[index]
            g += current[index]
            let distance = f / n - g / m
            sum += (reference[index] + current[index]) * distance * distance
        }
        let statistic = n * m / (total * total) * sum
        return TwoSampleResult(statistic: statistic, pValue: cramerVonMisesP(statistic))
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
