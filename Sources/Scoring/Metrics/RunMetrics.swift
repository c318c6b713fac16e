import CoreMetrics
import Engine
import Foundation
import Kafka
import Synchronization
public import Telemetry

/// Everything that a run counts: the handles of `MetricCatalogue.riffle`, and their exposition.
///
/// Counting is an atomic addition; labels that are only known as they come (an error's code) are looked up under a lock,
/// on roads that are taken when something fails.
public final class RunMetrics: Sendable {
    public let registry: MetricRegistry
    let consumer: KafkaClientMetrics
    let producer: KafkaClientMetrics

    let offsetCommits: Counter
    let transactionsCommitted: Counter
    let transactionsAborted: Counter
    let transactionsStale: Counter
    let transactionsResent: Counter
    let transactionCommitSeconds: CoreMetrics.Timer
    private let produceFailures = Mutex<[Int32: Counter]>([:])
    let produceQueueFull: ReadableCounter
    let keepAlivePolls: Counter
    let partitionsAdded: Counter
    let orderGaps: Counter
    let metricsFileFailures: Counter
    let modelSwaps: Counter
    let modelSwapFailures: Counter
    let clock = ClockWatch()
    let engine: EngineMetrics

    /// - Parameters:
    ///   - topics: those of the plan's sources, in their order.
    ///   - statisticsMilliseconds: how often librdkafka is to report; `nil`: never.
    public init(pipeline: String, topics: [String], statisticsMilliseconds: Int? = nil) {
        let registry = MetricRegistry(.riffle, constantLabels: [(name: "pipeline", value: pipeline)])
        self.registry = registry
        consumer = KafkaClientMetrics("consumer", registry, milliseconds: statisticsMilliseconds)
        producer = KafkaClientMetrics("producer", registry, milliseconds: statisticsMilliseconds)
        offsetCommits = registry.counter(.offsetCommits)
        transactionsCommitted = registry.counter(.transactions, "committed")
        transactionsAborted = registry.counter(.transactions, "aborted")
        transactionsStale = registry.counter(.transactions, "stale")
        transactionsResent = registry.counter(.transactionsResent)
        transactionCommitSeconds = registry.timer(.transactionCommitSeconds)
        produceQueueFull = ReadableCounter(registry.counter(.produceQueueFull))
        keepAlivePolls = registry.counter(.keepAlivePolls)
        partitionsAdded = registry.counter(.partitionsAdded)
        orderGaps = registry.counter(.orderGaps)
        metricsFileFailures = registry.counter(.metricsFileFailures)
        modelSwaps = registry.counter(.modelSwaps)
        modelSwapFailures = registry.counter(.modelSwapFailures)
        engine = EngineMetrics(registry, topics: topics)
        registry.gauge(.startTimestamp).set(Date().timeIntervalSince1970.rounded(.down))
    }

    /// All metrics as they are now, in Prometheus' text format; from any thread.
    public func text() -> String {
        consumer.refresh()
        producer.refresh()
        engine.refreshAge()
        if let bytes = ResidentMemory.bytes { registry.gauge(.residentBytes).set(bytes) }
        return registry.text()
    }

    /// Brokers that the consumer was connected to when librdkafka reported last; `nil`: it has not yet. From any thread.
    public var brokersUp: Int? { consumer.brokersUp }

    /// The run is over: told to stop, or by this error.
    public func didStop(_ error: (any Error)?) {
        let reason = error.map { StopReason($0) } ?? .requested
        registry.counter(.stops, reason.rawValue).increment()
    }

    /// What the cluster has held up so far.
    var pressure: PressureWatch.Totals {
        PressureWatch.Totals(
            throttledMilliseconds: [
                "consumer": consumer.throttledMilliseconds, "producer": producer.throttledMilliseconds,
            ], queueFull: produceQueueFull.value)
    }

    /// By how many milliseconds the wall clock was set since the last call that noticed anything; `nil`: it was not.
    func clockStep() -> Int64? {
        guard let step = clock.step() else { return nil }
        didStepClock(by: step)
        return step
    }

    func didStepClock(by milliseconds: Int64) {
        registry.counter(.clockSteps, milliseconds > 0 ? "forward" : "backward").increment()
    }

    func didCommit(in duration: Duration) {
        transactionsCommitted.increment()
        let (seconds, attoseconds) = duration.components
        transactionCommitSeconds.recordNanoseconds(seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
    }

    // MARK: - Seldom: labels are looked up

    func didFailToCommit(_ failure: KafkaFailure) {
        registry.counter(.offsetCommitFailures, failure.name).increment()
    }

    func didDoubt(_ request: String) { registry.counter(.transactionDoubts, request).increment() }

    /// All records of a transaction may come back at once: names are looked up once a code.
    func didFailToDeliver(code: Int32) {
        let counter = produceFailures.withLock { counters in
            if let known = counters[code] { return known }
            let made = registry.counter(.produceFailures, KafkaFailure(code: code).name)
            counters[code] = made
            return made
        }
        counter.increment()
    }

    func didFailToRead(_ failure: KafkaFailure) {
        registry.counter(.partitionReadFailures, failure.name).increment()
    }

    func didFindTooLarge(_ kind: OutputKind) {
        let name =
            switch kind {
            case .score: "score"
            case .deadLetter: "dead-letter"
            case .order: "order"
            }
        registry.counter(.recordsTooLarge, name).increment()
    }

    enum Rebalance: String { case assigned, revoked, lost, stale }

    func didRebalance(_ kind: Rebalance, partitions: Int) {
        registry.counter(.rebalances, kind.rawValue).increment()
        registry.gauge(.partitionsAssigned).set(partitions)
    }
}
