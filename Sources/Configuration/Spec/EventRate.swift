/// So many events in a span of time, as it was written: `100 per 1m`.
public struct EventRate: Hashable, Sendable {
    public let events: Int64
    public let microseconds: Int64

    public var perHour: Double { Double(events) * 3_600_000_000 / Double(microseconds) }

    static let example = "100 per 1m"
    private static let counts: ClosedRange<Int64> = 1...1_000_000_000_000
    private static let spans: ClosedRange<Int64> = 1_000_000...7 * 86_400_000_000

    /// `nil`: the text is no such thing, or of none or too many events, or of a span below 1s or above 7d.
    init?(_ text: String) {
        let words = text.split(separator: " ", omittingEmptySubsequences: true).map(String.init)
        guard words.count == 3, words[1] == "per", let events = try? NumberLiteral.integer(words[0]),
            let span = try? UnitLiteral.value(words[2], in: UnitLiteral.durations), Self.counts.contains(events),
            Self.spans.contains(span)
        else { return nil }
        self.events = events
        microseconds = span
    }

    /// Whether there are more events in the same time.
    func isAbove(_ other: EventRate) -> Bool {
        let own = events.multipliedFullWidth(by: other.microseconds)
        let others = other.events.multipliedFullWidth(by: microseconds)
        return (own.high, own.low) > (others.high, others.low)
    }
}
