import Engine
import Events
import Foundation
import Generation
import Testing

@testable import Scoring

/// Events that are sent without end: in order, each later than the one before.
struct EventFeedTests {
    private struct Sent: Equatable {
        let key: String
        let value: String
        let timestamp: Int64?
    }

    private func take(_ count: Int, of feed: any EventFeed) throws -> [Sent] {
        var sent: [Sent] = []
        var chunk = EventChunk()
        while sent.count < count {
            chunk.removeAll()
            try feed.fill(&chunk)
            for index in 0..<min(chunk.count, count - sent.count) { sent.append(copy(chunk, index)) }
        }
        return sent
    }

    private func copy(_ chunk: EventChunk, _ index: Int) -> Sent { chunk.withEvent(index) { copy($0) } }

    private func copy(_ event: FedEvent) -> Sent {
        Sent(
            key: String(decoding: event.key, as: UTF8.self), value: String(decoding: event.value, as: UTF8.self),
            timestamp: event.timestampMilliseconds)
    }

    private func cardFraud() throws -> PipelineAssembly {
        try #require(PipelineAssembly.load(path: TestFiles.cardFraud).assembly)
    }

    private func shifted(_ lines: String, of assembly: PipelineAssembly) throws -> ShiftedEvents {
        try ShiftedEvents(KeyedEvents(lines: Array(lines.utf8), of: assembly), of: assembly)
    }

    private func payment(_ customer: Int, _ time: String) -> String {
        """
        {"transaction_id":1,"note":"tx_datetime","other":{"tx_datetime":"2001-01-01T00:00:00Z"},"tx_datetime" : "\(time)",\
        "customer_id":"\(customer)","terminal_id":"9","tx_amount":1.5,"tx_fraud":false}
        """
    }

    /// Passes are whole days apart, more than the events span; only the time that counts is moved.
    @Test func aFilesEventsGoOnInTime() throws {
        let lines =
            payment(1, "2025-03-01T23:00:00Z") + "\nno event\n" + payment(2, "2025-03-03T01:00:00.25Z") + "\n"
        let feed = try shifted(lines, of: cardFraud())
        #expect(feed.count == 2 && feed.passMicroseconds == 2 * 86_400_000_000)
        let sent = try take(2_500, of: feed)
        #expect(sent.map(\.key).prefix(5) == ["1", "2", "1", "2", "1"])
        #expect(sent[0].value == payment(1, "2025-03-01T23:00:00Z"))
        #expect(sent[1].value == payment(2, "2025-03-03T01:00:00.25Z"))
        #expect(sent[2].value == payment(1, "2025-03-03T23:00:00Z"))
        #expect(sent[2_499].value == payment(2, "2032-01-04T01:00:00.25Z"))
        #expect(sent[0].timestamp == 1_740_870_000_000 && sent[1].timestamp == 1_740_963_600_250)
        #expect(sent[2].timestamp == 1_741_042_800_000)
        let times = sent.compactMap(\.timestamp)
        #expect(times.count == 2_500 && zip(times, times.dropFirst()).allSatisfy { $0 < $1 })
    }

    private func assembly(timeFormat: String) throws -> PipelineAssembly {
        let text = ReplayWorkspace.pipeline.replacing("iso8601", with: timeFormat)
        let workspace = try ReplayWorkspace()
        let file = URL(fileURLWithPath: workspace.path).appending(path: "times.yaml")
        try Data(text.utf8).write(to: file)
        try Data(ReplayWorkspace.model.utf8).write(
            to: URL(fileURLWithPath: workspace.path).appending(path: "model.json"))
        let assembly = PipelineAssembly.load(path: file.path).assembly
        return try withExtendedLifetime(workspace) { try #require(assembly) }
    }

    @Test(
        arguments: [
            ("epoch-s", "1740870000", "1740956400"), ("epoch-s", "1740870000.5", "1740956400.5"),
            ("epoch-ms", "1740870000123", "1740956400123"), ("epoch-us", "1740870000123456", "1740956400123456"),
        ])
    func timesAreWrittenAsTheSourceReadsThem(format: String, first: String, second: String) throws {
        func event(_ time: String) -> String {
            "{\"transaction_id\":1,\"tx_datetime\":\(time),\"customer_id\":\"1\",\"tx_amount\":1.5}"
        }
        let source = try assembly(timeFormat: format)
        let sent = try take(2, of: shifted(event(first), of: source))
        #expect(sent.map(\.value) == [event(first), event(second)])
    }

    @Test func aFileWithoutEventsOrTimesIsRefused() throws {
        let assembly = try cardFraud()
        #expect(throws: RunFailure.self) { _ = try shifted("no event\n", of: assembly) }
        // The key is written with an escape: read as the field, and not found as text.
        let escaped = payment(1, "2025-03-01T23:00:00Z").replacing("\"tx_datetime\" :", with: "\"tx_\\u0064atetime\" :")
        #expect(throws: RunFailure.self) { _ = try shifted(escaped, of: assembly) }
    }

    @Test func theCalendarEnds() throws {
        let feed = try shifted(payment(1, "9999-12-30T00:00:00Z"), of: cardFraud())
        var chunk = EventChunk()
        #expect(throws: RunFailure.self) { try feed.fill(&chunk) }
        #expect(chunk.count == 2)
    }

    @Test func generatedEventsBearTheirOwnTimes() throws {
        let assembly = try cardFraud()
        let feed = try GeneratedEvents(CardTransactionOptions(customers: 20, terminals: 40), for: assembly)
        let sent = try take(3_000, of: feed)
        var generator = CardTransactionGenerator(CardTransactionOptions(customers: 20, terminals: 40))
        for event in sent {
            let next = generator.next()
            let transaction = try #require(next)
            #expect(event.timestamp == transaction.time.microseconds / 1_000)
            #expect(event.key == "\(transaction.customerID)")
            #expect(event.value.contains("\"transaction_id\":\(transaction.transactionID),"))
        }
        #expect(EventChunk.recordMilliseconds(1_001) == 2 && EventChunk.recordMilliseconds(-5_000) == 0)
    }

    /// Events come one behind the other across chunks, and a failure comes behind the last of them.
    @Test func aThreadMakesThemAhead() throws {
        final class Counter: EventFeed {
            var chunks = 0
            func fill(_ chunk: inout EventChunk) throws {
                if chunks == 100 { throw RunFailure("the end") }
                for number in 0..<3 {
                    chunk.append(
                        timestampMilliseconds: nil, key: { $0 += "k".utf8 },
                        value: { $0 += "\(chunks * 3 + number)".utf8 })
                }
                chunks += 1
            }
        }
        let events = PrefetchedEvents(Counter())
        defer { events.stop() }
        #expect(try events.peek { copy($0) } == Sent(key: "k", value: "0", timestamp: nil))
        for number in 0..<300 {
            let sent = try events.next { copy($0) }
            #expect(sent == Sent(key: "k", value: "\(number)", timestamp: nil))
        }
        #expect(throws: RunFailure("the end")) { try events.next { _ in } }
    }

    @Test func whatCouldNotBeSentComesAgain() throws {
        let assembly = try cardFraud()
        let events = PrefetchedEvents(try GeneratedEvents(CardTransactionOptions(customers: 5), for: assembly))
        defer { events.stop() }
        let first = try events.peek { copy($0) }
        #expect(throws: RunFailure.self) { try events.next { _ in throw RunFailure("full") } }
        #expect(try events.next { copy($0) } == first)
        #expect(try events.next { copy($0) } != first)
    }
}
