import Dispatch
import Foundation

@testable import Engine

/// One life of a process: an engine and its ports, on a thread that runs only while it has the baton.
// SAFETY: the world's baton lets one thread run at a time, and orders what they do through semaphores.
final class SimulatedInstance: @unchecked Sendable {
    enum Outcome {
        case ended(StreamSummary)
        case failed(any Error)
    }

    let world: SimulatedWorld
    /// Counts lives.
    let number: Int
    /// Its transactional id, and its static id where it has one.
    let name: String
    private(set) var source: SimulatedSource!
    private(set) var sink: SimulatedSink!
    private(set) var engine: StreamEngine!
    let disk: SimulatedDisk
    /// Where its engine finds its models.
    let models: ModelSlot
    /// What it notes of its work, in memory that outlives it.
    private let inFlight: UnsafeMutableRawBufferPointer?
    private var inFlightAtCrash: [UInt8] = []
    var isDead = false
    private(set) var outcome: Outcome?
    /// It does nothing until then, as a process that is stopped.
    var frozenUntil: Int64 = 0
    /// It waits for something until then.
    var sleepsUntil: Int64 = 0
    var busyUntil: Int64 { max(frozenUntil, sleepsUntil) }
    /// How far its clock has jumped ahead.
    var skewMilliseconds: Int64 = 0
    private let baton = DispatchSemaphore(value: 0)
    fileprivate var deadNanoseconds: Int64 = 0

    init(
        _ world: SimulatedWorld, number: Int, name: String, disk: SimulatedDisk,
        inFlight: UnsafeMutableRawBufferPointer?
    ) {
        self.inFlight = inFlight
        self.world = world
        self.number = number
        self.name = name
        self.disk = disk
        models = ModelSlot(world.sets[world.currentSet])
        source = SimulatedSource(self, world)
        sink = SimulatedSink(self, world)
        let scenario = world.scenario
        let store = SnapshotStore(
            directory: "/state", pipeline: world.plan.pipeline, statePlanHash: "plan",
            files: SimulatedFiles(self, world, disk: disk), keep: 2)
        engine = StreamEngine(
            plan: world.plan, settings: Self.settings(scenario), source: source, sink: sink, pool: world.pool,
            order: scenario.isOrderRecorded ? SimulatedOrder(self, world) : nil,
            snapshots: scenario.snapshotEvents == nil ? nil : store, inFlight: inFlight.map { InFlightRecord($0) {} },
            models: models, clock: SimulatedClock(self))
        engine.observer = world
    }

    private static func settings(_ scenario: Scenario) -> StreamSettings {
        var settings = StreamSettings()
        settings.batchRowsMax = scenario.batchRows
        settings.unacknowledgedBatchesMax = scenario.unacknowledgedBatches
        settings.inFlightBatchesMax = 1
        settings.commitEveryMilliseconds = scenario.commitMilliseconds
        settings.mergeWaitMicroseconds = scenario.isBacklog ? 1_000_000_000_000 : 20_000
        settings.drainMilliseconds = 300
        settings.sendsInline = true
        settings.transactions.commitEveryMilliseconds = scenario.commitMilliseconds
        settings.transactions.jitterSeed = scenario.seed
        settings.snapshots.everyNanoseconds = nil
        settings.snapshots.everyEvents = scenario.snapshotEvents
        settings.snapshots.pauseNanoseconds = scenario.seed % 2 == 0 ? 0 : 2_000_000
        return settings
    }

    // MARK: - The baton

    func launch() {
        let thread = Thread { [self] in
            baton.wait()
            live()
            world.controller.signal()
        }
        thread.stackSize = 1 << 20
        thread.start()
    }

    /// Lets it run until it gives the baton back.
    func resume() {
        baton.signal()
        world.controller.wait()
    }

    /// Gives the baton back and waits for it.
    func yield() {
        world.controller.signal()
        baton.wait()
    }

    private func live() {
        do { outcome = .ended(try engine.run()) } catch { outcome = .failed(error) }
        if isDead {
            // A process that died did not tidy up.
            inFlight?.copyBytes(from: inFlightAtCrash)
        } else {
            sink.close()
            source.leave()
        }
    }

    /// The process dies: from now on nothing that it does has an effect.
    func crash() {
        if isDead { return }
        sink.crash()
        source.crash()
        isDead = true
        if let inFlight { inFlightAtCrash = Array(inFlight) }
        disk.crash(&world.random)
    }
}

/// Simulated time as one process sees it.
// SAFETY: only the thread that has the world's baton calls it.
private final class SimulatedClock: EngineClock, @unchecked Sendable {
    private unowned let instance: SimulatedInstance

    init(_ instance: SimulatedInstance) { self.instance = instance }

    var nanoseconds: Int64 {
        // Whoever still waits for something in a dead process gives up at once.
        if instance.isDead { instance.deadNanoseconds += 1_000_000_000 }
        return (instance.world.cluster.now + instance.skewMilliseconds) * 1_000_000 + instance.deadNanoseconds
    }
}
