import Glibc

/// The exact law of the Cramer-von Mises statistic of two small samples without ties: the statistic's value of every
/// way in which they may interleave.
///
/// A way is a path over a lattice; the statistic is the sum of its points' squared distances from the diagonal, whole
/// numbers here. For each point the sums that its paths may have are kept, with the number of paths. (Y. Xiao, A.
/// Gordon and A. Yakovlev, "A C++ Program for the Cramér-von Mises Two-Sample Test", Journal of Statistical Software
/// 17, 2006, describe it.)
struct CramerVonMisesPaths {
    private struct Sums {
        /// Ascending.
        var values: [Int] = []
        var paths: [Double] = []
        /// Of paths whose sum is as large as asked for already: sums only grow.
        var beyond = 0.0
    }

    private let n: Int
    private let m: Int
    private let stepN: Int
    private let stepM: Int

    /// - Precondition: both sizes are 1 to `CramerVonMises.exactMax`.
    init(_ n: Int, _ m: Int) {
        precondition((1...CramerVonMises.exactMax).contains(n) && (1...CramerVonMises.exactMax).contains(m))
        self.n = n
        self.m = m
        var (a, b) = (n, m)
        while b != 0 { (a, b) = (b, a % b) }
        stepN = m / a
        stepM = n / a
    }

    /// The share of paths whose statistic is at least so large.
    func atLeast(_ statistic: Double) -> Double {
        let common = Double(n * stepN)
        let (size, total) = (Double(n * m), Double(n + m))
        // Sums of squares are whole; the margin is for the rounding of the statistic.
        let scaled = statistic * common * common * total * total / size
        let bound = Int((scaled - 1e-9 * max(1, scaled)).rounded(.up))
        var row = [Sums](repeating: Sums(), count: n + 1)
        row[0] = Sums(values: [0], paths: [1])
        for y in 0...m {
            for x in 0...n {
                let here = x > 0 ? Self.joined(row[x - 1], row[x]) : row[0]
                let distance = stepN * x - stepM * y
                row[x] = Self.shifted(here, by: distance * distance, bound: bound)
            }
        }
        let last = row[n]
        return last.beyond / (last.beyond + last.paths.reduce(0, +))
    }

    private static func joined(_ a: Sums, _ b: Sums) -> Sums {
        var result = Sums(beyond: a.beyond + b.beyond)
        result.values.reserveCapacity(a.values.count + b.values.count)
        result.paths.reserveCapacity(a.values.count + b.values.count)
        var (i, j) = (0, 0)
        while i < a.values.count || j < b.values.count {
            let takesA = j == b.values.count || (i < a.values.count && a.values[i] <= b.values[j])
            let takesB = i == a.values.count || (j < b.values.count && b.values[j] <= a.values[i])
            result.values.append(takesA ? a.values[i] : b.values[j])
            result.paths.append((takesA ? a.paths[i] : 0) + (takesB ? b.paths[j] : 0))
            if takesA { i += 1 }
            if takesB { j += 1 }
        }
        return result
    }

    private static func shifted(_ sums: Sums, by amount: Int, bound: Int) -> Sums {
        var result = sums
        while let last = result.values.last, last + amount >= bound {
            result.values.removeLast()
            result.beyond += result.paths.removeLast()
        }
        for index in result.values.indices { result.values[index] += amount }
        return result
    }
}
