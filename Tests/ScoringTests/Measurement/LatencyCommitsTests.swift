import Foundation
import Testing

@testable import Engine
@testable import Scoring

struct LatencyCommitsTests {
    @Test func anOutputCountsToTheCommitThatFollowsIt() {
        let commits = LatencyCommits(ends: [300, 100, 200])
        #expect(commits.ends == [100, 200, 300])
        #expect([0, 99, 100, 101, 300].map(commits.end) == [100, 100, 100, 200, 300])
        #expect(commits.end(after: 301) == nil && LatencyCommits(ends: []).end(after: 0) == nil)
    }

    @Test func whatNoCommitFollowsIsNotMeasured() {
        let millisecond: Int64 = 1_000_000
        let commits = LatencyCommits(ends: [100 * millisecond, 200 * millisecond])
        let arrivals = [0, 50, 90, 150, 250].map {
            LatencyArrival(intended: $0 * millisecond, arrived: ($0 + 5) * millisecond)
        }
        let result = commits.result(of: arrivals)
        // 100, 50, 10 and 50 ms.
        #expect(result.measured == 4)
        #expect(abs(result.p50 - 50) < 0.1 && abs(result.most - 100) < 0.1)
        #expect(LatencyCommits(ends: []).result(of: arrivals) == LatencyBench.Result())
    }

    @Test func timesOfALogCountFromTheSchedulesStart() {
        let start = Date(timeIntervalSince1970: 1_000)
        let commits = LatencyCommits([start + 0.25, start + 0.125], start: start)
        #expect(commits.ends == [125_000_000, 250_000_000])
    }
}
