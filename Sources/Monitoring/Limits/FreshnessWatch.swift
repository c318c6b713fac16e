import Features

/// Whether scores come at all: by the wall clock, against the newest record time of a score.
///
/// An alert starts at that record time and the limit behind it: when it was noticed changes neither its start nor its id.
/// Whether one is open is read from the drift topic at each start, since no state is saved between two scores that do not
/// come.
struct FreshnessWatch: Sendable {
    let limitMicroseconds: Int64
    private(set) var open: OpenLimit?

    init(limitMicroseconds: Int64) { self.limitMicroseconds = limitMicroseconds }

    /// What was told before a restart and did not end; `nil`: nothing.
    mutating func takeUp(_ open: OpenLimit?) { self.open = open }

    /// - Parameters:
    ///   - now: the wall clock's, in microseconds since 1970-01-01, UTC.
    ///   - newest: the newest record time of a score; `Int64.min`: there is none.
    ///   - isAllRead: no lane holds a score that was not read: else the newest one may be among these.
    mutating func judge(at now: Int64, newest: Int64, isAllRead: Bool) -> [LimitNews] {
        if newest == .min { return [] }
        var news: [LimitNews] = []
        if let open, newest > open.changedAt {
            self.open = nil
            news.append(self.news(.resolved, open, at: newest))
        }
        let (start, isTooLate) = newest.addingReportingOverflow(limitMicroseconds)
        if open == nil, isAllRead, !isTooLate, now > start {
            let found = OpenLimit(startedAt: start, changedAt: newest)
            open = found
            news.append(self.news(.firing, found, at: start))
        }
        return news
    }

    private func news(_ state: AlertRecordState, _ open: OpenLimit, at time: Int64) -> LimitNews {
        let seconds = Double(time - open.changedAt) / 1e6
        let limit = DurationUnit.text(limitMicroseconds)
        return LimitNews(
            name: .freshness, state: state, startedAt: open.startedAt, changedAt: open.changedAt, time: time,
            value: seconds, limit: Double(limitMicroseconds) / 1e6, unit: "s", events: 0,
            effect: state == .resolved
                ? "no score for \(MonitorText.number(seconds)) s, at most \(limit)"
                : "no score since \(MonitorText.time(open.changedAt)), for more than \(limit)")
    }
}

/// An alert of a limit that is open, as the drift topic tells it.
public struct OpenLimit: Hashable, Sendable {
    /// In microseconds since 1970-01-01, UTC.
    public let startedAt: Int64
    /// Since when it has been so.
    public let changedAt: Int64

    public init(startedAt: Int64, changedAt: Int64) {
        self.startedAt = startedAt
        self.changedAt = changedAt
    }
}
