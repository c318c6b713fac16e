import Drift
public import Foundation

/// A window's performance, measured with labels or estimated without: CloudEvents, see `schemas/performance.v1.schema.json`.
public struct PerformanceRecord: Hashable, Sendable {
    let event: CloudEvent

    /// The same for the same window, so that one that is sent again is known.
    public var id: String { event.id }
    /// Whether labels said it.
    public var isMeasured: Bool { event.type == Self.measuredType }
    /// As one JSON object, CloudEvents' structured mode: a line of a file.
    public var line: Data { event.line }
    /// The measures as JSON.
    public var data: Data { event.data }

    static let measuredType = "drift.performance.v1"
    static let estimatedType = "drift.estimate.v1"

    /// - Parameter versions: names by the numbers that the join was fed.
    static func measured(
        _ window: PerformanceWindow, _ plan: LabelJoinPlan, _ pipeline: String, versions: [String]
    ) -> PerformanceRecord {
        let report = PerformanceReport(window, plan) { number in
            versions.indices.contains(Int(number)) ? versions[Int(number)] : ""
        }
        return make(measuredType, subject: "performance", pipeline, (window.from, window.to), report.data)
    }

    static func estimated(_ report: EstimateReport, pipeline: String) -> PerformanceRecord {
        make(estimatedType, subject: "estimate", pipeline, (report.from, report.to), report.data)
    }

    private static func make(
        _ type: String, subject: String, _ pipeline: String, _ span: (from: Int64, to: Int64), _ data: Data
    ) -> PerformanceRecord {
        PerformanceRecord(
            event: CloudEvent(
                id: AlertIdentity.hash([pipeline, type, "\(span.from)", "\(span.to)"]),
                source: CloudEvent.source(ofPipeline: pipeline), type: type, subject: subject,
                time: MonitorText.time(span.to), key: pipeline, data: data))
    }
}
