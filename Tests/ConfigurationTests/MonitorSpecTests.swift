import Diagnostics
import Events
import Testing

@testable import Configuration

@Suite struct MonitorSpecTests {
    @Test func everythingWritten() throws {
        let file = try GoldenCase.named("valid-monitor").load()
        #expect(file.diagnostics.isEmpty)
        let spec = try #require(file.spec)
        let monitor = try #require(spec.monitor)
        #expect(monitor.topic.value == "card.drift" && monitor.closingsTopic == "card.drift-closings")
        #expect(monitor.reference.value == "reference.json" && monitor.referencePath == "reference.json")
        #expect(monitor.eventsPerFalseAlarm == 1e7)
        let watch = monitor.watch
        #expect(!watch.isAll && watch.includesScore && !watch.includesDecisions && watch.includesQuality)
        #expect(watch.features == ["customer_tx_7d"] && watch.fields == ["channel", "country"])
        #expect(monitor.segments.map(\.value) == ["online", "channel"] && monitor.segmentValuesMax == 5)
        #expect(monitor.bucketMicroseconds == 300_000_000 && monitor.lateMicroseconds == 600_000_000)
        #expect(monitor.idleAfterMicroseconds == 60_000_000 && monitor.windowMicroseconds == 7_200_000_000)
        #expect(monitor.resolveAfterEvents == 20_000 && monitor.cooldownMicroseconds == 3_600_000_000)
        #expect(monitor.tolerance == 1.5)
        #expect(monitor.freshnessMicroseconds == 600_000_000 && monitor.lagMicroseconds == 30_000_000)
        #expect(monitor.rate.below?.perHour == 6_000 && monitor.rate.above?.perHour == 1e6)
        #expect(monitor.runbookURL == "https://example.com/runbooks/drift")
        let labels = try #require(monitor.labels)
        #expect(spec.sources[labels.source].name.value == "labels")
        #expect(labels.join.index == FieldIndex(0) && labels.positive.index == FieldIndex(2))
        #expect(labels.withinMicroseconds == 60 * 86_400_000_000 && labels.pendingMax == 50_000)
        #expect(labels.windowMicroseconds == 7 * 86_400_000_000 && labels.card == "country")
        #expect(labels.topic == "card.performance")
    }

    @Test func standardsHoldWhereNothingIsWritten() throws {
        let file = try GoldenCase.named("valid-monitor-small").load(path: "pipelines/p.yaml")
        let spec = try #require(file.spec)
        let monitor = try #require(spec.monitor)
        #expect(monitor.closingsTopic == "card.drift.closings" && monitor.referencePath == "pipelines/reference.json")
        #expect(monitor.eventsPerFalseAlarm == 1e6 && monitor.segments.isEmpty && monitor.segmentValuesMax == 20)
        // Without a model there is no score to be watched.
        #expect(monitor.watch.isAll && !monitor.watch.includesScore && monitor.watch.includesDecisions)
        #expect(
            monitor.watch.features == ["amount", "customer_tx_7d"] && monitor.watch.fields == ["channel", "online"])
        #expect(monitor.bucketMicroseconds == 60_000_000 && monitor.lateMicroseconds == 60_000_000)
        #expect(monitor.idleAfterMicroseconds == 30_000_000 && monitor.windowMicroseconds == 3_600_000_000)
        #expect(monitor.labels == nil && monitor.resolveAfterEvents == 10_000 && monitor.tolerance == 1.25)
        #expect(monitor.cooldownMicroseconds == 600_000_000 && monitor.runbookURL == nil)
        #expect(monitor.freshnessMicroseconds == nil && monitor.lagMicroseconds == nil)
        #expect(monitor.rate.below == nil && monitor.rate.above == nil)
        #expect(spec.output.fields.map(\.name.value) == ["channel", "online"])
        let none = try GoldenCase.named("valid-small").load()
        #expect(none.spec?.monitor == nil && none.spec?.output.fields.isEmpty == true)
    }

    @Test(
        arguments: [
            ("1 per 1_000_000 events", 1_000_000), ("1 per 1000 events", 1_000),
            ("1  per  1_000_000_000_000 events", 1_000_000_000_000),
        ] as [(String, Int64)])
    func budgets(text: String, events: Int64) throws { #expect(try FalseAlarmBudget(text).events == events) }

    @Test(arguments: [
        ("1 per 999 events", FalseAlarmBudget.Failure.outOfRange), ("1 per 1_000_000_000_001 events", .outOfRange),
        ("1 per 99999999999999999999 events", .outOfRange), ("2 per 10_000 events", .several(events: 5_000)),
        ("2 per 1_000 events", .notABudget), ("0 per 1_000 events", .notABudget), ("-1 per 1_000 events", .notABudget),
        ("1 per 1e6 events", .notABudget), ("1 per 1.5 events", .notABudget), ("1 per 30d", .notABudget),
        ("1_000_000", .notABudget), ("1 per 1_000 alarms", .notABudget), ("", .notABudget),
    ])
    func whatIsNoBudget(text: String, failure: FalseAlarmBudget.Failure) {
        #expect(throws: failure) { try FalseAlarmBudget(text) }
    }

    @Test func rates() throws {
        #expect(EventRate("100 per 1m")?.perHour == 6_000)
        for text in ["100 per 1ms", "100 per 8d", "0 per 1m", "100 per m", "100", "1.5 per 1m", "100 per 1m more", ""] {
            #expect(EventRate(text) == nil, "\(text)")
        }
        let most = try #require(EventRate("1_000_000_000_000 per 1s"))
        let least = try #require(EventRate("1 per 7d"))
        #expect(most.isAbove(least) && !least.isAbove(most) && !most.isAbove(most))
    }
}
