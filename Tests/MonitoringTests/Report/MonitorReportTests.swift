import Drift
import Testing

@testable import Monitoring

@Suite struct MonitorReportTests {
    /// What a reader sees of the page's order: headings, captions, heads of tables.
    private static func outline(_ page: String) -> [String] {
        page.matches(of: /<(h2|h3|figcaption|summary)[^>]*>(?:<bdi>)?([^<]*)/).map { match in
            "\(match.1) \(match.2)"
        }
    }

    @Test func theOrderOfThePage() {
        let outline = Self.outline(ReportWorld.page(of: ReportWorld.moved))
        let told = ["figcaption Distribution during the alert", "figcaption Median, and 5 % to 95 %"]
        let head = [
            "h2 All scores", "figcaption Evidence of all series together", "figcaption Scores in 1 min",
            "summary Figures", "h2 Series",
        ]
        #expect(Array(outline.prefix(head.count)) == head)
        // Those that were told come first; each has its pictures, and a table behind them.
        let first = outline.dropFirst(head.count)
        let rest = ["figcaption Evidence", "summary Figures"]
        for name in ["risk", "score"] {
            let place = first.firstIndex(of: "h3 \(name)") ?? outline.endIndex
            #expect(Array(outline[place...].dropFirst().prefix(4)) == told + rest, "\(name): \(outline)")
        }
        #expect(first.contains("figcaption Share of kiosk over time") == false)
        #expect(outline.filter { $0.hasPrefix("h3 ") }.count == PaymentMonitor.plan.series.count)
        #expect(first.filter { $0 == "figcaption Evidence" }.count == PaymentMonitor.plan.series.count)
    }

    @Test func theSummarySaysWhatMovedAndWhy() throws {
        let monitor = ReportWorld.moved
        let page = ReportWorld.page(of: monitor)
        let history = try #require(monitor.history)
        let episodes = AlertEpisode.all(of: history.alerts)
        #expect(!episodes.isEmpty)
        #expect(page.contains("<p class=verdict>\(episodes.count) alerts, "))
        let score = try #require(episodes.first { $0.first.series == "score" })
        #expect(score.endedAt != nil)
        let cause = try #require(score.first.causes.first)
        #expect(page.contains("<bdi>\(cause.series)</bdi>: \(ReportText.effect(cause.effect))"))
        #expect(page.contains("30,000, 2025-01-01 00:00 to 2025-01-01 04:10 UTC"))
        #expect(page.contains("<dt>From<dd>scores\n"), "no path of the machine")
        #expect(page.contains("sha256:0123456789abcdef: 30,000"))
        #expect(page.contains("class=\"mark firing\"") && page.contains("class=\"mark resolved\""))
    }

    @Test func aPageWithoutAlertsSaysSo() {
        let page = ReportWorld.page(of: ReportWorld.quiet)
        #expect(page.contains("<p class=verdict>No alert.</p>"))
        #expect(!page.contains("class=\"mark"))
    }

    @Test func itIsTheSameHoweverRowsAreCutIntoBatches() {
        let scores = PaymentScores(seed: 5, change: .risk, from: 3_000)
        let pages = [1_000, 333, 9_000].map { size in
            ReportWorld.page(of: ReportWorld.watch(scores, events: 9_000, batch: size))
        }
        #expect(pages[0] == pages[1] && pages[1] == pages[2])
        #expect(pages[0].utf8.count > 10_000)
    }

    @Test func withoutAHistoryThereIsNoReport() {
        let monitor = DriftMonitor(plan: PaymentMonitor.plan, lanes: [MonitorLane(topic: "scores", partition: 0)])
        #expect(MonitorReport(monitor) == nil)
    }

    @Test func nothingIsAPageToo() {
        let monitor = DriftMonitor(plan: PaymentMonitor.plan, lanes: [MonitorLane(topic: "scores", partition: 0)])
        monitor.keepHistory()
        _ = monitor.finish()
        #expect(ReportWorld.page(of: monitor).contains("No alert."))
    }

    /// Every series is shown or counted, whatever is watched and however it is called; and the page is not longer than it may.
    @Test(arguments: [20, 200, 500])
    func manySeriesOfHostileNamesAreBounded(count: Int) throws {
        let names = (0..<count).map { place in
            "f\(place)</td><script>alert(\"\(place)\")</script>&" + String(repeating: "<\u{202E}", count: 60)
        }
        let plan = try ReportWorld.plan(features: names)
        let monitor = DriftMonitor(plan: plan, lanes: [MonitorLane(topic: "<b>&", partition: 0)])
        monitor.keepHistory()
        let history = try #require(monitor.history)
        for (index, name) in names.enumerated() {
            for bucket in 0..<60 {
                let cells = (0..<plan.series[index].cellCount).map { $0 % 61 == bucket ? 7 : 0 }
                let start = PaymentScores.start + Int64(bucket) * history.bucketMicroseconds
                history.take(index, cells: cells, start: start, evidence: Double(index) * 1e3)
            }
            history.take(ReportWorld.alert(name, at: PaymentScores.start + Int64(index) * 1_000_000))
        }
        let page = ReportWorld.page(of: monitor)
        #expect(page.utf8.count <= MonitorReport.bytesMax, "\(page.utf8.count)")
        #expect(!page.contains("<script") && !page.contains("\u{202E}") && !page.contains("<b>&"))
        // Told first of those that are still known.
        let first = max(0, count - MonitorHistory.alertsMax)
        #expect(page.contains("<h3><bdi>f\(first)&lt;/td&gt;&lt;script&gt;alert(&quot;\(first)&quot;)"))
        let shown = page.matches(of: /<h3><bdi>f\d+/).count
        let lines = page.matches(of: /<tr><td><bdi>f\d+/).count
        let left = page.firstMatch(of: /and (\d+) with less evidence/).flatMap { Int($0.1) } ?? 0
        #expect(shown > 3 && shown + lines + left == count, "\(shown) shown, \(lines) lines, \(left) left out")
    }
}
