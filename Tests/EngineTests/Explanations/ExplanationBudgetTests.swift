import Testing

@testable import Engine

/// How many events are explained, by the time of the events.
struct ExplanationBudgetTests {
    private static func admitted(_ times: [Int64], events: Int, span: Int64 = 10) -> [Bool] {
        var budget = ExplanationBudget(.init(eventsMax: events, spanMicroseconds: span))
        return times.map { budget.admits($0) }
    }

    @Test func soManyInEachAlignedSpan() {
        #expect(Self.admitted([0, 3, 9, 10, 19, 15], events: 2) == [true, true, false, true, true, false])
        // Spans begin at multiples, not at the first event.
        #expect(Self.admitted([9, 10, 11], events: 1) == [true, true, false])
        // -1 and 0 are of different spans; -10 and -1 of the same one.
        #expect(Self.admitted([-1, 0, -10, 9], events: 1) == [true, true, false, false])
        #expect(Self.admitted([.min, .max, .min + 1, .max - 1], events: 1) == [true, true, false, false])
    }

    /// Each span has its own count, whatever came between.
    @Test func eventsOutOfOrderCountInTheirOwnSpan() {
        #expect(Self.admitted([5, 25, 6, 26, 7, 15], events: 2) == [true, true, true, true, false, true])
        // Far ahead of the others: it takes nothing from them.
        let stray = [5, 1_000_000, 6] + (1..<200).map { Int64($0 * 10) }
        #expect(Self.admitted(stray, events: 1).count { $0 } == 201)
    }

    /// Against a budget that keeps the newest spans in a dictionary.
    @Test(arguments: 0..<8 as Range<UInt64>)
    func asWrittenDown(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let events = 1 + Int(random.next() % 3)
        let reach = Int64(200 + random.next() % 2_000)
        var budget = ExplanationBudget(.init(eventsMax: events, spanMicroseconds: 10))
        var counts: [Int64: Int] = [:]
        var outside = 0
        for step in 0..<4_000 {
            let time = Int64(step) * Int64(seed % 4) + Int64(random.next() % UInt64(reach)) - 300
            var span = Int64((Double(time) / 10).rounded(.down))
            if counts[span] == nil {
                if counts.count == ExplanationBudget.spansMax, let oldest = counts.keys.min() {
                    if span < oldest {
                        span = oldest
                        outside += 1
                    } else {
                        counts[oldest] = nil
                    }
                }
                counts[span, default: 0] += 0
            }
            let isAdmitted = counts[span, default: 0] < events
            if isAdmitted { counts[span, default: 0] += 1 }
            #expect(budget.admits(time) == isAdmitted, "seed \(seed), step \(step)")
        }
        if reach > 1_000 { #expect(outside > 0, "seed \(seed)") }
    }
}
