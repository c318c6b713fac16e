import Events
import Testing

@testable import Engine

/// What cannot be used or sent comes back with its reason, and the stream goes on.
struct DeadLetterTests {
    private static let good = Payment(id: "p", at: PaymentStream.start, customer: "c").record

    @Test func codeMessageOriginAndAttempts() throws {
        var again = LogRecord("{\"payment\":7}", key: "k")
        again.headers = [("riffle-attempts", "3"), ("riffle-error-code", "old")]
        let records = [
            LogRecord("not json", key: "k"), Self.good, again, LogRecord(key: nil, value: nil, timestamp: 0),
        ]
        let run = try run(records)
        #expect(run.sink.scores.count == 1)
        let letters = run.sink.deadLetters
        #expect(letters.map { $0.headers["riffle-error-code"] } == ["invalid-json", "wrong-type", "tombstone"])
        #expect(letters.map { $0.headers["riffle-origin"] } == ["payments/0/0", "payments/0/2", "payments/0/3"])
        #expect(letters.map { $0.headers["riffle-attempts"] } == ["1", "4", "1"])
        #expect(letters.map(\.value) == ["not json", "{\"payment\":7}", nil])
        #expect(letters.map(\.key) == ["k", "k", nil])
        #expect(letters[1].headers["riffle-error"]?.contains("field \"payment\" is not a string") == true)
        // Only the last has a time of its own.
        #expect(letters.map(\.headers.count) == [4, 4, 5])
        #expect(letters[2].headers["riffle-timestamp"] == "0")
    }

    @Test(arguments: ["", "x", "-4", "+4", "1.5", "12345678", "９"])
    func attemptsThatAreNoCountBeginAnew(text: String) throws {
        var record = LogRecord("no", key: "k")
        record.headers = [("riffle-attempts", text)]
        let run = try run([record])
        #expect(run.sink.deadLetters.first?.headers["riffle-attempts"] == "1")
    }

    @Test func lateEventsUnderThePolicyDeadLetter() throws {
        let plan = PaymentPlan(late: LatePolicy(afterMicroseconds: PaymentPlan.minute, action: .deadLetter))
        let times: [Int64] = [0, 120_000, 60_000, 59_999, 120_000]
        let records = times.map { Payment(id: "p", at: PaymentStream.start + $0, customer: "c").record }
        let run = try run(records, plan: plan)
        #expect(run.sink.deadLetters.map(\.origin) == ["payments/0/3"])
        #expect(run.sink.deadLetters.first?.headers["riffle-error-code"] == "late")
        #expect(run.sink.scores.count == 4)
    }

    @Test func aTimeFarAheadMovesNoWatermark() throws {
        let plan = PaymentPlan(late: LatePolicy(afterMicroseconds: PaymentPlan.minute, action: .drop))
        var ahead = Payment(id: "p", at: PaymentStream.start + 86_400_000, customer: "c").record
        ahead.timestamp = PaymentStream.start * 1_000
        let run = try run([Self.good, ahead, Self.good], plan: plan)
        #expect(run.sink.deadLetters.map { $0.headers["riffle-error-code"] } == ["time-ahead"])
        #expect(run.sink.scores.count == 2)
    }

    @Test func whatIsTooLargeIsSentWithoutItsValueAndThenWithoutAnything() throws {
        let long = String(repeating: "x", count: 5_000)
        let records = [LogRecord("{\"a\":\"\(long)\"", key: "k"), LogRecord("no", key: long), Self.good]
        let run = try run(records) { $0.recordBytesMax = 1_000 }
        let letters = run.sink.deadLetters
        #expect(letters.map { $0.headers["riffle-truncated"] } == ["value", "key, value and headers"])
        #expect(letters.map(\.value) == [nil, nil])
        #expect(letters.map(\.key) == ["k", nil])
        #expect(letters.map(\.origin) == ["payments/0/0", "payments/0/1"])
        #expect(run.sink.scores.count == 1)
    }

    /// One event must not stop the stream, even if it is its score that cannot be sent.
    @Test func aScoreThatIsTooLargeBecomesADeadLetter() throws {
        var record = Self.good
        record.key = Array(repeating: UInt8(ascii: "k"), count: 5_000)
        let run = try run([Self.good, record, Self.good]) { $0.recordBytesMax = 4_000 }
        #expect(run.sink.scores.count == 2)
        #expect(run.sink.deadLetters.map { $0.headers["riffle-error-code"] } == ["score-too-large"])
        #expect(run.sink.deadLetters.map { $0.headers["riffle-truncated"] } == ["key, value and headers"])
        #expect(run.log.committed == [3])
    }

    @Test func aTopicThatTakesNothingStopsTheEngine() throws {
        let run = StreamRun(try PaymentPlan(hasModel: false).make(), MemoryLog(records: [[LogRecord("no")]]))
        run.sink.recordBytesMax = 10
        #expect(throws: OutputTooLarge.self) { _ = try run.run() }
        #expect(run.log.committed == [0])
        run.expectAllReleased("too large")
    }

    private func run(
        _ records: [LogRecord], plan: PaymentPlan = PaymentPlan(hasModel: false),
        configure: (MemorySink) -> Void = { _ in }
    ) throws -> StreamRun {
        let run = StreamRun(try plan.make(), MemoryLog(records: [records]))
        configure(run.sink)
        run.checkCommits("dead letters")
        let summary = try run.run()
        #expect(summary.deadLettered == UInt64(run.sink.deadLetters.count))
        #expect(summary.scored == UInt64(run.sink.scores.count))
        run.expectAllReleased("dead letters")
        return run
    }
}
