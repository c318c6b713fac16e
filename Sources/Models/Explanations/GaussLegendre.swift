#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Points and weights on (0, 1) with which a polynomial of degree up to 2 n - 1 is integrated exactly by n values.
enum GaussLegendre {
    /// By Newton's method on the Legendre polynomial from the usual first guess. Complexity: O(n^2).
    static func rule(_ n: Int) -> (points: [Double], weights: [Double]) {
        var points = [Double](repeating: 0, count: n)
        var weights = points
        for index in 0..<n {
            var x = cos(Double.pi * (Double(index) + 0.75) / (Double(n) + 0.5))
            var slope = 1.0
            for _ in 0..<64 {
                let (value, derivative) = legendre(n, x)
                slope = derivative
                let step = value / derivative
                x -= step
                if abs(step) <= 1e-16 { break }
            }
            slope = legendre(n, x).derivative
            points[index] = (1 + x) / 2
            weights[index] = 1 / ((1 - x * x) * slope * slope)
        }
        return (points, weights)
    }

    private static func legendre(_ n: Int, _ x: Double) -> (value: Double, derivative: Double) {
        var (previous, value) = (1.0, x)
        for degree in stride(from: 2, through: n, by: 1) {
            let k = Double(degree)
            (previous, value) = (value, ((2 * k - 1) * x * value - (k - 1) * previous) / k)
        }
        if n == 0 { return (1, 0) }
        return (value, Double(n) * (x * value - previous) / (x * x - 1))
    }
}
