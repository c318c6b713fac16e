/// What a series showed lately, in pieces that are the coarser the older they are: how it has been since any change.
///
/// Pieces of one bucket each are joined in pairs as they become many, so that there are at most `piecesMax`.
struct RecentBins: Hashable, Sendable {
    struct Piece: Hashable, Sendable {
        /// Of its first bucket, in microseconds.
        var start: Int64
        var events: Int
        var bins: [Int]
    }

    static let piecesMax = 64
    /// Oldest first.
    private(set) var pieces: [Piece] = []

    init(pieces: [Piece] = []) { self.pieces = pieces }

    mutating func add(start: Int64, bins: [Int]) {
        let events = bins.reduce(0, +)
        if events == 0 { return }
        if pieces.count == Self.piecesMax { halveOldest() }
        pieces.append(Piece(start: start, events: events, bins: bins))
    }

    /// The older half in pairs; the oldest quarter is forgotten in time, since joined pieces are joined again.
    private mutating func halveOldest() {
        let half = Self.piecesMax / 2
        var joined: [Piece] = []
        for index in stride(from: 0, to: half, by: 2) {
            var piece = pieces[index]
            piece.events += pieces[index + 1].events
            for bin in piece.bins.indices { piece.bins[bin] += pieces[index + 1].bins[bin] }
            joined.append(piece)
        }
        pieces.replaceSubrange(..<half, with: joined)
    }

    /// The newest pieces with at least so many events together, or all.
    func newest(events wanted: Double) -> Piece? {
        guard var sum = pieces.last else { return nil }
        for piece in pieces.dropLast().reversed() {
            if Double(sum.events) >= wanted { break }
            sum.start = piece.start
            sum.events += piece.events
            for bin in sum.bins.indices { sum.bins[bin] += piece.bins[bin] }
        }
        return sum
    }
}

extension RecentBins.Piece {
    /// Of the events the share above a threshold.
    func share(aboveThreshold threshold: Int) -> Double {
        events == 0 ? 0 : Double(bins[(threshold + 1)...].reduce(0, +)) / Double(events)
    }
}
