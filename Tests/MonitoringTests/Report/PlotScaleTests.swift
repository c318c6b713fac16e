import Testing

@testable import Monitoring

@Suite struct PlotScaleTests {
    @Test func placesAreWhereValuesAre() {
        let linear = PlotScale(from: -2, to: 6)
        #expect([-3, -2, 0, 6, 7, .nan, .infinity].map { linear.place($0) } == [0, 0, 0.25, 1, 1, 0, 1])
        let logarithmic = PlotScale(.logarithmic, from: 1, to: 10_000)
        #expect([0, 1, 1e4, 1e200].map { logarithmic.place($0) } == [0, 0, 1, 1])
        #expect(abs(logarithmic.place(100) - 0.5) < 1e-12)
    }

    @Test(arguments: [
        (0.0, 0.0), (1.0, -1.0), (.nan, 1.0), (0.0, .infinity), (-.greatestFiniteMagnitude, .greatestFiniteMagnitude),
    ])
    func endsThatAreNoneAreNoTrap(lowest: Double, highest: Double) {
        for kind in [PlotScale.Kind.linear, .logarithmic] {
            let scale = PlotScale(kind, from: lowest, to: highest)
            #expect(scale.lowest < scale.highest)
            #expect(scale.ticks().allSatisfy { $0 >= scale.lowest && $0 <= scale.highest })
            #expect((0...1).contains(scale.place(lowest)) && (0...1).contains(scale.place(highest)))
        }
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func ticksAreRoundAndWithin(seed: UInt64) {
        var random = RandomWords(seed)
        for _ in 0..<2_000 {
            let lowest = (random.unit() - 0.5) * [1e-6, 1, 1e3, 1e9][random.below(4)]
            let highest = lowest + random.unit() * [1e-9, 1e-3, 1, 1e6][random.below(4)]
            let scale = PlotScale(from: lowest, to: highest)
            let ticks = scale.ticks()
            #expect(ticks.count <= 6, "seed \(seed): \(lowest) to \(highest): \(ticks)")
            // The last bit of a tick may be beyond an end.
            let slack = 1e-9 * (abs(scale.lowest) + abs(scale.highest))
            #expect(
                ticks.allSatisfy { $0 >= scale.lowest - slack && $0 <= scale.highest + slack },
                "seed \(seed): \(lowest) to \(highest): \(ticks)")
            #expect(zip(ticks, ticks.dropFirst()).allSatisfy(<), "seed \(seed): \(ticks)")
        }
    }

    @Test func stepsAreOneTwoOrFive() {
        #expect([0.3, 1, 1.1, 2.1, 6, 70].map(PlotScale.roundStep) == [0.5, 1, 2, 5, 10, 100])
        #expect(PlotScale(.logarithmic, from: 1, to: 1e7).ticks() == [1, 100, 1e4, 1e6])
        #expect(PlotScale(from: 0, to: 1).ticks() == [0, 0.5, 1])
    }

    @Test func timesAreRound() {
        let hour: Int64 = 3_600_000_000
        let start = PaymentScores.start
        let day = TimeAxis(from: start + 5 * hour / 2, to: start + 10 * hour)
        #expect(day.ticks().map { day.label($0) } == ["03:00", "06:00", "09:00"])
        let month = TimeAxis(from: start + hour, to: start + 30 * 24 * hour)
        #expect(month.ticks().map { month.label($0) } == ["2 Jan", "9 Jan", "16 Jan", "23 Jan", "30 Jan"])
        // Absurd ends: still an axis, and not a million ticks.
        for axis in [TimeAxis(from: .min, to: .max), TimeAxis(from: 5, to: 5), TimeAxis(from: .max, to: .min)] {
            #expect(axis.from < axis.to)
            #expect(axis.ticks().count < 200)
        }
        #expect(TimeAxis.text(start) == "2025-01-01 00:00")
    }
}
