import Glibc

/// Quantiles that decisions about a reference need; three digits are enough for them.
enum NormalLaw {
    /// The z with P(Z <= z) = `probability`, by bisection. - Precondition: 0 < probability < 1.
    static func quantile(_ probability: Double) -> Double {
        var low = -38.0
        var high = 38.0
        for _ in 0..<100 {
            let middle = (low + high) / 2
            if erfc(-middle / 2.0.squareRoot()) / 2 < probability { low = middle } else { high = middle }
        }
        return (low + high) / 2
    }

    /// The chi-square distribution's quantile (Wilson and Hilferty, 1931): within 1 % from 8 degrees of freedom on.
    static func chiSquareQuantile(_ probability: Double, degrees: Double) -> Double {
        let spread = 2 / (9 * degrees)
        let root = 1 - spread + quantile(probability) * spread.squareRoot()
        return degrees * root * root * root
    }
}
