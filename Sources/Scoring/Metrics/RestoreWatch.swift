/// Tells, now and then, how far the rebuilding of windows has come: a restart without a snapshot may take long.
struct RestoreWatch {
    struct Line: Hashable {
        var percent: Int64
        /// Since the rebuild began.
        var events: UInt64
        /// Since the last line.
        var eventsPerSecond: UInt64
        /// At the rate so far; `nil`: nothing was read yet, so that nobody knows.
        var secondsLeft: Int64?
    }

    /// Between two lines.
    static let everyNanoseconds: Int64 = 10_000_000_000
    /// What is over sooner needs no line but that of its end.
    static let firstNanoseconds: Int64 = 3_000_000_000

    private var startedAt: Int64 = 0
    /// What the last line has told, and when.
    private var told: (now: Int64, events: UInt64)?

    /// A rebuild begins.
    mutating func begin(now: Int64) {
        startedAt = now
        told = nil
    }

    /// The line that is due, if one is.
    mutating func line(offsets: Int64, of total: Int64, events: UInt64, now: Int64) -> Line? {
        let elapsed = now - startedAt
        guard told.map({ now - $0.now >= Self.everyNanoseconds }) ?? (elapsed >= Self.firstNanoseconds) else {
            return nil
        }
        let since = told ?? (now: startedAt, events: 0)
        told = (now, events)
        let rate = Double(events - min(events, since.events)) * 1e9 / Double(max(1, now - since.now))
        // Offsets, since how many of them are events is known only when they are read.
        let left = Double(elapsed) / 1e9 * Double(total - offsets) / Double(max(1, offsets))
        return Line(
            percent: total > 0 ? offsets * 100 / total : 100, events: events, eventsPerSecond: UInt64(rate.rounded()),
            secondsLeft: offsets > 0 ? Int64(left.rounded(.up)) : nil)
    }
}
