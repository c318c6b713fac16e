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
    public let lengthMicroseconds: Int64

    public init(delayMicroseconds: Int64, lengthMicroseconds: Int64) {
        precondition(
            (0...Self.spanMicrosecondsMax).contains(delayMicroseconds)
                && (1...Self.spanMicrosecondsMax).contains(lengthMicroseconds),
            "window of \(lengthMicroseconds) delayed by \(delayMicroseconds) microseconds")
        self.delayMicroseconds = delayMicroseconds
        self.lengthMicroseconds = lengthMicroseconds
    }

    /// How far back from an event its window reaches.
    public var reachMicroseconds: Int64 { delayMicroseconds + lengthMicroseconds }
}
