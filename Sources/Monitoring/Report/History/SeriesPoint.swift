/// What a series was like in one slot of time.
struct SeriesPoint: SlotValue, Hashable, Sendable {
    /// Events by bin, see `HistoryBins`.
    var bins: [Int]
    var missing = 0
    /// The most in the slot: weighed, in events.
    var evidence = 0.0

    var events: Int { bins.reduce(0, +) }

    init(binCount: Int) { bins = Array(repeating: 0, count: binCount) }

    mutating func merge(_ later: SeriesPoint) {
        for bin in bins.indices { bins[bin] += later.bins[bin] }
        missing += later.missing
        evidence = max(evidence, later.evidence)
    }
}

/// What came in one slot of time.
struct FlowPoint: SlotValue, Sendable {
    var rows = 0
    var lateRows = 0
    var lags = LagCounts()
    /// The evidence of all series of scores that are not told already: the most in the slot, in events.
    var evidence = 0.0

    mutating func merge(_ later: FlowPoint) {
        rows += later.rows
        lateRows += later.lateRows
        lags.add(later.lags)
        evidence = max(evidence, later.evidence)
    }
}
