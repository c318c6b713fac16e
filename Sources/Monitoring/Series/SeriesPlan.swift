import Drift

/// A series that is watched: which counts of a block are its own, and what it was like before.
struct SeriesPlan: Sendable {
    /// How its cells come from a block's counts.
    enum Source: Sendable {
        /// The cells of a subject in a group.
        case cells(start: Int, cellCount: Int)
        /// Two cells: how often `hit` was counted, and the other values of the subject's.
        case indicator(start: Int, cellCount: Int, hit: Hit)
        /// Rows that came late, among all.
        case late
        /// What becomes known with labels, which are no part of a block.
        case labelled(LabelSeries.Measure)
        /// Events that became dead letters, among all; counted elsewhere.
        case deadLetters
    }

    enum Hit: Sendable {
        /// Behind the cells.
        case missing
        case outOfRange
        case cell(Int)
    }

    let name: SeriesName
    let source: Source
    let reference: SeriesReference
    let bets: SequentialBets
    let binOfCell: [UInt8]
    /// By threshold: where the share above it lies, over all strata.
    let bounds: [ExceedanceBounds]
    /// For the describing statistics.
    let grid: GridReference
    /// What of the budget is its own: all weights together are 1.
    var weight = 1.0

    /// `nil`: the reference says too little.
    init?(name: SeriesName, source: Source, reference: SeriesReference) {
        guard let grid = GridReference(grid: reference.grid, counts: reference.counts) else { return nil }
        self.name = name
        self.source = source
        self.reference = reference
        self.grid = grid
        bets = reference.bets()
        binOfCell = bets.bins(ofCells: reference.grid.cellCount)
        bounds = reference.bounds()
    }

    var cellCount: Int { reference.grid.cellCount }
    var isOfDeadLetters: Bool {
        if case .deadLetters = source { true } else { false }
    }
    var isLabelled: Bool {
        if case .labelled = source { true } else { false }
    }
    /// Whether it matters which of two values is larger.
    var hasOrder: Bool { reference.categories == nil && cellCount > 2 }

    /// Adds what a block holds to the counts of cells.
    ///
    /// - Returns: events without a value.
    func add(_ block: EvidenceBlock, to counts: inout [Int]) -> Int {
        switch source {
        case .cells(let start, let cellCount):
            for cell in 0..<cellCount { counts[cell] += Int(block.counts[start + cell]) }
            return Int(block.counts[start + cellCount])
        case .indicator(let start, let cellCount, let hit):
            var values = 0
            for cell in 0..<cellCount { values += Int(block.counts[start + cell]) }
            let missing = Int(block.counts[start + cellCount])
            switch hit {
            case .missing:
                counts[0] += values
                counts[1] += missing
                return 0
            case .outOfRange:
                let outside = min(values, Int(block.counts[start + cellCount + 1]))
                counts[0] += values - outside
                counts[1] += outside
                return missing
            case .cell(let cell):
                let hits = Int(block.counts[start + cell])
                counts[0] += values - hits
                counts[1] += hits
                return missing
            }
        case .late:
            counts[0] += block.rows
            counts[1] += block.lateRows
            return 0
        case .labelled, .deadLetters: return 0
        }
    }
}
