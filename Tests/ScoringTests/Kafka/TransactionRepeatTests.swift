import Kafka
import Testing

@testable import Scoring

/// How calls of a transaction are made again while their outcome is in doubt.
struct TransactionRepeatTests {
    private func makePort(_ lines: LoggedLines) throws -> KafkaTransactionPort {
        KafkaTransactionPort(
            try TransactionalProducer(brokers: "", transactionalID: "t", onDelivery: { _ in }), logger: lines.logger)
    }

    private static let doubt = TransactionFailure(kind: .retriable, failure: KafkaFailure(code: -185))

    /// A coordinator that refuses at once is not flooded: waits double, from 10 ms at least on.
    @Test func waitsBetweenCallsDouble() throws {
        let lines = LoggedLines()
        let port = try makePort(lines)
        var calls = 0
        let thrown = try #require(throws: TransactionFailure.self) {
            try port.repeated("commit", for: 500) {
                calls += 1
                throw Self.doubt
            }
        }
        #expect(thrown == Self.doubt)
        // 10 + 20 + 40 + 80 + 160 + 320 ms are more than there is.
        #expect((2...7).contains(calls), "\(calls) calls")
        #expect(lines.containing("warning transaction: commit is not answered; it is asked again").count == calls)
    }

    @Test func anAnswerEndsIt() throws {
        let lines = LoggedLines()
        let port = try makePort(lines)
        var calls = 0
        try port.repeated("abort", for: 10_000) {
            calls += 1
            if calls < 3 { throw Self.doubt }
        }
        #expect(calls == 3 && lines.containing("abort is not answered").count == 2)
        // What is no doubt is thrown at once.
        let fatal = TransactionFailure(kind: .fatal, failure: KafkaFailure(code: 29))
        #expect(throws: fatal) { try port.repeated("commit", for: 10_000) { throw fatal } }
    }
}
