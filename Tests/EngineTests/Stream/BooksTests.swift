import Events
import Testing

@testable import Engine

/// What an observer is shown adds up to what the run did.
struct BooksTests {
    private final class Listener: StreamObserver, @unchecked Sendable {
        var books: [StreamBooks] = []
        func didBalance(_ books: StreamBooks) { self.books.append(books) }
    }

    @Test(arguments: 0..<6 as Range<UInt64>)
    func booksBalanceAtEveryCommitAndEndAsTheSummary(seed: UInt64) throws {
        let plan = try PaymentPlan(late: LatePolicy(afterMicroseconds: 10 * PaymentPlan.minute, action: .drop)).make()
        let log = PaymentStream(seed: seed, events: 400).log()
        let run = StreamRun(plan, log) { settings in
            settings.batchRowsMax = 32
            settings.commitEveryMilliseconds = 1
        }
        let listener = Listener()
        run.engine.observer = listener
        let summary = try withExtendedLifetime(listener) { try run.run() }
        #expect(listener.books.count > 3, "seed \(seed)")
        var before: [LaneAccount] = []
        for books in listener.books {
            for lane in books.lanes {
                #expect(lane.account.consumed == lane.account.finished + lane.inFlight, "seed \(seed)")
            }
            // Nothing that was counted is ever taken back.
            for (old, new) in zip(before, books.lanes.map(\.account)) {
                #expect(old.consumed <= new.consumed && old.scored <= new.scored, "seed \(seed)")
                #expect(old.deadLettered <= new.deadLettered && old.muted <= new.muted, "seed \(seed)")
            }
            before = books.lanes.map(\.account)
        }
        #expect(listener.books.filter(\.isClosed).count == 1, "seed \(seed)")
        let last = try #require(listener.books.last)
        #expect(last.isClosed)
        #expect(last.lanes.reduce(0) { $0 + $1.account.late } == summary.late)
        let accounts = last.lanes.map(\.account).sorted { ($0.topic, $0.partition) < ($1.topic, $1.partition) }
        #expect(accounts == summary.accounts, "seed \(seed)")
        #expect(last.lanes.map(\.finishedOffset).max() == log.committed.max())
        // By code as the dead letters themselves say.
        var sent: [String: UInt64] = [:]
        for letter in run.sink.deadLetters { sent[letter.headers["riffle-error-code"] ?? "", default: 0] += 1 }
        var counted: [String: UInt64] = [:]
        last.deadLetters.forEach { counted[$1] = $2 }
        #expect(counted == sent, "seed \(seed)")
        #expect(last.deadLetters.total == summary.deadLettered && !sent.isEmpty, "seed \(seed)")
    }

    @Test func aScoreThatIsTooLargeHasItsOwnCode() throws {
        let record = Payment(id: String(repeating: "p", count: 800), at: PaymentStream.start, customer: "c").record
        let run = StreamRun(
            try PaymentPlan().make(), MemoryLog([[.record(record), .record(LogRecord("no", key: "k"))]]))
        run.sink.recordBytesMax = 1_000
        let listener = Listener()
        run.engine.observer = listener
        _ = try withExtendedLifetime(listener) { try run.run() }
        var counted: [String: UInt64] = [:]
        listener.books.last?.deadLetters.forEach { counted[$1] = $2 }
        #expect(counted == ["score-too-large": 1, "invalid-json": 1])
    }

    /// A partition that brings nothing and may have more: the others wait for it, then go on, and the books say so.
    @Test func whoIsWaitedForIsInTheBooks() throws {
        func records(_ name: String, _ count: Int) -> [LogEntry] {
            (0..<count).map {
                .record(Payment(id: "\(name)\($0)", at: PaymentStream.start + Int64($0), customer: name).record)
            }
        }
        let log = MemoryLog([records("a", 5), records("b", 2)])
        let run = StreamRun(try PaymentPlan().make(), log) { $0.mergeWaitMicroseconds = 50_000 }
        let listener = Listener()
        run.engine.observer = listener
        run.source.arrived[1] = 0
        run.source.endUnknown = [1]
        let (source, clock) = (run.source, run.clock)
        run.source.onWait = { [unowned source] in
            if clock.nanoseconds > 120_000_000 { source.arrived[1] = 2 }
        }
        let summary = try withExtendedLifetime(listener) { try run.run() }
        #expect(summary.scored == 7 && summary.mergeExpiries == 1)
        #expect(summary.accounts.map(\.waits.begun) == [0, 1])
        #expect(summary.accounts.map(\.waits.expired) == [0, 1])
        let waited = summary.accounts.map(\.waits.nanoseconds)
        #expect(waited[0] == 0 && (50_000_000...60_000_000).contains(waited[1]), "\(waited)")
        // While it is waited for the books show it, and not yet an expiry.
        let during = listener.books.compactMap { books in
            books.lanes.first { $0.account.partition == 1 }.map(\.account.waits)
        }.filter { $0.nanoseconds > 0 && $0.expired == 0 }
        #expect(during.count > 3)
        let last = try #require(listener.books.last)
        #expect(last.lanes.map(\.account).allSatisfy { $0.waits == summary.accounts[Int($0.partition)].waits })
        #expect(
            last.lanes.map(\.availableTime?.microseconds) == [4, 1].map { (PaymentStream.start + $0) * 1_000 })
    }

    @Test func sourcesAreCountedApart() {
        var counts = DeadLetterCounts(sources: 3)
        for source in [0, 2, 2] { counts.add(.late, source: source) }
        counts.add(nil, source: 0)
        counts.add(counts)
        var found: [String] = []
        counts.forEach { found.append("\($0) \($1) \($2)") }
        #expect(found == ["0 late 2", "0 score-too-large 2", "2 late 4"])
        #expect(counts.total == 8)
    }

    @Test func countsOfABatchDoNotLeakIntoTheNextOneOfItsPlace() {
        var counts = DeadLetterCounts()
        counts.add(.invalidJSON)
        counts.add(nil)
        var all = DeadLetterCounts()
        all.add(counts)
        counts.removeAll()
        all.add(counts)
        #expect(counts == DeadLetterCounts())
        #expect(all.total == 2)
    }
}
