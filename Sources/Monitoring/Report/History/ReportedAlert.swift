import Foundation

/// What a report needs of an alert's record, of drift or of a limit.
struct ReportedAlert: Hashable, Sendable {
    struct Moved: Hashable, Sendable, Decodable {
        let series: String
        let effect: String
    }

    let state: AlertRecordState
    let series: String
    let severity: String
    let fingerprint: String
    /// In microseconds, as all times.
    let startedAt: Int64
    /// When it was told.
    let time: Int64
    let changedAt: Int64
    let effect: String
    /// In events, weighed; `nil`: a limit has none.
    let evidence: Double?
    let causes: [Moved]
    let segments: [Moved]

    private struct Record: Decodable {
        struct Evidence: Decodable {
            let statistic: Double?
            let change_time: String
            let effect: String
        }

        let startsAt: String
        let evidence: Evidence
        let causes: [Moved]
        let segments: [Moved]
    }

    /// `nil`: its data is no record of an alert.
    init?(_ alert: DriftAlert) {
        guard let record = try? JSONDecoder().decode(Record.self, from: alert.data),
            let startedAt = MonitorText.microseconds(record.startsAt), let time = MonitorText.microseconds(alert.time),
            let changedAt = MonitorText.microseconds(record.evidence.change_time)
        else { return nil }
        state = alert.state
        series = alert.subject
        severity = alert.severity
        fingerprint = alert.fingerprint
        self.startedAt = startedAt
        self.time = time
        self.changedAt = changedAt
        effect = record.evidence.effect
        evidence = record.evidence.statistic
        causes = record.causes
        segments = record.segments
    }
}

/// One alert from its first record to its end.
struct AlertEpisode: Hashable, Sendable {
    /// What was told first; what it became in the end may be another effect.
    let first: ReportedAlert
    private(set) var records: [ReportedAlert]

    var startedAt: Int64 { first.startedAt }
    /// `nil`: it is open.
    var endedAt: Int64? { records.last.flatMap { $0.state == .resolved ? $0.time : nil } }

    /// In the order in which they were raised.
    static func all(of alerts: [ReportedAlert]) -> [AlertEpisode] {
        struct Key: Hashable {
            let fingerprint: String
            let startedAt: Int64
        }
        var places: [Key: Int] = [:]
        var episodes: [AlertEpisode] = []
        for alert in alerts {
            let key = Key(fingerprint: alert.fingerprint, startedAt: alert.startedAt)
            if let place = places[key] {
                episodes[place].records.append(alert)
            } else {
                places[key] = episodes.count
                episodes.append(AlertEpisode(first: alert, records: [alert]))
            }
        }
        return episodes
    }
}
