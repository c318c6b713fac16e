public import Drift
public import Foundation

/// What is believed of a window without labels, as JSON that says what it cannot see.
public struct EstimateReport: Sendable {
    let from: Int64
    let to: Int64
    private let expected: ExpectedPerformance
    private let prior: PriorEstimate?

    /// - Parameters:
    ///   - from: in microseconds since 1970, as `to`.
    ///   - counts: events of the window by cell, and those of them that a decision called positive.
    ///   - map: learned from labelled history.
    /// - Precondition: that of `ExpectedPerformance`. Complexity: O(600 x cells).
    public init(
        from: Int64, to: Int64, grid: ValueGrid, counts: [Int], flagged: [Int], map: CalibrationMap
    ) {
        self.from = from
        self.to = to
        expected = ExpectedPerformance(grid: grid, counts: counts, flagged: flagged, map: map)
        prior = PriorEstimate(grid: grid, counts: counts, map: map)
    }

    /// One JSON object. What cannot be estimated is left out.
    public var data: Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let content = Content(
            from: MonitorText.time(from), to: MonitorText.time(to), events: expected.events,
            expected: Expected(
                positives: expected.expectedPositives, precision: expected.precision, recall: expected.recall,
                roc_auc: expected.rocAUC),
            prior: prior.map {
                Prior(estimate: $0.prior, lowest: $0.lowest, highest: $0.highest, reference: $0.referencePrior)
            })
        // Every number is finite: encoding cannot fail.
        guard let data = try? encoder.encode(content) else { preconditionFailure("an estimate that is no JSON") }
        return data
    }

    private struct Content: Encodable {
        var from: String
        var to: String
        var events: Int
        var expected: Expected
        var prior: Prior?
    }

    private struct Expected: Encodable {
        var positives: Double
        var precision: Double?
        var recall: Double?
        var roc_auc: Double?
        var blind_to = ExpectedPerformance.blindTo
    }

    private struct Prior: Encodable {
        var estimate: Double
        var lowest: Double
        var highest: Double
        var reference: Double
        var blind_to = PriorEstimate.blindTo
    }
}
