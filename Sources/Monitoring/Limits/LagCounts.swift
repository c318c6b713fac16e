/// How much later than their events scores were written, as counts: quarters of octaves of microseconds.
struct LagCounts: Hashable, Sendable {
    private(set) var rows = 0
    /// Beyond the limit.
    private(set) var beyond = 0
    /// Cell 0: no later than the event.
    private(set) var cells = Array(repeating: UInt32(0), count: LagCounts.cellCount)

    /// 63 octaves of four cells each, and one before them.
    static let cellCount = 253

    init() {}

    static func cell(of lag: Int64) -> Int {
        if lag <= 0 { return 0 }
        let octave = 63 - lag.leadingZeroBitCount
        let quarter = octave >= 2 ? lag >> Int64(octave - 2) & 3 : lag << Int64(2 - octave) & 3
        return 1 + 4 * octave + Int(quarter)
    }

    /// What all lags of a cell are below; in microseconds.
    static func end(ofCell cell: Int) -> Double {
        if cell == 0 { return 0 }
        let (octave, quarter) = ((cell - 1) / 4, (cell - 1) % 4)
        return Double(5 + quarter) * Double(sign: .plus, exponent: octave - 2, significand: 1)
    }

    /// Complexity: O(1).
    mutating func add(_ lag: Int64, limit: Int64) {
        rows += 1
        if lag > limit { beyond += 1 }
        cells[Self.cell(of: lag)] &+= 1
    }

    mutating func add(_ other: LagCounts) {
        rows += other.rows
        beyond += other.beyond
        for cell in cells.indices { cells[cell] &+= other.cells[cell] }
    }

    mutating func removeAll() {
        if rows == 0 { return }
        rows = 0
        beyond = 0
        for cell in cells.indices { cells[cell] = 0 }
    }

    /// The end of the cell below which so large a share of the lags is; in microseconds.
    func quantile(_ share: Double) -> Double {
        let rank = max(1, (share * Double(rows)).rounded(.up))
        var sum = 0.0
        for cell in cells.indices {
            sum += Double(cells[cell])
            if sum >= rank { return Self.end(ofCell: cell) }
        }
        return Self.end(ofCell: Self.cellCount - 1)
    }

    /// From a state: `beyond` is no more than `rows`, which are those of the cells.
    init(beyond: Int, cells: [UInt32]) {
        precondition(cells.count == Self.cellCount)
        self.beyond = beyond
        self.cells = cells
        rows = cells.reduce(0) { $0 + Int($1) }
    }
}

/// What is read of record times, where a limit asks for it.
struct RecordTimes: Sendable {
    /// `nil`: lag is not watched.
    let lagMicroseconds: Int64?
    /// The newest record time of a score; `Int64.min`: there is none.
    var newest = Int64.min
    /// A record time behind it is none: one that is absurd would hide that nothing comes. The wall clock's, and a little.
    var latestCredible = Int64.max

    init(lagMicroseconds: Int64?) { self.lagMicroseconds = lagMicroseconds }
}

extension RecordTimes {
    /// Complexity: O(rows).
    mutating func add(
        recordTimes: UnsafePointer<Int64>, eventTimes: UnsafePointer<Int64>, rows: Range<Int>,
        to counts: inout LagCounts
    ) {
        for row in rows {
            let time = recordTimes[row]
            // Scores from files have none.
            if time == .min { continue }
            if time > newest, time <= latestCredible { newest = time }
            if let lagMicroseconds {
                let lag = time.subtractingReportingOverflow(eventTimes[row])
                counts.add(lag.overflow ? (time > 0 ? .max : 0) : lag.partialValue, limit: lagMicroseconds)
            }
        }
    }
}
