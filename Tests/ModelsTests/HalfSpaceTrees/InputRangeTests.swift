import Testing

@testable import Models

@Suite struct InputRangeTests {
    private func range(_ values: [Double]) -> InputRange? {
        var extremes = Array(repeating: 0.0, count: 2 * InputRange.groupCount(rows: values.count))
        return InputRange(of: values, count: values.count, extremes: &extremes)
    }

    /// A place as a part of the range.
    private func place(_ value: Double, _ range: InputRange?) -> Double {
        Double(range?.place(value) ?? 0) / Double(HalfSpacePlace.one)
    }

    @Test func valuesLieInTheMiddleThird() {
        let found = range((0..<250).map { Double($0 % 25) })
        #expect(abs(place(24, found) - place(0, found) - 1.0 / 3) < 1e-8)
        #expect(abs(place(12, found) - 0.5) < 1e-8)
        #expect(place(1_000_000, found) == 4)
        #expect(place(-.infinity, found) == -4)
        #expect(place(.nan, found) == -4)
        #expect(place(.greatestFiniteMagnitude, found) == 4)
    }

    @Test func absurdValuesDoNotMoveIt() {
        let usual = (0..<250).map { Double($0 % 25) }
        for absurd in [1e300, -1e300, .infinity, -.infinity, .nan] {
            var values = usual
            for group in 0..<4 { values[group * 25 + 7] = absurd }
            #expect(range(values) == range(usual), "\(absurd)")
        }
    }

    @Test func whatIsAlwaysTheSameHasARange() {
        for value in [0, 1, -1e9, 1e300, .leastNonzeroMagnitude] {
            let found = range(Array(repeating: value, count: 60))
            #expect(abs(place(value, found) - 1.0 / 3) < 0.4, "\(value): \(place(value, found))")
            if value.magnitude < 1e300 {
                #expect(place(value + max(1e-3, value.magnitude / 1e6), found) > 3, "\(value)")
            }
        }
    }

    @Test func withoutValuesThereIsNone() {
        #expect(range([.nan, .nan]) == nil)
        #expect(range([.infinity]).map { $0.low.isFinite && $0.scale > 0 } == true)
        #expect(InputRange(low: .nan, storedScale: 1) == nil)
        #expect(InputRange(low: 0, storedScale: 0) == nil)
        #expect(InputRange(low: 0, storedScale: .infinity) == nil)
    }
}
