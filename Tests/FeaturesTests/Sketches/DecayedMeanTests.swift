import Testing

@testable import Features

struct DecayedMeanTests {
    static let hour = 3_600_000_000.0

    /// 2^-x by halving and square roots: slow, and another way.
    private func halved(_ halvings: Double) -> Double {
        var result = 1.0
        var rest = halvings
        while rest >= 1 && result > 0 {
            let step = min(rest.rounded(.down), 64)
            result *= Double(sign: .plus, exponent: -Int(step), significand: 1)
            rest -= step
        }
        var root = 0.5
        for _ in 0..<54 {
            root = root.squareRoot()
            rest *= 2
            if rest >= 1 {
                result *= root
                rest -= 1
            }
        }
        return result
    }

    @Test func weightsArePowersOfAHalf() {
        var random = HistoryRandom(seed: 21)
        var worst = 0.0
        for _ in 0..<20_000 {
            let age = UInt64.random(in: 0..<UInt64(Self.hour * 300), using: &random)
            let exact = halved(Double(age) / Self.hour)
            let weight = DecayedMean.weight(age: age, halfLife: Self.hour)
            worst = max(worst, (weight - exact).magnitude / exact)
        }
        print("decayed mean: worst relative error of a weight \(worst)")
        #expect(worst < 1e-14)
        #expect(DecayedMean.weight(age: UInt64(Self.hour), halfLife: Self.hour) == 0.5)
        #expect(DecayedMean.weight(age: 0, halfLife: 1) == 1)
        #expect(DecayedMean.weight(age: .max, halfLife: 1) == 0)
        #expect(DecayedMean.weight(age: 1_021, halfLife: 1) > 0)
        for halfLife in [0, -1, .nan, .infinity] {
            #expect((0...1).contains(DecayedMean.weight(age: 5, halfLife: halfLife)))
        }
    }

    @Test(arguments: 0..<8)
    func itIsTheWeightedMeanInAnyOrder(seed: Int) {
        var random = HistoryRandom(seed: UInt64(seed))
        let halfLife = Self.hour * [0.01, 1, 24, 1_000][seed % 4]
        let events = (0..<300).map { _ in
            (Int64.random(in: 0..<Int64(Self.hour * 48), using: &random), Double.random(in: 0.5...900, using: &random))
        }
        var mean = DecayedMean.zero
        var taken: [(Int64, Double)] = []
        for (time, value) in seed % 2 == 0 ? events.sorted(by: { $0.0 < $1.0 }) : events {
            mean.add(value, at: time, halfLife: halfLife)
            taken.append((time, value))
            if taken.count % 30 != 0 { continue }
            let newest = taken.map(\.0).max() ?? 0
            var (weights, sum) = (0.0, 0.0)
            for (time, value) in taken {
                let weight = halved(Double(newest - time) / halfLife)
                weights += weight
                sum += weight * value
            }
            let exact = sum / weights
            #expect((mean.value - exact).magnitude <= exact * 1e-12, "seed \(seed), event \(taken.count)")
        }
        #expect(mean.isValid)
    }

    @Test func gapsOfYearsAndHugeValuesDoNotOverflow() {
        var mean = DecayedMean.zero
        #expect(mean.value.isNaN && mean.isValid)
        mean.add(.nan, at: 0, halfLife: 1)
        mean.add(.infinity, at: 0, halfLife: 1)
        #expect(mean.value.isNaN)
        mean.add(3, at: .min, halfLife: 1)
        mean.add(5, at: .max, halfLife: 1)
        #expect(mean.value == 5)
        mean.add(7, at: .min, halfLife: 1)
        #expect(mean.value == 5 && mean.newestTime == .max)
        for _ in 0..<1_000 { mean.add(1.7e308, at: .max, halfLife: Self.hour) }
        #expect(mean.value.isFinite && mean.isValid)
        #expect(mean.value > 1.6e308)
    }

    @Test func statesThatAreNoneAreSeen() {
        #expect(!mean(0, weight: 0.5, sum: 1).isValid)
        #expect(!mean(0, weight: .nan, sum: 1).isValid)
        #expect(!mean(0, weight: 2, sum: .infinity).isValid)
        #expect(!mean(4, weight: 0, sum: 0).isValid)
        #expect(!mean(0, weight: -1, sum: 0).isValid)
        #expect(mean(4, weight: 1, sum: 0).isValid)
    }

    private func mean(_ time: Int64, weight: Double, sum: Double) -> DecayedMean {
        DecayedMean(newestTime: time, weight: weight, sum: sum)
    }
}
