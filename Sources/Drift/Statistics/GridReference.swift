/// A reference as counts on a grid, prepared so that window after window is held against it.
///
/// All describing statistics come from one walk over the cells and allocate nothing. They are those of `PooledCounts`.
public struct GridReference: Sendable {
    public let grid: ValueGrid
    public let count: Int
    /// Standard deviation (divided by n) of the reference's values.
    public let deviation: Double

    private let values: [Double]
    private let reference: [Double]
    /// The last cell of each bin between the reference's quantiles.
    private let edges: [Int]
    private let distinctCount: Int
    private let firstCell: Int
    private let lastCell: Int

    /// - Parameter bins: between the reference's quantiles, for PSI and chi-square.
    ///
    /// `nil`: not as many counts as cells, a negative one, none at all, or more than `PooledCounts.countMax`.
    /// - Precondition: 2 to 1,000 bins.
    public init?(grid: ValueGrid, counts: [Int], bins: Int = 10) {
        precondition((2...1_000).contains(bins), "\(bins) bins")
        guard let pooled = PooledCounts(grid: grid, reference: counts, current: counts), pooled.referenceCount > 0
        else {
            return nil
        }
        self.grid = grid
        count = pooled.referenceCount
        deviation = pooled.referenceMoments.deviation
        values = (0..<grid.cellCount).map { grid.value(ofCell: $0) }
        reference = counts.map { Double($0) }
        distinctCount = pooled.values.count
        firstCell = counts.firstIndex { $0 > 0 } ?? 0
        lastCell = counts.lastIndex { $0 > 0 } ?? 0
        var quantiles = QuantileEdges(bins, of: Double(count))
        var edges: [Int] = []
        for cell in counts.indices {
            let edge = quantiles.next(Double(counts[cell]))
            if edge == .ownBin, cell > 0, edges.last != cell - 1 { edges.append(cell - 1) }
            if edge != .none { edges.append(cell) }
        }
        self.edges = edges
    }

    /// Holds a window's counts, one a cell, against the reference; NaN where the window is empty.
    ///
    /// Complexity: O(cells), without allocation.
    /// - Precondition: as many counts as cells, none negative.
    public func describe(_ current: [Int]) -> WindowStatistics {
        precondition(current.count == grid.cellCount, "\(current.count) counts on \(grid.cellCount) cells")
        return current.withUnsafeBufferPointer { current in
            values.withUnsafeBufferPointer { values in
                reference.withUnsafeBufferPointer { walk(values, $0, current) }
            }
        }
    }

    private func walk(
        _ values: UnsafeBufferPointer<Double>, _ reference: UnsafeBufferPointer<Double>,
        _ current: UnsafeBufferPointer<Int>
    ) -> WindowStatistics {
        var currentCount = 0
        var (first, last) = (firstCell, lastCell)
        for cell in 0..<current.count where current[cell] != 0 {
            currentCount += current[cell]
            first = min(first, cell)
            last = max(last, cell)
        }
        if currentCount == 0 { return WindowStatistics(referenceCount: count) }
        let (n, m) = (Double(count), Double(currentCount))
        let total = n + m
        var sums = CellSums(n: n, m: m)
        var quantiles = QuantileSums(n: n, m: m)
        var divergence = DivergenceSums(
            n: n, m: m,
            bins: distinctCount > PooledCounts.evidentlyDistinctMax
                ? SturgesBins(from: values[first], to: values[last], observations: total) : nil)
        var edge = 0
        while edge < edges.count, edges[edge] < first { edge += 1 }
        for cell in first..<(last + 1) {
            let (a, b) = (reference[cell], Double(current[cell]))
            if a + b > 0 {
                sums.add(a, b, value: values[cell], cell: cell)
                divergence.add(a, b, value: values[cell])
                quantiles.add(a, b)
            }
            if edge < edges.count, cell == edges[edge] {
                quantiles.closeBin()
                edge += 1
            }
        }
        quantiles.closeBin()
        return WindowStatistics(
            referenceCount: count, currentCount: currentCount, sums: sums, quantiles: quantiles,
            jensenShannon: divergence.distance(), deviation: deviation, location: values[sums.location])
    }
}

/// What a window is like beside its reference. See `PooledCounts` for each statistic's definition.
public struct WindowStatistics: Sendable {
    public var referenceCount: Int
    public var currentCount = 0
    /// The largest distance of the distribution functions, the value where it is, and whether the reference's is above
    /// there (1: the window's values are larger) or below (-1).
    public var kolmogorovSmirnov = Double.nan
    public var location = Double.nan
    public var sign = 1
    /// In the values' unit, and in standard deviations of the reference.
    public var wasserstein = Double.nan
    public var wassersteinOverDeviation = Double.nan
    public var cramerVonMises = Double.nan
    /// The midrank form, standardised.
    public var andersonDarling = Double.nan
    /// Between the reference's quantiles.
    public var stabilityIndex = Double.nan
    public var chiSquare = ChiSquareResult(statistic: .nan, degrees: 0)
    /// Evidently's bins, natural logarithm.
    public var jensenShannon = Double.nan

    fileprivate var distinctCount = 0
    fileprivate var moments: TiedMoments?

    // P-values cost more than all statistics together: they are for who asks.

