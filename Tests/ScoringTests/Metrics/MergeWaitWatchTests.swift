import Events
import Logging
import Synchronization
import Testing

@testable import Engine
@testable import Features
@testable import Scoring

/// What is told of partitions that hold the merge back, and how often.
@Suite struct MergeWaitWatchTests {
    private static let second: Int64 = 1_000_000_000

    private static func account(_ topic: String, _ partition: Int32, waited: Int64, expired: UInt64) -> LaneAccount {
        var account = LaneAccount(topic: topic, partition: partition)
        (account.waits.begun, account.waits.nanoseconds, account.waits.expired) = (1, waited, expired)
        return account
    }

    private static func books(epoch: UInt64 = 1, _ accounts: LaneAccount...) -> StreamBooks {
        StreamBooks(
            epoch: epoch,
            lanes: accounts.map { StreamBooks.Lane(account: $0, inFlight: 0, finishedOffset: 0, availableTime: nil) },
            isClosed: false, deadLetters: DeadLetterCounts(), explanations: ExplanationCounts(),
            state: FeatureStateStatistics())
    }

    @Test func anExpiryIsToldAtOnceAndThenEveryTenSeconds() {
        var watch = MergeWaitWatch()
        let quiet = Self.account("events", 0, waited: 1_000, expired: 0)
        func lines(_ expired: UInt64, at seconds: Int64) -> [MergeWaitWatch.Line] {
            watch.lines(
                Self.books(quiet, Self.account("labels", 3, waited: 200 * Int64(expired), expired: expired)),
                now: seconds * Self.second)
        }
        #expect(lines(0, at: 0).isEmpty)
        #expect(lines(1, at: 1) == [.init(topic: "labels", partitions: [3], nanoseconds: 200, expired: 1)])
        #expect(lines(4, at: 5).isEmpty)
        #expect(lines(6, at: 11) == [.init(topic: "labels", partitions: [3], nanoseconds: 1_000, expired: 5)])
        #expect(lines(6, at: 100).isEmpty)
    }

    /// A long wait is told while it lasts; short ones are the course of things.
    @Test func aLongWaitIsTold() {
        var watch = MergeWaitWatch()
        func lines(_ seconds: Double, of partition: Int32, at now: Int64) -> [MergeWaitWatch.Line] {
            let waited = Int64(seconds * Double(Self.second))
            return watch.lines(
                Self.books(
                    Self.account("labels", partition, waited: waited, expired: 0),
                    Self.account("events", 0, waited: 5, expired: 0)), now: now * Self.second)
        }
        #expect(lines(0.9, of: 1, at: 1).isEmpty)
        let told = lines(1.5, of: 1, at: 2)
        #expect(told == [.init(topic: "labels", partitions: [1], nanoseconds: 1_500_000_000, expired: 0)])
        #expect(lines(2.4, of: 1, at: 20).isEmpty)
        #expect(lines(2.6, of: 1, at: 21).map(\.nanoseconds) == [1_100_000_000])
    }

    /// Accounts begin anew with an assignment.
    @Test func anotherAssignmentIsCountedFromItsBeginning() {
        var watch = MergeWaitWatch()
        let first = Self.books(epoch: 1, Self.account("t", 0, waited: 9, expired: 9))
        let second = Self.books(epoch: 2, Self.account("t", 0, waited: 3, expired: 2))
        #expect(watch.lines(first, now: 0).map(\.expired) == [9])
        #expect(watch.lines(second, now: 20 * Self.second).map(\.expired) == [2])
    }

    /// In the log: what happened, and what can be done about it.
    @Test func theLogSaysWhoIsWaitedFor() {
        let lines = LoggedLines()
        let journal = RunJournal(
            lines.logger,
            metrics: RunMetrics(pipeline: "p", topics: ["labels"]),
            ends: { _, _ in nil }, passingOnTo: nil)
        journal.didBalance(Self.books(Self.account("labels", 2, waited: 1_250_000_000, expired: 0)))
        journal.didBalance(Self.books(epoch: 2, Self.account("events", 1, waited: 30_000_000, expired: 4)))
        #expect(
            lines.all == [
                "notice scoring waits for partitions that are behind "
                    + "[expired=0 partitions=2 seconds=1.25 topic=labels]",
                "warning scoring went on without partitions that were behind: look at their broker, or raise "
                    + "\"merge.wait\" [expired=4 partitions=1 seconds=0.03 topic=events]",
            ])
    }

    @Test func theLastLinesNameTopicsThatWereWaitedFor() {
        let accounts = [
            Self.account("labels", 0, waited: 1_340_000_000, expired: 2),
            Self.account("labels", 1, waited: 200_000_000, expired: 1),
            Self.account("events", 0, waited: 620_000_000, expired: 0),
            Self.account("quick", 0, waited: 490_000_000, expired: 0),
        ]
        #expect(
            accounts.waitLines == [
                "the merge waited 1 times for events, 0.6 s at most for one partition",
                "the merge waited 2 times for labels, 1.3 s at most for one partition; "
                    + "3 times in vain: merge.wait was over",
            ])
        #expect([LaneAccount]().waitLines.isEmpty)
    }
}
