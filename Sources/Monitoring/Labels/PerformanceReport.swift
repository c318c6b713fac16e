import Drift
public import Foundation

/// A window's performance as JSON, in the manner of `WindowReport`.
public struct PerformanceReport: Sendable {
    private let window: PerformanceWindow
    private let plan: LabelJoinPlan
    private let versionName: @Sendable (UInt16) -> String

    /// - Parameter versionName: the model's version by the number that the join was fed.
    public init(_ window: PerformanceWindow, _ plan: LabelJoinPlan, versionName: @escaping @Sendable (UInt16) -> String)
    {
        self.window = window
        self.plan = plan
        self.versionName = versionName
    }

    /// One JSON object. Measures that the labels do not allow are left out.
    public var data: Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let content = Content(
            from: MonitorText.time(window.from), to: MonitorText.time(window.to), share: window.share,
            thinned: window.isThinned, performance: Measures(window.total, plan),
            versions: window.versions.map { version in
                let isOthers = version.version == PerformanceTally.otherVersions
                return Version(
                    version: isOthers ? "(others)" : versionName(version.version),
                    performance: Measures(version.measures, plan))
            }.sorted { $0.version < $1.version })
        // Every number is finite: encoding cannot fail.
        guard let data = try? encoder.encode(content) else { preconditionFailure("a window that is no JSON") }
        return data
    }

    private struct Content: Encodable {
        var from: String
        var to: String
        var share: Double
        var thinned: Bool
        var performance: Measures
        var versions: [Version]
    }

    private struct Version: Encodable {
        var version: String
        var performance: Measures
    }

    private struct Decision: Encodable {
        var labelled: Int
        var precision: Double?
        var recall: Double?

        init(_ measures: DecisionMeasures) {
            (labelled, precision, recall) = (measures.labelled, measures.precision, measures.recall)
        }
    }

    private struct Measures: Encodable {
        var events: Int
        var sampled: Int
        var labelled: Int
        var coverage: Double?
        var positives: Int
        var unscored: Int
        var basis: String
        var decisions: [String: Decision]
        var flagged: Decision
        var roc_auc: Double?
        var average_precision: Double?
        var card_precision: Double?
        var log_loss: Double?
        var brier: Double?
        var calibration_error: Double?
        /// What scores that are exactly right would give.
        var calibration_error_expected: Double?

        init(_ measures: PerformanceMeasures, _ plan: LabelJoinPlan) {
            (events, sampled, labelled) = (measures.events, measures.sampled, measures.labelled)
            (coverage, positives, unscored) = (measures.coverage, measures.positives, measures.unscored)
            basis = measures.basis.rawValue
            let names = plan.decisions + (measures.decisions.last?.labelled == 0 ? [] : ["(other)"])
            decisions = Dictionary(
                zip(names, measures.decisions.map(Decision.init)), uniquingKeysWith: { one, _ in one })
            flagged = Decision(measures.flagged)
            (roc_auc, average_precision) = (measures.rocAUC, measures.averagePrecision)
            card_precision = measures.cardPrecision
            (log_loss, brier) = (measures.logLoss, measures.brierScore)
            calibration_error = measures.calibrationError?.value
            calibration_error_expected = measures.calibrationError?.expectedIfCalibrated
        }
    }
}
