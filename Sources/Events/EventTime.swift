/// An instant of event time: microseconds since 1970-01-01T00:00:00Z, signed.
///
/// Wall clocks decide nothing in Riffle: whatever is called a time is this, and comes from the event.
public struct EventTime: Hashable, Comparable, Sendable {
    public var microseconds: Int64

    public init(microseconds: Int64) { self.microseconds = microseconds }

    public static func < (left: EventTime, right: EventTime) -> Bool { left.microseconds < right.microseconds }

    /// The least time that is accepted, 0001-01-01T00:00:00Z: bounds keep every sum of a time and a window free of
    /// overflow.
    public static let minimum = EventTime(microseconds: -62_135_596_800_000_000)
    /// The greatest time that is accepted, 9999-12-31T23:59:59.999999Z.
    public static let maximum = EventTime(microseconds: 253_402_300_799_999_999)
}

/// How a timestamp is written.
public enum TimeFormat: String, Hashable, Sendable, CaseIterable {
    /// ISO 8601 / RFC 3339 text: `2018-09-30T23:59:57.123456+02:00`. Without an offset it is taken as UTC.
    case iso8601
    case epochSeconds = "epoch-s"
    case epochMilliseconds = "epoch-ms"
    case epochMicroseconds = "epoch-us"
    /// The Kafka record's own timestamp (milliseconds).
    case record
}
