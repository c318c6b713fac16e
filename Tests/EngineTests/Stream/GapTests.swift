import Events
import Testing

@testable import Engine

/// Offsets without records are committed, too, once nothing more comes.
struct GapTests {
    /// ```
    /// partition 0   marker, event, marker, marker, event, marker
    /// partition 1   marker
    /// partition 2   nothing
    /// ```
    private static func log() -> MemoryLog {
        let record = LogEntry.record(Payment(id: "p", at: PaymentStream.start, customer: "c").record)
        return MemoryLog([[.marker, record, .marker, .marker, record, .marker], [.marker], []])
    }

    /// A run that is stopped after so long without anything to do.
    private static func run(
        _ log: MemoryLog, seconds: Int64, transactions: CommittingTransactions? = nil
    ) throws -> (StreamRun, StreamSummary) {
        let run = StreamRun(try PaymentPlan(hasModel: false).make(), log, transactions: transactions) {
            $0.endOffsets = nil
        }
        // The commit is the acknowledgement.
        if transactions != nil { run.sink.acknowledge = { _ in [] } }
        run.source.onWait = { [unowned engine = run.engine, unowned clock = run.clock] in
            if clock.nanoseconds > seconds * 1_000_000_000 { engine.requestStop() }
        }
        return (run, try run.run())
    }

    @Test func whatStandsBehindTheLastRecordIsCommitted() throws {
        let log = Self.log()
        let (run, summary) = try Self.run(log, seconds: 3)
        #expect(log.committed == [6, 1, 0])
        #expect(run.sink.outputs.count == 2 && summary.scored == 2)
        #expect(summary.isBalanced)
        // It stays so, and is not committed again and again.
        let (_, second) = try Self.run(log, seconds: 30)
        #expect(log.committed == [6, 1, 0])
        #expect(second.scored == 0 && second.commits == 0 && second.isBalanced)
    }

    /// With the next record it is committed anyhow.
    @Test func aLaneThatGoesOnIsNotInterrupted() throws {
        let log = Self.log()
        let (_, summary) = try Self.run(log, seconds: 0)
        #expect(log.committed == [5, 0, 0])
        #expect(summary.commits == 1)
    }

    @Test func aTransactionOfOffsetsAloneCommitsThem() throws {
        let log = Self.log()
        let transactions = CommittingTransactions(log)
        let (run, summary) = try Self.run(log, seconds: 3, transactions: transactions)
        #expect(log.committed == [6, 1, 0])
        #expect(transactions.commits == [[5], [6, 1]])
        #expect(run.sink.outputs.count == 2 && summary.isBalanced)
    }

    /// What is not finished is not passed.
    @Test func aRecordThatWaitsForItsAcknowledgementHoldsItsMarkers() throws {
        let log = Self.log()
        let run = StreamRun(try PaymentPlan(hasModel: false).make(), log) {
            $0.endOffsets = nil
            $0.drainMilliseconds = 10
        }
        run.sink.acknowledge = { _ in [] }
        run.source.onWait = { [unowned engine = run.engine, unowned clock = run.clock] in
            if clock.nanoseconds > 3_000_000_000 { engine.requestStop() }
        }
        _ = try run.run()
        #expect(log.committed[0] == 0)
    }
}

/// A transaction is committed as it comes.
private final class CommittingTransactions: TransactionPort {
    private let log: MemoryLog
    /// The offsets of each, by lane.
    private(set) var commits: [[Int64]] = []

    init(_ log: MemoryLog) { self.log = log }

    func initialize() {}
    func begin() {}
    func abort() {}

    func commit(_ commit: OffsetCommit, membership: AnyObject?) -> TransactionOutcome {
        commits.append(commit.positions.map(\.offset))
        for position in commit.positions { log.commit(position.offset, partition: Int(position.partition)) }
        return .committed
    }
}
