import Testing

@testable import Scoring

/// Slopes and their errors.
struct TrendLineTests {
    private func line(_ values: [Double], from x: Double = 0, step: Double = 1) -> TrendLine? {
        TrendLine(values.enumerated().map { TrendLine.Point(x: x + Double($0) * step, y: $1) })
    }

    @Test func pointsOnALineHaveNoError() throws {
        let trend = try #require(line([3, 5, 7, 9]))
        #expect(trend.slope == 2 && trend.slopeError == 0 && trend.mean == 6 && trend.span == 3 && trend.growth == 6)
        #expect(trend.isGrowing)
        #expect(line([9, 7, 5, 3])?.isGrowing == false)
        #expect(line([4, 4, 4])?.isGrowing == false)
    }

    /// Worked out by hand: the residuals are -0.8, 0.6, 1, -0.6 and -0.2, their squares' sum is 2.4, and the error is
    /// the root of 2.4 / 3 / 10.
    @Test func theErrorIsOfTheSlope() throws {
        let trend = try #require(line([2, 4, 5, 4, 5], from: 1))
        #expect(abs(trend.slope - 0.6) < 1e-12)
        #expect(abs(trend.slopeError - 0.08.squareRoot()) < 1e-12)
    }

    /// Memory in KiB long after the start: squares of such numbers would leave nothing of the differences.
    @Test func largeNumbersKeepTheirSlope() throws {
        let trend = try #require(line((0..<100).map { 4e9 + 0.25 * Double($0) }, from: 1e6, step: 0.5))
        #expect(abs(trend.slope - 0.5) < 1e-6)
    }

    @Test func whatIsNoLineIsNone() {
        #expect(line([1, 2]) == nil)
        #expect(line([1, 2, 3], step: 0) == nil)
        #expect(line([1, .nan, 3]) == nil && line([1, .infinity, 3]) == nil)
    }

    /// Certain, and too little to speak of: half a percent over the whole span.
    @Test func aTrifleIsNoGrowth() throws {
        #expect(try #require(line([1_000, 1_001, 1_002, 1_003, 1_004, 1_005])).isGrowing == false)
        #expect(try #require(line([1_000, 1_004, 1_008, 1_012, 1_016, 1_020])).isGrowing)
    }

    /// With two standard errors some 2.5 of 100 are called growth by chance; a real slope nearly always is.
    @Test func noiseIsSeldomGrowthAndASlopeNearlyAlways() throws {
        var found = (noise: 0, slope: 0)
        for seed in UInt64(1)...400 {
            var state = seed
            let noise = (0..<180).map { _ in
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return Double(state >> 40) / Double(1 << 24)
            }
            if try #require(line(noise.map { 1 + $0 })).isGrowing { found.noise += 1 }
            if try #require(line(noise.enumerated().map { 1 + $1 + 0.005 * Double($0) })).isGrowing { found.slope += 1 }
        }
        #expect(found.noise <= 24, "\(found.noise) of 400 seeds from 1 on")
        #expect(found.slope == 400, "\(found.slope) of 400 seeds from 1 on")
    }
}
