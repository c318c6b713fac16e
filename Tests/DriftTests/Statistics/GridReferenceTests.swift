import Testing

@testable import Drift

/// Statistics from the counts on a grid: of all cells in one walk, of the pooled counts, and of the samples themselves.
@Suite struct GridReferenceTests {
    private struct Generator {
        var state: UInt64

        /// SplitMix64.
        mutating func next() -> UInt64 {
            state &+= 0x9e37_79b9_7f4a_7c15
            var z = state
            z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
            z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
            return z ^ (z >> 31)
        }

        mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }

        /// Skewed and tied, as scores are, in one of several shapes.
        mutating func counts(_ grid: ValueGrid, observations: Int) -> [Int] {
            var counts = [Int](repeating: 0, count: grid.cellCount)
            let power = 1 + Double(next() % 5)
            let width = Double(1 + next() % 3) / 3
            for _ in 0..<observations {
                var value = width
                for _ in 0..<Int(power) { value *= unit() }
                counts[grid.cell(of: grid.lowest + (grid.highest - grid.lowest) * value) ?? 0] += 1
            }
            return counts
        }
    }

    static let grids = [
        ValueGrid.scores, ValueGrid(from: -3, to: 250, cells: 64), ValueGrid(from: 0, to: 1, cells: 2),
        ValueGrid(from: 0, to: 5, cells: 12),
    ]

    private static func values(_ grid: ValueGrid, _ counts: [Int]) -> [Double] {
        counts.indices.flatMap { [Double](repeating: grid.value(ofCell: $0), count: counts[$0]) }
    }

    @Test(arguments: 1...40)
    func windowsOnAGridAreTheirSamples(seed: Int) throws {
        var generator = Generator(state: UInt64(seed))
        let grid = Self.grids[seed % Self.grids.count]
        let reference = generator.counts(grid, observations: 1 + Int(generator.next() % 2_000))
        let current = generator.counts(grid, observations: 1 + Int(generator.next() % 500))
        let window = try #require(GridReference(grid: grid, counts: reference)).describe(current)
        let samples = [Self.values(grid, reference), Self.values(grid, current)]
        let ofCounts = try #require(PooledCounts(grid: grid, reference: reference, current: current))
        let ofSamples = try #require(PooledCounts(reference: samples[0], current: samples[1].reversed()))
        for pooled in [ofCounts, ofSamples] {
            let test = pooled.kolmogorovSmirnov(method: .asymptotic)
            let darling = pooled.andersonDarling()
            let mises = pooled.cramerVonMises()
            // Small samples without ties have an exact p-value, which a window does not compute.
            let misesP = pooled.hasTies ? mises.pValue : window.cramerVonMisesP
            let pairs: [(String, Double, Double)] = [
                ("ks", window.kolmogorovSmirnov, test.statistic), ("ks p", window.kolmogorovSmirnovP, test.pValue),
                ("ad", window.andersonDarling, darling.statistic), ("ad p", window.andersonDarlingP, darling.pValue),
                ("cvm", window.cramerVonMises, mises.statistic), ("cvm p", window.cramerVonMisesP, misesP),
                ("w1", window.wasserstein, pooled.wasserstein),
                ("w1/sd", window.wassersteinOverDeviation, pooled.wassersteinOverDeviation),
                ("psi", window.stabilityIndex, pooled.stabilityIndex()),
                ("chi2", window.chiSquare.statistic, pooled.chiSquare().statistic),
                ("chi2 p", window.chiSquare.pValue, pooled.chiSquare().pValue),
                ("js", window.jensenShannon, pooled.evidentlyShares(.numerical)?.jensenShannonDistance() ?? .nan),
            ]
            for (name, found, expected) in pairs {
                #expect(isNear(found, expected), "seed \(seed), \(name): \(found), \(expected)")
            }
            #expect(window.chiSquare.degrees == pooled.chiSquare().degrees)
            let f = Double(samples[0].count { $0 <= window.location }) / Double(samples[0].count)
            let g = Double(samples[1].count { $0 <= window.location }) / Double(samples[1].count)
            #expect(isNear((f - g) * Double(window.sign), window.kolmogorovSmirnov), "seed \(seed)")
        }
    }

    @Test func anEmptyWindowSaysNothing() throws {
        let grid = ValueGrid.scores
        var counts = [Int](repeating: 0, count: grid.cellCount)
        #expect(GridReference(grid: grid, counts: counts) == nil)
        counts[7] = 3
        let window = try #require(GridReference(grid: grid, counts: counts))
            .describe([Int](repeating: 0, count: grid.cellCount))
        #expect(window.currentCount == 0)
        for value in [
            window.kolmogorovSmirnov, window.kolmogorovSmirnovP, window.wasserstein, window.andersonDarling,
            window.cramerVonMises, window.cramerVonMisesP, window.stabilityIndex, window.jensenShannon,
            window.chiSquare.statistic, window.chiSquare.pValue,
        ] { #expect(value.isNaN) }
    }

    @Test func countsThatCannotBeAreRefused() {
        let grid = ValueGrid(from: 0, to: 1, cells: 3)
        for counts in [[1, 2], [1, -1, 2], [Int.max, Int.max, 1], [PooledCounts.countMax, 1, 0]] {
            #expect(GridReference(grid: grid, counts: counts) == nil)
            #expect(PooledCounts(grid: grid, reference: counts, current: [1, 1, 1]) == nil)
        }
        #expect(PooledCounts(reference: [1, .nan], current: [1]) == nil)
    }
}
