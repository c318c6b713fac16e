import Testing

@testable import Drift

/// What libraries do not say, against counting by hand.
@Suite struct StatisticsOracleTests {
    /// Every way in which two samples may interleave, and the statistic of each.
    private static func interleavings(_ n: Int, _ m: Int) -> [PooledCounts] {
        (0..<(1 << (n + m))).filter { $0.nonzeroBitCount == n }.compactMap { ways in
            let places = 0..<(n + m)
            return PooledCounts(
                reference: places.filter { ways >> $0 & 1 == 1 }.map { Double($0) },
                current: places.filter { ways >> $0 & 1 == 0 }.map { Double($0) })
        }
    }

    @Test(arguments: [(3, 5), (4, 4), (6, 2), (7, 4), (1, 6)])
    func exactPValuesAreSharesOfAllInterleavings(sizes: (n: Int, m: Int)) {
        let all = Self.interleavings(sizes.n, sizes.m)
        for alternative in KolmogorovSmirnov.Alternative.allCases {
            let tests = all.map { $0.kolmogorovSmirnov(alternative: alternative, method: .exact) }
            for test in tests {
                let share = Double(tests.count { $0.statistic >= test.statistic - 1e-12 }) / Double(tests.count)
                #expect(isNear(test.pValue, share, absolute: 1e-13), "\(alternative): \(test)")
                #expect(test.method == .exact)
            }
        }
        if min(sizes.n, sizes.m) < 2 { return }
        let tests = all.map { $0.cramerVonMises() }
        for test in tests {
            let share = Double(tests.count { $0.statistic >= test.statistic - 1e-12 }) / Double(tests.count)
            #expect(isNear(test.pValue, share, absolute: 1e-13), "\(test)")
        }
    }

