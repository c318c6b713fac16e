import Events
import Testing

@testable import Scoring

struct DriftViewTests {
    private static func alert(_ number: Int, until: Int? = nil) -> DemonstrationAlert {
        let start: Int64 = 950_000_000_000_000
        func time(_ hours: Int) -> EventTime { EventTime(microseconds: start + Int64(hours) * 3_600_000_000) }
        return DemonstrationAlert(
            series: "s\(number)", text: "s\(number) has moved up: share above 0.5: 1 % -> 2 %", since: time(number),
            until: until.map(time))
    }

    private static func lines(_ status: DriftStatus?, height: Int = .max) -> [String] {
        var snapshot = DemonstrationSnapshot()
        snapshot.drift = status
        return DemonstrationView(width: 100, height: height).lines(DemonstrationFrame(snapshot: snapshot))
    }

    private static func watching(_ alerts: [DemonstrationAlert]) -> DriftStatus {
        DriftStatus(phase: .watching, seriesCount: 1_234, eventsPerFalseAlarm: 1_000_000, alerts: alerts)
    }

    @Test func withoutAMonitorNothingIsSaidOfDrift() {
        #expect(!Self.lines(nil).contains { $0.hasPrefix("drift") })
    }

    @Test func theReferenceIsWaitedFor() {
        #expect(Self.lines(DriftStatus()).contains("drift      the reference is made of the history"))
    }

    @Test func quietAndOpen() throws {
        let quiet = Self.lines(Self.watching([]))
        #expect(quiet.contains("drift      quiet   1,234 series   a false alarm in 1,000,000 events"))
        let open = Self.lines(Self.watching([Self.alert(1, until: 2), Self.alert(3)]))
        #expect(open.contains("drift      1 open   1,234 series   a false alarm in 1,000,000 events"))
        let place = try #require(open.firstIndex { $0.hasPrefix("drift") })
        #expect(open[place + 1] == "           resolved  02-08T09:53  s1 has moved up: share above 0.5: 1 % -> 2 %")
        #expect(open[place + 2] == "           firing    02-08T11:53  s3 has moved up: share above 0.5: 1 % -> 2 %")
    }

    /// Nothing jumps, and what is open is never pushed out by what is not.
    @Test func theNumberOfLinesStaysTheSame() {
        let wanted = Self.lines(Self.watching([])).count
        for count in 0..<6 {
            let resolved = (0..<count).map { Self.alert($0, until: 20) }
            for alerts in [resolved, [Self.alert(9)] + resolved, resolved + [Self.alert(9), Self.alert(10)]] {
                let lines = Self.lines(Self.watching(alerts))
                #expect(lines.count == wanted)
                #expect(lines.count { $0.contains("  firing    ") } == alerts.count(where: \.isOpen))
            }
        }
        let many = Self.lines(Self.watching((0..<7).map { Self.alert($0) }))
        #expect(many.count == wanted)
        #expect(many.contains("drift      7 open   1,234 series   a false alarm in 1,000,000 events"))
    }

    @Test func theEndSaysWhatWasToldAndPlanted() {
        var status = Self.watching([Self.alert(1, until: 4), Self.alert(3)])
        status.planted = "all amounts are higher, 2000-02-08 to 2000-02-09"
        #expect(
            status.summaryLines == [
                "planted: all amounts are higher, 2000-02-08 to 2000-02-09",
                "drift: 2 alerts, 1 resolved; 1,234 series watched",
                "  s1 has moved up: share above 0.5: 1 % -> 2 % (2000-02-08T09:53 to 2000-02-08T12:53)",
                "  s3 has moved up: share above 0.5: 1 % -> 2 % (2000-02-08T11:53, open)",
            ])
        #expect(Self.watching([]).summaryLines == ["drift: no alert; 1,234 series watched"])
        #expect(DriftStatus().summaryLines == [])
        #expect(Self.watching((0..<20).map { Self.alert($0) }).summaryLines.count == 9)
    }

    @Test func lineForAPipe() {
        var snapshot = DemonstrationSnapshot()
        snapshot.drift = Self.watching([Self.alert(1, until: 4), Self.alert(3)])
        let line = DemonstrationView.line(DemonstrationFrame(snapshot: snapshot))
        #expect(line.hasSuffix("0 dead letters  1 of 2 alerts open"))
    }
}
