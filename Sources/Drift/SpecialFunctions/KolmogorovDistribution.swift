import Glibc

/// The law of the one-sample Kolmogorov-Smirnov statistic of n observations, for finite n.
///
/// Which of several ways is taken follows R. Simard and P. L'Ecuyer, "Computing the Two-Sided Kolmogorov-Smirnov
/// Distribution", Journal of Statistical Software 39, 2011, as scipy's `kstwo` does: exact up to 140 observations or
/// where the statistic is tiny, else a doubled one-sided tail or an expansion, both good to at least seven digits.
enum KolmogorovDistribution {
    /// P(D_n >= d). NaN for n < 1 or d = NaN.
    ///
    /// Complexity: at most O(n), and of up to 100,000 observations O(n log n).
    static func tail(_ n: Double, _ d: Double) -> Double {
        if !(n >= 1) || d.isNaN { return .nan }
        if d >= 1 { return 0 }
        let steps = n * d
        if steps <= 0.5 { return 1 }
        if steps <= 1 { return clip(1 - firstStep(n, 2 * steps - 1)) }
        if steps >= n - 1 { return clip(2 * pow(1 - d, n)) }
        if d >= 0.5 { return clip(2 * oneSidedTail(n, d)) }
        let exponent = steps * d
        if n <= 140 {
            return clip(exponent <= 4 ? 1 - KolmogorovMatrix.cumulative(Int(n), d) : 2 * oneSidedTail(n, d))
        }
        if exponent >= 370 { return 0 }
        if exponent >= 2.2 { return clip(2 * oneSidedTail(n, d)) }
        if n <= 100_000 && n * pow(d, 1.5) <= 1.4 { return clip(1 - KolmogorovMatrix.cumulative(Int(n), d)) }
        return clip(1 - expanded(n, d))
    }

    private static func clip(_ p: Double) -> Double { min(1, max(0, p)) }

    /// P(D_n <= d) for 1/2 < n d <= 1: n! (r / n)^n, where r = 2 n d - 1.
    private static func firstStep(_ n: Double, _ r: Double) -> Double {
        if n <= 140 {
            var product = 1.0
            for k in 1...Int(n) { product *= Double(k) / n * r }
            return product
        }
        return exp(lgamma(n + 1).0 - n * log(n) + n * log(r))
    }

    /// P(D_n+ >= d), one-sided: Smirnov's sum, each of whose terms is a binomial probability.
    ///
    /// Above ten million observations its limit with the first correction, whose error is beyond twelve digits there.
    static func oneSidedTail(_ n: Double, _ d: Double) -> Double {
        if n > 10_000_000 {
            let z = 6 * n * d + 1
            return exp(-z * z / (18 * n))
        }
        let last = (n * (1 - d)).rounded(.down)
        var sum = 0.0
        var k = 0.0
        while k <= last {
            let p = d + k / n
            sum += d / p * BinomialTerm.probability(k, of: n, p: p, q: (n * (1 - d) - k) / n)
            k += 1
        }
        return sum
    }

    /// P(D_n <= d) by the expansion of W. Pelz and I. Good in powers of 1 / sqrt(n) (Journal of the Royal Statistical
    /// Society B 38, 1976).
    private static func expanded(_ n: Double, _ d: Double) -> Double {
        let z = n.squareRoot() * d
        let (z2, z4, z6) = (z * z, z * z * z * z, z * z * z * z * z * z)
        let (pi2, pi4, pi6) = (Double.pi * .pi, Double.pi * .pi * .pi * .pi, pow(Double.pi, 6))
        let base = -pi2 / (8 * z2)
        if base < -745 { return 0 }
        var (k0, k1, k2, k3) = (0.0, 0.0, 0.0, 0.0)
        let count = max(1, Int((16 * z / .pi).rounded(.up)))
        for k in stride(from: count, through: 1, by: -1) {
            let m = Double(2 * k - 1)
            let (m2, m4) = (m * m, m * m * m * m)
            let weight = exp(base * m2)
            k0 += weight
            k1 += weight * (pi2 / 4 * m2 - z2)
            k2 +=
                weight
                * (6 * z6 + 2 * z4 + pi2 / 4 * (2 * z4 - 5 * z2) * m2 + pi4 / 16 * (1 - 2 * z2) * m4)
            k3 +=
                weight
                * (-30 * z6 - 90 * z4 * z4 + pi2 / 4 * (135 * z4 - 96 * z6) * m2
                    + pi4 / 16 * (212 * z4 - 60 * z2) * m4 + pi6 / 64 * (5 - 30 * z2) * m2 * m4)
        }
        var (extra2, extra3) = (0.0, 0.0)
        for k in stride(from: count, through: 1, by: -1) {
            let k2 = Double(k * k)
            let weight = k2 * exp(-pi2 / (2 * z2) * k2)
            extra2 += weight
            extra3 += weight * (3 * z2 - pi2 * k2)
        }
        let root = (2 * Double.pi).squareRoot()
        let z3 = z * z2
        let first = root * k0 / z
        let second = root * k1 / (6 * z4)
        let third = root * k2 / (72 * z6 * z) - root * pi2 * extra2 / (36 * z3)
        let fourth = root * k3 / (6_480 * z6 * z4) + root * pi2 * extra3 / (216 * z6)
        return first + second / n.squareRoot() + third / n + fourth / (n * n.squareRoot())
    }
}
