import Logging
import Testing

@testable import Engine
@testable import Features
@testable import Scoring

/// What is told of brokers that throttle and of a full queue, and how often.
@Suite struct PressureWatchTests {
    private static let second: Int64 = 1_000_000_000

    @Test func eachKindIsToldAtOnceAndThenEveryTenSeconds() {
        var watch = PressureWatch()
        var totals = PressureWatch.Totals(throttledMilliseconds: ["consumer": 0, "producer": 0])
        #expect(watch.lines(totals, now: 0).isEmpty)
        totals.throttledMilliseconds["producer"] = 250
        #expect(watch.lines(totals, now: 1) == [.throttled(client: "producer", milliseconds: 250)])
        totals.throttledMilliseconds["producer"] = 1_000
        totals.queueFull = 3
        #expect(watch.lines(totals, now: 2) == [.queueFull(times: 3)])
        totals.throttledMilliseconds["consumer"] = 7
        totals.queueFull = 8
        #expect(watch.lines(totals, now: 10 * Self.second) == [.throttled(client: "consumer", milliseconds: 7)])
        #expect(
            watch.lines(totals, now: 10 * Self.second + 2) == [
                .throttled(client: "producer", milliseconds: 750), .queueFull(times: 5),
            ])
        // What is over is not told again.
        #expect(watch.lines(totals, now: 100 * Self.second).isEmpty)
    }

    /// In the log: what it means, and how to mend it; also where no metrics are asked for.
    @Test func theLogSaysWhatHoldsTheStreamUp() {
        let lines = LoggedLines()
        let metrics = RunMetrics(pipeline: "p", topics: ["t"])
        let journal = RunJournal(
            lines.logger, metrics: metrics, ends: { _, _ in nil }, passingOnTo: nil)
        let books = StreamBooks(
            epoch: 1, lanes: [], isClosed: false, deadLetters: DeadLetterCounts(), explanations: ExplanationCounts(),
            state: FeatureStateStatistics())
        metrics.consumer.didThrottle(milliseconds: 1_250)
        metrics.produceQueueFull.increment()
        metrics.produceQueueFull.increment()
        journal.didBalance(books)
        metrics.produceQueueFull.increment()
        journal.didBalance(books)
        #expect(
            lines.all == [
                "notice brokers throttle this client, and the stream waits: its user or client.id is over a quota; raise "
                    + "that, or bring less [client=consumer seconds=1.25]",
                "notice the producer's queue is full, and the stream waits: brokers take less than comes in; look at "
                    + "their disk, network and quotas, at compression.type and at output.features [times=2]",
            ])
    }
}
