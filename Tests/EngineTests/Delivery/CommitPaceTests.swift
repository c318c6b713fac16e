import Testing

@testable import Engine

@Suite struct CommitPaceTests {
    private let millisecond: Int64 = 1_000_000

    @Test func whatComesAfterAQuietTimeIsDueAtOnce() {
        var pace = CommitPace(intervalMilliseconds: 100)
        #expect(pace.due(keptSince: 7 * millisecond) == 7 * millisecond)
        pace.committed(begin: 7 * millisecond, end: 7 * millisecond)
        #expect(pace.due(keptSince: 500 * millisecond) == 500 * millisecond)
    }

    @Test func outputsAreVisibleWithinTheIntervalOfTheLastCommit() {
        var pace = CommitPace(intervalMilliseconds: 100)
        var begin: Int64 = 0
        var visible: Int64 = 0
        for _ in 0..<40 {
            pace.committed(begin: begin, end: begin + 20 * millisecond)
            let due = pace.due(keptSince: begin + 20 * millisecond)
            #expect(due <= begin + 100 * millisecond && due >= begin + 80 * millisecond)
            visible = due + 20 * millisecond - begin
            begin = due
        }
        #expect(abs(visible - 100 * millisecond) < millisecond)
    }

    @Test func longCommitsLeaveHalfTheInterval() {
        var pace = CommitPace(intervalMilliseconds: 100)
        for _ in 0..<40 { pace.committed(begin: 0, end: 3_000 * millisecond) }
        #expect(pace.due(keptSince: 0) == 50 * millisecond)
        // One outlier among short commits moves it by a quarter at most.
        var steady = CommitPace(intervalMilliseconds: 100)
        steady.committed(begin: 0, end: 3_000 * millisecond)
        #expect(steady.due(keptSince: 0) == 75 * millisecond)
    }
}
