import Drift
import Testing

@Suite struct GoldenDetectorTests {
    @Test func theSampleIsReproduced() throws {
        let golden = try GoldenDetector.sample()
        #expect(golden.cases.count == 3)
        for example in golden.cases { try check(example) }
    }

    @Test(
        .enabled(
            if: GoldenDetector.wholeIsThere,
            "no golden streams: set RIFFLE_SHARED to the folder that holds golden/drift"))
    func allStreamsAreReproduced() throws {
        let golden = try GoldenDetector.whole()
        #expect(golden.cases.count == 8)
        for example in golden.cases { try check(example) }
    }

    private func check(_ example: GoldenDetector.Case) throws {
        let events = example.refCounts.reduce(0) { $0 + $1[1] }
        for (name, variant) in example.variants {
            let error = 0.05 / Double(variant.thresholds.count)
            let bounds = zip(variant.thresholds, variant.exceedances).map { threshold, expected in
                let above = example.refCounts.filter { $0[0] > threshold }.reduce(0) { $0 + $1[1] }
                #expect(above == expected, "\(example.name) \(name) above \(threshold)")
                if name == "plug-in" {
                    let share = Double(above) / Double(events)
                    return ExceedanceBounds(lower: share, upper: share)
                }
                return ExceedanceBounds.clopperPearson(exceedances: above, events: events, error: error)
            }
            for (index, bound) in bounds.enumerated() {
                #expect(close(bound.lower, variant.lower[index], 1e-11), "\(example.name) \(name) \(index)")
                #expect(close(bound.upper, variant.upper[index], 1e-11), "\(example.name) \(name) \(index)")
            }
            let bets = SequentialBets(
                thresholds: variant.thresholds, strata: [bounds], dispersion: variant.dispersion,
                oddsRatios: variant.oddsRatios)
            try replay(example, variant, bets, "\(example.name) \(name)")
        }
    }

    private func replay(
        _ example: GoldenDetector.Case, _ variant: GoldenDetector.Variant, _ bets: SequentialBets, _ name: String
    ) throws {
        let bins = bets.bins(ofCells: ValueGrid.scores.cellCount)
        var detector = SequentialDetector(bets: bets, runLength: variant.runLength)
        var alarms = variant.alarms[...]
        let size = variant.batch
        for batch in 0..<(example.stream.count / size) {
            var bucket = BucketCounts(binCount: bets.binCount)
            for cell in example.stream[batch * size..<(batch + 1) * size] { bucket.add(bin: Int(bins[cell])) }
            let alarming = detector.close(bucket)
            // The golden file has R in buckets.
            let mean = detector.statistic / Double(size)
            if batch % 10 == 0 {
                #expect(close(mean, variant.meanEvery10[batch / 10], 1e-9), "\(name) batch \(batch)")
            }
            #expect(alarming == (alarms.first?.batch == batch), "\(name) batch \(batch)")
            guard alarming, let expected = alarms.popFirst() else { continue }
            let lead = detector.lead
            #expect(close(mean, expected.statistic, 1e-9), "\(name) batch \(batch)")
            #expect(close(lead.evidence / Double(size), expected.top.evidence, 1e-9), "\(name) batch \(batch)")
            #expect(ValueGrid.scores.value(ofCell: lead.cell) == expected.top.threshold, "\(name) batch \(batch)")
            #expect(lead.component.direction.rawValue == expected.top.direction, "\(name) batch \(batch)")
            #expect(lead.component.oddsRatio == expected.top.oddsRatio, "\(name) batch \(batch)")
            detector.reset()
        }
        #expect(alarms.isEmpty, "\(name): \(alarms.count) alarms did not come")
    }

    private func close(_ value: Double, _ expected: Double, _ tolerance: Double) -> Bool {
        abs(value - expected) <= tolerance * abs(expected)
    }
}
