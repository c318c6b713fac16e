/// A keyed window: at an event with time t it covers (t - delay - length, t - delay].
///
/// ```
///            length            delay
///   ├──────────────────────┤├────────┤
///   o                      ●         t      o excluded, ● included; without delay the event at t itself is in
/// ```
public struct WindowPlan: Hashable, Sendable {
    /// No delay, length or lateness is longer: some 36,000 years, so that no sum of a time and spans can overflow.
    public static let spanMicrosecondsMax: Int64 = 1 << 60

    public let delayMicroseconds: Int64
    /// `unbounded`: since the beginning.
    public let lengthMicroseconds: Int64
    /// Whether an event is in its own windows; it is in no delayed one anyhow.
    public let includesCurrent: Bool
    /// How wide the tiles are that stand for events, so that memory is bounded; 0: every event is remembered, and the
    /// window is exact. A tiled window may begin up to so much too early, and one with a delay end so much too early.
    public let tileMicroseconds: Int64

    /// The length of a window that nothing ever leaves: what it holds is not remembered one by one.
    public static let unbounded = Int64.max

    public var isUnbounded: Bool { lengthMicroseconds == Self.unbounded }

    /// How wide the tiles of a window are.
    ///
    /// - Parameter hundredthsOfPercent: their width as a part of the length; from 1 to 10,000.
    public static func tileMicroseconds(ofLength length: Int64, hundredthsOfPercent part: Int64) -> Int64 {
        precondition((1...10_000).contains(part), "tiles of \(part) hundredths of a percent")
        return max(1, length / 10_000 * part + length % 10_000 * part / 10_000)
    }

    public var isTiled: Bool { tileMicroseconds > 0 }

    /// - Parameter tileMicroseconds: at most the length; 0 for a window that is `unbounded`, which needs no tiles.
    public init(
        delayMicroseconds: Int64, lengthMicroseconds: Int64, includesCurrent: Bool = true, tileMicroseconds: Int64 = 0
    ) {
        precondition(
            (0...Self.spanMicrosecondsMax).contains(delayMicroseconds)
                && ((1...Self.spanMicrosecondsMax).contains(lengthMicroseconds)
                    || lengthMicroseconds == Self.unbounded),
            "window of \(lengthMicroseconds) delayed by \(delayMicroseconds) microseconds")
        precondition(
            tileMicroseconds == 0
                || lengthMicroseconds != Self.unbounded && (1...lengthMicroseconds).contains(tileMicroseconds),
            "tiles of \(tileMicroseconds) in a window of \(lengthMicroseconds) microseconds")
        self.delayMicroseconds = delayMicroseconds
        self.lengthMicroseconds = lengthMicroseconds
        self.includesCurrent = includesCurrent
        self.tileMicroseconds = tileMicroseconds
    }

    /// How far back from an event its window reaches; `unbounded` where that is to the beginning.
    public var reachMicroseconds: Int64 {
        isUnbounded ? Self.unbounded : delayMicroseconds + lengthMicroseconds
    }

    /// How far back from an event that is not late its window depends on events one by one.
    var horizonMicroseconds: Int64 {
        // What is unbounded is not remembered event by event; a delay is. The oldest tile has to be whole.
        isUnbounded ? delayMicroseconds : reachMicroseconds + tileMicroseconds
    }
}
