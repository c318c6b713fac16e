import Testing

@testable import Engine

/// Which contributions are reasons, and in which order.
struct ReasonSelectionTests {
    private static func chosen(
        _ contributions: [Double], _ count: Int, _ direction: ExplanationPlan.Direction, sign: Double = 1
    ) -> [Int] {
        var selection = ReasonSelection(capacity: count, direction: direction)
        // A selection is used for one row after the other.
        selection.choose([9, 8, 7], 3, sign: 1)
        selection.choose(contributions, contributions.count, sign: sign)
        return (0..<selection.count).map { selection[$0] }
    }

    @Test func whatRaisedTheScoreTheLargestFirst() {
        let contributions = [0.5, -3, 2, 0, 1, -0.0]
        #expect(Self.chosen(contributions, 3, .up) == [2, 4, 0])
        #expect(Self.chosen(contributions, 2, .up) == [2, 4])
        #expect(Self.chosen(contributions, 6, .up) == [2, 4, 0])
        #expect(Self.chosen(contributions, 3, .both) == [1, 2, 4])
        #expect(Self.chosen(contributions, 6, .both) == [1, 2, 4, 0])
        #expect(Self.chosen([0.5, -3, 2, -4, -0.0], 3, .down) == [3, 1])
        #expect(Self.chosen([-1, -2], 3, .up).isEmpty)
        #expect(Self.chosen([], 1, .both).isEmpty)
    }

    @Test func ofEqualOnesTheEarlierInput() {
        #expect(Self.chosen([1, 2, 1, 2, 1], 3, .up) == [1, 3, 0])
        #expect(Self.chosen([-2, 1, 2, -1], 3, .both) == [0, 2, 1])
        // They are compared as they are written.
        #expect(Self.chosen([1, 1 + 1e-12], 2, .up) == [0, 1])
    }

    /// What float32 cannot hold is no reason; neither is what it holds as nothing.
    @Test func whatIsNoNumberIsNoReason() {
        let odd = [Double.nan, .infinity, -.infinity, 1e39, 1e-60, 1]
        #expect(Self.chosen(odd, 6, .up) == [5])
        #expect(Self.chosen(odd, 6, .both) == [5])
        #expect(Self.chosen(odd, 6, .down).isEmpty)
    }

    /// Of two classes that share a margin the first one's score falls as it rises.
    @Test func aReversedScore() {
        #expect(Self.chosen([0.5, -3, 2], 3, .up, sign: -1) == [1])
        #expect(Self.chosen([0.5, -3, 2], 3, .both, sign: -1) == [1, 2, 0])
        #expect(Self.chosen([0.5, -3, 2], 3, .down, sign: -1) == [2, 0])
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func asSorting(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<100 {
            let contributions = (0..<Int(random.next() % 30)).map { _ in Double(random.next() % 9) - 4 }
            let count = 1 + Int(random.next() % 8)
            for direction in [ExplanationPlan.Direction.up, .down, .both] {
                let strengths = contributions.map { direction == .both ? abs($0) : direction == .up ? $0 : -$0 }
                let expected = strengths.indices.filter { strengths[$0] > 0 }
                    .sorted { (-strengths[$0], $0) < (-strengths[$1], $1) }.prefix(count)
                #expect(
                    Self.chosen(contributions, count, direction) == Array(expected),
                    "seed \(seed): \(contributions), \(count) \(direction)")
            }
        }
    }
}
