import Testing

@testable import Generation

struct RandomSourceTests {
    @Test("draws follow the published xoshiro256** and SplitMix64 step by step")
    func reference() {
        // The textbook form of both, kept apart from the shipped one.
        var mixState: UInt64 = 42
        func splitMix() -> UInt64 {
            mixState = mixState &+ 0x9E37_79B9_7F4A_7C15
            var z = mixState
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            return z ^ (z >> 31)
        }
        func rotate(_ x: UInt64, _ k: UInt64) -> UInt64 { (x << k) | (x >> (64 - k)) }
        var s = [splitMix(), splitMix(), splitMix(), splitMix()]
        var random = RandomSource(seed: 42, stream: 0)
        for _ in 0..<1_000 {
            let expected = rotate(s[1] &* 5, 7) &* 9
            let t = s[1] << 17
            s[2] ^= s[0]
            s[3] ^= s[1]
            s[1] ^= s[2]
            s[0] ^= s[3]
            s[2] ^= t
            s[3] = rotate(s[3], 45)
            #expect(random.next() == expected)
        }
    }

    @Test("streams and seeds give different draws")
    func streams() {
        var firsts: Set<UInt64> = []
        for seed in 0..<50 as Range<UInt64> {
            for stream in 1...5 as ClosedRange<UInt64> {
                var random = RandomSource(seed: seed, stream: stream)
                firsts.insert(random.next())
            }
        }
        #expect(firsts.count == 250)
    }

    @Test("below(n) reaches every number about equally often", arguments: [1, 2, 3, 7, 10])
    func below(bound: Int) {
        var random = RandomSource(seed: 7, stream: 1)
        var counts = [Int](repeating: 0, count: bound)
        for _ in 0..<20_000 { counts[random.below(bound)] += 1 }
        let expected = 20_000.0 / Double(bound)
        for count in counts { #expect(abs(Double(count) - expected) <= 5 * expected.squareRoot()) }
    }

    @Test("normal draws have mean 0, deviation 1, the tails of a normal, and stay within 6")
    func normal() {
        var random = RandomSource(seed: 11, stream: 2)
        let draws = (0..<200_000).map { _ in random.normal() }
        let mean = draws.reduce(0, +) / 200_000
        let variance = draws.reduce(0) { $0 + $1 * $1 } / 200_000
        #expect(abs(mean) < 0.01)
        #expect(abs(variance - 1) < 0.02)
        // A normal leaves 0.0228 above 2; twelve uniforms 0.0224.
        let above = Double(draws.count { $0 > 2 }) / 200_000
        #expect(abs(above - 0.0226) < 0.002)
        #expect(draws.allSatisfy { abs($0) <= 6 })
    }

    @Test("Poisson draws have their mean as mean and variance", arguments: [0.05, 0.9, 3.7, 40, 100])
    func poisson(mean: Double) {
        var random = RandomSource(seed: 13, stream: 3)
        let zero = exponentialDecay(mean)
        let draws = (0..<40_000).map { _ in Double(random.poisson(mean: mean, zeroProbability: zero)) }
        let average = draws.reduce(0, +) / 40_000
        let variance = draws.reduce(0) { $0 + ($1 - average) * ($1 - average) } / 40_000
        #expect(abs(average - mean) < 5 * (mean / 40_000).squareRoot())
        #expect(abs(variance / mean - 1) < 0.06)
    }

    @Test("e^-x agrees with known values")
    func decay() {
        #expect(exponentialDecay(0) == 1)
        let known: [(Double, Double)] = [
            (0.5, 0.606_530_659_712_633_4), (1, 0.367_879_441_171_442_33), (4, 0.018_315_638_888_734_18),
            (100, 3.720_075_976_020_836e-44),
        ]
        for (x, value) in known { #expect(abs(exponentialDecay(x) / value - 1) < 1e-13) }
    }
}
