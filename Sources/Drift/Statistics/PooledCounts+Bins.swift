import Glibc

extension PooledCounts {
    /// How Evidently 0.7 puts numbers into bins.
    public enum EvidentlyBins: Hashable, Sendable {
        /// A numerical column: bins of equal width over the range of *both* samples, their number by Sturges' rule; a bin a
        /// value where the reference has at most 20 distinct ones. The bins change with every current sample.
        case numerical
        /// A categorical column: a bin a value.
        case categorical
    }

    /// Up to so many distinct values of the reference are bins of their own.
    static let evidentlyDistinctMax = 20

    /// The shares in Evidently's bins, empty ones left empty; `nil` for an empty sample, or where a range is infinite.
    ///
    /// Complexity: O(distinct values).
    public func evidentlyShares(_ bins: EvidentlyBins) -> BinnedShares? {
        if isEmpty { return nil }
        if bins == .numerical, referenceDistinctCount > Self.evidentlyDistinctMax {
            return equalWidthShares(observations: total)
        }
        return BinnedShares(reference: reference.map { $0 / n }, current: current.map { $0 / m })
    }

    /// Evidently's Hellinger distance. Of a numerical column its bins are counted by the distinct values, however few.
    /// NaN where there are no shares.
    public func evidentlyHellinger(_ bins: EvidentlyBins) -> Double {
        if isEmpty { return .nan }
        guard bins == .numerical else { return evidentlyShares(.categorical)?.hellinger ?? .nan }
        return equalWidthShares(observations: Double(values.count))?.hellinger ?? .nan
    }

    /// Shares in bins of equal width over the pooled range, as numpy's histogram with `sturges` makes them.
    private func equalWidthShares(observations: Double) -> BinnedShares? {
        guard let first = values.first, let last = values.last, (last - first).isFinite else { return nil }
        let bins = SturgesBins(from: first, to: last, observations: observations)
        var shares = BinnedShares(
            reference: [Double](repeating: 0, count: bins.count), current: [Double](repeating: 0, count: bins.count))
        var bin = 0
        for index in values.indices {
            while bin + 1 < bins.count, values[index] >= bins.edge(bin + 1) { bin += 1 }
            shares.reference[bin] += reference[index]
            shares.current[bin] += current[index]
        }
        for bin in 0..<bins.count {
            shares.reference[bin] /= n
            shares.current[bin] /= m
        }
        return shares
    }

    /// Counts between the reference's quantiles.
    struct QuantileBins {
        private(set) var reference: [Double] = []
        private(set) var current: [Double] = []
        private var open = (reference: 0.0, current: 0.0)

        mutating func add(_ inReference: Double, _ inCurrent: Double) {
            open.reference += inReference
            open.current += inCurrent
        }

        mutating func close() {
            if open.reference + open.current == 0 { return }
            reference.append(open.reference)
            current.append(open.current)
            open = (0, 0)
        }
    }

    /// Bins that end at the reference's quantiles k / `bins`, each the lowest value with so much of the reference at or
    /// below it. A tied value that has a bin's share of the reference is a bin of its own: what is next to it, such as
    /// scores beside a score of 0, would not be told from it. Only bins in which something is are there.
    func quantileBins(_ bins: Int) -> QuantileBins {
        var found = QuantileBins()
        var edges = QuantileEdges(bins, of: n)
        for index in values.indices {
            let edge = edges.next(reference[index])
            if edge == .ownBin { found.close() }
            found.add(reference[index], current[index])
            if edge != .none { found.close() }
        }
        found.close()
        return found
    }

    /// The population stability index between the reference's quantiles: by default its deciles.
    ///
    /// An empty bin counts as half an observation. On small windows it is above 0.1 or 0.2 without any drift: see
    /// `stabilityIndexWithoutChange`. NaN for an empty sample.
    /// - Precondition: 2 to 1,000 bins.
    public func stabilityIndex(bins: Int = 10) -> Double {
        precondition((2...1_000).contains(bins), "\(bins) bins")
        if isEmpty { return .nan }
        let counts = quantileBins(bins)
        var sum = 0.0
        for bin in counts.reference.indices {
            sum += Self.stabilityTerm(counts.reference[bin], counts.current[bin], n, m)
        }
        return sum
    }

    /// What the index comes to on average where nothing has changed, for samples of these sizes; ties leave fewer bins.
    public func stabilityIndexWithoutChange(bins: Int = 10) -> Double {
        precondition((2...1_000).contains(bins), "\(bins) bins")
        if isEmpty { return .nan }
        return Double(quantileBins(bins).reference.count { $0 > 0 } - 1) * (1 / n + 1 / m)
    }

    /// What one bin adds to the index.
    static func stabilityTerm(_ inReference: Double, _ inCurrent: Double, _ n: Double, _ m: Double) -> Double {
        let (p, q) = (max(inReference, 0.5) / n, max(inCurrent, 0.5) / m)
        return (p - q) * log(p / q)
    }
}

/// Where bins between a reference's quantiles end, value by value.
struct QuantileEdges {
    enum Edge { case none, behind, ownBin }

    private let bins: Int
    private let n: Double
    private var k = 1
    private var passed = 0.0

    init(_ bins: Int, of n: Double) {
        self.bins = bins
        self.n = n
    }

    /// What the next value, in ascending order, is that the reference has so often.
    mutating func next(_ count: Double) -> Edge {
        passed += count
        var isEdge = false
        while k < bins, passed * Double(bins) >= Double(k) * n {
            isEdge = true
            k += 1
        }
        if count > 1, count * Double(bins) >= n { return .ownBin }
        return isEdge ? .behind : .none
    }
}

/// Bins of equal width, their number by Sturges' rule.
struct SturgesBins {
    let first: Double
    let last: Double
    let count: Int
    private let step: Double

    /// - Precondition: `from` is at most `to`, and their distance is finite.
    init(from first: Double, to last: Double, observations: Double) {
        let range = last - first
        let width = range / (log2(observations) + 1)
        // Numbers so near each other that no width is left are one bin.
        count = width > 0 ? max(1, Int((range / width).rounded(.up))) : 1
        let isPoint = range == 0
        self.first = isPoint ? first - 0.5 : first
        self.last = isPoint ? last + 0.5 : last
        step = (self.last - self.first) / Double(count)
    }

    /// Where a bin begins; bin `count` begins where the last one ends.
    func edge(_ bin: Int) -> Double { bin == count ? last : Double(bin) * step + first }
}
