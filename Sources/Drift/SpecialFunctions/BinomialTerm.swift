import Glibc

/// One term of the binomial distribution without loss of digits, by the deviance from its mode.
///
/// Source: C. Loader, "Fast and Accurate Computation of Binomial Probabilities", 2000.
enum BinomialTerm {
    /// The probability of exactly `successes` of `trials`, each with probability `p` = 1 - `q`.
    static func probability(_ successes: Double, of trials: Double, p: Double, q: Double) -> Double {
        if p <= 0 { return successes == 0 ? 1 : 0 }
        if q <= 0 { return successes == trials ? 1 : 0 }
        if successes == 0 { return exp(trials * log1p(-p)) }
        if successes == trials { return exp(trials * log1p(-q)) }
        let failures = trials - successes
        let exponent =
            stirlingError(trials) - stirlingError(successes) - stirlingError(failures)
            - deviance(successes, from: trials * p) - deviance(failures, from: trials * q)
        return exp(exponent) * (trials / (2 * .pi * successes * failures)).squareRoot()
    }

    /// ln n! less Stirling's formula for it.
    private static func stirlingError(_ n: Double) -> Double {
        if n < 16 { return lgamma(n + 1).0 - (n + 0.5) * log(n) + n - 0.5 * log(2 * .pi) }
        let square = n * n
        return
            (1 / 12.0 - (1 / 360.0 - (1 / 1_260.0 - (1 / 1_680.0 - 1 / 1_188.0 / square) / square) / square) / square)
            / n
    }

    /// x ln(x / mean) + mean - x, which cancels where x is near the mean.
    private static func deviance(_ x: Double, from mean: Double) -> Double {
        guard abs(x - mean) < 0.1 * (x + mean) else { return x * log(x / mean) + mean - x }
        let ratio = (x - mean) / (x + mean)
        var sum = (x - mean) * ratio
        var term = 2 * x * ratio
        var odd = 3.0
        while true {
            term *= ratio * ratio
            let next = sum + term / odd
            if next == sum { return next }
            sum = next
            odd += 2
        }
    }
}
