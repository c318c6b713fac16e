import Drift
import Foundation

extension DriftMonitor {
    func makeAlert(_ index: Int, _ alert: OpenAlert, state: AlertRecordState, at time: Int64) -> DriftAlert {
        let series = plan.series[index]
        let severity = Self.severity(of: series.name)
        let effect = effect(alert.lead, of: series)
        let data = AlertData(
            state: state == .resolved ? "resolved" : "firing", severity: severity, fingerprint: alert.fingerprint,
            pipeline: plan.pipeline, model: .init(version: alert.modelVersion), series: series.name.description,
            segment: series.name.segment.map { [$0.field: $0.value] }, startsAt: MonitorText.time(alert.startedAt),
            endsAt: state == .resolved ? MonitorText.time(time) : nil,
            summary: summary(series, alert, state: state, effect: effect), detector: detector(series, alert),
            evidence: evidence(alert.lead, of: series, effect: effect), window: window(index, at: time),
            reference: reference(series), summaries: summaries(index),
            causes: causes(besides: index, since: alert.lead.changedAt) { $0.segment == nil },
            segments: causes(besides: index, since: alert.lead.changedAt) { $0.segment != nil },
            multiplicity:
                "the evidence of \(plan.series.count) series, each by its weight, is one sum with one budget (e-values)",
            suppressed_count: alert.suppressed, runbook_url: plan.settings.runbookURL)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Every number was made finite: encoding cannot fail.
        guard let bytes = try? encoder.encode(data) else { preconditionFailure("an alert that is no JSON") }
        return DriftAlert(
            fingerprint: alert.fingerprint,
            id: AlertIdentity.record(
                fingerprint: alert.fingerprint, startedAt: alert.startedAt, state: state, at: time),
            state: state, severity: severity, pipeline: plan.pipeline, subject: series.name.description,
            time: MonitorText.time(time), data: bytes)
    }

    static func severity(of name: SeriesName) -> String {
        if name.segment != nil { return "warning" }
        switch name.subject {
        case .score, .decision, .precision, .recall, .deadLetters: return "critical"
        case .value, .missing, .outOfRange, .unseen, .late, .positives: return "warning"
        }
    }

    private func detector(_ series: SeriesPlan, _ alert: OpenAlert) -> AlertData.Detector {
        AlertData.Detector(
            false_alarm_every_events: plan.settings.runLength, weight: series.weight,
            assumption: series.reference.strata.count > 1 ? "stratified" : "iid",
            dispersion: series.reference.dispersion[alert.lead.threshold])
    }

    private func evidence(_ lead: AlertLead, of series: SeriesPlan, effect: String) -> AlertData.Evidence {
        AlertData.Evidence(
            statistic: series.weight * lead.statistic, threshold: plan.settings.runLength, e_value: lead.evidence,
            above: thresholdText(lead, of: series), direction: lead.isUp ? "up" : "down", odds_ratio: lead.oddsRatio,
            reference_share: lead.referenceShare, current_share: lead.currentShare,
            change_time: MonitorText.time(lead.changedAt), change_events_ago: lead.eventsSinceChange, effect: effect)
    }

    /// The value or the categories behind a threshold.
    private func thresholdText(_ lead: AlertLead, of series: SeriesPlan) -> String {
        let cell = series.bets.thresholds[lead.threshold]
        if let categories = series.reference.categories {
            let rest = categories.dropFirst(cell + 1)
            return (rest.prefix(3) + [rest.count > 3 ? "..." : SeriesName.otherValue]).joined(separator: ", ")
        }
        return MonitorText.number(series.reference.grid.value(ofCell: cell))
    }

    /// "share above 0.9: 0.21 % -> 1.2 %".
    func effect(_ lead: AlertLead, of series: SeriesPlan) -> String {
        let shares = "\(MonitorText.percent(lead.referenceShare)) -> \(MonitorText.percent(lead.currentShare))"
        if Self.isIndicator(series.name) { return "share: \(shares)" }
        if series.reference.categories != nil {
            return "share of \(thresholdText(lead, of: series)): \(shares)"
        }
        return "share above \(thresholdText(lead, of: series)): \(shares)"
    }

    private static func isIndicator(_ name: SeriesName) -> Bool {
        switch name.subject {
        case .score, .value: false
        case .decision, .missing, .outOfRange, .unseen, .late, .deadLetters, .precision, .recall, .positives: true
        }
    }

    private func summary(
        _ series: SeriesPlan, _ alert: OpenAlert, state: AlertRecordState, effect: String
    ) -> String {
        switch state {
        case .resolved: "\(series.name) is back; it was: \(effect)"
        case .firing, .updated: "\(series.name) has moved \(alert.lead.isUp ? "up" : "down"): \(effect)"
        }
    }

    private func window(_ index: Int, at time: Int64) -> AlertData.Window {
        let described = watches[index].described
        let side = side(of: index)
        let spans = [side.lastWindow, side.window].filter { $0.start != .min }
        let offsets = scoreLanes.compactMap { lane -> AlertData.Offsets? in
            let range = spans.reduce(nil) { WindowSpan.union($0, lane < $1.offsets.count ? $1.offsets[lane] : nil) }
            return range.map {
                .init(
                    topic: lanes[lane].topic, partition: lanes[lane].partition, first: $0.lowerBound,
                    last: $0.upperBound)
            }
        }
        return AlertData.Window(
            from: MonitorText.time(spans.first?.start ?? time), to: MonitorText.time(time),
            events: described.counts.reduce(0, +),
            missing: described.missing, late: spans.reduce(0) { $0 + $1.lateRows }, offsets: offsets)
    }

    private func reference(_ series: SeriesPlan) -> AlertData.Reference {
        AlertData.Reference(
            sha256: plan.referenceDigest, events: series.reference.eventCount,
            from: MonitorText.time(plan.reference.fromMilliseconds * 1_000),
            to: MonitorText.time(plan.reference.toMilliseconds * 1_000), cells: series.cellCount)
    }

    private func summaries(_ index: Int) -> AlertData.Summaries {
        let series = plan.series[index]
        let counts = watches[index].described.counts
        let found = WindowSummary(counts, of: series)
        return AlertData.Summaries(
            quantiles: series.hasOrder ? quantiles(series, counts) : nil, statistics: found.statistics,
            p_values: found.pValues)
    }

    private func quantiles(_ series: SeriesPlan, _ counts: [Int]) -> [AlertData.Quantile]? {
        let total = counts.reduce(0, +)
        if total == 0 { return nil }
        return [0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 0.999].map { share in
            var sum = 0
            let cell = counts.firstIndex { count in
                sum += count
                return sum > 0 && Double(sum) >= share * Double(total)
            }
            return AlertData.Quantile(
                share: share, reference: series.reference.quantile(share),
                current: series.reference.grid.value(ofCell: cell ?? series.cellCount - 1))
        }
    }
}
