import CoreMetrics
import Engine
import Events
import Features
import Foundation
import Synchronization
import Telemetry

/// From what an engine tells to metrics.
// SAFETY: what is not constant belongs to the engine's thread, but for the time of the last snapshot, which is atomic.
final class EngineMetrics: @unchecked Sendable {
    private let registry: MetricRegistry
    private let batchEvents: Recorder
    private let eventToScore: DurationCounts
    private let phases: [(seconds: FloatingPointCounter, of: KeyPath<PhaseTimes, Int64>)]
    private var times = PhaseTimes()
    private let snapshotsWritten: Counter
    private let snapshotSeconds: CoreMetrics.Timer
    private let clock = MonotonicClock()
    /// Of the last snapshot, or of the start.
    private let lastSnapshot: Atomic<Int64>
    private var epoch: UInt64 = 0
    private var lanes: [LaneMetrics] = []
    /// The topics of the plan's sources, and by source and code what is counted of each.
    private let topics: [String]
    private var deadLetters: [Int: [String: UInt64]] = [:]
    private var restoreOffsets: Int64 = 0
    private let explained: RisingCounter
    private let explanationsSkipped: RisingCounter
    private let keysEvicted: RisingCounter
    private let eventsForgotten: RisingCounter
    private let stateKeys: Meter
    private let stateBytes: Meter

    init(_ registry: MetricRegistry, topics: [String]) {
        self.registry = registry
        self.topics = topics
        batchEvents = registry.histogram(.batchEvents)
        eventToScore = registry.durations(.eventToScore)
        let paths: [(String, KeyPath<PhaseTimes, Int64>)] = [
            ("decode", \.decode), ("features", \.features), ("score", \.score), ("encode", \.encode), ("send", \.send),
        ]
        phases = paths.map { (registry.fractions(.phaseSeconds, $0), $1) }
        snapshotsWritten = registry.counter(.snapshotsWritten)
        snapshotSeconds = registry.timer(.snapshotSeconds)
        lastSnapshot = Atomic(clock.nanoseconds)
        explained = RisingCounter(registry.counter(.eventsExplained))
        explanationsSkipped = RisingCounter(registry.counter(.explanationsSkipped))
        keysEvicted = RisingCounter(registry.counter(.stateKeysEvicted))
        eventsForgotten = RisingCounter(registry.counter(.stateEventsForgotten))
        stateKeys = registry.gauge(.stateKeys)
        stateBytes = registry.gauge(.stateBytes)
    }

    /// Before an exposition; from any thread.
    func refreshAge() {
        let age = clock.nanoseconds - lastSnapshot.load(ordering: .relaxed)
        registry.gauge(.snapshotAge).set(Double(age / 1_000_000) / 1_000)
    }

    // MARK: - On the engine's thread

    /// Complexity: a look at each event's record time, a few atomic additions a batch.
    ///
    /// - Parameter now: in microseconds since 1970.
    func didScore(_ context: BatchContext, now: Int64) {
        let (batch, dispositions) = (context.batch, context.frame.dispositions)
        batchEvents.record(batch.count)
        for row in 0..<batch.count where dispositions[row] == .score {
            let sent = batch.recordTimes[row]
            if sent != .min { eventToScore.add(microseconds: now &- sent) }
        }
        eventToScore.flush()
    }

    /// - Parameter ends: the end of a partition, as far as it is known.
    func didBalance(_ books: StreamBooks, ends: (String, Int32) -> Int64?) {
        if books.epoch != epoch {
            epoch = books.epoch
            for lane in lanes { lane.hide() }
            lanes = books.lanes.map { LaneMetrics($0.account, registry) }
        }
        for (lane, metrics) in zip(books.lanes, lanes) {
            metrics.add(lane, end: books.isClosed ? nil : ends(lane.account.topic, lane.account.partition))
        }
        if books.isClosed {
            for lane in lanes { lane.hide() }
            lanes = []
            epoch = 0
        }
        books.deadLetters.forEach { source, code, count in
            let known = deadLetters[source]?[code] ?? 0
            if count > known { registry.counter(.deadLetters, topics[source], code).increment(by: count - known) }
            deadLetters[source, default: [:]][code] = count
        }
        for (seconds, path) in phases {
            seconds.increment(by: Double(books.times[keyPath: path] - times[keyPath: path]) / 1e9)
        }
        times = books.times
        explained.rise(to: books.explanations.explained)
        explanationsSkipped.rise(to: books.explanations.skipped)
        keysEvicted.rise(to: books.state.keysEvicted)
        eventsForgotten.rise(to: books.state.eventsForgotten)
        stateKeys.set(books.state.keys)
        stateBytes.set(books.state.bytes)
    }

