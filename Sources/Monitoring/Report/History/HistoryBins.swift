import Drift

/// The cells of a series taken together, so that many points of its history can be kept.
///
/// A bin of more than one cell has, without its last cell, at most a `1 / parts` share of the reference, and at most that share
/// of the cells. So quantiles stay sharp both where the reference was dense and where it was not.
struct HistoryBins: Hashable, Sendable {
    /// The last cell of each bin, ascending; the last bin ends with the last cell.
    let lastCells: [Int]
    let binOfCell: [UInt16]
    /// By bin.
    let reference: [Int]

    static let partsOfAll = 128
    /// There may be hundreds of segments.
    static let partsOfSegment = 48
    /// The most frequent categories; all others are one.
    static let categoriesMax = 24

    var count: Int { lastCells.count }

    func cells(ofBin bin: Int) -> Range<Int> { (bin == 0 ? 0 : lastCells[bin - 1] + 1)..<(lastCells[bin] + 1) }

    init(_ series: SeriesPlan) {
        let counts = series.reference.counts
        if let categories = series.reference.categories {
            self.init(counts: counts, lastCells: Self.ends(ofCategories: categories.count))
        } else {
            let parts = series.name.segment == nil ? Self.partsOfAll : Self.partsOfSegment
            self.init(counts: counts, lastCells: Self.ends(counts, parts: parts))
        }
    }

    init(counts: [Int], lastCells: [Int]) {
        var bins: [UInt16] = []
        bins.reserveCapacity(counts.count)
        var sums = Array(repeating: 0, count: lastCells.count)
        var bin = 0
        for cell in counts.indices {
            if cell > lastCells[bin] { bin += 1 }
            bins.append(UInt16(bin))
            sums[bin] += counts[cell]
        }
        self.lastCells = lastCells
        binOfCell = bins
        reference = sums
    }

    /// By rank: the first ones singly, then the rest, then what is none of them.
    private static func ends(ofCategories count: Int) -> [Int] {
        let singly = Array(0..<min(count, categoriesMax))
        return singly + (count > categoriesMax ? [count - 1] : []) + [count]
    }

    /// - Precondition: at most 32,000 parts.
    static func ends(_ counts: [Int], parts: Int) -> [Int] {
        if counts.count <= 2 * parts { return Array(counts.indices) }
        let total = Double(max(1, counts.reduce(0, +)))
        var ends: [Int] = []
        var sum = 0
        func part(_ cell: Int) -> (cells: Int, share: Int) {
            (cell * parts / counts.count, Int(Double(sum) / total * Double(parts)))
        }
        // A bin ends where the next cell, or what lies below its end, is of another part. What is out of range is in the first
        // and in the last cell, which are bins by themselves.
        for cell in counts.indices.dropLast() {
            let before = part(cell)
            sum += counts[cell]
            let after = part(cell + 1)
            if before.cells != after.cells || before.share != after.share || cell == 0 || cell == counts.count - 2 {
                ends.append(cell)
            }
        }
        return ends + [counts.count - 1]
    }
}
