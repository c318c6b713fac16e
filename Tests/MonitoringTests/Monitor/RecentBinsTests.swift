import Testing

@testable import Monitoring

@Suite struct RecentBinsTests {
    /// However far back is asked for, what is given begins there or an eighth earlier; nothing is lost or counted twice.
    @Test func whatIsOldIsCoarseAndNothingElse() {
        var recent = RecentBins()
        var sums = [0]
        for bucket in 0..<5_000 {
            let events = 1 + bucket % 3
            recent.add(start: Int64(bucket), bins: [events, 2 * events])
            sums.append((sums.last ?? 0) + 3 * events)
            #expect(recent.pieces.count <= RecentBins.piecesMax)
            guard bucket % 617 == 0, let all = sums.last else { continue }
            for wanted in [1, 10, 100, 1_000, 10_000] where wanted <= all {
                let found = recent.newest(events: Double(wanted))
                #expect(found?.events ?? 0 >= wanted, "bucket \(bucket)")
                #expect(Double(found?.events ?? 0) <= 1.13 * Double(wanted) + 18, "bucket \(bucket), \(wanted) events")
                // Its start says what it is of.
                let start = Int(found?.start ?? -1)
                #expect(found?.events == all - sums[start], "bucket \(bucket), \(wanted) events")
                #expect(found?.bins.first == (found?.events ?? 0) / 3)
            }
        }
        #expect(
            zip(recent.pieces, recent.pieces.dropFirst()).allSatisfy { $0.level >= $1.level && $0.start < $1.start })
    }

    @Test func bucketsWithoutEventsTakeNoRoom() {
        var recent = RecentBins()
        for bucket in 0..<100 { recent.add(start: Int64(bucket), bins: [0, 0]) }
        #expect(recent.newest(events: 1) == nil)
    }
}
