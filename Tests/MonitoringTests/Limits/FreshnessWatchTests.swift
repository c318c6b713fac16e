import Foundation
import Testing

@testable import Monitoring

@Suite struct FreshnessWatchTests {
    private static func tell(_ watch: inout FreshnessWatch, _ now: Int64, newest: Int64, isAllRead: Bool = true)
        -> [String]
    {
        watch.judge(at: now, newest: newest, isAllRead: isAllRead).map {
            "\($0.state) \($0.startedAt) \($0.time) \($0.value)"
        }
    }

    @Test func anAlertStartsWhereTheLimitWasReachedWheneverItWasNoticed() {
        for noticed in [1_601, 5_000, 900_000] as [Int64] {
            var watch = FreshnessWatch(limitMicroseconds: 600)
            #expect(Self.tell(&watch, 1_600, newest: 1_000).isEmpty)
            #expect(Self.tell(&watch, noticed, newest: 1_000) == ["firing 1600 1600 0.0006"])
            #expect(Self.tell(&watch, noticed + 50, newest: 1_000).isEmpty, "told once")
            #expect(
                Self.tell(&watch, noticed + 60, newest: noticed + 55) == [
                    "resolved 1600 \(noticed + 55) \(Double(noticed - 945) / 1e6)"
                ])
        }
    }

    @Test func nothingIsSaidBeforeTheFirstScoreNorWhileScoresAreUnread() {
        var watch = FreshnessWatch(limitMicroseconds: 600)
        #expect(Self.tell(&watch, 1 << 50, newest: .min).isEmpty)
        #expect(Self.tell(&watch, 1 << 50, newest: 1_000, isAllRead: false).isEmpty)
        #expect(Self.tell(&watch, 1 << 50, newest: .max).isEmpty)
    }

    @Test func aClockThatGoesBackChangesNothing() {
        var watch = FreshnessWatch(limitMicroseconds: 600)
        #expect(Self.tell(&watch, 2_000, newest: 1_000).count == 1)
        #expect(Self.tell(&watch, 500, newest: 1_000).isEmpty)
        #expect(Self.tell(&watch, 2_000, newest: 1_000).isEmpty)
    }

    @Test func whatTheTopicSaysIsOpenIsTakenUpAndEnds() {
        var watch = FreshnessWatch(limitMicroseconds: 600)
        watch.takeUp(OpenLimit(startedAt: 1_600, changedAt: 1_000))
        // Records from before are read once more.
        #expect(Self.tell(&watch, 3_000, newest: 700, isAllRead: false).isEmpty)
        #expect(Self.tell(&watch, 3_000, newest: 1_000).isEmpty)
        #expect(Self.tell(&watch, 3_000, newest: 2_900) == ["resolved 1600 2900 0.0019"])
    }

    @Test func aRecordIsReadBack() throws {
        let flow = LimitFlow(pipeline: "payments", settings: MonitorSettings())
        let start: Int64 = 1_764_000_000_123_000
        func record(_ state: AlertRecordState, _ start: Int64) -> DriftAlert {
            flow.makeAlert(
                LimitNews(
                    name: .freshness, state: state, startedAt: start + 600_000_000, changedAt: start, time: start + 1,
                    value: 600, limit: 600, unit: "s", events: 0, effect: "none"))
        }
        for start in [start, 0, 1_764_000_000_000_000, 1_764_000_000_000_001] {
            let open = try #require(OpenLimit(newest: record(.firing, start).data))
            #expect(open == OpenLimit(startedAt: start + 600_000_000, changedAt: start))
        }
        #expect(OpenLimit(newest: record(.resolved, start).data) == nil)
        for text in [
            "", "{}", "[1]",
            #"{"state":"firing","startsAt":"x","detector":{"name":"limit"},"evidence":{"change_time":"y"}}"#,
        ] {
            #expect(OpenLimit(newest: Data(text.utf8)) == nil)
        }
    }
}
