/// What a series showed lately, in pieces that are the coarser the older they are: how it has been since any change.
///
/// An exponential histogram of buckets: of each size (1, 2, 4, ... buckets) there are at most `piecesEach`, so that how far
/// back something was is known to an eighth. Source: M. Datar and others, "Maintaining Stream Statistics over Sliding
/// Windows", 2002.
struct RecentBins: Hashable, Sendable {
    struct Piece: Hashable, Sendable {
        /// Of its first bucket, in microseconds.
        var start: Int64
        /// It is of 2^level buckets that held events.
        var level = 0
        var events: Int
        var bins: [Int]
    }

    static let piecesEach = 8
    /// Half a million buckets; what is older is forgotten.
    static let levelsMax = 16
    static let piecesMax = piecesEach * levelsMax + 1
    /// Oldest first; levels do not rise.
    private(set) var pieces: [Piece] = []

    init(pieces: [Piece] = []) { self.pieces = pieces }

    mutating func add(start: Int64, bins: [Int]) {
        let events = bins.reduce(0, +)
        if events == 0 { return }
        pieces.append(Piece(start: start, events: events, bins: bins))
        var level = 0
        var end = pieces.count
        while level < Self.levelsMax {
            var first = end
            while first > 0, pieces[first - 1].level == level { first -= 1 }
            if end - first <= Self.piecesEach { return }
            if level == Self.levelsMax - 1 {
                pieces.remove(at: first)
                return
            }
            join(first)
            end = first + 1
            level += 1
        }
    }

    /// A piece takes in the next newer one.
    private mutating func join(_ place: Int) {
        pieces[place].level += 1
        pieces[place].events += pieces[place + 1].events
        for bin in pieces[place].bins.indices { pieces[place].bins[bin] += pieces[place + 1].bins[bin] }
        pieces.remove(at: place + 1)
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
