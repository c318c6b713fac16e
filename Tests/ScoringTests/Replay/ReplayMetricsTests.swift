import Foundation
import Testing

@testable import Scoring

@Suite struct ReplayMetricsTests {
    private let space: ReplayWorkspace

    init() throws { space = try ReplayWorkspace() }

    private func measure(_ rows: [String], key: String? = "customer_id") throws -> ReplayMeasures {
        try space.write("in.csv", ReplayWorkspace.header + rows.map { $0 + "\n" }.joined())
        let outcome = try space.replay("in.csv", to: "out.csv") {
            $0.metricsLabel = "tx_fraud"
            $0.metricsKey = key
        }
        return try #require(outcome.measures)
    }

    /// Three scores, here called low, middle and high:
    ///
    /// ```
    /// day 0: customer 2 high fraud, 10 high, 3 middle fraud, 4 low
    /// day 1: customer 2 high fraud, 5 middle, 6 low fraud, and one without a label
    /// ```
    ///
    /// Of 4 x 3 pairs the frauds win 2.5 + 1.5 + 2.5 + 0.5 = 7. Precision is 2/3, 3/5 and 4/7 at recalls 1/2, 3/4 and
    /// 1. Found are two cards of a hundred, then one, customer 2 being known.
    @Test func aCaseByHand() throws {
        let measures = try measure([
            "1,2018-04-01T00:00:00Z,2,25,true", "2,2018-04-01T10:00:00Z,10,25,false",
            "3,2018-04-01T11:00:00Z,3,15,true",
            "4,2018-04-01T23:59:59Z,4,5,false", "5,2018-04-02T00:00:00Z,2,25,true", "6,2018-04-02T01:00:00Z,5,15,false",
            "7,2018-04-02T02:00:00Z,6,5,true", "8,2018-04-02T03:00:00Z,9,25,",
        ])
        #expect(measures.rows == 7)
        #expect(measures.positives == 4)
        #expect(measures.values.map(\.name) == ["roc_auc", "average_precision", "card_precision@100"])
        let expected = [7.0 / 12, 0.5 * 2 / 3 + 0.25 * 3 / 5 + 0.25 * 4 / 7, 0.015]
        for (measure, value) in zip(measures.values, expected) {
            #expect(abs(measure.value - value) < 1e-12, "\(measure.name) is \(measure.value)")
        }
        // Of seven rows the highest score is that of three, and so it is for every share up to 5 %.
        let top = measures.groups.filter { $0.name.hasPrefix("score >= ") }
        #expect(top.count == 3)
        #expect(top.allSatisfy { $0.events == 3 && $0.positives == 2 && $0.recall == 0.5 && $0.share == 3.0 / 7 })
    }

    /// Against counting rows one by one.
    @Test(arguments: [1, 2, 3, 4] as [UInt64]) func groupsAreWhatACountSays(seed: UInt64) {
        var random = SeededWords(seed)
        let count = 1 + Int(random.next() % 3_000)
        // Ties are common.
        let scores = (0..<count).map { _ in Double(random.next() % 200) / 200 }
        let labels = scores.map { Double(random.next() % 1_000) / 1_000 < $0 * $0 }
        let names = ["block", "review", "block", "allow"]
        let decisions = (0..<count).map { _ in Int16(random.next() % 5) - 1 }
        let positives = labels.count { $0 }

        let groups = ReplayGroup.byDecision(decisions, labels: labels, names: names)
        #expect(groups.map(\.name).prefix(3) == ["block", "review", "allow"])
        #expect(groups.reduce(0) { $0 + $1.events } == count && groups.reduce(0) { $0 + $1.positives } == positives)
        for group in groups {
            let own = decisions.indices.filter { row in
                decisions[row] < 0 ? group.name == "(none)" : names[Int(decisions[row])] == group.name
            }
            let found = own.count { labels[$0] }
            #expect(group.events == own.count && group.positives == found, "seed \(seed): \(group)")
            #expect(own.isEmpty || group.precision == Double(found) / Double(own.count), "seed \(seed)")
            #expect(positives == 0 || group.recall == Double(found) / Double(positives), "seed \(seed)")
        }

        for (group, share) in zip(ReplayGroup.byScore(scores, labels: labels), [0.001, 0.01, 0.05]) {
            // The highest threshold that enough rows reach.
            let wanted = max(1, Int((share * Double(count)).rounded(.up)))
            let threshold = Set(scores).filter { least in scores.count { $0 >= least } >= wanted }.max() ?? .nan
            let own = scores.indices.filter { scores[$0] >= threshold }
            #expect(group.name == "score >= \(threshold)", "seed \(seed)")
            #expect(group.events == own.count && group.positives == own.count { labels[$0] }, "seed \(seed)")
        }
    }

    @Test func withoutRowsOrRulesThereAreNoGroups() {
        #expect(ReplayGroup.byScore([], labels: []).isEmpty)
        #expect(ReplayGroup.byDecision([], labels: [true], names: []).isEmpty)
        let none = ReplayGroup.byDecision([], labels: [], names: ["block"])
        #expect(none.count == 1 && none[0].precision.isNaN && none[0].recall.isNaN && none[0].share.isNaN)
    }

    @Test(arguments: [("100", 0.01), ("101", 0)]) func equalScoresGoByTheNumberThatAKeySpells(
        compromised: String, precision: Double
    ) throws {
        let rows = (1...150).reversed().map { "\($0),2018-04-01T00:00:00Z,\($0),25,\("\($0)" == compromised)" }
        #expect(try measure(rows).values.last?.value == precision)
    }

    @Test func labelsThatAreAllAlikeAllowNoFigure() throws {
        let measures = try measure(["1,2018-04-01T00:00:00Z,2,25,false"], key: nil)
        #expect(measures.values.count == 2)
        #expect(measures.values.allSatisfy { $0.value.isNaN })
    }

    @Test(
        arguments: [
            ("tx_frod", nil, "--metrics: the source has no field \"tx_frod\": did you mean \"tx_fraud\"?"),
            (
                "tx_amount", nil,
                "--metrics: field \"tx_amount\" has to be of type bool or int, such as \"transaction_id\", \"tx_fraud\""
            ),
            ("tx_fraud", "tx_amount", "--metrics-key: field \"tx_amount\" has to be of type string or int"),
            (nil, "customer_id", "--metrics-key needs --metrics"),
        ] as [(String?, String?, String)]) func wrongFieldsAreRefused(label: String?, key: String?, message: String)
        throws
    {
        try space.write("in.csv", ReplayWorkspace.header)
        let failure = try space.failure {
            try space.replay("in.csv", to: "out.csv") {
                $0.metricsLabel = label
                $0.metricsKey = key
            }
        }
        #expect(failure.kind == .usage)
        #expect(failure.text.hasPrefix(message))
        #expect(space.files == ["in.csv"])
    }

    @Test func withoutAModelThereIsNothingToMeasure() throws {
        let text = ReplayWorkspace.pipeline.replacingOccurrences(
            of: "model: {name: stump, file: model.json}\n", with: "")
        try space.write("pipeline.yaml", text.replacingOccurrences(of: "score >= 0.7", with: "amount > 7"))
        try space.write("in.csv", ReplayWorkspace.header)
        let failure = try space.failure { try space.replay("in.csv", to: "out.csv") { $0.metricsLabel = "tx_fraud" } }
        #expect(failure.text.contains("no model"))
    }
}

/// SplitMix64.
private struct SeededWords: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }
}
