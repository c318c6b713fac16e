import Drift

/// A series at work: its detector, what it showed lately, and its alert.
struct SeriesWatch: Sendable {
    var detector: SequentialDetector
    var recent = RecentBins()
    var phase = SeriesPhase.watching
    /// Counts of cells of the window that is open and of the one before it; events without a value.
    var window: [Int]
    var lastWindow: [Int]
    var windowMissing = 0
    var lastWindowMissing = 0

    init(_ plan: SeriesPlan, runLength: Double) {
        detector = SequentialDetector(bets: plan.bets, runLength: max(1, runLength / plan.weight))
        window = Array(repeating: 0, count: plan.cellCount)
        lastWindow = window
    }

    var isFiring: Bool {
        if case .firing = phase { return true }
        return false
    }

    /// An alert is open, and nobody was told.
    var isInhibited: Bool {
        if case .firing(let alert) = phase { return alert.isInhibited }
        return false
    }

    /// What ranks it among the series: evidence now, or the most since its alert was raised. In events.
    var evidence: Double {
        if case .firing(let alert) = phase { return max(alert.peak, detector.statistic) }
        return detector.statistic
    }

    /// The leading bet, and how the series has been since it began to win.
    func lead(_ plan: SeriesPlan) -> AlertLead {
        let lead = detector.lead
        let threshold = lead.component.threshold
        let since = recent.newest(events: lead.eventsSinceChange)
        let counts = plan.reference.counts
        let above = counts[(plan.bets.thresholds[threshold] + 1)...].reduce(0, +)
        return AlertLead(
            threshold: threshold, isUp: lead.component.direction == .up, betRatio: lead.component.oddsRatio,
            evidence: lead.evidence, statistic: detector.statistic, eventsSinceChange: lead.eventsSinceChange,
            changedAt: since?.start ?? 0, currentShare: since?.share(aboveThreshold: threshold) ?? 0,
            referenceShare: Double(above) / Double(max(1, plan.reference.eventCount)))
    }

    /// What window alerts describe: the one that is open, with the one before it.
    var described: (counts: [Int], missing: Int) {
        (zip(window, lastWindow).map { $0 + $1 }, windowMissing + lastWindowMissing)
    }

    mutating func turnWindow() {
        lastWindow = window
        lastWindowMissing = windowMissing
        for cell in window.indices { window[cell] = 0 }
        windowMissing = 0
    }
}
