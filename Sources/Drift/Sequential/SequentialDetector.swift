import Glibc

/// Decides when a series has left its reference: e-SR, the Shiryaev-Roberts e-detector over exceedances of thresholds.
///
/// Its promise: for independent events whose shares above the thresholds lie within the reference's bounds, the mean
/// number of events up to a false alarm is at least `runLength`, whatever the sizes of the buckets.
///
/// Let bucket t hold n_t events, N_t be n_1 + ... + n_t, and e_t a component's factor: the mean of e_t, given the buckets
/// before and n_t, is at most 1. With
///
///     R_t = (R_(t-1) + n_t) e_t,    R_0 = 0
///
/// R_t is the sum over the buckets j up to t of n_j e_j ... e_t: each event is a possible change point, and those of one
/// bucket share its start. The mean of R_t - N_t, given what was before, is at most R_(t-1) + n_t - N_t =
/// R_(t-1) - N_(t-1): it never rises, and starts at 0. So at the bucket T of the first alarm, where R_T >= A, optional
/// stopping gives A <= E[R_T] <= E[N_T]. A mean of such R with fixed weights is such an R, so the alarm is raised when
/// the mean over all components reaches A. With n_t = m for all t this is the detector of Shin, Ramdas and Rinaldo
/// ("E-detectors: a nonparametric framework for sequential change detection", 2024), R = (R + 1) e, alarm at A / m.
///
/// What the promise does not cover: n_t may depend on the past but not on the scores in its own bucket; a reference whose
/// bounds miss the truth; events that depend on one another, for which bets are tempered (see `SequentialBets`).
///
/// Evidence is in events, not in logarithms. It cannot overflow: it is capped at `evidenceMax`, and lowering R keeps the
/// inequality. Where it underflows to 0 the next bucket's n_t stands.
public struct SequentialDetector: Hashable, Sendable {
    public let bets: SequentialBets
    /// A: the mean number of events between false alarms that is asked for.
    public let runLength: Double
    /// Events since the beginning or the last `reset`.
    public internal(set) var eventCount = 0
    /// R, by component.
    public internal(set) var evidence: [Double]
    /// For each component, after how many events the change was, each candidate weighted with its part of R.
    var changes: [Double]
    /// The mean of R over the components, in events: the alarm is raised from `runLength` on.
    public internal(set) var statistic = 0.0

    public static let evidenceMax = 1e200
    /// Beyond so many events the count, and with it the place of the change, stands still.
    public static let eventsMax = 1 << 52

    /// - Precondition: the run length is finite and at least 1.
    public init(bets: SequentialBets, runLength: Double) {
        precondition(runLength >= 1 && runLength.isFinite, "a run length of \(runLength)")
        self.bets = bets
        self.runLength = runLength
        evidence = Array(repeating: 0, count: bets.components.count)
        changes = Array(repeating: 0, count: bets.components.count)
    }

    /// Whether the evidence is enough for an alarm. It stays so until `reset`, or until the series has come back for long.
    public var isAlarming: Bool { statistic >= runLength }

    /// Takes in a bucket that no event can be added to any more; an empty one changes nothing. True: the evidence is
    /// enough for an alarm.
    ///
    /// - Precondition: the bucket has the bets' bins, and the stratum exists.
    /// Complexity: O(components), one exponential each. Nothing is allocated.
    public mutating func close(_ bucket: borrowing BucketCounts, stratum: Int = 0) -> Bool {
        precondition(bucket.binCount == bets.binCount, "\(bucket.binCount) bins for \(bets.binCount)")
        precondition(stratum >= 0 && stratum < bets.strataCount, "stratum \(stratum) of \(bets.strataCount)")
        if bucket.eventCount == 0 { return isAlarming }
        let events = Double(bucket.eventCount)
        let start = Double(eventCount)
        let betsAThreshold = 2 * bets.oddsRatios.count
        var component = evidence.count
        var logs = (stratum + 1) * evidence.count
        var above = 0
        var sum = 0.0
        for threshold in stride(from: bets.thresholds.count - 1, through: 0, by: -1) {
            above += bucket.events(inBin: threshold + 1)
            let exceeding = Double(above)
            let rest = events - exceeding
            for _ in 0..<betsAThreshold {
                component -= 1
                logs -= 1
                let factor = exp(bets.logAbove[logs] * exceeding + bets.logBelow[logs] * rest)
                let before = evidence[component]
                changes[component] = (before * changes[component] + events * start) / (before + events)
                evidence[component] = min(Self.evidenceMax, (before + events) * factor)
                sum += evidence[component]
            }
        }
        statistic = sum / Double(evidence.count)
        eventCount = min(Self.eventsMax, eventCount + bucket.eventCount)
        return isAlarming
    }

    /// Begins again: what was seen is forgotten.
    public mutating func reset() {
        for component in evidence.indices {
            evidence[component] = 0
            changes[component] = 0
        }
        statistic = 0
        eventCount = 0
    }
}

extension SequentialDetector {
    /// The component with the most evidence: which quantile, which way, how strong and since when.
    public struct Lead: Hashable, Sendable {
        public let component: SequentialBets.Component
        /// The threshold's cell.
        public let cell: Int
        /// R, in events.
        public let evidence: Double
        /// How many events ago the change was, as this component sees it.
        public let eventsSinceChange: Double
    }

    /// Of equal components the first. Complexity: O(components).
    public var lead: Lead {
        var best = 0
        for component in evidence.indices where evidence[component] > evidence[best] { best = component }
        return Lead(
            component: bets.components[best], cell: bets.thresholds[bets.components[best].threshold],
            evidence: evidence[best], eventsSinceChange: Double(eventCount) - changes[best])
    }

    /// The most evidence of any component at each threshold, in events: what ranks the places where a series moved.
    public func evidence(atThreshold threshold: Int) -> Double {
        let count = 2 * bets.oddsRatios.count
        return evidence[threshold * count..<(threshold + 1) * count].max() ?? 0
    }
}
