import Testing

@testable import Monitoring

@Suite struct DriftBenchTests {
    /// scipy 1.17.1: `chi2.ppf(0.025, 2 k) / 2` and `chi2.ppf(0.975, 2 k + 2) / 2`.
    @Test(arguments: [
        (0, 0, 3.688_879_454), (1, 0.025_317_808, 5.571_643_391), (8, 3.453_832_177, 15.763_189_220),
        (100, 81.363_991_253, 121.626_793_794), (2_500, 2_402.952_365, 2_599.961_484),
    ])
    func poissonBoundsAreExact(count: Int, lower: Double, upper: Double) {
        let bounds = PoissonBounds(count: count)
        #expect(abs(bounds.lower - lower) <= 1e-8 * max(1, lower))
        #expect(abs(bounds.upper - upper) <= 1e-8 * upper)
    }

    /// Shares of the simulated scores against those of the exact law (scipy 1.17.1, `beta.cdf`).
    @Test func independentScoresHaveTheLawThatIsSaid() {
        var scores = stream(.independent)
        let counts = Self.count(&scores, 200_000)
        let shares = Self.shares(counts)
        for (cell, share, tolerance) in [
            (1, 1 - 0.111_222, 0.003), (12, 1 - 0.498_430, 0.005), (501, 0.004_902, 0.000_8), (901, 0.001_117, 0.000_4),
        ] {
            let own = shares(cell)
            #expect(abs(own - share) < tolerance, "from cell \(cell): \(own), not \(share)")
        }
    }

    @Test func theDayAndTheBurstsAreThere() {
        var daily = stream(.daily)
        var byHour: [Double] = []
        for _ in 0..<24 { byHour.append(Self.shares(Self.count(&daily, 3_600))(12)) }
        let morning = byHour[4...7].reduce(0, +) / 4
        let evening = byHour[16...19].reduce(0, +) / 4
        #expect(morning > evening + 0.05, "\(byHour)")
        var bursts = stream(.bursts)
        let blocks = (0..<300).map { _ in Double(Self.count(&bursts, 500)[400...].reduce(0, +)) }
        let mean = blocks.reduce(0, +) / 300
        let variance = blocks.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / 299
        #expect(abs(mean - 2.5) < 0.8, "\(mean)")
        #expect(variance > 2 * mean, "\(variance) around \(mean)")
    }

    @Test(arguments: [
        (SimulatedScores.Change.mean, 12, 0.03...0.07), (.variance, 12, -0.2 ... -0.02),
        (.contamination, 900, 0.007...0.013),
        (.prior, 500, 0.003_5...0.006_5),
    ])
    func changesMoveWhatTheyShould(_ change: SimulatedScores.Change, cell: Int, by range: ClosedRange<Double>) {
        var before = stream(.independent)
        var after = stream(.independent)
        after.begin(change)
        let old = Self.shares(Self.count(&before, 100_000))(cell)
        let new = Self.shares(Self.count(&after, 100_000))(cell)
        #expect(range.contains(new - old), "\(change): from \(old) to \(new)")
    }

    @Test func aSmallBenchIsQuietFindsTheChangesAndCanBeRepeated() throws {
        var bench = DriftBench()
        bench.seed = 3
        bench.references = 1
        bench.stationaryEvents = 40_000
        bench.changesEach = 1
        bench.referenceEvents = 30_000
        bench.longReferenceEvents = 50_000
        var rows: [DriftBench.Row] = []
        var again: [DriftBench.Row] = []
        try bench.run(forms: [.shipped]) { rows.append($0) }
        try bench.run(forms: [.shipped]) { again.append($0) }
        #expect(rows == again)
        #expect(rows.map(\.stream) == ["independent", "daily", "bursts", "both"])
        #expect(rows[0].falseAlarms == 0 && rows[0].stationaryEvents >= 40_000)
        #expect(rows[0].rateBounds.lowerBound == 0 && rows[0].rateBounds.upperBound > 5)
        #expect(rows[0].delays.map(\.change) == ["mean", "variance", "contamination", "slow", "prior"])
        let variance = rows[0].delays[1]
        #expect(variance.detected == 1 && (variance.median ?? .max) < 1_000)
        let lines = rows.map(DriftBenchText.line)
        #expect(lines[0].hasPrefix("independent shipped         0    0.000"), "\(lines[0])")
        #expect(DriftBenchText.head(bench).contains("30,000 events"))
    }

    private func stream(_ dependence: SimulatedScores.Dependence) -> SimulatedScores {
        SimulatedScores(tables: Self.tables, dependence: dependence, seed: 20_262, stream: 1)
    }

    private static let tables = SimulatedScores.Tables()

    private static func count(_ scores: inout SimulatedScores, _ events: Int) -> [Int] {
        var counts = Array(repeating: 0, count: 1_001)
        scores.draw(events) { counts[$0] += 1 }
        return counts
    }

    /// The share of events at or above a cell.
    private static func shares(_ counts: [Int]) -> (Int) -> Double {
        { Double(counts[$0...].reduce(0, +)) / Double(counts.reduce(0, +)) }
    }
}
