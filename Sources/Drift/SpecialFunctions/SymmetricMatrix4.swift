import Glibc

/// A symmetric matrix of four rows, and its generalised inverse by Jacobi's rotations.
struct SymmetricMatrix4 {
    private var entries = [Double](repeating: 0, count: 16)

    subscript(row: Int, column: Int) -> Double {
        get { entries[4 * row + column] }
        set { entries[4 * row + column] = newValue }
    }

    /// v' M+ v, where M+ is the generalised inverse, and the rank of M: eigenvalues below 1e-15 of the largest count as
    /// none.
    func inverseForm(_ v: [Double]) -> (value: Double, rank: Int) {
        var diagonal = self
        var coordinates = v
        for _ in 0..<64 where diagonal.offDiagonal > 0 {
            for p in 0..<3 {
                for q in (p + 1)..<4 { diagonal.rotate(p, q, &coordinates) }
            }
        }
        let largest = (0..<4).reduce(0) { max($0, abs(diagonal[$1, $1])) }
        var (sum, rank) = (0.0, 0)
        for k in 0..<4 where abs(diagonal[k, k]) > 1e-15 * largest {
            sum += coordinates[k] * coordinates[k] / diagonal[k, k]
            rank += 1
        }
        return (sum, rank)
    }

    /// The largest entry beside the diagonal, if it is not lost beside the largest on it.
    private var offDiagonal: Double {
        var (beside, on) = (0.0, 0.0)
        for p in 0..<4 {
            on = max(on, abs(self[p, p]))
            for q in 0..<4 where q != p { beside = max(beside, abs(self[p, q])) }
        }
        return beside > 1e-300 + on * 1e-30 ? beside : 0
    }

    /// Turns the axes p and q so that their entry vanishes, and a vector's coordinates with them.
    private mutating func rotate(_ p: Int, _ q: Int, _ coordinates: inout [Double]) {
        if self[p, q] == 0 { return }
        let theta = (self[q, q] - self[p, p]) / (2 * self[p, q])
        let t = (theta >= 0 ? 1.0 : -1.0) / (abs(theta) + (theta * theta + 1).squareRoot())
        let c = 1 / (t * t + 1).squareRoot()
        let s = t * c
        for k in 0..<4 {
            let (a, b) = (self[k, p], self[k, q])
            self[k, p] = c * a - s * b
            self[k, q] = s * a + c * b
        }
        for k in 0..<4 {
            let (a, b) = (self[p, k], self[q, k])
            self[p, k] = c * a - s * b
            self[q, k] = s * a + c * b
        }
        (coordinates[p], coordinates[q]) = (
            c * coordinates[p] - s * coordinates[q], s * coordinates[p] + c * coordinates[q]
        )
    }
}
