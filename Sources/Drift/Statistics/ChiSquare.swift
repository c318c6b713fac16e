import Glibc

/// A chi-square test with its degrees of freedom.
public struct ChiSquareResult: Hashable, Sendable {
    public var statistic: Double
    public var degrees: Int

    /// NaN without a degree of freedom. Complexity: O(sqrt(statistic + degrees)).
    public var pValue: Double { ProbabilityTails.chiSquare(statistic, degrees: Double(degrees)) }
}

extension PooledCounts {
    /// The chi-square test of homogeneity between the reference's quantiles: are both samples of one distribution?
    ///
    /// Both sides are taken as samples, so that a short reference is no certainty. Bins in which fewer than five
    /// observations are expected of a side are joined with the next: the p-value is not sound without. Complexity:
    /// O(distinct values).
    /// - Precondition: 2 to 1,000 bins.
    public func chiSquare(bins: Int = 10) -> ChiSquareResult {
        precondition((2...1_000).contains(bins), "\(bins) bins")
        if isEmpty { return ChiSquareResult(statistic: .nan, degrees: 0) }
        let counts = quantileBins(bins)
        var test = HomogeneityTest(n: n, m: m)
        for bin in counts.reference.indices { test.add(counts.reference[bin], counts.current[bin]) }
        return test.result()
    }

    /// Evidently's `chisquare` of a categorical column: the reference's counts, scaled, are taken as known.
    ///
    /// A value that the reference has not makes it infinite, the p-value 0.
    public func evidentlyChiSquare() -> ChiSquareResult {
        if isEmpty { return ChiSquareResult(statistic: .nan, degrees: 0) }
        var sum = 0.0
        for index in values.indices {
            let expected = reference[index] * m / n
            let distance = current[index] - expected
            sum += distance * distance / expected
        }
        return ChiSquareResult(statistic: sum, degrees: values.count - 1)
    }
}

/// A chi-square test of two samples over bins that are given one after the other.
struct HomogeneityTest {
    static let expectedMin = 5.0

    private let n: Double
    private let m: Double
    private var (inReference, inCurrent) = (0.0, 0.0)
    /// The bin before, which takes what is left over at the end.
    private var last = (0.0, 0.0)
    private var sum = 0.0
    private var binCount = 0

    init(n: Double, m: Double) {
        self.n = n
        self.m = m
    }

    mutating func add(_ reference: Double, _ current: Double) {
        inReference += reference
        inCurrent += current
        if (inReference + inCurrent) * min(n, m) < Self.expectedMin * (n + m) { return }
        close()
    }

    private mutating func close() {
        if binCount > 0 { sum += term(last) }
        last = (inReference, inCurrent)
        (inReference, inCurrent) = (0, 0)
        binCount += 1
    }

    private func term(_ counts: (Double, Double)) -> Double {
        // (O - E)^2 / E of both sides: what is too many of one is too few of the other.
        let both = counts.0 + counts.1
        let excess = counts.0 * m - counts.1 * n
        return excess * excess / (n * m * both)
    }

    func result() -> ChiSquareResult {
        if binCount == 0 { return ChiSquareResult(statistic: 0, degrees: 0) }
        let whole = sum + term((last.0 + inReference, last.1 + inCurrent))
        return ChiSquareResult(statistic: whole, degrees: binCount - 1)
    }
}
