import CoreMetrics
import Events
import Foundation
import Kafka
import Telemetry
import Testing

@testable import Engine
@testable import Features
@testable import Scoring

/// From what happens to what is exposed.
@Suite struct RunMetricsTests {
    private static func failure(_ code: Int32) -> KafkaFailure { KafkaFailure(code: code) }

    private static func statistics(
        node: String = "a:1", disconnects: Int = 0, retries: Int = 0, timeouts: Int = 0, errors: Int = 0
    ) -> String {
        """
        {"msg_cnt":5,"msg_size":500,"brokers":{"a:1/1":{"nodeid":1,"source":"learned","state":"UP",
        "disconnects":\(disconnects),"txretries":\(retries),"req_timeouts":\(timeouts),"txerrs":\(errors)},
        "b:1/2":{"nodeid":2,"source":"learned","state":"DOWN"},"c:1/bootstrap":{"nodeid":-1,"state":"UP"},
        "GroupCoordinator":{"nodeid":1,"nodename":"\(node)","source":"logical","state":"UP"}}}
        """
    }

    private static func report(_ client: KafkaClientMetrics, _ text: String) {
        Array(text.utf8).withUnsafeBytes { client.didReport($0) }
    }

    /// Every fault once; a metric that nothing here moves is one that nobody counts.
    @Test func everyMetricOfTheCatalogueIsMoved() {
        let metrics = RunMetrics(pipeline: "p", topics: ["t"], statisticsMilliseconds: 1_000)
        Self.tellEverything(to: metrics)
        let moved = MovedMetrics(metrics.text())
        for spec in MetricCatalogue.riffle.specs {
            #expect(moved.names.contains(spec.name), "\(spec.name) is declared, and nothing counts it")
        }
        #expect(moved.names.subtracting(MetricCatalogue.riffle.specs.map(\.name)).isEmpty)
    }

    private static func tellEverything(to metrics: RunMetrics) {
        for client in [metrics.consumer, metrics.producer] {
            client.didFail(failure(-195))
            client.didThrottle(milliseconds: 250)
            report(client, statistics())
            _ = metrics.text()
            report(client, statistics(node: "b:1", disconnects: 1, retries: 2, timeouts: 3, errors: 4))
            _ = metrics.text()
            report(client, "no statistics")
            client.refresh()
        }
        metrics.offsetCommits.increment()
        metrics.didCommit(in: .milliseconds(30))
        metrics.transactionsResent.increment()
        metrics.transactionsAborted.increment()
        metrics.produceQueueFull.increment()
        metrics.keepAlivePolls.increment()
        metrics.partitionsAdded.increment()
        metrics.orderGaps.increment()
        metrics.metricsFileFailures.increment()
        metrics.modelSwaps.increment()
        metrics.modelSwapFailures.increment()
        metrics.didFailToCommit(failure(22))
        metrics.didDoubt("commit")
        metrics.didFailToDeliver(code: -192)
        metrics.didFailToRead(failure(6))
        metrics.didFindTooLarge(.score)
        metrics.didRebalance(.assigned, partitions: 2)
        metrics.didStepClock(by: -5_000)
        metrics.didStop(nil)
        metrics.engine.didScore(BareBatch.make([BareBatch.Row(recordTime: 1_000)]), now: 5_000)
        for notice in Self.notices { metrics.engine.didNotice(notice) }
        metrics.engine.didBalance(Self.books(epoch: 1, count: 7)) { _, _ in 1_000 }
    }

    private static let notices: [EngineNotice] = [
        .restoring(from: .snapshot(3), offsets: 1_000), .restored(offsets: 400, of: 1_000, events: 380),
        .incomplete(IncompleteState(features: [IncompleteState.Feature(name: "f", wholeFrom: 1)], logFrom: 0)),
        .restoreFinished(nanoseconds: 2_000_000_000, isWhole: false), .snapshotRefused(name: "s", reason: "r"),
        .snapshotWritten(sequence: 1, bytes: 1_000, nanoseconds: 1_000_000), .snapshotFailed(reason: "r"),
        .carefulRestart(offsets: 3), .quarantined(lane: "t/0", offset: 4), .assignmentStale,
    ]

