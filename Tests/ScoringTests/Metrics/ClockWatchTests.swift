import Testing

@testable import Scoring

@Suite struct ClockWatchTests {
    /// Pairs of wall and monotonic milliseconds, and the step seen at each.
    @Test(
        arguments: [
            ([(0, 0), (5_000, 5_000), (10_999, 10_000)], [nil, nil, nil]),
            ([(0, 0), (5_000, 5_000), (11_000, 10_000)], [nil, nil, 1_000]),
            ([(0, 0), (-3_600_000, 1_000), (-3_599_000, 2_000)], [nil, -3_601_000, nil]),
            // Looks within a second of the last one see nothing, and lose nothing.
            ([(0, 0), (7_200_000, 999), (7_200_001, 1_000)], [nil, nil, 7_199_001]),
            // The machine slept: both clocks went on.
            ([(0, 0), (86_400_000, 86_400_000)], [nil, nil]),
            ([(.min, 0), (.max, 10_000), (5, 20_000)], [nil, nil, nil]),
        ] as [([(Int64, Int64)], [Int64?])])
    func steps(readings: [(Int64, Int64)], expected: [Int64?]) {
        let watch = ClockWatch()
        #expect(readings.map { watch.step(wall: $0.0, monotonic: $0.1) } == expected)
    }

    @Test func theMachinesClocksAgree() {
        let watch = ClockWatch()
        #expect(watch.step() == nil)
        #expect(watch.step() == nil)
    }
}
