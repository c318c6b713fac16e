/// The exact law of the two-sample Kolmogorov-Smirnov statistic without ties: of all equally likely ways in which two
/// samples may interleave, the share in which their distribution functions are somewhere at least so far apart.
///
/// An interleaving is a path over a lattice, a step right for an observation of one sample, up for one of the other. Of
/// the paths to a point, x / (x + y) come from its left and y / (x + y) from below, so the share of those that were
/// somewhere outside follows from both neighbours' shares. Shares of what is outside are sums of positive numbers: small
/// ones lose no digits. (J. Hodges, "The significance probability of the Smirnov two-sample test", Arkiv för Matematik
/// 3, 1958, has the recursion for the paths inside.)
struct KolmogorovPaths {
    private let width: Int
    private let height: Int
    /// |x h - y w| >= limit is outside, with w and h the sizes without their common divisor.
    private let widthReduced: Int
    private let heightReduced: Int
    private let limit: Int

    /// - Parameter steps: the distance times n m.
    init(_ n: Int, _ m: Int, steps: Int) {
        (width, height) = (max(n, m), min(n, m))
        let divisor = Self.commonDivisor(width, height)
        widthReduced = width / divisor
        heightReduced = height / divisor
        limit = steps / divisor
    }

    private static func commonDivisor(_ a: Int, _ b: Int) -> Int {
        var (a, b) = (a, b)
        while b != 0 { (a, b) = (b, a % b) }
        return a
    }

    /// Complexity: O(n) for samples of one size, else O(n m limit), one-sided O(n m).
    func outside(isTwoSided: Bool) -> Double {
        if limit <= 0 { return 1 }
        let share = width == height ? equalSizes(isTwoSided: isTwoSided) : walk(isTwoSided: isTwoSided)
        return min(1, max(0, share))
    }

    /// Samples of one size: the alternating sum over reflections at the two borders (B. Gnedenko and V. Korolyuk, 1951),
    /// from its last term on, each as a factor of the one before.
    private func equalSizes(isTwoSided: Bool) -> Double {
        if !isTwoSided { return nextReflection(0) }
        var share = 0.0
        for k in stride(from: width / limit, through: 0, by: -1) { share = nextReflection(k) * (1 - share) }
        return 2 * share
    }

    /// Paths that end k + 1 borders away, of those that end k away.
    private func nextReflection(_ k: Int) -> Double {
        var product = 1.0
        for step in (k * limit)..<((k + 1) * limit) { product *= Double(width - step) / Double(width + step + 1) }
        return product
    }

    /// The recursion, over the points within the borders only.
    private func walk(isTwoSided: Bool) -> Double {
        var shares = [Double](repeating: 1, count: height + 1)
        shares.withUnsafeMutableBufferPointer { shares in
            for x in 0...width {
                // The lowest point inside: x h - y w < limit.
                let low = max(0, Self.floorDivide(x * heightReduced - limit, widthReduced) + 1)
                let high = isTwoSided ? min(height, (x * heightReduced + limit - 1) / widthReduced) : height
                if low > 0 { shares[low - 1] = 1 }
                if low > high { continue }
                var below = low > 0 ? 1.0 : 0.0
                let column = Double(x)
                for y in low...high {
                    let row = Double(y)
                    // At the origin nothing has been outside.
                    let sum = column + row
                    below = sum == 0 ? 0 : (column * shares[y] + row * below) / sum
                    shares[y] = below
                }
            }
        }
        return shares[height]
    }

    private static func floorDivide(_ a: Int, _ b: Int) -> Int { a >= 0 ? a / b : -((-a + b - 1) / b) }
}
