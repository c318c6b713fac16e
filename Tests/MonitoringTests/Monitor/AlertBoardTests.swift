import Events
import Foundation
import Testing

@testable import Monitoring

/// What the drift topic says, as one looks at it.
@Suite struct AlertBoardTests {
    @Test func openAlertsAreThoseOfTheMonitor() throws {
        let log = LabelMonitorTests.Log(seed: 7, events: 26_000, change: .labels, from: 6_000, until: 14_000)
        let world = MonitorWorld(log.scores, labels: log.labels, seed: 7, rowsAWait: 60)
        let monitor = DriftMonitor(plan: world.plan, lanes: world.monitorLanes)
        var board = AlertBoard()
        var (told, all) = (0, 0)
        for (lane, rows) in world.lanes.enumerated() {
            for start in stride(from: 0, to: rows.count, by: 500) {
                let end = min(rows.count, start + 500)
                monitor.add(rows.batch(start..<end), lane: lane, position: Int64(end))
                for alert in monitor.advance() {
                    all += 1
                    if board.note(alert.data, pipeline: world.plan.pipeline) { told += 1 }
                }
            }
        }
        #expect(told == all && told > 1)
        #expect(!board.alerts.isEmpty)
        #expect(Set(board.alerts.filter { $0.until == nil }.map(\.series)).isSubset(of: monitor.openAlerts))
        #expect(board.alerts.allSatisfy { !$0.text.isEmpty && $0.since.microseconds > 0 })
    }

    private static func record(
        _ state: String, _ fingerprint: String = "a", pipeline: String = "p", summary: String = "it moved",
        at time: String = "2025-01-01T00:00:00Z"
    ) -> Data {
        Data(
            """
            {"state":"\(state)","severity":"critical","fingerprint":"\(fingerprint)","pipeline":"\(pipeline)",
            "series":"score","summary":"\(summary)","startsAt":"2025-01-01T00:00:00Z",
            \(state == "resolved" ? "\"endsAt\":\"\(time)\"," : "")
            "causes":[{"series":"amount"}],"segments":[]}
            """.utf8)
    }

    @Test func anAlertIsUpdatedAndEnds() {
        var board = AlertBoard()
        board.note(Self.record("firing"), pipeline: "p")
        board.note(Self.record("firing", summary: "it moved further"), pipeline: "p")
        #expect(board.alerts.map(\.text) == ["it moved further; with it amount"])
        #expect(board.openCount == 1)
        board.note(Self.record("resolved", summary: "back", at: "2025-01-01T02:00:00Z"), pipeline: "p")
        #expect(board.openCount == 0)
        #expect(board.alerts[0].text == "it moved further; with it amount")
        #expect(board.alerts[0].until?.microseconds == 1_735_696_800_000_000)
        // The same again is another alert.
        board.note(Self.record("firing"), pipeline: "p")
        #expect(board.alerts.count == 2 && board.openCount == 1)
    }

    @Test func whatIsNoAlertOfThisPipelineChangesNothing() {
        var board = AlertBoard()
        for data in [Data(), Data("{}".utf8), Data("[[[[".utf8), Self.record("firing", pipeline: "q")] {
            let isAlert = board.note(data, pipeline: "p")
            #expect(!isAlert)
        }
        // Its beginning was deleted by retention.
        let isAlert = board.note(Self.record("resolved"), pipeline: "p")
        #expect(isAlert)
        #expect(board.alerts.isEmpty)
    }

    @Test func whatIsOverGoesFirst() {
        var board = AlertBoard()
        board.note(Self.record("firing", "open"), pipeline: "p")
        for number in 0..<3 * AlertBoard.alertsMax {
            board.note(Self.record("firing", "\(number)"), pipeline: "p")
            board.note(Self.record("resolved", "\(number)"), pipeline: "p")
        }
        #expect(board.alerts.count == AlertBoard.alertsMax)
        #expect(board.alerts.first?.fingerprint == "open" && board.openCount == 1)
    }
}
