import Events
import Foundation

/// What the record of a limit's alert says: as `AlertData`, without what only a reference can say.
struct LimitRecord: Encodable, Hashable {
    struct Detector: Encodable, Hashable {
        var name = LimitName.detectorName
        var version = 1
    }

    struct Evidence: Encodable, Hashable {
        /// In `unit`, as is the limit.
        var value: Double
        var limit: Double
        var unit: String
        var change_time: String
        var effect: String
    }

    var state: String
    var severity: String
    var fingerprint: String
    var pipeline: String
    /// None.
    var model = AlertData.Model(version: "")
    var series: String
    var startsAt: String
    var endsAt: String?
    var summary: String
    var detector = Detector()
    var evidence: Evidence
    var window: AlertData.Window
    var causes: [AlertData.Cause] = []
    var segments: [AlertData.Cause] = []
    var suppressed_count = 0
    var runbook_url: String?
}

extension LimitFlow {
    func makeAlert(_ news: LimitNews) -> DriftAlert {
        let fingerprint = news.name.fingerprint(pipeline: pipeline)
        let isResolved = news.state == .resolved
        let time = MonitorText.time(news.time)
        let record = LimitRecord(
            state: isResolved ? "resolved" : "firing", severity: news.name.severity, fingerprint: fingerprint,
            pipeline: pipeline, series: news.name.rawValue, startsAt: MonitorText.time(news.startedAt),
            endsAt: isResolved ? time : nil, summary: Self.summary(news),
            evidence: .init(
                value: news.value, limit: news.limit, unit: news.unit, change_time: MonitorText.time(news.changedAt),
                effect: news.effect),
            window: .init(
                from: MonitorText.time(news.changedAt), to: time, events: news.events, missing: 0, late: 0, offsets: []),
            runbook_url: runbookURL)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let bytes = try? encoder.encode(record) else { preconditionFailure("an alert that is no JSON") }
        // When a score came again depends on which partition is read first: the id of an end does not.
        let idTime = news.name == .freshness ? news.startedAt : news.time
        return DriftAlert(
            fingerprint: fingerprint,
            id: AlertIdentity.record(
                fingerprint: fingerprint, startedAt: news.startedAt, state: news.state, at: idTime),
            state: news.state, severity: news.name.severity, pipeline: pipeline, subject: news.name.rawValue,
            time: time, data: bytes)
    }

    private static func summary(_ news: LimitNews) -> String {
        let isResolved = news.state == .resolved
        return switch news.name {
        case .rateBelow:
            "\(isResolved ? "scores come as often as they have to again" : "too few scores"): \(news.effect)"
        case .rateAbove: "\(isResolved ? "no more scores than may be" : "too many scores"): \(news.effect)"
        case .lag: "\(isResolved ? "scores are in time again" : "scores come too late"): \(news.effect)"
        case .freshness: "\(isResolved ? "scores come again" : "no scores come"): \(news.effect)"
        }
    }
}

extension OpenLimit {
    private struct Mark: Decodable {
        struct Detector: Decodable {
            var name: String
        }

        struct Evidence: Decodable {
            var change_time: String
        }

        var state: String
        var startsAt: String
        var detector: Detector
        var evidence: Evidence
    }

    /// Of the newest record about an alert; `nil`: it is resolved, or no such record.
    init?(newest data: Data) {
        guard let record = try? JSONDecoder().decode(Mark.self, from: data), record.state == "firing",
            record.detector.name == LimitName.detectorName, let start = MonitorText.microseconds(record.startsAt),
            let change = MonitorText.microseconds(record.evidence.change_time)
        else { return nil }
        self.init(startedAt: start, changedAt: change)
    }
}

extension MonitorText {
    /// Of what `time` has written; `nil`: it was something else.
    static func microseconds(_ text: String) -> Int64? {
        let parts = text.dropLast().split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard text.hasSuffix("Z"), let date = try? Date("\(parts[0])Z", strategy: .iso8601) else { return nil }
        let digits = parts.count == 2 ? String(parts[1]) : ""
        guard digits.utf8.count <= 6,
            let fraction = Int64(digits + String(repeating: "0", count: 6 - digits.utf8.count))
        else { return nil }
        let value = Int64(date.timeIntervalSince1970) * 1_000_000 + fraction
        return time(value) == text ? value : nil
    }
}