    /// Asymptotic; conservative with ties. Complexity: up to O(n m / (n + m)); it may allocate.
    public var kolmogorovSmirnovP: Double {
        PooledCounts.asymptoticP(kolmogorovSmirnov, Double(referenceCount), Double(currentCount), isTwoSided: true)
    }
    /// From 0.001 to 0.25.
    public var andersonDarlingP: Double { AndersonDarling.pValue(andersonDarling) }
    /// Asymptotic, and allows for ties; 1 where all values are one.
    public var cramerVonMisesP: Double {
        if cramerVonMises.isNaN { return .nan }
        if distinctCount == 1 { return 1 }
        if let moments, distinctCount < referenceCount + currentCount { return moments.pValue(cramerVonMises) }
        return CramerVonMises.asymptoticP(cramerVonMises, n: Double(referenceCount), m: Double(currentCount))
    }
}

extension WindowStatistics {
    fileprivate init(
        referenceCount: Int, currentCount: Int, sums: CellSums, quantiles: QuantileSums, jensenShannon: Double,
        deviation: Double, location: Double
    ) {
        let (n, m) = (Double(referenceCount), Double(currentCount))
        let total = n + m
        self.referenceCount = referenceCount
        self.currentCount = currentCount
        kolmogorovSmirnov = sums.largest / (n * m)
        self.location = location
        sign = sums.sign
        wasserstein = sums.moved / (n * m)
        wassersteinOverDeviation = wasserstein / max(deviation, 0.001)
        if min(referenceCount, currentCount) > 1 { cramerVonMises = sums.squares / (n * m * total * total) }
        distinctCount = sums.distinctCount
        moments = sums.moments
        if sums.distinctCount > 1 {
            let sum = sums.weighed * (total - 1) / (total * total) * (1 / n + 1 / m)
            andersonDarling = AndersonDarling.standardised(sum, n: n, m: m)
        }
        stabilityIndex = quantiles.stabilityIndex
        chiSquare = quantiles.homogeneity.result()
        self.jensenShannon = jensenShannon
    }
}

/// The sums that need every cell. F - G is kept in steps of 1 / (n m), which are whole.
private struct CellSums {
    let n: Double
    let m: Double
    private let total: Double
    private var (f, g) = (0.0, 0.0)
    private var steps = 0.0
    private var lastValue = 0.0

    var distinctCount = 0
    var largest = 0.0
    var location = 0
    var sign = 1
    var moved = 0.0
    var squares = 0.0
    var weighed = 0.0
    var moments: TiedMoments

    init(n: Double, m: Double) {
        self.n = n
        self.m = m
        total = n + m
        moments = TiedMoments(n: n, m: m)
    }

    @inline(__always)
    mutating func add(_ a: Double, _ b: Double, value: Double, cell: Int) {
        if distinctCount == 0 {
            location = cell
        } else {
            moved += abs(steps) * (value - lastValue)
        }
        distinctCount += 1
        let tied = a + b
        let rank = f + g + tied / 2
        let excess = total * (f + a / 2) - rank * n
        weighed += tied * excess * excess / (rank * (total - rank) - total * tied / 4)
        f += a
        g += b
        steps = f * m - g * n
        squares += tied * steps * steps
        moments.add(tied)
        if abs(steps) > largest {
            largest = abs(steps)
            location = cell
            sign = steps < 0 ? -1 : 1
        }
        lastValue = value
    }
}

/// PSI and chi-square, bin by bin.
private struct QuantileSums {
    let n: Double
    let m: Double
    private var (a, b) = (0.0, 0.0)
    var stabilityIndex = 0.0
    var homogeneity: HomogeneityTest

    init(n: Double, m: Double) {
        self.n = n
        self.m = m
        homogeneity = HomogeneityTest(n: n, m: m)
    }

    @inline(__always)
    mutating func add(_ a: Double, _ b: Double) {
        self.a += a
        self.b += b
    }

    mutating func closeBin() {
        if a + b == 0 { return }
        stabilityIndex += PooledCounts.stabilityTerm(a, b, n, m)
        homogeneity.add(a, b)
        (a, b) = (0, 0)
    }
}

/// Jensen-Shannon over Evidently's bins: of equal width, or without `bins` one a value.
private struct DivergenceSums {
    let n: Double
    let m: Double
    private let bins: SturgesBins?
    private var bin = 0
    private var edge: Double
    private var (a, b) = (0.0, 0.0)
    private var sum = 0.0

    init(n: Double, m: Double, bins: SturgesBins?) {
        self.n = n
        self.m = m
        self.bins = bins
        edge = bins.map { $0.count > 1 ? $0.edge(1) : .infinity } ?? -.infinity
    }

    @inline(__always)
    mutating func add(_ a: Double, _ b: Double, value: Double) {
        if value >= edge { move(to: value) }
        self.a += a
        self.b += b
    }

    private mutating func move(to value: Double) {
        close()
        guard let bins else { return }
        while bin + 1 < bins.count, value >= bins.edge(bin + 1) { bin += 1 }
        edge = bin + 1 < bins.count ? bins.edge(bin + 1) : .infinity
    }

    private mutating func close() {
        let (p, q) = (a / n, b / m)
        sum += BinnedShares.relativeEntropy(p, (p + q) / 2) + BinnedShares.relativeEntropy(q, (p + q) / 2)
        (a, b) = (0, 0)
    }

    mutating func distance() -> Double {
        close()
        return max(0, sum / 2).squareRoot()
    }
}
