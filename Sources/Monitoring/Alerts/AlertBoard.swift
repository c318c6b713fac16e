public import Events
public import Foundation

/// The alerts of one pipeline as its drift topic tells them: which are open, which were, what they say.
///
/// Bounded: of alerts that are over the newest are kept.
public struct AlertBoard: Sendable {
    public struct Alert: Hashable, Sendable {
        public let fingerprint: String
        public let series: String
        public let severity: String
        /// What moved, by how much, and what moved with it.
        public var text: String
        public let since: EventTime
        /// `nil`: it is open.
        public var until: EventTime?
    }

    /// In the order in which they were raised.
    public private(set) var alerts: [Alert] = []
    static let alertsMax = 100
    private static let causesShown = 3

    public init() {}

    public var openCount: Int { alerts.count { $0.until == nil } }

    /// What is shown of an alert's record.
    private struct Record: Decodable {
        struct Cause: Decodable { var series: String }
        var state: String
        var severity: String
        var fingerprint: String
        var pipeline: String
        var series: String
        var summary: String
        var startsAt: String
        var endsAt: String?
        var causes: [Cause]
        var segments: [Cause]

        var text: String {
            let others = (causes + segments).prefix(AlertBoard.causesShown).map(\.series)
            return others.isEmpty ? summary : "\(summary); with it \(others.joined(separator: ", "))"
        }
    }

    /// Takes in the value of a record; what is none about an alert of this pipeline changes nothing.
    ///
    /// - Returns: whether it was one.
    @discardableResult
    public mutating func note(_ data: Data, pipeline: String) -> Bool {
        guard let record = try? JSONDecoder().decode(Record.self, from: data), record.pipeline == pipeline,
            let since = Self.time(record.startsAt)
        else { return false }
        if let open = alerts.lastIndex(where: { $0.fingerprint == record.fingerprint && $0.until == nil }) {
            // What it says at its end is less than what it said before.
            if record.state == "resolved" {
                alerts[open].until = record.endsAt.flatMap { Self.time($0) } ?? since
            } else {
                alerts[open].text = record.text
            }
            return true
        }
        // The record that raised it is no longer there.
        if record.state == "resolved" { return true }
        alerts.append(
            Alert(
                fingerprint: record.fingerprint, series: record.series, severity: record.severity, text: record.text,
                since: since))
        if alerts.count > Self.alertsMax { alerts.remove(at: alerts.firstIndex { $0.until != nil } ?? 0) }
        return true
    }

    private static func time(_ text: String) -> EventTime? {
        guard let date = try? Date(text, strategy: .iso8601) else { return nil }
        return EventTime(microseconds: Int64(date.timeIntervalSince1970 * 1e6))
    }
}
