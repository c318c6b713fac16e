import Drift
import Foundation
import Testing

@testable import Monitoring

@Suite struct PerformanceReportTests {
    @Test func aWindowAsALine() throws {
        let plan = LabelJoinPlan(
            decisions: ["block", "allow"], bucket: LabelHistory.minute, within: LabelHistory.hour,
            window: LabelHistory.hour)
        var history = LabelHistory(plan: plan)
        for (id, score) in [0.9, 0.8, 0.1, .nan].enumerated() {
            let key = LabelKey(Int64(id))
            history.scores.append(
                ScoredEvent(key: key, time: 5, score: score, decision: score > 0.5 ? 0 : 1, version: UInt16(id % 2)))
            if id > 0 { history.labels.append(LabelEvent(key: key, available: 9, isPositive: id == 1)) }
        }
        let window = try #require(try history.run(seed: 1).steps.flatMap(\.finished).first)
        let line = PerformanceReport(window, plan) { "v\($0)" }.data
        let object = try #require(try JSONSerialization.jsonObject(with: line) as? [String: Any])
        #expect(object["from"] as? String == "1970-01-01T00:00:00Z")
        #expect(object["to"] as? String == "1970-01-01T01:00:00Z")
        #expect(object["share"] as? Double == 1 && object["thinned"] as? Bool == false)
        let total = try #require(object["performance"] as? [String: Any])
        #expect(total["events"] as? Int == 4 && total["labelled"] as? Int == 3 && total["coverage"] as? Double == 0.75)
        #expect(total["unscored"] as? Int == 1 && total["roc_auc"] as? Double == 1)
        #expect(total["basis"] as? String == "single scores")
        // No card was named.
        #expect(total["card_precision"] == nil)
        let decisions = try #require(total["decisions"] as? [String: [String: Any]])
        #expect(Set(decisions.keys) == ["block", "allow"])
        #expect(decisions["block"]?["precision"] as? Double == 1 && decisions["block"]?["recall"] as? Double == 1)
        #expect(decisions["allow"]?["precision"] as? Double == 0 && decisions["allow"]?["labelled"] as? Int == 2)
        let versions = try #require(object["versions"] as? [[String: Any]])
        #expect(versions.map { $0["version"] as? String } == ["v0", "v1"])
    }

    /// Every estimate says what it cannot see.
    @Test func anEstimateAsALine() throws {
        let grid = ValueGrid.scores
        let map = try CalibrationMap(reading: [0, 1], probabilities: [0, 1], positives: 1, events: 4)
        var counts = [Int](repeating: 0, count: grid.cellCount)
        (counts[0], counts[1_000]) = (3, 5)
        var flagged = counts
        flagged[0] = 1
        let report = EstimateReport(
            from: 0, to: LabelHistory.hour, grid: grid, counts: counts, flagged: flagged, map: map)
        let object = try #require(try JSONSerialization.jsonObject(with: report.data) as? [String: Any])
        #expect(object["events"] as? Int == 8 && object["to"] as? String == "1970-01-01T01:00:00Z")
        let expected = try #require(object["expected"] as? [String: Any])
        #expect(expected["positives"] as? Double == 5 && expected["recall"] as? Double == 1)
        #expect(expected["precision"] as? Double == 5.0 / 6 && expected["roc_auc"] as? Double == 1)
        #expect(expected["blind_to"] as? String == ExpectedPerformance.blindTo)
        let prior = try #require(object["prior"] as? [String: Any])
        #expect(abs((prior["estimate"] as? Double ?? 0) - 5.0 / 8) < 1e-9 && prior["reference"] as? Double == 0.25)
        #expect(prior["blind_to"] as? String == PriorEstimate.blindTo)
    }

    /// Without events nothing is estimated.
    @Test func anEmptyEstimate() throws {
        let grid = ValueGrid.scores
        let map = try CalibrationMap(reading: [0, 1], probabilities: [0, 1], positives: 1, events: 4)
        let none = [Int](repeating: 0, count: grid.cellCount)
        let report = EstimateReport(from: 0, to: 1, grid: grid, counts: none, flagged: none, map: map)
        let object = try #require(try JSONSerialization.jsonObject(with: report.data) as? [String: Any])
        #expect(object["prior"] == nil && (object["expected"] as? [String: Any])?["recall"] == nil)
    }
}
