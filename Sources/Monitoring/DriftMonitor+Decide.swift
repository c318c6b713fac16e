import Drift

extension DriftMonitor {
    /// After a bucket: what has to be told.
    ///
    /// The evidence of all series that are watched, each by its weight, is one piece of evidence against "nothing has
    /// moved": the mean of e-detectors by fixed weights is one. Where it reaches the budget, the series with the most of
    /// it is raised and leaves the sum; again, until what is left says nothing. So the budget holds for all series
    /// together, whatever depends on what.
    func decide(_ side: MonitorSide, at time: Int64) {
        for index in side.series { endCooling(index, at: time) }
        while let index = nextRaised(side) { raise(index, modelVersion: side.modelVersion, at: time) }
        for index in side.series { follow(index, at: time) }
    }

    private func nextRaised(_ side: MonitorSide) -> Int? {
        var sum = 0.0
        var most: (index: Int, part: Double)?
        for index in side.series where !watches[index].isFiring {
            let part = plan.series[index].weight * watches[index].detector.statistic
            sum += part
            if part > most?.part ?? 0 { most = (index, part) }
        }
        return sum >= plan.settings.runLength ? most.map { likeliest($0.index, in: side) } : nil
    }

    private func endCooling(_ index: Int, at time: Int64) {
        if case .cooling(let until) = watches[index].phase, time >= until { watches[index].phase = .watching }
    }

    private func raise(_ index: Int, modelVersion: String, at time: Int64) {
        let series = plan.series[index]
        let lead = watches[index].lead(series)
        if case .cooling = watches[index].phase {
            watches[index].detector.reset()
            return
        }
        let above = inhibitor(of: index)
        let alert = OpenAlert(
            fingerprint: AlertIdentity.fingerprint(
                pipeline: plan.pipeline, modelVersion: modelVersion, series: series.name),
            modelVersion: modelVersion, startedAt: time, lead: lead, peak: lead.statistic, isInhibited: above != nil,
            toldAt: time, toldRatio: lead.oddsRatio, toldUp: lead.isUp,
            calmBins: Array(repeating: 0, count: series.bets.binCount),
            calmEventsNeeded: Int(max(1, min(2 * lead.eventsSinceChange, Self.calmEventsMost))))
        watches[index].phase = .firing(alert)
        if let above {
            suppress(below: above)
        } else {
            tell(makeAlert(index, alert, state: .firing, at: time))
        }
        watches[index].detector.reset()
    }

    /// Twice as many events as a change took to be found let the same change be found again; but nobody waits for ever.
    private static let calmEventsMost = 10_000_000.0

    /// The firing series that says it already: the score, for features and segments; all events, for a segment of them.
    private func inhibitor(of index: Int) -> Int? {
        let name = plan.series[index].name
        return watches.indices.first { other in
            guard other != index, case .firing(let alert) = watches[other].phase, !alert.isInhibited else {
                return false
            }
            let above = plan.series[other].name
            guard above.segment == nil else { return false }
            if above.subject == name.subject { return name.segment != nil }
            guard above.subject == .score else { return false }
            if case .value = name.subject { return true }
            return false
        }
    }

    private func suppress(below index: Int) {
        guard case .firing(var alert) = watches[index].phase else { return }
        alert.suppressed += 1
        watches[index].phase = .firing(alert)
    }

    /// An open alert: evidence that comes back, an end of it, or the end of what stood above it.
    private func follow(_ index: Int, at time: Int64) {
        guard case .firing(var alert) = watches[index].phase, alert.startedAt < time else { return }
        let series = plan.series[index]
        if series.weight * watches[index].detector.statistic >= plan.settings.runLength * Self.returnShare {
            let lead = watches[index].lead(series)
            alert.beginCalm()
            let isNews = isNews(lead, beside: alert) && time - alert.toldAt >= updateSpacing(lead, alert)
            alert.lead = lead
            watches[index].phase = .firing(alert)
            if isNews, !alert.isInhibited {
                alert.toldAt = time
                alert.toldRatio = lead.oddsRatio
                alert.toldUp = lead.isUp
                watches[index].phase = .firing(alert)
                tell(makeAlert(index, alert, state: .updated, at: time))
            }
            watches[index].detector.reset()
            return
        }
        if alert.calmRows >= plan.settings.resolveAfterEvents, alert.calmEvents >= alert.calmEventsNeeded {
            if isBack(alert, series) {
                resolve(index, alert, at: time)
                return
            }
            alert.beginCalm()
            watches[index].phase = .firing(alert)
        }
        if alert.isInhibited, inhibitor(of: index) == nil {
            alert.isInhibited = false
            (alert.toldAt, alert.toldRatio, alert.toldUp) = (time, alert.lead.oddsRatio, alert.lead.isUp)
            watches[index].phase = .firing(alert)
            tell(makeAlert(index, alert, state: .firing, at: time))
        }
    }

    /// Evidence comes back at a hundredth of what raised the alert: this is the hysteresis.
    private static let returnShare = 0.01
    /// By how much the odds ratio must have changed to be told again.
    private static let newsRatio = 1.5

    /// A change that lasts shows its strength differently day by day. So an alert is told again at ever longer intervals, each
    /// as long as all before it together; one that turns round, after the cooldown.
    private func updateSpacing(_ lead: AlertLead, _ alert: OpenAlert) -> Int64 {
        let cooldown = plan.settings.cooldownMicroseconds
        return lead.isUp == alert.toldUp ? max(cooldown, alert.toldAt - alert.startedAt) : cooldown
    }

    private func isNews(_ lead: AlertLead, beside alert: OpenAlert) -> Bool {
        if lead.isUp != alert.toldUp { return true }
        let ratio = lead.oddsRatio / alert.toldRatio
        return ratio >= Self.newsRatio || ratio <= 1 / Self.newsRatio
    }

    /// Whether the share that raised the alert is what the reference leaves possible again, and a little more.
    private func isBack(_ alert: OpenAlert, _ series: SeriesPlan) -> Bool {
        let piece = RecentBins.Piece(start: 0, events: alert.calmEvents, bins: alert.calmBins)
        let share = piece.share(aboveThreshold: alert.lead.threshold)
        let bounds = series.bounds[alert.lead.threshold]
        let tolerance = plan.settings.tolerance
        return share <= Self.moved(bounds.upper, by: tolerance) && share >= Self.moved(bounds.lower, by: 1 / tolerance)
    }

    private static func moved(_ share: Double, by ratio: Double) -> Double {
        if share <= 0 || share >= 1 { return share }
        let odds = share / (1 - share) * ratio
        return odds / (1 + odds)
    }

    private func resolve(_ index: Int, _ alert: OpenAlert, at time: Int64) {
        if !alert.isInhibited { tell(makeAlert(index, alert, state: .resolved, at: time)) }
        watches[index].phase = .cooling(until: time + plan.settings.cooldownMicroseconds)
        watches[index].detector.reset()
    }
}
