import Glibc

/// The regularised incomplete beta function I_x(a, b), its logarithms and its inverse: the binomial distribution's tails.
enum IncompleteBeta {
    /// ln B(a, b), without the difference of two large logarithms where one of them, or both, are large.
    static func logBeta(_ a: Double, _ b: Double) -> Double {
        let (small, large) = a <= b ? (a, b) : (b, a)
        let sum = small + large
        if large < stirlingFrom { return logGamma(small) + logGamma(large) - logGamma(sum) }
        let rest = stirlingRest(large) - stirlingRest(sum) - (large - 0.5) * log1p(small / large)
        if small < stirlingFrom { return logGamma(small) + small - small * log(sum) + rest }
        return small * log(small / sum) - 0.5 * log(small) + halfLogOfTwoPi + stirlingRest(small) + rest
    }

    /// P(X <= x) for X ~ Beta(a, b): the continued fraction of DLMF 8.17.22 by Lentz's method, on the side where it
    /// converges in O(sqrt(max(a, b))) steps.
    static func cumulative(_ x: Double, _ a: Double, _ b: Double) -> Double {
        if x <= 0 { return 0 }
        if x >= 1 { return 1 }
        let front = exp(a * log(x) + b * log1p(-x) - logBeta(a, b))
        if x < (a + 1) / (a + b + 2) { return min(1, front * fraction(x, a, b) / a) }
        return max(0, 1 - front * fraction(1 - x, b, a) / b)
    }

    /// The x with I_x(a, b) = `probability`, by bisection that Newton's steps shorten.
    static func quantile(_ probability: Double, _ a: Double, _ b: Double) -> Double {
        precondition(a > 0 && b > 0 && probability >= 0 && probability <= 1, "\(probability) of Beta(\(a), \(b))")
        if probability == 0 || probability == 1 { return probability }
        var low = 0.0
        var high = 1.0
        var x = a / (a + b)
        let scale = logBeta(a, b)
        for _ in 0..<200 {
            let distance = cumulative(x, a, b) - probability
            if distance == 0 { return x }
            if distance < 0 { low = x } else { high = x }
            let slope = exp((a - 1) * log(x) + (b - 1) * log1p(-x) - scale)
            var next = x - distance / slope
            if !(next > low && next < high) { next = low + (high - low) / 2 }
            if abs(next - x) <= 1e-15 * next || next == low || next == high { return next }
            x = next
        }
        return x
    }

    private static func fraction(_ x: Double, _ a: Double, _ b: Double) -> Double {
        let tiny = 1e-300
        var c = 1.0
        var d = 1 - (a + b) * x / (a + 1)
        d = 1 / (abs(d) < tiny ? tiny : d)
        var value = d
        for step in 1...200_000 {
            let m = Double(step)
            let even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
            d = 1 + even * d
            c = 1 + even / c
            d = 1 / (abs(d) < tiny ? tiny : d)
            if abs(c) < tiny { c = tiny }
            value *= d * c
            let odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
            d = 1 + odd * d
            c = 1 + odd / c
            d = 1 / (abs(d) < tiny ? tiny : d)
            if abs(c) < tiny { c = tiny }
            let change = d * c
            value *= change
            if abs(change - 1) < 1e-16 { break }
        }
        return value
    }

    /// ln Gamma(x) for x > 0: Stirling's series, after moving up to where its first terms are exact enough. (Glibc's
    /// `lgamma` writes the sign to a variable that all threads share.)
    static func logGamma(_ x: Double) -> Double {
        var x = x
        var product = 1.0
        while x < stirlingFrom {
            product *= x
            x += 1
        }
        return (x - 0.5) * log(x) - x + halfLogOfTwoPi + stirlingRest(x) - log(product)
    }

    private static let stirlingFrom = 12.0
    private static let halfLogOfTwoPi = 0.918_938_533_204_672_8

    /// What Stirling's formula leaves of ln Gamma(x), for x >= `stirlingFrom`.
    private static func stirlingRest(_ x: Double) -> Double {
        let square = 1 / (x * x)
        let fifth = 1.0 / 1_188 - square * 691 / 360_360
        return (1.0 / 12 - square * (1.0 / 360 - square * (1.0 / 1_260 - square * (1.0 / 1_680 - square * fifth)))) / x
    }
}
