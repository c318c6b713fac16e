/// What a series was like before: counts on its grid, and what the detector's null is made of.
///
/// Thresholds, strata and dispersion are chosen from the history alone. Of its pieces one in ten chooses the thresholds
/// and the other nine bound the shares above them, so that the bounds hold for thresholds that the same history chose.
/// (Of fewer than `piecesToShare` pieces all do both.)
public struct SeriesReference: Hashable, Sendable {
    public struct Stratum: Hashable, Sendable {
        /// By cell, of the whole history.
        public let counts: [Int]
        /// Of the part of the history that bounds the null: its events, and how many were above each threshold.
        public let boundingEvents: Int
        public let exceedances: [Int]

        public init(counts: [Int], boundingEvents: Int, exceedances: [Int]) {
            self.counts = counts
            self.boundingEvents = boundingEvents
            self.exceedances = exceedances
        }
    }

    public let grid: ValueGrid
    /// From the least to the greatest value; `nil`: it is not known, or the series has no values but categories.
    public let seen: ClosedRange<Double>?
    /// The values of a categorical series by rank, the most frequent first: each is the cell of its place, and what is
    /// none of them is in the last cell. `nil`: the series is one of numbers.
    public let categories: [String]?
    /// One, or 24: the hours of the day, UTC.
    public let strata: [Stratum]
    public let missingCount: Int
    /// Cells, ascending.
    public let thresholds: [Int]
    /// By threshold; 1 where the history shows none.
    public let dispersion: [Double]
    /// Different hours in which there were events.
    public let hourCount: Int

    /// How often a bound may miss the truth, on each side of each threshold and in each stratum.
    ///
    /// A chance for all of them together would be stricter and cost delay. Measured, it is not needed: an alarm takes the
    /// mean over all components, so a bound that is missed by little costs little of the budget
    /// (docs/decisions/0015-sequential-detector.md).
    public static let boundErrorByDefault = 0.01
    static let piecesToShare = 40
    static let choosingPiece = 10
    /// The most events of a stratum: sums of counts stay far from overflow.
    static let eventsMax = 1 << 48

    public var eventCount: Int { strata.reduce(0) { $0 + $1.counts.reduce(0, +) } }

    /// Of all strata, by cell.
    public var counts: [Int] {
        var sums = Array(repeating: 0, count: grid.cellCount)
        for stratum in strata { for cell in sums.indices { sums[cell] += stratum.counts[cell] } }
        return sums
    }

    /// The least value of the grid at or below which there is at least this share of the events.
    ///
    /// - Precondition: 0 <= share <= 1. Complexity: O(strata x cells).
    public func quantile(_ share: Double) -> Double {
        precondition(share >= 0 && share <= 1, "quantile \(share)")
        let counts = counts
        let target = share * Double(counts.reduce(0, +))
        var sum = 0
        for cell in counts.indices {
            sum += counts[cell]
            if sum > 0, Double(sum) >= target { return grid.value(ofCell: cell) }
        }
        return grid.highest
    }

    /// The stratum of an event. Complexity: O(1).
    ///
    /// - Parameter milliseconds: event time since 1970-01-01, UTC.
    public func stratum(at milliseconds: Int64) -> Int {
        if strata.count == 1 { return 0 }
        let ofDay = milliseconds % 86_400_000
        return Int((ofDay < 0 ? ofDay + 86_400_000 : ofDay) / 3_600_000)
    }

    /// The bets that a detector for this series makes.
    ///
    /// - Precondition: 0 < boundError < 0.5.
    public func bets(boundError: Double = SeriesReference.boundErrorByDefault) -> SequentialBets {
        SequentialBets(
            thresholds: thresholds, strata: boundsByStratum(error: boundError), dispersion: dispersion)
    }

    /// Where the shares above the thresholds lie, whatever the hour.
    ///
    /// - Precondition: 0 < error < 0.5.
    public func bounds(error: Double = SeriesReference.boundErrorByDefault) -> [ExceedanceBounds] {
        let byStratum = boundsByStratum(error: error)
        return thresholds.indices.map { threshold in
            ExceedanceBounds(
                lower: byStratum.map { $0[threshold].lower }.min() ?? 0,
                upper: byStratum.map { $0[threshold].upper }.max() ?? 1)
        }
    }

    private func boundsByStratum(error: Double) -> [[ExceedanceBounds]] {
        strata.map { stratum in
            thresholds.indices.map { threshold in
                ExceedanceBounds.clopperPearson(
                    exceedances: stratum.exceedances[threshold], events: stratum.boundingEvents,
                    error: 2 * error, dispersion: dispersion[threshold])
            }
        }
    }
}

/// Why a reference cannot be made, or not be taken.
public struct ReferenceFault: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String

    public init(_ description: String) { self.description = description }
}

extension SeriesReference {
    /// Made from a history. Deterministic: of the same events in the same order comes the same reference.
    ///
    /// - Parameter categories: of a categorical series, as `categoriesProblem` wants them; one less than there are cells.
    /// - Throws: `ReferenceFault`, when the history has no events with a value.
    /// Complexity: O(pieces x (cells + thresholds x log(events))).
    public init(_ history: borrowing ReferenceHistory, categories: [String]? = nil) throws(ReferenceFault) {
        if let categories, let problem = Self.categoriesProblem(categories, grid: history.grid) {
            preconditionFailure(problem)
        }
        let pieces = history.ordered()
        guard !pieces.isEmpty else {
            throw ReferenceFault("a reference needs events: the history has none with a value")
        }
        let isShared = pieces.count >= Self.piecesToShare
        func chooses(_ index: Int) -> Bool { index % Self.choosingPiece == Self.choosingPiece / 2 }
        let choosing = isShared ? pieces.indices.filter(chooses).map { pieces[$0] } : pieces
        let bounding = isShared ? pieces.indices.filter { !chooses($0) }.map { pieces[$0] } : pieces
        let grid = history.grid
        let thresholds = ThresholdChoice.cells(grid: grid, counts: Self.counts(of: choosing, cells: grid.cellCount))
        let table = PieceTable(pieces, thresholds: thresholds)
        let boundingTable = PieceTable(bounding, thresholds: thresholds)
        let byHour = HourStrata.areShown(by: table) && HourStrata.areShown(by: boundingTable)
        self.grid = grid
        self.categories = categories
        seen = categories == nil ? history.seen : nil
        self.thresholds = thresholds
        missingCount = history.missingCount
        hourCount = Set(pieces.map(\.hour)).count
        dispersion = thresholds.indices.map { Dispersion.estimate(table, threshold: $0, byHour: byHour) }
        let tallies = thresholds.indices.map { boundingTable.tallies($0, byHour: byHour) }
        strata = (0..<(byHour ? 24 : 1)).map { stratum in
            let own = zip(pieces, table.rows).filter { !byHour || $0.1.hourOfDay == stratum }.map(\.0)
            return Stratum(
                counts: Self.counts(of: own, cells: grid.cellCount), boundingEvents: tallies[0][stratum].events,
                exceedances: tallies.map { $0[stratum].above })
        }
    }

    private static func counts(of pieces: [ReferenceHistory.Piece], cells: Int) -> [Int] {
        var counts = Array(repeating: 0, count: cells)
        for piece in pieces {
            for (cell, count) in zip(piece.cells, piece.counts) { counts[Int(cell)] += Int(count) }
        }
        return counts
    }
}