    func didNotice(_ notice: EngineNotice) {
        switch notice {
        case .restoring(let source, let offsets):
            if let name = Self.name(source) { registry.counter(.restores, name).increment() }
            restoreOffsets = offsets
            registry.gauge(.restoreOffsets).set(offsets)
            registry.gauge(.restoreOffsetsDone).set(0)
        case .restored(let offsets, let total, _):
            restoreOffsets = total
            registry.gauge(.restoreOffsets).set(total)
            registry.gauge(.restoreOffsetsDone).set(offsets)
        case .restoreFinished(let nanoseconds, _): didRestore(nanoseconds)
        case .incomplete(let state):
            registry.counter(.incompleteStarts).increment()
            registry.gauge(.incompleteFeatures).set(state.features.count)
        case .snapshotRefused: registry.counter(.snapshotsRefused).increment()
        case .snapshotWritten(_, let bytes, let nanoseconds): didSave(bytes: bytes, nanoseconds)
        case .snapshotFailed: registry.counter(.snapshotsFailed).increment()
        case .carefulRestart: registry.counter(.carefulRestarts).increment()
        case .quarantined: registry.counter(.quarantined).increment()
        case .assignmentStale: registry.counter(.rebalances, RunMetrics.Rebalance.stale.rawValue).increment()
        // Counted by its code where it failed.
        case .commitRefused: break
        }
    }

    private func didRestore(_ nanoseconds: Int64) {
        registry.timer(.restoreSeconds).recordNanoseconds(nanoseconds)
        registry.gauge(.restoreOffsetsDone).set(restoreOffsets)
    }

    private func didSave(bytes: Int, _ nanoseconds: Int64) {
        snapshotsWritten.increment()
        snapshotSeconds.recordNanoseconds(nanoseconds)
        registry.gauge(.snapshotBytes).set(bytes)
        registry.gauge(.snapshotTimestamp).set((Date().timeIntervalSince1970 * 1_000).rounded() / 1_000)
        lastSnapshot.store(clock.nanoseconds, ordering: .relaxed)
    }

    /// `nil`: nothing is rebuilt.
    private static func name(_ source: RestoreSource) -> String? {
        switch source {
        case .memory: nil
        case .snapshot: "snapshot"
        case .horizon: "horizon"
        case .wholeLog: "whole-log"
        }
    }
}

/// One partition's metrics in one assignment.
private final class LaneMetrics {
    private let consumed, scored, absorbed, deadLettered, lateDropped, muted, released, skipped, late: RisingCounter
    private let waits, waitsExpired: RisingCounter
    private let waitSeconds: FloatingPointCounter
    private var waitNanoseconds: Int64 = 0
    private let inFlight: Meter
    private let lag: Meter
    private let availableTime: Meter

    init(_ account: LaneAccount, _ registry: MetricRegistry) {
        let (topic, partition) = (account.topic, "\(account.partition)")
        func counter(_ spec: MetricSpec) -> RisingCounter { RisingCounter(registry.counter(spec, topic, partition)) }
        consumed = counter(.eventsConsumed)
        scored = counter(.eventsScored)
        absorbed = counter(.eventsAbsorbed)
        deadLettered = counter(.eventsDeadLettered)
        lateDropped = counter(.eventsLateDropped)
        muted = counter(.eventsMuted)
        released = counter(.eventsReleased)
        skipped = counter(.offsetsSkipped)
        late = counter(.eventsLate)
        waits = counter(.mergeWaits)
        waitsExpired = counter(.mergeWaitsExpired)
        waitSeconds = registry.fractions(.mergeWaitSeconds, topic, partition)
        inFlight = registry.gauge(.eventsInFlight, topic, partition)
        lag = registry.gauge(.consumerLag, topic, partition)
        availableTime = registry.gauge(.availableTime, topic, partition)
    }

    func add(_ lane: StreamBooks.Lane, end: Int64?) {
        consumed.rise(to: lane.account.consumed)
        scored.rise(to: lane.account.scored)
        absorbed.rise(to: lane.account.absorbed)
        deadLettered.rise(to: lane.account.deadLettered)
        lateDropped.rise(to: lane.account.lateDropped)
        muted.rise(to: lane.account.muted)
        released.rise(to: lane.account.released)
        skipped.rise(to: lane.account.gaps)
        late.rise(to: lane.account.late)
        waits.rise(to: lane.account.waits.begun)
        waitsExpired.rise(to: lane.account.waits.expired)
        let waited = lane.account.waits.nanoseconds
        if waited > waitNanoseconds { waitSeconds.increment(by: Double(waited - waitNanoseconds) / 1e9) }
        waitNanoseconds = waited
        inFlight.set(lane.inFlight)
        if let end { lag.set(max(0, end - lane.finishedOffset)) }
        if let time = lane.availableTime { availableTime.set(Double(time.microseconds) / 1e6) }
    }

    /// What is not this instance's any more has no lag and no time here.
    func hide() {
        inFlight.destroy()
        lag.destroy()
        availableTime.destroy()
    }
}
