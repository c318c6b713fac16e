import CoreMetrics
import Foundation
import Kafka
import Synchronization
import Telemetry

/// One client's connections: librdkafka's statistics wait here until somebody looks, and are read only then.
final class KafkaClientMetrics: KafkaStatisticsSink {
    private let client: String
    private let registry: MetricRegistry
    private let throttledSeconds: FloatingPointCounter
    private let throttled = Atomic<UInt64>(0)
    private let state = Mutex(State())
    /// `nil`: statistics are not wanted.
    private let milliseconds: Int?

    private struct State {
        /// The newest that nobody has looked at; earlier ones are of no interest.
        var waiting: Data?
        var refused: UInt64 = 0
        var known: [String: KafkaStatistics.Broker] = [:]
        var brokersUp: Int?
    }

    init(_ client: String, _ registry: MetricRegistry, milliseconds: Int?) {
        self.client = client
        self.registry = registry
        self.milliseconds = milliseconds
        throttledSeconds = registry.fractions(.kafkaThrottledSeconds, client)
    }

    var statisticsMilliseconds: Int? { milliseconds }

    /// For which brokers have asked the client to wait.
    var throttledMilliseconds: UInt64 { throttled.load(ordering: .relaxed) }

    /// Brokers that the client was connected to when it reported last; `nil`: it has not yet, or does not.
    var brokersUp: Int? {
        refresh()
        return state.withLock { $0.brokersUp }
    }

    func didFail(_ failure: KafkaFailure) { registry.counter(.kafkaErrors, client, failure.name).increment() }

    func didThrottle(milliseconds: Int) {
        throttledSeconds.increment(by: Double(milliseconds) / 1_000)
        throttled.add(UInt64(max(0, milliseconds)), ordering: .relaxed)
    }

    func didReport(_ statistics: UnsafeRawBufferPointer) {
        let text = statistics.count <= KafkaStatistics.bytesMax ? Data(statistics) : nil
        state.withLock { state in
            if text == nil { state.refused += 1 } else { state.waiting = text }
        }
    }

    /// Takes up the newest statistics; before an exposition.
    func refresh() {
        let (text, refused) = state.withLock { state in
            defer { (state.waiting, state.refused) = (nil, 0) }
            return (state.waiting, state.refused)
        }
        if refused > 0 { registry.counter(.kafkaStatisticsRefused, client).increment(by: refused) }
        guard let text else { return }
        guard let statistics = KafkaStatistics(json: text) else {
            registry.counter(.kafkaStatisticsRefused, client).increment()
            return
        }
        let known = state.withLock { state in
            defer { state.known = Dictionary(statistics.brokers.map { ($0.name, $0) }) { first, _ in first } }
            return state.known
        }
        add(statistics, since: known)
    }

    private func add(_ statistics: KafkaStatistics, since known: [String: KafkaStatistics.Broker]) {
        let nodes = statistics.brokers.filter { $0.nodeID >= 0 && !$0.isCoordinator }
        registry.gauge(.kafkaBrokers, client).set(nodes.count)
        let up = nodes.count(where: \.isUp)
        registry.gauge(.kafkaBrokersUp, client).set(up)
        state.withLock { $0.brokersUp = up }
        func add(_ spec: MetricSpec, _ count: (KafkaStatistics.Broker) -> UInt64) {
            let sum = statistics.brokers.reduce(UInt64(0)) { sum, broker in
                let (now, before) = (count(broker), known[broker.name].map(count) ?? 0)
                return sum &+ (now > before ? now - before : 0)
            }
            if sum > 0 { registry.counter(spec, client).increment(by: sum) }
        }
        add(.kafkaDisconnects, \.disconnects)
        add(.kafkaRequestRetries, \.retries)
        add(.kafkaRequestTimeouts, \.timeouts)
        add(.kafkaRequestErrors, \.errors)
        // A coordinator that is found for the first time has not moved.
        add(.kafkaCoordinatorMoves) { broker in
            guard broker.isCoordinator, !broker.nodeName.isEmpty, let before = known[broker.name] else { return 0 }
            return before.nodeName.isEmpty || before.nodeName == broker.nodeName ? 0 : 1
        }
        if client == "producer" {
            registry.gauge(.producerQueueRecords).set(statistics.queuedRecords)
            registry.gauge(.producerQueueBytes).set(statistics.queuedBytes)
        }
    }
}
