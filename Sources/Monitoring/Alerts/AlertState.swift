/// An alert that is open.
struct OpenAlert: Hashable, Sendable {
    let fingerprint: String
    let modelVersion: String
    /// The end of the bucket in which it was raised, in microseconds.
    let startedAt: Int64
    /// What it was raised for.
    var lead: AlertLead
    /// The most evidence since, in events; ranks what moved.
    var peak: Double
    /// Nobody was told: an alert that it is a part of is firing.
    var isInhibited: Bool
    /// When somebody was told last.
    var toldAt: Int64
    /// The odds ratio that was told last, and which way.
    var toldRatio: Double
    var toldUp: Bool
    /// What was raised below it and not told.
    var suppressed = 0
    /// Events of the series since there was evidence, by bin, and scores of all kinds.
    var calmBins: [Int]
    var calmRows = 0
    /// So many events of the series let the same change be found again.
    let calmEventsNeeded: Int

    var calmEvents: Int { calmBins.reduce(0, +) }

    mutating func beginCalm() {
        for bin in calmBins.indices { calmBins[bin] = 0 }
        calmRows = 0
    }
}

/// Which threshold, which way, how strong, since when.
struct AlertLead: Hashable, Sendable {
    /// Index into the series' thresholds.
    var threshold: Int
    var isUp: Bool
    /// That of the bet.
    var betRatio: Double
    /// The bet's R, in events.
    var evidence: Double
    /// The mean over all bets.
    var statistic: Double
    var eventsSinceChange: Double
    /// Start of the bucket in which the change is thought to be.
    var changedAt: Int64
    /// Of the events since, the share above the threshold, and that of the reference.
    var currentShare: Double
    var referenceShare: Double

    /// Estimated odds ratio; bounded, so that a share of 0 or 1 has one.
    var oddsRatio: Double {
        let least = 1e-9
        func odds(_ share: Double) -> Double {
            let bounded = min(1 - least, max(least, share))
            return bounded / (1 - bounded)
        }
        return odds(currentShare) / odds(referenceShare)
    }
}

/// What a series is doing.
enum SeriesPhase: Hashable, Sendable {
    case watching
    case firing(OpenAlert)
    /// Until then it raises nothing.
    case cooling(until: Int64)
}
