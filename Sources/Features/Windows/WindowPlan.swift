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

    /// The length of a window that nothing ever leaves: what it holds is not remembered one by one.
    public static let unbounded = Int64.max

    public var isUnbounded: Bool { lengthMicroseconds == Self.unbounded }

    public init(delayMicroseconds: Int64, lengthMicroseconds: Int64, includesCurrent: Bool = true) {
        precondition(
            (0...Self.spanMicrosecondsMax).contains(delayMicroseconds)
                && ((1...Self.spanMicrosecondsMax).contains(lengthMicroseconds)
                    || lengthMicroseconds == Self.unbounded),
            "window of \(lengthMicroseconds) delayed by \(delayMicroseconds) microseconds")
        self.delayMicroseconds = delayMicroseconds
        self.lengthMicroseconds = lengthMicroseconds
        self.includesCurrent = includesCurrent
    }

    /// How far back from an event its window reaches; `unbounded` where that is to the beginning.
    public var reachMicroseconds: Int64 {
        isUnbounded ? Self.unbounded : delayMicroseconds + lengthMicroseconds
    }
}
