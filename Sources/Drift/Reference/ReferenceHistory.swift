/// A series' history, cut into pieces of event time, from which its reference is made.
///
/// A piece lies within one hour and holds counts on the grid. Where a history is long pieces become larger, so that
/// memory is bounded: by `cellsMax` counts, whatever the number of events.
public struct ReferenceHistory: Sendable {
    struct Piece: Sendable {
        /// Since 1970-01-01, UTC.
        var hour: Int
        var events: Int
        var counts: [UInt32]

        mutating func merge(_ other: Piece) {
            events += other.events
            for cell in counts.indices { counts[cell] &+= other.counts[cell] }
        }
    }

    public let grid: ValueGrid
    public private(set) var eventCount = 0
    /// Events without a value, or with NaN: they are in no cell.
    public private(set) var missingCount = 0
    /// Events of hours for which there was no room; the history is too long.
    public private(set) var leftOutCount = 0

    /// Counts of all pieces together: 64 MiB.
    public static let cellsMax = 1 << 24
    /// With so many events a piece is full, as long as there is room for pieces of this size.
    static let pieceEventsLeast = 250
    /// The most events of a piece: its counts are 32 bits wide.
    static let pieceEventsMax = 1 << 31

    private var pieces: [Piece] = []
    /// The piece of an hour that is not full yet.
    private var open: [Int: Int] = [:]
    /// The hour of the last event and its piece: nearly always that of the next one, too.
    private var current: (hour: Int, piece: Int)?
    private var pieceEvents = ReferenceHistory.pieceEventsLeast
    private let piecesMax: Int

    public init(grid: ValueGrid) {
        self.init(grid: grid, piecesMax: max(64, Self.cellsMax / grid.cellCount))
    }

    init(grid: ValueGrid, piecesMax: Int) {
        self.grid = grid
        self.piecesMax = piecesMax
    }

    /// Adds an event; their order matters only within an hour.
    ///
    /// - Parameter milliseconds: event time since 1970-01-01, UTC.
    public mutating func add(_ value: Double?, at milliseconds: Int64) {
        guard let value, let cell = grid.cell(of: value) else {
            missingCount += 1
            return
        }
        add(cell: cell, at: milliseconds)
    }

    /// - Precondition: the cell is one of the grid's.
    public mutating func add(cell: Int, at milliseconds: Int64) {
        let (quotient, remainder) = Int(milliseconds).quotientAndRemainder(dividingBy: 3_600_000)
        let hour = remainder < 0 ? quotient - 1 : quotient
        if current?.hour != hour { current = openPiece(of: hour).map { (hour, $0) } }
        guard let index = current?.piece else {
            leftOutCount += 1
            return
        }
        eventCount += 1
        pieces[index].events += 1
        pieces[index].counts[cell] += 1
        if pieces[index].events >= pieceEvents {
            open[hour] = nil
            current = nil
        }
    }

    /// The piece that takes an hour's next event; nil: there is no room for one more.
    private mutating func openPiece(of hour: Int) -> Int? {
        if let index = open[hour] { return index }
        if pieces.count >= piecesMax {
            // Once hours are single pieces there is nothing left to join.
            if pieceEvents >= Self.pieceEventsMax / 2 { return nil }
            enlargePieces()
            if let index = open[hour] { return index }
            guard pieces.count < piecesMax else { return nil }
        }
        open[hour] = pieces.count
        pieces.append(Piece(hour: hour, events: 0, counts: Array(repeating: 0, count: grid.cellCount)))
        return pieces.count - 1
    }

    /// All pieces by hour; those of one hour in the order in which they were filled.
    func ordered() -> [Piece] {
        pieces.enumerated().sorted { ($0.element.hour, $0.offset) < ($1.element.hour, $1.offset) }.map(\.element)
    }

    /// Joins neighbours of one hour, in pairs, until there is room for as many pieces again, or an hour is one piece.
    private mutating func enlargePieces() {
        while pieces.count > piecesMax / 2, pieceEvents < Self.pieceEventsMax / 2 {
            pieceEvents *= 2
            var joined: [Piece] = []
            for piece in ordered() {
                if let last = joined.last, last.hour == piece.hour, last.events + piece.events <= pieceEvents {
                    joined[joined.count - 1].merge(piece)
                } else {
                    joined.append(piece)
                }
            }
            pieces = joined
        }
        open = [:]
        for (index, piece) in pieces.enumerated() where piece.events < pieceEvents { open[piece.hour] = index }
    }
}
