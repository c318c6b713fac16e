/// A series' history, cut into pieces of event time, from which its reference is made.
///
/// A piece lies within one hour and holds counts on the grid, those of its empty cells left out. Where a history is long
/// pieces become larger, so that memory is bounded by `cellsMax` counts, whatever the number of events.
public struct ReferenceHistory: Sendable {
    struct Piece: Sendable {
        /// Since 1970-01-01, UTC.
        var hour: Int
        var events: Int
        /// Cells with events, ascending, and how many they have.
        var cells: [UInt16]
        var counts: [UInt32]
    }

    public let grid: ValueGrid
    public private(set) var eventCount = 0
    /// Events without a value, or with NaN: they are in no cell.
    public private(set) var missingCount = 0
    /// Events of hours for which there was no room; the history is too long.
    public private(set) var leftOutCount = 0
    /// From the least to the greatest finite value, those of events that were left out, too; `nil`: only cells were added.
    public private(set) var seen: ClosedRange<Double>?

    /// Counts of all pieces together: 96 MiB.
    public static let cellsMax = 1 << 24
    /// With so many events a piece is full, as long as there is room for pieces of this size.
    static let pieceEventsLeast = 250
    /// The most events of a piece: its counts are 32 bits wide.
    static let pieceEventsMax = 1 << 31
    private static let piecesMax = 1 << 14

    /// All but the one that is being filled.
    private var pieces: [Piece] = []
    /// The piece of an hour that is not full yet.
    private var open: [Int: Int] = [:]
    /// The piece that is being filled, by cell; its hour is that of the last event.
    private var filling: [UInt32]
    private var fillingHour: Int?
    private var fillingEvents = 0
    private var pieceEvents = ReferenceHistory.pieceEventsLeast
    private var keptCells = 0
    private let piecesMax: Int
    private let cellsMax: Int

    /// - Parameter cellsMax: so many counts are kept, but at least those of 64 pieces.
    public init(grid: ValueGrid, cellsMax: Int = ReferenceHistory.cellsMax) {
        let most = min(cellsMax, Self.cellsMax)
        self.init(grid: grid, piecesMax: max(64, min(Self.piecesMax, most / 64)), cellsMax: most)
    }

    init(grid: ValueGrid, piecesMax: Int, cellsMax: Int = ReferenceHistory.cellsMax) {
        self.grid = grid
        self.piecesMax = piecesMax
        self.cellsMax = max(cellsMax, 64 * grid.cellCount)
        filling = Array(repeating: 0, count: grid.cellCount)
    }

    /// Adds an event; their order matters only within an hour.
    ///
    /// - Parameter milliseconds: event time since 1970-01-01, UTC.
    public mutating func add(_ value: Double?, at milliseconds: Int64) {
        guard let value, let cell = grid.cell(of: value) else { return addMissing() }
        if value.isFinite, seen?.contains(value) != true {
            seen = min(seen?.lowerBound ?? value, value)...max(seen?.upperBound ?? value, value)
        }
        add(cell: cell, at: milliseconds)
    }

    /// Adds an event without a value.
    public mutating func addMissing() { missingCount += 1 }

    /// - Precondition: the cell is one of the grid's.
    public mutating func add(cell: Int, at milliseconds: Int64) {
        let (quotient, remainder) = Int(milliseconds).quotientAndRemainder(dividingBy: 3_600_000)
        let hour = remainder < 0 ? quotient - 1 : quotient
        if fillingHour != hour, !begin(hour) {
            leftOutCount += 1
            return
        }
        eventCount += 1
        fillingEvents += 1
        filling[cell] += 1
        if fillingEvents >= pieceEvents { put(isFull: true) }
    }

