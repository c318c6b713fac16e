import Engine
import Foundation
import Histogram
import Kafka
import Synchronization

/// Reads outputs as they come and takes the time since each event was meant to be sent.
// SAFETY: `run` belongs to one thread; what others read is behind the mutex or atomic.
final class LatencyCollector: @unchecked Sendable {
    /// How an output says which event it is of.
    enum Identity {
        /// It stands in the same partition at the same offset.
        case sameOffset
        /// `riffle-origin` says it.
        case originHeader
    }

    private struct State {
        var count = 0
        var forgotten = 0
        /// By source partition: behind the highest offset of which an output has come.
        var heard: [Int64]
        var measureFrom = Int64.max
        var nanoseconds = LatencyCollector.makeHistogram()
        /// Since `takeInterval`.
        var interval = LatencyCollector.makeHistogram()
        /// `nil`: only their distribution is kept.
        var arrivals: [LatencyArrival]?
        var failure: KafkaFailure?
    }

    private let consumer: KafkaConsumer
    private let partitions: [KafkaPartition]
    private let buffer: UnsafeMutableBufferPointer<KafkaRecord>
    private let identity: Identity
    private let schedule: LatencySchedule
    private let state: Mutex<State>
    private let isStopRequested = Atomic<Bool>(false)
    private let delegate = BrokerWatch()
    /// The embedded cluster sleeps through the whole wait of an empty fetch.
    static let fetchWait = ["fetch.wait.max.ms": "1"]

    init(brokers: String, topic: String, partitions: Int, identity: Identity, schedule: LatencySchedule) throws {
        consumer = try KafkaConsumer(
            brokers: brokers, group: "riffle-latency", properties: KafkaProperties(Self.fetchWait))
        self.partitions = try consumer.read(
            (0..<Int32(partitions)).map { TopicPartition(topic: topic, partition: $0) },
            from: Array(repeating: 0, count: partitions))
        self.identity = identity
        self.schedule = schedule
        state = Mutex(State(heard: Array(repeating: 0, count: partitions)))
        buffer = .allocate(capacity: 1_024)
    }

    /// Of nanoseconds, up to ten minutes.
    static func makeHistogram() -> Histogram<UInt64> { Histogram(highestTrackableValue: 600_000_000_000) }

    deinit { buffer.deallocate() }

    /// Outputs of known events so far.
    var count: Int { state.withLock { $0.count } }
    var failure: KafkaFailure? { state.withLock { $0.failure } }
    /// Outputs of events that were sent too long ago for their time to be known; they are in `count`, too.
    var forgotten: Int { state.withLock { $0.forgotten } }

    /// Events that were sent behind the last of which an output has come, all partitions together.
    ///
    /// What is dropped or dead-lettered on the way counts no longer once a later event of its partition has come.
    var outstanding: Int {
        let sent = schedule.nextOffsets
        return state.withLock { state in zip(sent, state.heard).reduce(0) { $0 + Int(max(0, $1.0 - $1.1)) } }
    }

    /// What was measured since the last call, or the beginning.
    func takeInterval() -> Histogram<UInt64> {
        state.withLock { state in
            let interval = state.interval
            state.interval.reset()
            return interval
        }
    }

    /// Measures events from this number on.
    func beginMeasuring(after number: Int64) { state.withLock { $0.measureFrom = number } }

    /// Keeps every measured output by itself, from now on.
    func keepArrivals() { state.withLock { $0.arrivals = [] } }

    var arrivals: [LatencyArrival] { state.withLock { $0.arrivals ?? [] } }

    func requestStop() { isStopRequested.store(true, ordering: .relaxed) }

    func run() {
        while !isStopRequested.load(ordering: .relaxed) { step() }
        close()
    }

    /// Waits for something to arrive and takes it.
    func step() {
        consumer.wait(milliseconds: 20)
        for partition in partitions { take(partition) }
    }

    func close() { try? consumer.close(delegate) }

    private func take(_ partition: KafkaPartition) {
        while true {
            let taken = consumer.take(partition, max: buffer.count, into: buffer)
            if taken.count > 0 {
                measure(
                    UnsafeBufferPointer(rebasing: buffer[..<taken.count]), partition, at: schedule.clock.nanoseconds)
            }
            consumer.release(UnsafeBufferPointer(rebasing: buffer[..<taken.count]))
            if let failure = taken.failure, !failure.isRetriable { state.withLock { $0.failure = failure } }
            if taken.isDrained || taken.count == 0 { return }
        }
    }

    private func measure(_ records: UnsafeBufferPointer<KafkaRecord>, _ partition: KafkaPartition, at now: Int64) {
        schedule.withEntries { entry in
            state.withLock { state in
                for record in records {
                    guard let (partition, offset) = event(of: record, partition) else { continue }
                    let found = entry(partition, offset)
                    if found == .neverSent { continue }
                    state.count += 1
                    state.heard[partition] = max(state.heard[partition], offset + 1)
                    guard case .entry(let entry) = found else {
                        state.forgotten += 1
                        continue
                    }
                    if entry.number >= state.measureFrom {
                        let nanoseconds = UInt64(max(0, now - entry.intended))
                        _ = state.nanoseconds.record(nanoseconds)
                        _ = state.interval.record(nanoseconds)
                        state.arrivals?.append(LatencyArrival(intended: entry.intended, arrived: now))
                    }
                }
            }
        }
    }

    private func event(of record: KafkaRecord, _ partition: KafkaPartition) -> (Int, Int64)? {
        switch identity {
        case .sameOffset: return (Int(partition.partition), record.offset)
        case .originHeader:
            guard
                let text = record.withHeader(
                    named: "riffle-origin", { $0.map { String(decoding: $0, as: UTF8.self) } }),
                let origin = text.flatMap(DeadLetterOrigin.init)
            else { return nil }
            return (Int(origin.partition), origin.offset)
        }
    }

    /// Of what was measured so far.
    var result: LatencyBench.Result { state.withLock { LatencyBench.Result($0.nanoseconds) } }
}
