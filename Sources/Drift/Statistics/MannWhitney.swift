import Glibc

extension PooledCounts {
    /// The Mann-Whitney U test, two-sided and asymptotic, with corrections for continuity and ties, as scipy's
    /// `mannwhitneyu(method="asymptotic")`.
    ///
    /// The statistic counts the pairs in which the reference's value is the larger, ties half. Undefined for an empty
    /// sample. Complexity: O(distinct values).
    public func mannWhitney() -> TwoSampleResult {
        if isEmpty { return .undefined }
        var (ranks, both, ties) = (0.0, 0.0, 0.0)
        for index in values.indices {
            let tied = reference[index] + current[index]
            ranks += reference[index] * (both + (tied + 1) / 2)
            ties += tied * tied * tied - tied
            both += tied
        }
        let statistic = ranks - n * (n + 1) / 2
        let variance = n * m / 12 * (total + 1 - ties / (total * (total - 1)))
        let distance = max(statistic, n * m - statistic) - n * m / 2 - 0.5
        let p = 2 * ProbabilityTails.normal(distance / variance.squareRoot())
        return TwoSampleResult(statistic: statistic, pValue: min(1, max(0, p)))
    }
}
