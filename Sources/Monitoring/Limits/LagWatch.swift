import Features

/// Whether scores come too late after their events: the time of a score's record less that of its event.
///
/// One score in ten may be later than the limit. Buckets are taken together until there are `pieceRows` scores, and three
/// such pieces in a row have to be worse before anybody is told: a rebalance of a minute is none of anybody's business at
/// night. It ends after three in a row with at most half as many. Scores that are late as evidence count here all the same:
/// they are what this is about.
struct LagWatch: Sendable {
    static let pieceRows = 20
    static let pieces = 3
    /// One in so many may be beyond the limit; it ends with one in twice as many.
    static let oneIn = 10

    let limitMicroseconds: Int64
    private let cooldownMicroseconds: Int64

    /// What is not judged yet, and where it begins.
    private(set) var piece = LagCounts()
    private(set) var pieceStart = Int64.min
    /// Pieces in a row that were worse: how many, since when, and their scores.
    private(set) var run = Run()
    /// Pieces in a row that were well within.
    private(set) var calm = 0
    private(set) var phase = LimitPhase.watching

    struct Run: Hashable, Sendable {
        var pieces = 0
        var start = Int64.min
        var rows = 0
    }

    init(limitMicroseconds: Int64, cooldownMicroseconds: Int64) {
        self.limitMicroseconds = limitMicroseconds
        self.cooldownMicroseconds = cooldownMicroseconds
    }

    /// Takes a bucket that is closed; times in microseconds.
    mutating func take(_ counts: LagCounts, start: Int64, end: Int64) -> LimitNews? {
        if counts.rows == 0 { return nil }
        if piece.rows == 0 { pieceStart = start }
        piece.add(counts)
        guard piece.rows >= Self.pieceRows else { return nil }
        defer { piece.removeAll() }
        return judge(at: end)
    }

    /// What a state holds.
    mutating func take(piece: LagCounts, pieceStart: Int64, run: Run, calm: Int, phase: LimitPhase) {
        (self.piece, self.pieceStart, self.run, self.calm, self.phase) = (piece, pieceStart, run, calm, phase)
    }

    private mutating func judge(at time: Int64) -> LimitNews? {
        let isWorse = piece.beyond * Self.oneIn > piece.rows
        let isWell = piece.beyond * 2 * Self.oneIn <= piece.rows
        if isWorse {
            if run.pieces == 0 { run.start = pieceStart }
            run.pieces += 1
            run.rows += piece.rows
        } else {
            run = Run()
        }
        calm = isWell ? calm + 1 : 0
        if case .cooling(let until) = phase, time >= until { phase = .watching }
        switch phase {
        case .cooling: return nil
        case .watching:
            guard run.pieces >= Self.pieces else { return nil }
            phase = .firing(startedAt: time)
            return news(.firing, startedAt: time, since: run.start, rows: run.rows, at: time)
        case .firing(let startedAt):
            guard calm >= Self.pieces else { return nil }
            phase = .cooling(until: time + cooldownMicroseconds)
            return news(.resolved, startedAt: startedAt, since: pieceStart, rows: piece.rows, at: time)
        }
    }

    private func news(
        _ state: AlertRecordState, startedAt: Int64, since start: Int64, rows: Int, at time: Int64
    ) -> LimitNews {
        let share = Double(piece.beyond) / Double(piece.rows)
        let quantile = piece.quantile(1 - 1 / Double(Self.oneIn))
        let limit = Double(limitMicroseconds)
        // The cell's end may be beyond the limit where all of its scores are not.
        let value = share * Double(Self.oneIn) > 1 ? quantile : min(quantile, limit)
        return LimitNews(
            name: .lag, state: state, startedAt: startedAt, changedAt: start, time: time, value: value / 1e6,
            limit: limit / 1e6, unit: "s", events: rows,
            effect:
                "share of scores later than \(DurationUnit.text(limitMicroseconds)): \(MonitorText.percent(share)), "
                + "at most \(100 / Self.oneIn) %; nine in ten within \(MonitorText.number(value / 1e6)) s")
    }
}
