import Glibc

extension PooledCounts {
    /// The first Wasserstein distance: how far, in the values' unit, the mass of one sample is moved to become the other.
    ///
    /// NaN for an empty sample; infinite where an infinite value is in one. Complexity: O(distinct values).
    public var wasserstein: Double { isEmpty ? .nan : distance { abs($0) } }

    /// The Wasserstein distance in standard deviations of the reference (divided by n, at least 0.001), as Evidently has
    /// it.
    public var wassersteinOverDeviation: Double { wasserstein / max(referenceMoments.deviation, 0.001) }

    /// The energy distance, scipy's `energy_distance`. NaN for an empty sample.
    public var energyDistance: Double { isEmpty ? .nan : (2 * distance { $0 * $0 }).squareRoot() }

    /// The sum over gaps of a function of F - G times the gap's length.
    private func distance(_ weight: (Double) -> Double) -> Double {
        var (sum, f, g) = (0.0, 0.0, 0.0)
        for index in values.indices.dropLast() {
            f += reference[index]
            g += current[index]
            sum += weight(f / n - g / m) * (values[index + 1] - values[index])
        }
        return sum
    }
}
