import Glibc

/// The exact law of the one-sample Kolmogorov-Smirnov statistic, as a power of a small matrix.
///
/// Source: G. Marsaglia, W. Tsang and J. Wang, "Evaluating Kolmogorov's Distribution", Journal of Statistical Software
/// 8, 2003 (after Durbin).
enum KolmogorovMatrix {
    /// Beyond this a square is scaled down; its exponent is carried.
    private static let scaledAbove = 0x1p400

    /// P(D_n <= d) for n d > 1/2.
    ///
    /// Complexity: O((2 n d)^3 log n). It allocates.
    static func cumulative(_ n: Int, _ d: Double) -> Double {
        let steps = Double(n) * d
        let half = Int(steps.rounded(.up))
        let size = 2 * half - 1
        var square = matrix(size: size, gap: Double(half) - steps)
        var squareExponent = 0
        // One row of the power is enough: the middle one.
        var row = [Double](repeating: 0, count: size)
        row[half - 1] = 1
        var exponent = 0
        var bits = n
        while bits > 0 {
            if bits & 1 == 1 {
                row = times(row, square, size: size)
                exponent += squareExponent
                let largest = row.max() ?? 0
                if largest > scaledAbove {
                    for place in row.indices { row[place] *= 1 / scaledAbove }
                    exponent += 400
                }
            }
            bits >>= 1
            if bits == 0 { break }
            square = squared(square, size: size)
            squareExponent *= 2
            if square[(half - 1) * size + half - 1] > scaledAbove {
                for place in square.indices { square[place] *= 1 / scaledAbove }
                squareExponent += 400
            }
        }
        return scaledFactorial(row[half - 1], n: n, exponent: exponent)
    }

    /// value x 2^exponent x n! / n^n.
    private static func scaledFactorial(_ value: Double, n: Int, exponent: Int) -> Double {
        var (value, exponent) = (value, exponent)
        for k in 1...n {
            value *= Double(k) / Double(n)
            if value < 1 / scaledAbove {
                value *= scaledAbove
                exponent -= 400
            }
        }
        return scalbn(value, exponent)
    }

    private static func matrix(size: Int, gap: Double) -> [Double] {
        var entries = [Double](repeating: 0, count: size * size)
        var inverseFactorial = [Double](repeating: 1, count: size + 1)
        for k in 1...size { inverseFactorial[k] = inverseFactorial[k - 1] / Double(k) }
        for row in 0..<size {
            for column in 0...min(row + 1, size - 1) {
                entries[row * size + column] = inverseFactorial[row - column + 1]
            }
        }
        // The first column and the last row are cut short by the gap.
        for row in 0..<size {
            let cut = (1 - pow(gap, Double(row + 1))) * inverseFactorial[row + 1]
            entries[row * size] = cut
            entries[(size - 1) * size + size - 1 - row] = cut
        }
        let corner = 1 - 2 * pow(gap, Double(size)) + pow(max(2 * gap - 1, 0), Double(size))
        entries[(size - 1) * size] = corner * inverseFactorial[size]
        return entries
    }

    private static func times(_ row: [Double], _ matrix: [Double], size: Int) -> [Double] {
        var result = [Double](repeating: 0, count: size)
        matrix.withUnsafeBufferPointer { matrix in
            for k in 0..<size where row[k] != 0 {
                for column in 0..<size { result[column] += row[k] * matrix[k * size + column] }
            }
        }
        return result
    }

    private static func squared(_ matrix: [Double], size: Int) -> [Double] {
        var result = [Double](repeating: 0, count: size * size)
        result.withUnsafeMutableBufferPointer { result in
            matrix.withUnsafeBufferPointer { matrix in
                for row in 0..<size {
                    for k in 0..<size {
                        let factor = matrix[row * size + k]
                        if factor == 0 { continue }
                        for column in 0..<size { result[row * size + column] += factor * matrix[k * size + column] }
                    }
                }
            }
        }
        return result
    }
}
