import Glibc

/// The two-sample Anderson-Darling test: differences of the distribution functions weighed by how sure they are, so that
/// the tails count.
public enum AndersonDarling {
    /// What is done with tied values.
    public enum Variant: String, Hashable, Sendable, CaseIterable {
        /// The mean of the distribution function left and right of a value: for tied samples.
        case midrank
        /// The distribution function right of a value.
        case right
        /// As if there were no ties.
        case continuous
    }

    /// P-values are read from a quadratic through the logarithms of seven published levels, and no further than those.
    public static let pValueRange = 0.001...0.25

    /// The p-value of a standardised statistic, within `pValueRange`.
    ///
    /// Source: F. Scholz and M. Stephens, "K-Sample Anderson-Darling Tests", Journal of the American Statistical
    /// Association 82, 1987, table 1 for two samples; the least-squares quadratic is scipy's.
    public static func pValue(_ statistic: Double) -> Double {
        if statistic.isNaN { return .nan }
        if statistic < 0.325 { return pValueRange.upperBound }
        if statistic > 6.546 { return pValueRange.lowerBound }
        return exp(
            (0.018_198_094_574_111_343 * statistic - 1.008_226_564_465_251_5) * statistic - 1.077_770_279_820_486)
    }

    /// From the sum over observations to the statistic, which has mean 0 and deviation 1 under the null hypothesis; NaN
    /// for fewer than four observations. Complexity: O(1).
    static func standardised(_ sum: Double, n: Double, m: Double) -> Double {
        let total = n + m
        if total < 4 { return .nan }
        let inverses = 1 / n + 1 / m
        let h = Harmonic.sum(total - 1)
        // The double sum of the paper, in closed form.
        let g = Harmonic.squares(total - 1) - 2 * h / total
        let a = 4 * g - 6 + (10 - 6 * g) * inverses
        let b = 8 * g - 16 + 16 * h + (2 * g - 14 * h - 4) * inverses - 8 * h + 4 * g - 6
        let c = 4 * (6 * h + 2 * g - 2) + 2 * (4 * h - 4 * g + 6) + (2 * h - 6) * inverses + 4 * h
        let d = 4 * (2 * h + 6) - 8 * h
        let variance =
            (((a * total + b) * total + c) * total + d) / ((total - 1) * (total - 2) * (total - 3))
        return (sum - 1) / variance.squareRoot()
    }
}

extension PooledCounts {
    /// As scipy's `anderson_ksamp` of two samples; undefined for fewer than four observations or one distinct value.
    ///
    /// Complexity: O(distinct values); O(observations) for `continuous`.
    public func andersonDarling(_ variant: AndersonDarling.Variant = .midrank) -> TwoSampleResult {
        if isEmpty || values.count < 2 { return .undefined }
        let sum =
            switch variant {
            case .midrank: midrankSum
            case .right: rightSum
            case .continuous: continuousSum
            }
        let statistic = AndersonDarling.standardised(sum * (1 / n + 1 / m), n: n, m: m)
        return TwoSampleResult(statistic: statistic, pValue: AndersonDarling.pValue(statistic))
    }

    // What one sample is above its share the other is below: both sums of the definition are one, over n and over m.

    private var midrankSum: Double {
        var (sum, f, both) = (0.0, 0.0, 0.0)
        for index in values.indices {
            let tied = reference[index] + current[index]
            let rank = both + tied / 2
            let excess = total * (f + reference[index] / 2) - rank * n
            sum += tied / total * excess * excess / (rank * (total - rank) - total * tied / 4)
            f += reference[index]
            both += tied
        }
        return sum * (total - 1) / total
    }

    private var rightSum: Double {
        var (sum, f, both) = (0.0, 0.0, 0.0)
        for index in values.indices.dropLast() {
            let tied = reference[index] + current[index]
            f += reference[index]
            both += tied
            let excess = total * f - both * n
            sum += tied / total * excess * excess / (both * (total - both))
        }
        return sum
    }

    private var continuousSum: Double {
        var (sum, f, rank) = (0.0, 0.0, 0.0)
        for index in values.indices {
            f += reference[index]
            for _ in 0..<Int(reference[index] + current[index]) {
                rank += 1
                if rank >= total { break }
                let excess = total * f - rank * n
                sum += excess * excess / (rank * (total - rank))
            }
        }
        return sum / total
    }
}