    private static func books(
        epoch: UInt64, count: UInt64, partitions: [Int32] = [0, 1], isClosed: Bool = false
    ) -> StreamBooks {
        var state = FeatureStateStatistics()
        (state.keys, state.bytes, state.keysEvicted, state.eventsForgotten) = (11, 1_100, count, count)
        var letters = DeadLetterCounts()
        for _ in 0..<count { letters.add(.invalidTime) }
        var explanations = ExplanationCounts()
        (explanations.explained, explanations.skipped) = (count, count)
        var times = PhaseTimes()
        (times.decode, times.features, times.send) = (Int64(count) * 1_000_000_000, 500_000_000, 1)
        return StreamBooks(
            epoch: epoch,
            lanes: partitions.map { partition in
                var account = LaneAccount(topic: "t", partition: partition)
                (account.consumed, account.scored, account.deadLettered) = (count, count, count)
                (account.absorbed, account.late) = (count, count)
                (account.waits.begun, account.waits.expired) = (count, count)
                account.waits.nanoseconds = Int64(count) * 500_000_000
                (account.lateDropped, account.muted, account.released, account.gaps) = (count, count, count, count)
                return StreamBooks.Lane(
                    account: account, inFlight: 3, finishedOffset: 900,
                    availableTime: EventTime(microseconds: 1_500_000))
            }, isClosed: isClosed, deadLetters: letters, explanations: explanations, state: state, times: times)
    }

    private static func value(_ metrics: RunMetrics, _ series: String) -> String? {
        let line = metrics.text().split(separator: "\n").first { $0.hasPrefix(series + " ") }
        return line.map { String($0.dropFirst(series.count + 1)) }
    }

    @Test func booksOfSeveralAssignmentsAddUp() {
        let metrics = RunMetrics(pipeline: "p", topics: ["t"])
        let first = #"riffle_events_consumed_total{pipeline="p",topic="t",partition="0"}"#
        let lag = #"riffle_consumer_lag_offsets{pipeline="p",topic="t",partition="0"}"#
        metrics.engine.didBalance(Self.books(epoch: 1, count: 4)) { _, partition in partition == 0 ? 950 : nil }
        #expect(Self.value(metrics, first) == "4")
        #expect(Self.value(metrics, lag) == "50")
        #expect(Self.value(metrics, lag.replacing("\"0\"", with: "\"1\"")) == nil)
        metrics.engine.didBalance(Self.books(epoch: 1, count: 9, isClosed: true)) { _, _ in 950 }
        #expect(Self.value(metrics, first) == "9")
        // What belongs to another instance now has no lag here.
        #expect(Self.value(metrics, lag) == nil)
        // Accounts begin anew with each assignment; the run's own counts do not.
        metrics.engine.didBalance(Self.books(epoch: 2, count: 10, partitions: [1])) { _, _ in 10 }
        #expect(Self.value(metrics, first) == "9")
        #expect(Self.value(metrics, first.replacing("\"0\"", with: "\"1\"")) == "19")
        #expect(Self.value(metrics, #"riffle_dead_letters_total{pipeline="p",topic="t",code="invalid-time"}"#) == "10")
        let late = #"riffle_events_late_total{pipeline="p",topic="t",partition="1"}"#
        #expect(Self.value(metrics, late) == "19")
        let waited = late.replacing("events_late", with: "merge_wait_seconds")
        #expect(Self.value(metrics, waited) == "9.5")
        let time = late.replacing("events_late_total", with: "available_timestamp_seconds")
        #expect(Self.value(metrics, time) == "1.5")
        #expect(Self.value(metrics, time.replacing("\"1\"", with: "\"0\"")) == nil)
        // Behind the end that was heard last: what is finished since then is no negative lag.
        #expect(Self.value(metrics, lag.replacing("\"0\"", with: "\"1\"")) == "0")
    }

