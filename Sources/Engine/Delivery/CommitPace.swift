/// When transactions are committed: one in each interval, begun so early that its outputs are visible when the interval
/// ends, while a commit lasts less than half an interval.
///
/// An output is then visible within the interval of the last commit's beginning, and on average after half of it and
/// half a commit. What comes after a quiet time waits for nobody and is committed at once.
struct CommitPace {
    private let interval: Int64
    /// Of the last commit that succeeded; `nil` before the first.
    private var lastBegin: Int64?
    /// What a commit lasts, lately.
    private var duration: Int64 = 0

    init(intervalMilliseconds: Int) {
        interval = Int64(intervalMilliseconds) * 1_000_000
    }

    /// When outputs are due that are kept since `kept`; all times are the clock's nanoseconds.
    func due(keptSince kept: Int64) -> Int64 {
        guard let lastBegin else { return kept }
        return max(kept, lastBegin + interval - min(duration, interval / 2))
    }

    mutating func committed(begin: Int64, end: Int64) {
        lastBegin = begin
        // One commit that waits for a coordinator to move says little of the next.
        duration += (max(0, min(end - begin, interval)) - duration) / 4
    }
}
