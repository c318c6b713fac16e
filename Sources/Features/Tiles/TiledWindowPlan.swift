/// A value that tiles summarise, as it stands among the words of an event.
struct TileColumn: Equatable {
    enum Shape: UInt8 {
        /// No word: every event counts.
        case always
        /// One word: an integer that is always there.
        case integer
        /// Two words: an integer, 0 where it is missing, and 1 or 0.
        case optionalInteger
        /// One word: a double's bits; NaN and infinities are missing.
        case double
        /// One word: the hash of a text; 0 is missing.
        case hash
        /// One word: 1 where the event counts, else 0.
        case flag
    }

    let shape: Shape
    /// Which of an event's words holds the value.
    let word: Int
    /// 10^scale: divides integers.
    let divisor: Double

    static let everyEvent = TileColumn(shape: .always, word: 0, divisor: 1)

    @inline(__always)
    func isPresent(_ values: UnsafePointer<Int64>) -> Bool {
        switch shape {
        case .always, .integer: true
        case .optionalInteger: values[word &+ 1] != 0
        case .double: Double(bitPattern: UInt64(bitPattern: values[word])).isFinite
        case .hash, .flag: values[word] != 0
        }
    }

    /// The value as the number that it stands for, but for the divisor.
    @inline(__always)
    func plainNumber(_ word: Int64) -> Double {
        shape == .double ? Double(bitPattern: UInt64(bitPattern: word)) : Double(word)
    }

    @inline(__always)
    func number(_ word: Int64) -> Double { plainNumber(word) / divisor }

    @inline(__always)
    func isLess(_ left: Int64, _ right: Int64) -> Bool {
        if shape == .double {
            return Double(bitPattern: UInt64(bitPattern: left)) < Double(bitPattern: UInt64(bitPattern: right))
        }
        return left < right
    }

    /// What `DistinctSketch` tells values apart by.
    @inline(__always)
    func identity(_ word: Int64) -> UInt64 {
        shape == .double ? WordMix.word(of: plainNumber(word)) : UInt64(bitPattern: word)
    }
}

/// One aggregate over a tiled window.
struct TileOutput {
    let function: AggregateFunction
    /// `everyEvent` where the aggregate takes no argument and no filter.
    let column: TileColumn
    /// p of `quantile`, the unit of `rate` in microseconds.
    let parameter: Double
    /// NaN where there is none.
    let defaultValue: Double
    let feature: Int
}

/// A window that is kept as tiles of equal width, each a summary of its events: its memory is bounded by the number of
/// tiles, whatever the number of events.
///
/// Tile n holds the times from n u up to (n + 1) u, u being `width`. A window of length w delayed by d holds, at an event
/// of time t, the tiles whose last instant is in (t - d - w, t - d]; without delay also the tile of t itself, of which
/// there is no more than up to t. So an event enters an undelayed window at once, and:
///
/// ```
///                t - d - w                           t - d
///   ────┬───────┬────┼──┬───────┬─ ... ─┬───────┬──────┼┬───────┬──▶
///       │  out  │  in   │  in   │       │  in   │   not yet     │
/// ```
///
/// - the window begins up to u earlier than was asked, and never later: without delay it is too long by less than u;
/// - with a delay it also ends up to u earlier, so that nothing younger than the delay is ever in it.
///
/// **Out of order.** An event that is older than the newest of its key goes into the tile of its time, and sees tiles as
/// of its time; of its own tile all that has been taken, which may be newer than it by less than u.
struct TiledWindowPlan {
    static let accuracyDefault = 0.01
    static let accuracyMin = 0.0001
    static let accuracyMax = 0.25
    /// A key keeps no more tiles of a window: the oldest is forgotten. Only delays of many times the window's length come
    /// near it.
    static let tilesMaxDefault = 1 << 20

    let window: WindowPlan
    /// Microseconds a tile.
    let width: Int64
    let lateMicroseconds: Int64
    let outputs: [TileOutput]
    let tilesMax: Int

    /// - Parameter accuracy: the width of a tile as a share of the window's length.
    init(
        window: WindowPlan, accuracy: Double = accuracyDefault, lateMicroseconds: Int64, outputs: [TileOutput],
        tilesMax: Int = tilesMaxDefault
    ) {
        precondition(!window.isUnbounded, "a window without length has no tiles")
        precondition((Self.accuracyMin...Self.accuracyMax).contains(accuracy), "tiles of \(accuracy)")
        precondition(
            (0...WindowPlan.spanMicrosecondsMax).contains(lateMicroseconds), "lateness of \(lateMicroseconds)")
        precondition((1...Self.tilesMaxDefault).contains(tilesMax), "\(tilesMax) tiles a key")
        self.window = window
        width = max(1, Int64(Double(window.lengthMicroseconds) * accuracy))
        self.lateMicroseconds = lateMicroseconds
        self.outputs = outputs
        self.tilesMax = tilesMax
    }

    /// How far back from the watermark the state depends on events: one tile further than that of an exact window, as
    /// the oldest tile has to be whole.
    var horizonMicroseconds: Int64 { window.reachMicroseconds + lateMicroseconds + width }

    /// No key has more tiles, however many its events. A window that is not delayed and takes no late events needs
    /// 1 / accuracy and two more.
    var tilesPerKeyMax: Int {
        let tiles = (window.reachMicroseconds + lateMicroseconds) / width + 3
        return Int(min(tiles, Int64(tilesMax)))
    }
}
