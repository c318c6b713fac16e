import Testing

@testable import Drift

/// Held against scikit-learn 1.9.1 and against definitions computed in numpy (scripts/performance_goldens.py).
@Suite struct PerformanceGoldenTests {
    private struct Case {
        let name: String
        let golden: GoldenValue
        let scores: [Double]
        let labels: [Bool]

        init(_ golden: GoldenValue) throws {
            self.golden = golden
            name = try #require(golden["name"]?.text)
            scores = try #require(golden["scores"]).numbers
            labels = try #require(golden["labels"]).numbers.map { $0 == 1 }
        }

        /// The golden has `null` where there is no such figure.
        func check(_ key: String, _ found: Double?, in object: GoldenValue? = nil) {
            let expected = (object ?? golden)[key]?.number
            let isEqual =
                switch (found, expected) {
                case (let found?, let expected?): isNear(found, expected, relative: 1e-9, absolute: 1e-12)
                case (nil, nil): true
                default: false
                }
            #expect(isEqual, "\(name): \(key) is \(String(describing: found)), not \(String(describing: expected))")
        }
    }

    private static func cases() throws -> [Case] {
        let cases = try #require(GoldenFile.json("performance.json")["cases"]).elements.map { try Case($0) }
        #expect(cases.count == 8)
        return cases
    }

    @Test func measures() throws {
        for item in try Self.cases() {
            let counts = LabelledCounts(scores: item.scores, labels: item.labels)
            var tally = DecisionTally(decisionCount: 2)
            for (score, label) in zip(item.scores, item.labels) { tally.add(score >= 0.5 ? 0 : 1, isPositive: label) }
            let measures = PerformanceMeasures(
                events: 1_000, sampled: 500, scores: counts, unscored: 0, tally: tally, flags: [true, false],
                basis: .singleScores,
                cardPrecision: nil)
            item.check("roc_auc", measures.rocAUC)
            item.check("average_precision", measures.averagePrecision)
            item.check("log_loss", measures.logLoss)
            item.check("brier", measures.brierScore)
            item.check("precision", measures.flagged.precision)
            item.check("recall", measures.flagged.recall)
            #expect(measures.decisions[0] == measures.flagged)
            #expect(measures.labelled == item.labels.count && measures.positives == item.labels.count { $0 })
            #expect(measures.unscored == 0 && measures.coverage == Double(item.labels.count) / 500)
            let error = try #require(measures.calibrationError)
            item.check("calibration_error", error.value)
            let bins = try #require(item.golden["bins"]).elements.map(\.numbers)
            #expect(bins.count == error.bins.count, "\(item.name)")
            for (bin, expected) in zip(error.bins, bins) {
                #expect(Double(bin.count) == expected[0], "\(item.name)")
                #expect(isNear(bin.meanScore, expected[1]) && isNear(bin.rate, expected[2]), "\(item.name)")
            }
        }
    }

    /// Scores of three digits lie on the grid: its counts say the same as the single scores.
    @Test func gridCountsSayTheSame() throws {
        let grid = ValueGrid.scores
        for item in try Self.cases() where item.name != "plain" {
            var positives = [Int](repeating: 0, count: grid.cellCount)
            var negatives = positives
            for (score, label) in zip(item.scores, item.labels) {
                let cell = try #require(grid.cell(of: score))
                if label { positives[cell] += 1 } else { negatives[cell] += 1 }
            }
            let counts = LabelledCounts(grid: grid, positives: positives, negatives: negatives)
            item.check("roc_auc", counts.rocAUC)
            item.check("average_precision", counts.averagePrecision)
            item.check("log_loss", counts.logLoss)
            item.check("brier", counts.brierScore)
            item.check("calibration_error", counts.calibrationError()?.value)
        }
    }

    /// Calibration as scikit-learn's isotonic regression; expected performance and prior as by their definitions.
    @Test func withoutLabels() throws {
        let grid = ValueGrid.scores
        for item in try Self.cases() {
            let rounded = item.scores.map { grid.value(ofCell: grid.cell(of: $0) ?? 0) }
            let map = CalibrationMap(LabelledCounts(scores: rounded, labels: item.labels))
            guard let golden = item.golden["isotonic"], let map else {
                #expect(item.golden.members["isotonic"] == nil, "\(item.name): no map")
                #expect(map == nil, "\(item.name): a map")
                continue
            }
            let asked = try #require(golden["asked"]).numbers
            for (score, expected) in zip(asked, try #require(golden["given"]).numbers) {
                let found = map.probability(of: score)
                #expect(isNear(found, expected, absolute: 1e-12), "\(item.name): \(found) at \(score), not \(expected)")
            }
            var counts = [Int](repeating: 0, count: grid.cellCount)
            var flagged = counts
            for score in try #require(golden["fresh"]).numbers {
                let cell = try #require(grid.cell(of: score))
                counts[cell] += 1
                if score >= 0.5 { flagged[cell] += 1 }
            }
            let expected = ExpectedPerformance(grid: grid, counts: counts, flagged: flagged, map: map)
            item.check("positives", expected.expectedPositives, in: golden)
            item.check("precision", expected.precision, in: golden)
            item.check("recall", expected.recall, in: golden)
            item.check("roc_auc", expected.rocAUC, in: golden)
            let estimate = PriorEstimate(grid: grid, counts: counts, map: map)
            if item.name == "one value" {
                #expect(estimate == nil, "one score says nothing of the prior")
            } else {
                // EM stops short of its limit by about its last step over its rate: here 1e-9.
                let prior = try #require(estimate).prior
                #expect(isNear(prior, golden["prior"]?.number ?? .nan, relative: 1e-7), "\(item.name): \(prior)")
            }
        }
    }
}
