public import Foundation

/// A record for the drift topic: CloudEvents 1.0, binary mode (`schemas/alert.v1.schema.json`).
public struct DriftAlert: Hashable, Sendable {
    /// The record's key.
    public let fingerprint: String
    public let id: String
    public let state: AlertRecordState
    public let severity: String
    public let pipeline: String
    /// The series' name.
    public let subject: String
    /// When it became known, in event time: RFC 3339.
    public let time: String
    /// JSON.
    public let data: Data

    public static let type = "drift.alert.v1"

    var event: CloudEvent {
        CloudEvent(
            id: id, source: CloudEvent.source(ofPipeline: pipeline), type: Self.type, subject: subject, time: time,
            key: fingerprint, data: data)
    }

    /// As one JSON object, CloudEvents' structured mode: a line of a file.
    public var line: Data { event.line }
}

/// What an alert's record says: the members of its JSON.
struct AlertData: Encodable, Hashable {
    struct Model: Encodable, Hashable {
        var version: String
    }

    struct Detector: Encodable, Hashable {
        var name = AlertIdentity.detectorName
        var version = 1
        /// Events between false alarms of all series together.
        var false_alarm_every_events: Double
        /// The series' part of that budget.
        var weight: Double
        /// "iid", or "stratified": hours of the day have nulls of their own.
        var assumption: String
        /// By how much bets are tempered at the leading threshold; 1: not at all.
        var dispersion: Double
    }

    struct Evidence: Encodable, Hashable {
        /// Weighed, in events; the alert is raised from `threshold` on, with that of other series.
        var statistic: Double
        var threshold: Double
        /// Of the leading bet.
        var e_value: Double
        /// The value above which there are more or fewer events, in the series' unit.
        var above: String
        var direction: String
        var odds_ratio: Double
        var reference_share: Double
        var current_share: Double
        var change_time: String
        var change_events_ago: Double
        var effect: String
    }

    struct Offsets: Encodable, Hashable {
        var topic: String
        var partition: Int32
        var first: Int64
        var last: Int64
    }

    struct Window: Encodable, Hashable {
        var from: String
        var to: String
        var events: Int
        var missing: Int
        var late: Int
        var offsets: [Offsets]
    }

    struct Reference: Encodable, Hashable {
        var sha256: String
        var events: Int
        var from: String
        var to: String
        var cells: Int
    }

    struct Quantile: Encodable, Hashable {
        var share: Double
        var reference: Double
        var current: Double
    }

    struct Summaries: Encodable, Hashable {
        var quantiles: [Quantile]?
        var statistics: [String: Double]
        var p_values: [String: Double]
    }

    struct Cause: Encodable, Hashable {
        var series: String
        var statistic: Double
        var direction: String
        var odds_ratio: Double
        var effect: String
    }

    var state: String
    var severity: String
    var fingerprint: String
    var pipeline: String
    var model: Model
    var series: String
    var segment: [String: String]?
    var startsAt: String
    var endsAt: String?
    var summary: String
    var detector: Detector
    var evidence: Evidence
    var window: Window
    var reference: Reference
    var summaries: Summaries
    /// What else moved, the strongest first.
    var causes: [Cause]
    var segments: [Cause]
    var multiplicity: String
    var suppressed_count: Int
    var runbook_url: String?
}
