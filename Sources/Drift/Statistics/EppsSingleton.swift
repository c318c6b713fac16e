import Glibc

extension PooledCounts {
    /// Observations a sample that the Epps-Singleton test needs.
    public static let eppsSingletonMin = 5

    /// The Epps-Singleton test: the samples' characteristic functions held against each other at 0.4 and 0.8 of the pooled
    /// semi-interquartile range. It does not assume a continuous distribution.
    ///
    /// Undefined for fewer than five observations a sample, an infinite value, or where half of all observations are
    /// equal: no scale is left (scipy fails to converge there).
    ///
    /// Source: T. Epps and K. Singleton, Journal of Statistical Computation and Simulation 26, 1986; equal to scipy's
    /// `epps_singleton_2samp`. Complexity: O(distinct values).
    public func eppsSingleton() -> TwoSampleResult {
        let lowest = min(referenceCount, currentCount)
        guard lowest >= Self.eppsSingletonMin, let first = values.first, let last = values.last,
            first.isFinite, last.isFinite
        else { return .undefined }
        let scale = (pooledQuantile(0.75) - pooledQuantile(0.25)) / 2
        guard scale > 0 else { return .undefined }
        let times = [0.4 / scale, 0.8 / scale]
        let ofReference = CharacteristicMoments(values, reference, times: times)
        let ofCurrent = CharacteristicMoments(values, current, times: times)
        var covariance = SymmetricMatrix4()
        var difference = [Double](repeating: 0, count: 4)
        for row in 0..<4 {
            difference[row] = ofReference.means[row] - ofCurrent.means[row]
            for column in 0..<4 {
                covariance[row, column] =
                    total / n * ofReference.covariance[row, column] + total / m * ofCurrent.covariance[row, column]
            }
        }
        var (statistic, rank) = covariance.inverseForm(difference)
        statistic *= total
        if max(referenceCount, currentCount) < 25 {
            statistic *= 1 / (1 + pow(total, -0.45) + 10.1 * (pow(n, -1.7) + pow(m, -1.7)))
        }
        return TwoSampleResult(
            statistic: statistic, pValue: ProbabilityTails.chiSquare(statistic, degrees: Double(rank)))
    }

    /// Between the two nearest observations, linearly.
    private func pooledQuantile(_ share: Double) -> Double {
        let place = share * (total - 1)
        let below = place.rounded(.down)
        let low = pooledValue(at: Int(below))
        let high = pooledValue(at: min(Int(below) + 1, Int(total) - 1))
        return low + (high - low) * (place - below)
    }
}

/// Means and covariances (divided by n) of cos(t x) and sin(t x) at two times.
private struct CharacteristicMoments {
    var means = [Double](repeating: 0, count: 4)
    var covariance = SymmetricMatrix4()

    init(_ values: [Double], _ counts: [Double], times: [Double]) {
        let size = counts.reduce(0, +)
        for index in values.indices where counts[index] > 0 {
            let waves = Self.waves(values[index], times)
            for row in 0..<4 { means[row] += waves[row] * counts[index] / size }
        }
        for index in values.indices where counts[index] > 0 {
            let waves = Self.waves(values[index], times)
            for row in 0..<4 {
                for column in 0..<4 {
                    covariance[row, column] +=
                        (waves[row] - means[row]) * (waves[column] - means[column]) * counts[index] / size
                }
            }
        }
    }

    private static func waves(_ value: Double, _ times: [Double]) -> [Double] {
        [cos(times[0] * value), cos(times[1] * value), sin(times[0] * value), sin(times[1] * value)]
    }
}
