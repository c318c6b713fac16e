import Engine
import Events
import Features

/// What somebody has to know of files that were read to their end without a failure: a sentence each.
struct ReplayCautions {
    let plan: ScoringPlan
    let files: ReplayFiles
    let rows: ReplayRows

    /// So many late rows are what a stream out of order has.
    private static let lateRowsUsual: UInt64 = 20
    private static let latePartUsual: UInt64 = 100

    private var names: [String] { files.files.map(\.bytes.name) }

    /// - Parameter isHistory: whether the rows go into a file from which a model may be trained.
    func lines(_ summary: ReplaySummary, isHistory: Bool) -> [String] {
        [late(summary), isHistory ? unfilled(summary) : nil, nothing(summary)].compactMap { $0 }
    }

    /// Who made most of the late rows late, where they are many.
    func late(_ summary: ReplaySummary) -> String? {
        guard summary.late > Self.lateRowsUsual, summary.late > summary.rows / Self.latePartUsual,
            let cause = summary.lateCause
        else { return nil }
        let place = "\(names[cause.input]) line \(cause.line), of \(TimeText.string(cause.time)),"
        let start =
            "caution: \(summary.late) of \(summary.rows) rows are late: older than the newest before them by more than "
            + "\"late.after\", so that their windows may not be whole. "
        // Many rows that each made a few late: that is no single wrong time.
        if cause.lateRows < summary.late / 2 {
            return start + "\(place) made \(cause.lateRows) of them late, more than any other: is the file in the "
                + "order in which its events came? Sort it, or raise \"late.after\""
        }
        return start + "\(place) made \(cause.lateRows) of them late: mend that row or leave it out, or, if its time "
            + "is right, raise \"late.after\""
    }

    /// The first rows of history see windows whose first part lies before all events.
    func unfilled(_ summary: ReplaySummary) -> String? {
        guard rows.from == nil, summary.scored > 0, let times = summary.eventTimes, let reach else { return nil }
        // Such as --from takes: whole seconds.
        let full = (times.lowerBound.microseconds + reach + 999_999) / 1_000_000 * 1_000_000
        let length = WindowText.duration(reach)
        if full > times.upperBound.microseconds || rows.before.map({ full >= $0.microseconds }) ?? false {
            return "note: no row sees full windows: the longest reaches back \(length), and the events begin at "
                + "\(TimeText.string(times.lowerBound))"
        }
        return "note: rows of the first \(length) see windows that are not full yet: --from "
            + "\(TimeText.string(EventTime(microseconds: full))) leaves them out"
    }

    /// How far back the longest window with an end reaches; `nil`: there is none.
    private var reach: Int64? {
        plan.features.entities.flatMap(\.windows).filter { !$0.isUnbounded }.map(\.reachMicroseconds).max()
    }

    /// Why no row came out.
    func nothing(_ summary: ReplaySummary) -> String? {
        if summary.scored > 0 { return nil }
        if summary.rows == 0 { return "caution: there are no events in \(names.joined(separator: ", "))" }
        guard summary.muted > 0 else { return nil }
        return "caution: no event is one of those asked for" + Self.span(summary)
    }

    /// `; the events' times are from A to B`.
    static func span(_ summary: ReplaySummary) -> String {
        guard let times = summary.eventTimes else { return "" }
        let (first, last) = (TimeText.string(times.lowerBound), TimeText.string(times.upperBound))
        return "; the events' times are from \(first) to \(last)"
    }
}
