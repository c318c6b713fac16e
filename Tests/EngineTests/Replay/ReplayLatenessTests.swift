import Events
import Testing

@testable import Engine

/// Which row a replay names as the one that made others late.
@Suite struct ReplayLatenessTests {
    /// The row that raised the watermark last before the most late ones, found by going through the file.
    private func cause(_ payments: [Payment], lateAfter: Int64) -> (line: Int64, count: UInt64)? {
        var counts = [UInt64](repeating: 0, count: payments.count)
        var highest = 0
        for (number, payment) in payments.enumerated() {
            if payment.at > payments[highest].at { highest = number }
            if payment.at < payments[highest].at - lateAfter { counts[highest] += 1 }
        }
        guard let most = counts.max(), most > 0, let place = counts.firstIndex(of: most) else { return nil }
        // Behind the header, and counted from 1.
        return (Int64(place + 2), most)
    }

    @Test(arguments: 0..<6 as Range<UInt64>, [4_096, 13])
    func theRowThatMadeTheMostLateIsNamed(seed: UInt64, batchRows: Int) throws {
        var file = PaymentFile(seed: seed, events: 600)
        // One that is far ahead, and one that is further.
        if seed % 3 > 0 { file.payments[170].at += 400_000_000 }
        if seed % 3 > 1 { file.payments[400].at += 900_000_000 }
        var run = ReplayRun(plan: try PaymentPlan(hasModel: false).make())
        run.batchRows = batchRows
        let summary = try run.run(file.csv).summary
        let expected = try #require(cause(file.payments, lateAfter: 10 * PaymentPlan.minute / 1_000), "seed \(seed)")
        let found = try #require(summary.lateCause, "seed \(seed)")
        #expect(found.input == 0 && found.line == expected.line && found.lateRows == expected.count, "seed \(seed)")
        #expect(found.time.microseconds == file.payments[Int(expected.line) - 2].at * 1_000, "seed \(seed)")
        #expect(found.lateRows <= summary.late)
    }

    @Test func aFileInOrderHasNone() throws {
        let payments = (0..<40).map { Payment(id: "p\($0)", at: PaymentStream.start + Int64($0), customer: "c") }
        let plan = try PaymentPlan(hasModel: false).make()
        let summary = try ReplayRun(plan: plan).run(PaymentFile(payments).csv).summary
        #expect(summary.lateCause == nil && summary.late == 0)
        let last = EventTime(microseconds: (PaymentStream.start + 39) * 1_000)
        #expect(summary.eventTimes == EventTime(microseconds: PaymentStream.start * 1_000)...last)
        #expect(try ReplayRun(plan: plan).run(PaymentFile([]).csv).summary.eventTimes == nil)
    }
}
