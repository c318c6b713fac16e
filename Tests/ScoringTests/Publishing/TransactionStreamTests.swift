import Events
import Generation
import Testing

@testable import Scoring

struct TransactionStreamTests {
    private let options = CardTransactionOptions(seed: 7, days: 4, customers: 50, terminals: 60)

    private func all() -> [CardTransaction] {
        Array(IteratorSequence(CardTransactionGenerator(options)))
    }

    @Test func runsOneAfterTheOtherLoseAndDoubleNothing() throws {
        let stream = TransactionStream(options)
        var taken: [CardTransaction] = []
        let day = EventTime(microseconds: options.firstDay.microseconds + 2 * 86_400_000_000)
        try stream.run(eventsPerSecond: nil, until: .init(before: day)) { transaction, _ in
            taken.append(transaction)
            return true
        }
        #expect(taken.allSatisfy { $0.time < day })
        let inTwoDays = taken.count
        #expect(inTwoDays > 0)
        let more = try stream.run(eventsPerSecond: 1e6, until: .init(eventsMax: 10)) { transaction, _ in
            taken.append(transaction)
            return true
        }
        #expect(more == 10)
        #expect(taken[inTwoDays].time >= day)
        // One that is not taken comes again.
        var refused: CardTransaction?
        try stream.run(eventsPerSecond: nil) { transaction, _ in
            refused = transaction
            return false
        }
        try stream.run(eventsPerSecond: nil) { transaction, _ in
            taken.append(transaction)
            return true
        }
        #expect(taken[inTwoDays + 10] == refused)
        #expect(taken == all())
        #expect(stream.progress.events == taken.count)
        #expect(stream.progress.eventTime == taken.last?.time)
    }

    @Test func stopEndsTheRunAndIntendedTimesAreEven() throws {
        let stream = TransactionStream(options)
        var intended: [Int64] = []
        try stream.run(eventsPerSecond: 10_000) { _, microseconds in
            intended.append(microseconds)
            if intended.count == 20 { stream.requestStop() }
            return intended.count < 21
        }
        #expect(intended.count >= 20)
        #expect(zip(intended, intended.dropFirst()).allSatisfy { $1 - $0 == 100 })
        let more = try stream.run(eventsPerSecond: nil) { _, _ in true }
        #expect(more == 0)
    }
}
