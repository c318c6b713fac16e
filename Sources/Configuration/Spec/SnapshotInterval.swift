/// How often state is saved: after so long, after so many events, or whichever comes first.
public struct SnapshotInterval: Hashable, Sendable {
    /// `nil`: by events alone.
    public let microseconds: Int64?
    /// `nil`: by time alone.
    public let events: Int64?

    static let example = "5m or 1_000_000 events"
    static let standard = SnapshotInterval(microseconds: 300_000_000, events: 1_000_000)
    private static let durations: ClosedRange<Int64> = 1_000_000...86_400_000_000
    private static let counts: ClosedRange<Int64> = 1...1_000_000_000_000

    private init(microseconds: Int64?, events: Int64?) {
        self.microseconds = microseconds
        self.events = events
    }

    /// `nil`: the text is no such thing.
    init?(_ text: String) {
        var microseconds: Int64?
        var events: Int64?
        let words = text.split(separator: " ", omittingEmptySubsequences: true).map(String.init)
        for part in words.split(separator: "or", omittingEmptySubsequences: false) {
            let part = Array(part)
            if part.count == 2, ["event", "events"].contains(part[1]), events == nil {
                guard let count = try? NumberLiteral.integer(part[0]), Self.counts.contains(count) else { return nil }
                events = count
            } else if part.count == 1, microseconds == nil {
                guard let span = try? UnitLiteral.value(part[0], in: UnitLiteral.durations),
                    Self.durations.contains(span)
                else { return nil }
                microseconds = span
            } else {
                return nil
            }
        }
        self.init(microseconds: microseconds, events: events)
    }
}
