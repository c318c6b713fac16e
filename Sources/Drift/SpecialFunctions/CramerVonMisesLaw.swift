import Glibc

/// The limit law of the Cramer-von Mises statistic under the null hypothesis.
///
/// Source: T. Anderson and D. Darling, "Asymptotic theory of certain goodness of fit criteria", Annals of Mathematical
/// Statistics 23, 1952.
enum CramerVonMisesLaw {
    /// Where the series ends: scipy's bound, so that values agree to far below it.
    private static let termMin = 1e-7

    /// P(W <= x) for x > 0.
    static func cumulative(_ x: Double) -> Double {
        var (sum, k) = (0.0, 0.0)
        while true {
            let y = 4 * k + 1
            let q = y * y / (16 * x)
            let weight = exp(lgamma(k + 0.5).0 - lgamma(k + 1).0) / (pow(.pi, 1.5) * x.squareRoot())
            let term = weight * y.squareRoot() * dampedBesselQuarter(q)
            sum += term
            if term < termMin { return sum }
            k += 1
        }
    }

    /// exp(-q) K(q), K the modified Bessel function of the second kind of order 1/4.
    ///
    /// It is the integral of exp(-q (1 + cosh t)) cosh(t / 4) over t > 0. The trapezoid rule converges on it faster than
    /// any power of the step.
    private static func dampedBesselQuarter(_ q: Double) -> Double {
        let step = 1 / 32.0
        var sum = 0.5 * exp(-2 * q)
        if sum == 0 { return 0 }
        var t = step
        while true {
            let term = exp(-q * (1 + cosh(t))) * cosh(t / 4)
            sum += term
            if term <= sum * 1e-18 { return sum * step }
            t += step
        }
    }
}
