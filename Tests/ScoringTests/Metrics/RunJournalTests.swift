import Engine
import Logging
import Synchronization
import Testing

@testable import Scoring

/// What the log says of a restart.
struct RunJournalTests {
    final class ManualClock: EngineClock {
        private let now = Atomic<Int64>(0)
        var nanoseconds: Int64 { now.load(ordering: .relaxed) }
        func advance(seconds: Int) { now.add(Int64(seconds) * 1_000_000_000, ordering: .relaxed) }
    }

    /// At the default level.
    private func journal(_ lines: LoggedLines, clock: any EngineClock = ManualClock()) -> RunJournal {
        RunJournal(
            lines.logger, metrics: RunMetrics(pipeline: "p", topics: ["t"]),
            ends: { _, _ in nil }, passingOnTo: nil, clock: clock)
    }

    /// A long restart is seen at the default level: now and then while it lasts, and when it is over.
    @Test func aLongRebuildIsTold() {
        let lines = LoggedLines(level: .notice)
        let clock = ManualClock()
        let journal = journal(lines, clock: clock)
        clock.advance(seconds: 100)
        journal.didNotice(.restoring(from: .horizon, offsets: 10_000))
        #expect(
            lines.take() == [
                "notice windows are rebuilt from the log, from the longest window's horizon on [offsets=10000]"
            ])
        func told(_ offsets: Int64, events: UInt64) -> [String] {
            journal.didNotice(.restored(offsets: offsets, of: 10_000, events: events))
            return lines.take()
        }
        // What is over in a moment needs no word.
        clock.advance(seconds: 2)
        #expect(told(0, events: 0).isEmpty)
        clock.advance(seconds: 1)
        #expect(
            told(0, events: 0) == ["notice windows are being rebuilt [events=0 events_per_second=0 percent=0]"],
            "nobody knows yet how long it takes")
        for second in 4...12 {
            clock.advance(seconds: 1)
            #expect(told(2_500, events: 2_000).isEmpty, "after \(second) s")
        }
        clock.advance(seconds: 1)
        #expect(
            told(2_500, events: 2_000) == [
                "notice windows are being rebuilt [events=2000 events_per_second=200 percent=25 seconds_left=39]"
            ])
        clock.advance(seconds: 20)
        #expect(
            told(8_000, events: 7_000) == [
                "notice windows are being rebuilt [events=7000 events_per_second=250 percent=80 seconds_left=9]"
            ])
        journal.didNotice(.restoreFinished(nanoseconds: 40_500_000_000, isWhole: true))
        #expect(lines.take() == ["notice windows are whole; scoring begins [seconds=40.5]"])
        // The next one begins anew.
        journal.didNotice(.restoring(from: .snapshot(7), offsets: 100))
        #expect(lines.take().count == 1)
        clock.advance(seconds: 1)
        #expect(told(50, events: 50).isEmpty)
        clock.advance(seconds: 2)
        #expect(
            told(10_000, events: 50) == [
                "notice windows are being rebuilt [events=50 events_per_second=17 percent=100 seconds_left=0]"
            ])
    }

    /// The line of the end says the same as the warning before it.
    @Test func windowsAreCalledWholeOnlyWhereTheyAre() {
        let lines = LoggedLines(level: .notice)
        let journal = journal(lines)
        let state = IncompleteState(
            features: [IncompleteState.Feature(name: "sum", wholeFrom: 1_700_000_000_000_000)], logFrom: 0)
        journal.didNotice(.incomplete(state))
        journal.didNotice(.restoreFinished(nanoseconds: 1_500_000_000, isWhole: false))
        #expect(
            lines.take() == [
                "warning scoring begins with incomplete windows [reason=\(state)]",
                "notice windows are rebuilt, but not whole; scoring begins [seconds=1.5]",
            ])
        journal.didNotice(.restoreFinished(nanoseconds: 1_500_000_000, isWhole: true))
        #expect(lines.take() == ["notice windows are whole; scoring begins [seconds=1.5]"])
    }
}
