/// Two samples as what every statistic of them needs: the distinct values of both in order, and how often each has them.
///
/// From the counts on a grid it is exact, and as long as the grid, however many observations were counted.
public struct PooledCounts: Sendable {
    /// Ascending, no two equal; each is in at least one sample.
    let values: [Double]
    let reference: [Double]
    let current: [Double]
    public let referenceCount: Int
    public let currentCount: Int

    /// The most observations that a sample may have: their products then stay far from where doubles leave out integers.
    public static let countMax = 1 << 40

    /// Two samples, in any order. `nil`: one of them holds a NaN, or too many observations.
    ///
    /// Complexity: O(n log n).
    public init?(reference: [Double], current: [Double]) {
        guard max(reference.count, current.count) <= Self.countMax else { return nil }
        guard !reference.contains(where: \.isNaN), !current.contains(where: \.isNaN) else { return nil }
        let first = reference.sorted()
        let second = current.sorted()
        var merged = Merged()
        var (i, j) = (0, 0)
        while i < first.count || j < second.count {
            let value: Double
            if i < first.count, j == second.count || first[i] <= second[j] {
                value = first[i]
            } else {
                value = second[j]
            }
            let (i0, j0) = (i, j)
            while i < first.count, first[i] == value { i += 1 }
            while j < second.count, second[j] == value { j += 1 }
            merged.append(value, i - i0, j - j0)
        }
        self.init(merged)
    }

    /// The counts in the cells of one grid. `nil`: not as many counts as cells, a negative count, or too many
    /// observations.
    ///
    /// Complexity: O(cells).
    public init?(grid: ValueGrid, reference: [Int], current: [Int]) {
        guard reference.count == grid.cellCount, current.count == grid.cellCount else { return nil }
        var merged = Merged()
        var (n, m) = (0, 0)
        for cell in 0..<grid.cellCount {
            guard (0...Self.countMax).contains(reference[cell]), (0...Self.countMax).contains(current[cell]) else {
                return nil
            }
            n += reference[cell]
            m += current[cell]
            if reference[cell] + current[cell] > 0 {
                merged.append(grid.value(ofCell: cell), reference[cell], current[cell])
            }
        }
        guard max(n, m) <= Self.countMax else { return nil }
        self.init(merged)
    }

    private struct Merged {
        var values: [Double] = []
        var reference: [Double] = []
        var current: [Double] = []
        var (referenceCount, currentCount) = (0, 0)

        mutating func append(_ value: Double, _ inReference: Int, _ inCurrent: Int) {
            values.append(value)
            reference.append(Double(inReference))
            current.append(Double(inCurrent))
            referenceCount += inReference
            currentCount += inCurrent
        }
    }

    private init(_ merged: Merged) {
        values = merged.values
        reference = merged.reference
        current = merged.current
        referenceCount = merged.referenceCount
        currentCount = merged.currentCount
    }

    var isEmpty: Bool { referenceCount == 0 || currentCount == 0 }
    var n: Double { Double(referenceCount) }
    var m: Double { Double(currentCount) }
    var total: Double { n + m }
    /// Some value is there more than once: tests that assume a continuous distribution are only approximate.
    public var hasTies: Bool { values.count < referenceCount + currentCount }
    var referenceDistinctCount: Int { reference.reduce(0) { $0 + ($1 > 0 ? 1 : 0) } }

    /// The value with this many of the pooled observations below it. Complexity: O(distinct values).
    func pooledValue(at place: Int) -> Double {
        var passed = 0.0
        for index in values.indices {
            passed += reference[index] + current[index]
            if passed > Double(place) { return values[index] }
        }
        return values.last ?? .nan
    }

    /// Mean and standard deviation (divided by n) of the reference.
    var referenceMoments: (mean: Double, deviation: Double) {
        var mean = 0.0
        for index in values.indices where reference[index] > 0 { mean += values[index] * reference[index] }
        mean /= n
        var squares = 0.0
        for index in values.indices where reference[index] > 0 {
            let distance = values[index] - mean
            squares += distance * distance * reference[index]
        }
        return (mean, (squares / n).squareRoot())
    }
}