    /// Only what is scored now has a latency: not what is muted, absorbed or at fault, nor what has no timestamp.
    @Test func latenciesAreThoseOfScores() {
        let metrics = RunMetrics(pipeline: "p", topics: ["t"])
        let rows = [
            BareBatch.Row(recordTime: 1_000_000), BareBatch.Row(recordTime: 996_000), BareBatch.Row(),
            BareBatch.Row(recordTime: 1_001_000), BareBatch.Row(disposition: .muted, recordTime: 0),
            BareBatch.Row(disposition: .absorbed, recordTime: 0),
            BareBatch.Row(disposition: .fault, recordTime: 0, fault: .tombstone),
        ]
        metrics.engine.didScore(BareBatch.make(rows), now: 1_000_500)
        func bucket(_ bound: String) -> String? {
            Self.value(metrics, #"riffle_event_to_score_seconds_bucket{pipeline="p",le="\#(bound)"}"#)
        }
        // A producer whose clock is ahead waits for nothing.
        #expect(bucket("0.001") == "2" && bucket("0.002") == "2" && bucket("0.005") == "3" && bucket("+Inf") == "3")
        #expect(Self.value(metrics, #"riffle_event_to_score_seconds_sum{pipeline="p"}"#) == "0.005")
        #expect(Self.value(metrics, #"riffle_batch_events_sum{pipeline="p"}"#) == "7")
    }

    @Test func phasesCountWhatWasSpentSinceTheLastBooks() {
        let metrics = RunMetrics(pipeline: "p", topics: ["t"])
        for count in [3, 8] as [UInt64] {
            metrics.engine.didBalance(Self.books(epoch: 1, count: count)) { _, _ in nil }
        }
        func seconds(_ phase: String) -> String? {
            Self.value(metrics, #"riffle_phase_seconds_total{pipeline="p",phase="\#(phase)"}"#)
        }
        #expect(seconds("decode") == "8" && seconds("features") == "0.5" && seconds("encode") == "0")
    }

    @Test func statisticsCountFromWhatWasSeenLast() {
        let metrics = RunMetrics(pipeline: "p", topics: ["t"], statisticsMilliseconds: 1)
        func retries() -> String? {
            Self.value(metrics, #"riffle_kafka_request_retries_total{pipeline="p",client="consumer"}"#)
        }
        func moves() -> String? {
            Self.value(metrics, #"riffle_kafka_coordinator_moves_total{pipeline="p",client="consumer"}"#)
        }
        Self.report(metrics.consumer, Self.statistics(node: "", retries: 3))
        #expect(retries() == "3")
        Self.report(metrics.consumer, Self.statistics(node: "a:1", retries: 3))
        #expect((retries(), moves()) == ("3", "0"))
        // Of two that nobody has looked at the newer one counts.
        Self.report(metrics.consumer, Self.statistics(node: "b:1", retries: 4))
        Self.report(metrics.consumer, Self.statistics(node: "b:1", retries: 9))
        #expect((retries(), moves()) == ("9", "1"))
        Self.report(metrics.consumer, Self.statistics(node: "b:1", retries: 1))
        #expect((retries(), moves()) == ("9", "1"))
        #expect(Self.value(metrics, #"riffle_kafka_brokers{pipeline="p",client="consumer"}"#) == "2")
        #expect(Self.value(metrics, #"riffle_kafka_brokers_up{pipeline="p",client="consumer"}"#) == "1")
    }

    @Test func tooLongStatisticsAreRefusedAndCounted() {
        let metrics = RunMetrics(pipeline: "p", topics: ["t"], statisticsMilliseconds: 1)
        let long = [UInt8](repeating: 0x20, count: KafkaStatistics.bytesMax + 1)
        long.withUnsafeBytes { metrics.producer.didReport($0) }
        let refused = #"riffle_kafka_statistics_refused_total{pipeline="p",client="producer"}"#
        #expect(Self.value(metrics, refused) == "1")
        #expect(Self.value(metrics, refused) == "1")
    }

    @Test func clientsReportOnlyWhereItIsAskedFor() {
        #expect(RunMetrics(pipeline: "p", topics: ["t"]).consumer.statisticsMilliseconds == nil)
        let asked = RunMetrics(pipeline: "p", topics: ["t"], statisticsMilliseconds: 5)
        #expect(asked.producer.statisticsMilliseconds == 5)
    }

    @Test(arguments: [
        (KafkaFailure(code: 1) as any Error, StopReason.offsetOutOfRange), (KafkaFailure(code: 29), .notAuthorized),
        (KafkaFailure(code: -192), .notDelivered), (KafkaFailure(code: -144), .fenced),
        (KafkaFailure(code: -195), .kafka), (OrderUnreadable(topic: "t", milliseconds: 1), .order),
        (IncompleteState(features: [], logFrom: 0), .incompleteState), (RunFailure("x"), .other),
    ])
    func whyARunEnded(error: any Error, reason: StopReason) {
        #expect(StopReason(error) == reason)
        let metrics = RunMetrics(pipeline: "p", topics: ["t"])
        metrics.didStop(error)
        #expect(Self.value(metrics, #"riffle_stops_total{pipeline="p",reason="\#(reason.rawValue)"}"#) == "1")
    }
}

/// Names of metrics with a sample that is not 0; of gauges, which are not shown before they are set, with any.
struct MovedMetrics {
    private(set) var names: Set<String> = []

    init(_ text: String) {
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            let name = String(line.prefix { $0 != "{" && $0 != " " })
            let isGauge = MetricCatalogue.riffle[name]?.kind == .gauge
            guard let value = line.split(separator: " ").last.flatMap({ Double($0) }), isGauge || value != 0 else {
                continue
            }
            if name.hasSuffix("_bucket") || name.hasSuffix("_sum") { continue }
            names.insert(name.hasSuffix("_count") ? String(name.dropLast(6)) : name)
        }
    }
}