    /// Deciles of 1 to 100 are tens; the index is a sum over ten bins that can be written down.
    @Test func theStabilityIndexIsOverTheReferencesDeciles() throws {
        let reference = (1...100).map { Double($0) }
        let current = [Double](repeating: 5, count: 30) + [Double](repeating: 95, count: 20)
        let pooled = try #require(PooledCounts(reference: reference, current: current))
        let log = { (p: Double, q: Double) in (p - q) * Self.logarithm(p / q) }
        let expected = log(0.1, 0.6) + log(0.1, 0.4) + 8 * log(0.1, 0.01)
        #expect(isNear(pooled.stabilityIndex(), expected, absolute: 1e-12))
        // Four of five values are one value: its deciles are one edge, and only what is above it is another bin.
        let tied = [Double](repeating: 0, count: 80) + (1...20).map { Double($0) }
        let bins = try #require(PooledCounts(reference: tied, current: [0, 0, 3, 25])).quantileBins(10)
        #expect(bins.reference == [80, 10, 10])
        #expect(bins.current == [2, 1, 1])
        // A constant is told from what is below and above it.
        for other in [0.0, 2] {
            let apart = try #require(
                PooledCounts(
                    reference: [Double](repeating: 1, count: 50), current: [Double](repeating: other, count: 50)))
            #expect(isNear(apart.stabilityIndex(), 2 * log(1, 0.01), absolute: 1e-6))
            #expect(apart.chiSquare().pValue < 1e-20)
        }
    }

    /// ln by its integral, so that the test does not lean on the code's own arithmetic.
    private static func logarithm(_ x: Double) -> Double {
        let target = x < 1 ? 1 / x : x
        let steps = 200_000
        let width = (target - 1) / Double(steps)
        var sum = 0.0
        for k in 0..<steps { sum += width / (1 + (Double(k) + 0.5) * width) }
        return x < 1 ? -sum : sum
    }

    @Test func homogeneityIsTheContingencyTable() throws {
        // scipy.stats.chi2_contingency([[10, 20, 30], [25, 15, 5]], correction=False)
        var test = HomogeneityTest(n: 60, m: 45)
        for (a, b) in [(10.0, 25.0), (20, 15), (30, 5)] { test.add(a, b) }
        #expect(test.result().degrees == 2)
        #expect(isNear(test.result().statistic, 23.333333333333336, absolute: 1e-11))
        #expect(isNear(test.result().pValue, 8.57493910267228e-06, relative: 1e-11, absolute: 0))
        // A bin in which less than five is expected of a side joins its neighbour: the last one the one before.
        var sparse = HomogeneityTest(n: 60, m: 45)
        for (a, b) in [(1.0, 1.0), (9, 24), (20, 15), (28, 4), (2, 1)] { sparse.add(a, b) }
        #expect(sparse.result() == test.result())
    }

    /// Same distribution, unequal sizes, ties: scipy's form rejects, the distance does not.
    @Test func tiedSamplesOfOneDistributionAreNotRejected() throws {
        let reference = (0..<2_000).map { Double($0 % 10) }
        let current = (0..<500).map { Double($0 % 10) }
        let pooled = try #require(PooledCounts(reference: reference, current: current))
        #expect(pooled.cramerVonMises().statistic < 1e-20)
        #expect(pooled.cramerVonMises().pValue > 0.999)
        #expect(pooled.cramerVonMisesOfRanks().pValue < 1e-3)
    }

    /// The mean of the tied statistic is that over all ways to deal its values out.
    @Test(arguments: [[0, 0, 0, 0, 1, 1, 2, 3, 3], [0, 0, 0, 0, 0, 0, 0, 1], [0, 1, 1, 1, 1, 2, 2, 5, 6, 7]])
    func tiedMeansAreOverAllWays(values: [Double]) throws {
        let n = values.count / 2
        var (sum, count) = (0.0, 0.0)
        for ways in 0..<(1 << values.count) where ways.nonzeroBitCount == n {
            let pooled = try #require(
                PooledCounts(
                    reference: values.indices.filter { ways >> $0 & 1 == 1 }.map { values[$0] },
                    current: values.indices.filter { ways >> $0 & 1 == 0 }.map { values[$0] }))
            sum += pooled.cramerVonMises().statistic
            count += 1
        }
        var moments = TiedMoments(n: Double(n), m: Double(values.count - n))
        for value in Set(values).sorted() { moments.add(Double(values.count { $0 == value })) }
        #expect(isNear(moments.mean, sum / count, absolute: 1e-13))
    }

    /// Three in four values are one: without regard to ties a nominal 5 % test rejects far more here.
    @Test func heavyTiesKeepTheLevel() throws {
        let seed: UInt64 = 20_261_121
        var state = seed
        let draw = { () -> Double in
            // SplitMix64.
            state &+= 0x9e37_79b9_7f4a_7c15
            var z = state
            z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
            z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
            return max(0, Double((z ^ (z >> 31)) >> 11) * 0x1p-53 - 0.75)
        }
        var (tied, untied) = (0, 0)
        for _ in 0..<600 {
            let pooled = try #require(
                PooledCounts(reference: (0..<150).map { _ in draw() }, current: (0..<80).map { _ in draw() }))
            let test = pooled.cramerVonMises()
            if test.pValue < 0.05 { tied += 1 }
            if CramerVonMises.asymptoticP(test.statistic, n: 150, m: 80) < 0.05 { untied += 1 }
        }
        // Five standard errors around 30 of 600.
        #expect((4...57).contains(tied), "seed \(seed): \(tied) of 600 rejected")
        #expect(untied > tied, "seed \(seed): \(untied) and \(tied) of 600 rejected")
    }

    @Test func jensenShannonInBaseTwoIsAtMostOne() {
        let apart = BinnedShares(reference: [1, 0], current: [0, 1])
        #expect(isNear(apart.jensenShannonDistance(base: 2), 1, absolute: 1e-15))
        #expect(BinnedShares(reference: [0.25, 0.75], current: [0.25, 0.75]).jensenShannonDistance() == 0)
    }
}