    /// Makes the piece of an hour the one that is filled; false: there is no room for one more.
    private mutating func begin(_ hour: Int) -> Bool {
        put(isFull: false)
        if let index = open[hour] {
            take(index)
            return true
        }
        if pieces.count >= piecesMax || keptCells > cellsMax - grid.cellCount {
            // Once hours are single pieces there is nothing left to join.
            if pieceEvents >= Self.pieceEventsMax / 2 { return false }
            enlargePieces()
            if let index = open[hour] {
                take(index)
                return true
            }
            guard pieces.count < piecesMax, keptCells <= cellsMax - grid.cellCount else { return false }
        }
        fillingHour = hour
        return true
    }

    /// Goes on filling a piece.
    private mutating func take(_ index: Int) {
        let piece = pieces[index]
        for (cell, count) in zip(piece.cells, piece.counts) { filling[Int(cell)] = count }
        fillingHour = piece.hour
        fillingEvents = piece.events
    }

    /// Puts the piece that is being filled among the others, or where it came from.
    private mutating func put(isFull: Bool) {
        guard let hour = fillingHour else { return }
        let piece = filledPiece(hour)
        if let index = open[hour] {
            keptCells -= pieces[index].cells.count
            pieces[index] = piece
        } else {
            open[hour] = pieces.count
            pieces.append(piece)
        }
        keptCells += piece.cells.count
        if isFull { open[hour] = nil }
        for cell in piece.cells { filling[Int(cell)] = 0 }
        fillingHour = nil
        fillingEvents = 0
    }

    private func filledPiece(_ hour: Int) -> Piece {
        var piece = Piece(hour: hour, events: fillingEvents, cells: [], counts: [])
        for cell in filling.indices where filling[cell] > 0 {
            piece.cells.append(UInt16(truncatingIfNeeded: cell))
            piece.counts.append(filling[cell])
        }
        return piece
    }

    /// All pieces by hour; those of one hour in the order in which they were begun.
    func ordered() -> [Piece] {
        var all = pieces
        if let fillingHour {
            let piece = filledPiece(fillingHour)
            if let index = open[fillingHour] { all[index] = piece } else { all.append(piece) }
        }
        return Self.sorted(all)
    }

    private static func sorted(_ pieces: [Piece]) -> [Piece] {
        pieces.enumerated().sorted { ($0.element.hour, $0.offset) < ($1.element.hour, $1.offset) }.map(\.element)
    }

    /// Joins neighbours of one hour, in pairs, until there is room for as many pieces again, or an hour is one piece.
    ///
    /// No piece is being filled.
    private mutating func enlargePieces() {
        while pieces.count > piecesMax / 2 || keptCells > cellsMax / 2, pieceEvents < Self.pieceEventsMax / 2 {
            pieceEvents *= 2
            var joined: [Piece] = []
            for piece in Self.sorted(pieces) {
                if let last = joined.last, last.hour == piece.hour, last.events + piece.events <= pieceEvents {
                    joined[joined.count - 1] = last.joined(piece)
                } else {
                    joined.append(piece)
                }
            }
            pieces = joined
            keptCells = pieces.reduce(0) { $0 + $1.cells.count }
        }
        open = [:]
        for (index, piece) in pieces.enumerated() where piece.events < pieceEvents { open[piece.hour] = index }
    }
}

extension ReferenceHistory.Piece {
    /// Both as one. Complexity: O(cells of both).
    fileprivate func joined(_ other: Self) -> Self {
        var result = Self(hour: hour, events: events + other.events, cells: [], counts: [])
        var (mine, theirs) = (0, 0)
        while mine < cells.count || theirs < other.cells.count {
            let isMine = mine < cells.count && (theirs == other.cells.count || cells[mine] <= other.cells[theirs])
            let isTheirs = theirs < other.cells.count && (!isMine || cells[mine] == other.cells[theirs])
            result.cells.append(isMine ? cells[mine] : other.cells[theirs])
            result.counts.append((isMine ? counts[mine] : 0) &+ (isTheirs ? other.counts[theirs] : 0))
            if isMine { mine += 1 }
            if isTheirs { theirs += 1 }
        }
        return result
    }
}
