import Drift
import Glibc

/// Which of the series that moved is thought to have moved the others.
///
/// What is computed of a value and of noise is never farther from its reference than the value is: Kullback-Leibler
/// divergence does not grow on the way (the data processing inequality). So series are ranked by their estimated divergence
/// since the change, not by evidence, which is a bet on one threshold and much the same for a feature and what follows
/// from it. A value's series are taken together: what is far out shows whether values are out of range, too.
extension DriftMonitor {
    static let causesMax = 5
    /// Evidence grows by the events alone, at most one for one: a series with less than this many times as much is not
    /// named as a cause.
    private static let causeEvidenceAnEvent = 2.0
    /// A series with so much of the evidence of the one that has most may be the one that is told.
    private static let likeEvidence = 0.01

    /// The other series that moved, the likeliest cause first.
    func causes(besides index: Int, since: Int64, _ isWanted: (SeriesName) -> Bool) -> [AlertData.Cause] {
        let moved = side(of: index).series.filter { other in
            let least = Self.causeEvidenceAnEvent * Double(max(1, watches[other].detector.eventCount))
            return other != index && isWanted(plan.series[other].name) && watches[other].evidence >= least
        }
        return ranked(moved, since: since).prefix(Self.causesMax).map { other in
            let lead =
                if case .firing(let alert) = watches[other].phase, alert.peak > watches[other].detector.statistic {
                    alert.lead
                } else {
                    watches[other].lead(plan.series[other])
                }
            return AlertData.Cause(
                series: plan.series[other].name.description, statistic: watches[other].evidence,
                direction: lead.isUp ? "up" : "down", odds_ratio: lead.oddsRatio,
                effect: effect(lead, of: plan.series[other]))
        }
    }

    /// Of series with much the same evidence as the one with most, the one that is to be told: the score's and decisions' own
    /// alerts stay theirs.
    func likeliest(_ most: Int, in side: MonitorSide) -> Int {
        func part(_ index: Int) -> Double { plan.series[index].weight * watches[index].detector.statistic }
        guard plan.series[most].name.value != nil else { return most }
        let like = side.series.filter { index in
            plan.series[index].name.value != nil && !watches[index].isFiring
                && part(index) >= Self.likeEvidence * part(most)
        }
        if like.count == 1 { return most }
        return ranked(like, since: watches[most].lead(plan.series[most]).changedAt).first ?? most
    }

    /// By the divergence of all series of their value, then by evidence.
    private func ranked(_ series: [Int], since: Int64) -> [Int] {
        guard let first = series.first else { return [] }
        let groups = Set(series.map { plan.series[$0].name.group })
        var divergences: [String: Double] = [:]
        for index in side(of: first).series {
            let group = plan.series[index].name.group
            if groups.contains(group) { divergences[group, default: 0] += divergence(index, since: since) }
        }
        func key(_ index: Int) -> (Double, Double, Int) {
            (-(divergences[plan.series[index].name.group] ?? 0), -watches[index].evidence, index)
        }
        return series.sorted { key($0) < key($1) }
    }

    /// Of what the series showed since a time, from the reference: the log-likelihood ratio in nats, tempered by dispersion.
    private func divergence(_ index: Int, since: Int64) -> Double {
        let series = plan.series[index]
        var found = Array(repeating: 0.0, count: series.bets.binCount)
        var expected = found
        for piece in watches[index].recent.pieces where piece.start >= since {
            let shares = series.shares(at: piece.level == 0 ? piece.start : nil)
            for bin in found.indices {
                found[bin] += Double(piece.bins[bin])
                expected[bin] += shares[bin] * Double(piece.events)
            }
        }
        var sum = 0.0
        for bin in found.indices where found[bin] > 0 { sum += found[bin] * log(found[bin] / expected[bin]) }
        let threshold = watches[index].detector.lead.component.threshold
        return max(0, sum) / max(1, series.reference.dispersion[threshold])
    }
}

extension SeriesPlan {
    /// The reference's shares of the bins, in the stratum of a time or over all. Rare ones count as one in a thousand: how
    /// rare they are is chance, which would outweigh how many events there are.
    fileprivate func shares(at microseconds: Int64?) -> [Double] {
        let counts = microseconds.map { reference.strata[reference.stratum(at: $0 / 1_000)].counts } ?? reference.counts
        var bins = Array(repeating: 0, count: bets.binCount)
        for cell in counts.indices { bins[Int(binOfCell[cell])] += counts[cell] }
        let total = Double(max(1, bins.reduce(0, +)))
        return bins.map { max(Double($0) / total, 0.001) }
    }
}

extension SeriesName {
    /// The value that it is about; `nil`: it is about scores.
    fileprivate var value: String? {
        switch subject {
        case .value(let name), .missing(let name), .outOfRange(let name), .unseen(let name): name
        case .score, .decision, .late, .deadLetters, .precision, .recall, .positives: nil
        }
    }

    /// Series of one group are about one value of the same events.
    fileprivate var group: String { (value ?? description) + (value == nil ? "" : segment?.description ?? "") }
}
