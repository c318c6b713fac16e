import Glibc

/// Upper tails of the distributions that tests refer to.
enum ProbabilityTails {
    /// P(Z >= z) of a standard normal variable.
    static func normal(_ z: Double) -> Double { 0.5 * erfc(z / 2.0.squareRoot()) }

    /// P(X >= x) of a chi-square variable with `degrees` of freedom; NaN without any.
    ///
    /// Relative accuracy about 1e-13. Complexity: a few times sqrt(x + degrees) steps.
    static func chiSquare(_ x: Double, degrees: Double) -> Double {
        if !(degrees > 0) || x.isNaN { return .nan }
        if x <= 0 { return 1 }
        if x == .infinity { return 0 }
        return upperGamma(degrees / 2, x / 2)
    }

    /// The regularised upper incomplete gamma function: a series below the mean, a continued fraction above.
    private static func upperGamma(_ a: Double, _ x: Double) -> Double {
        let scale = exp(a * log(x) - x - lgamma(a).0)
        if x < a + 1 {
            var term = 1 / a
            var sum = term
            var n = a
            while term > sum * 1e-17 {
                n += 1
                term *= x / n
                sum += term
            }
            return max(0, 1 - sum * scale)
        }
        // Lentz's method; every partial denominator is positive here, so nothing needs to be kept from zero.
        var b = x + 1 - a
        var c = Double.infinity
        var d = 1 / b
        var fraction = d
        var n = 1.0
        while true {
            let numerator = -n * (n - a)
            b += 2
            d = 1 / (numerator * d + b)
            c = b + numerator / c
            let step = c * d
            fraction *= step
            if abs(step - 1) < 1e-16 || n > 100_000 { return scale * fraction }
            n += 1
        }
    }
}
