/// One aggregate over a tiled window.
struct TileOutput {
    let function: AggregateFunction
    /// `everyEvent` where the aggregate takes no argument and no filter.
    let column: ColumnLayout
    /// p of `quantile`, the unit of `rate` in microseconds.
    let parameter: Double
    /// NaN where there is none.
    let defaultValue: Double
    let feature: Int
    /// Written before the event itself enters: it is not to see it.
    let isBeforeEvent: Bool
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
    /// A key keeps no more tiles of a window: the oldest is forgotten. Only delays of many times the window's length come
    /// near it.
    static let tilesMaxDefault = 1 << 20

    /// Whether it holds the event itself is for each output to say.
    let window: WindowPlan
    let lateMicroseconds: Int64
    let outputs: [TileOutput]
    let tilesMax: Int

    init(window: WindowPlan, lateMicroseconds: Int64, outputs: [TileOutput], tilesMax: Int = tilesMaxDefault) {
        precondition(window.isTiled, "a window without tiles")
        precondition(
            (0...WindowPlan.spanMicrosecondsMax).contains(lateMicroseconds), "lateness of \(lateMicroseconds)")
        precondition((1...Self.tilesMaxDefault).contains(tilesMax), "\(tilesMax) tiles a key")
        self.window = window
        self.lateMicroseconds = lateMicroseconds
        self.outputs = outputs
        self.tilesMax = tilesMax
    }

    /// Microseconds a tile.
    var width: Int64 { window.tileMicroseconds }

    /// How far back from the watermark the state depends on events: one tile further than that of an exact window, as
    /// the oldest tile has to be whole.
    var horizonMicroseconds: Int64 { window.horizonMicroseconds + lateMicroseconds }

    /// No key has more tiles, however many its events. A window that is not delayed and takes no late events needs
    /// 1 / accuracy and two more.
    var tilesPerKeyMax: Int { Int(min(window.tilesPerKey(lateMicroseconds: lateMicroseconds), Int64(tilesMax))) }
}

extension WindowPlan {
    /// A key keeps no more tiles of one window; a window that could need more is not to be planned.
    public static var tilesPerKeyMax: Int64 { Int64(TiledWindowPlan.tilesMaxDefault) }

    /// How many tiles a key may need: those of the window, of its delay and of late events. Not for an exact window.
    public func tilesPerKey(lateMicroseconds: Int64) -> Int64 {
        precondition(isTiled, "tiles of an exact window")
        return (reachMicroseconds + lateMicroseconds) / tileMicroseconds + 3
    }
}
