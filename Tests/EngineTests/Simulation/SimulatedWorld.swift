import Dispatch
import Features
import Workers

@testable import Engine

/// Everything around the engines of one scenario: the cluster, the schedule, the faults and the checks.
///
/// All that happens is decided by the seed: processes run one at a time, and every call of a port passes through here.
// SAFETY: the baton lets one thread run at a time; see `SimulatedInstance`.
final class SimulatedWorld: @unchecked Sendable {
    /// Where a process stands when it passes.
    enum Point: String, CaseIterable {
        case poll, take, wait, send, serve, deliver, acknowledge, commit, begin, offsets, endTransaction, ended, file,
            order
    }

    let scenario: Scenario
    let plan: ScoringPlan
    let bug: PlantedBug?
    /// Models that take each other's place; the first is the plan's.
    var sets: [ModelSet]
    /// Which of them a process finds that starts now.
    private(set) var currentSet = 0
    let pool = WorkerPool(workerCount: 1)
    let cluster: SimulatedCluster
    let controller = DispatchSemaphore(value: 0)
    var random: SeededGenerator
    private let arrivals: [SimulatedInput.Arrival]
    private var arrived = 0
    /// By partition and offset; `nil`: no record.
    private(set) var events: [[SimulatedEvent?]]
    private(set) var instances: [SimulatedInstance] = []
    private var lives = 0
    private var disks: [SimulatedDisk] = [SimulatedDisk(), SimulatedDisk()]
    private let inFlightMemory = (0..<2).map { _ in
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: InFlightRecord.byteCount, alignment: 64)
        memory.initializeMemory(as: UInt8.self, repeating: 0)
        return memory
    }
    private(set) var violations: [String] = []
    /// How often what happened, for knowing that the scenarios reach it.
    private(set) var notes: [String: Int] = [:]
    private(set) var passes = 0
    private var quietSince: Int?

    // The faults to come, and those that wait for their moment.
    private var faults: [Scenario.Fault]
    private var untilFault = 0
    private var crashPoint: (point: Point?, countdown: Int, patience: Int)?
    private var aborts = 0
    private var lostAnswers = 0
    private var lostRequests = 0
    private var coordinatorDownUntil: Int64 = 0
    private var sinkStuckUntil: Int64 = 0
    private var stalledUntil: [Int64]
    private var untilDiskFault: Int?
    private var wantsSecond = false
    /// Outputs that committed readers see, by partition and offset.
    var visible: [[Int]]
    /// Events without an output whose offsets were committed: they have to be ones that are dropped.
    var silent: Set<EventPlace> = []
    /// Of the models that scored.
    var versions: Set<String> = []
    /// By partition: events before it were never to be scored.
    private(set) var mutedUntil: [Int64]
    var isOrderCertain = true
    var plantState = PlantState()
    var isTraced = false

    init(_ scenario: Scenario, plan: ScoringPlan, bug: PlantedBug? = nil) {
        self.scenario = scenario
        self.plan = plan
        self.bug = bug
        sets = [plan.models]
        random = SeededGenerator(seed: scenario.seed ^ 0x5DEE_CE66)
        let group = SimulatedGroup(
            partitions: scenario.lanes, isExclusive: scenario.isForeign, sessionMilliseconds: 60)
        cluster = SimulatedCluster(group: group, transactionMilliseconds: 400)
        arrivals = SimulatedInput(scenario).arrivals
        events = Array(repeating: [], count: scenario.lanes)
        visible = Array(repeating: [], count: scenario.lanes)
        faults = scenario.faults
        stalledUntil = Array(repeating: 0, count: scenario.lanes)
        mutedUntil = stalledUntil
        untilFault = scenario.faultGap
        if scenario.beginsMuted { for _ in 0..<arrivals.count / 3 { arrive() } }
        cluster.onVisible = { [unowned self] in didBecomeVisible($0, kind: $1) }
        cluster.onDecided = { [unowned self] partition, offset in
            checkCommit(partition, from: cluster.group.committed[partition]?.offset ?? 0, to: offset)
        }
        group.onCommit = { [unowned self] in checkCommit($0, from: $1, to: $2) }
    }

    deinit { for memory in inFlightMemory { memory.deallocate() } }

    // MARK: - Randomness and notes

    func chance(_ of: Int) -> Bool { random.next() % UInt64(of) == 0 }
    func pick(_ range: ClosedRange<Int>) -> Int {
        range.lowerBound + Int(random.next() % UInt64(range.upperBound - range.lowerBound + 1))
    }
    func note(_ what: String) {
        notes[what, default: 0] += 1
        trace(what)
    }
    /// Tells what happens, where one seed is looked at.
    func trace(_ what: @autoclosure () -> String) {
        if isTraced { print("\(cluster.now) ms, \(passes):", what()) }
    }
    func fail(_ what: String) { if violations.count < 5 { violations.append(what) } }

    // MARK: - Running

    /// Runs the scenario to its end and checks all of it.
    func run() {
        start(slot: 0)
        while true {
            if instances.isEmpty {
                if isDone || !violations.isEmpty { break }
                if lives > 80 { return fail("80 lives, and it is not done") }
                start(slot: scenario.keepsName ? 0 : pick(0...1))
            }
            if !violations.isEmpty { for instance in instances { instance.crash() } }
            // Whoever waits lets the others go on; only when all wait does time pass by itself.
            var runnable = instances.filter { $0.isDead || $0.busyUntil <= cluster.now }
            let isFrozen = instances.allSatisfy { !$0.isDead && $0.frozenUntil > cluster.now }
            if (isFrozen || wantsSecond) && instances.count < 2 && !isDone && lives <= 80 {
                start(slot: scenario.keepsName ? 0 : slotThatIsFree)
                runnable.append(instances[instances.count - 1])
            }
            wantsSecond = false
            if runnable.isEmpty {
                cluster.now = max(cluster.now + 1, instances.map(\.busyUntil).min() ?? 0)
                tick()
                continue
            }
            runnable[pick(0...runnable.count - 1)].resume()
            reap()
        }
        if violations.isEmpty { checkEnd() }
    }

    private var slotThatIsFree: Int { instances.contains { $0.name == "instance-0" } ? 1 : 0 }

    private func start(slot: Int) {
        lives += 1
        note("lives")
        let instance = SimulatedInstance(
            self, number: lives, name: "instance-\(slot)", disk: disks[scenario.sharesDisk ? 0 : slot],
            inFlight: inFlight(slot: slot))
        instances.append(instance)
        instance.launch()
    }

    /// What a process notes of its work outlives it; no two may use it at once.
    private func inFlight(slot: Int) -> UnsafeMutableRawBufferPointer? {
        if !scenario.isCareful || instances.contains(where: { $0.name == "instance-\(slot)" }) { return nil }
        return inFlightMemory[slot]
    }

    private func reap() {
        for instance in instances {
            guard let outcome = instance.outcome else { continue }
            checkOutcome(instance, outcome)
            if case .failed(let error) = outcome, violations.isEmpty, !instance.isDead { note("failed: \(error)") }
        }
        instances.removeAll { $0.outcome != nil }
    }

    /// Every record is behind the committed offset of its partition.
    var isDone: Bool {
        guard arrived == arrivals.count, isQuiet else { return false }
        return events.indices.allSatisfy { partition in
            let last = events[partition].lastIndex { $0 != nil } ?? -1
            return (cluster.group.committed[partition]?.offset ?? 0) > Int64(last) || last < 0
        }
    }

    private var isQuiet: Bool { faults.isEmpty && crashPoint == nil }

    /// Every call of a port comes through here: time goes on, things arrive, faults strike.
    func pass(_ instance: SimulatedInstance, _ point: Point) throws {
        if instance.isDead { throw SimulatedFailure.crash }
        passes += 1
        if chance(4) { cluster.now += 1 }
        if let member = instance.source.member { cluster.group.heartbeat(member, now: cluster.now) }
        tick()
        checkBounds(instance)
        plantPassing(instance)
        strike(instance, point)
        checkLiveness()
        if isDone { instance.engine.requestStop() }
        if !instance.isDead && shouldYield(instance) { instance.yield() }
        if instance.isDead { throw SimulatedFailure.crash }
    }

    private func shouldYield(_ instance: SimulatedInstance) -> Bool {
        if !violations.isEmpty {
            instance.crash()
            return false
        }
        if instance.frozenUntil > cluster.now || wantsSecond { return true }
        if instances.count < 2 { return false }
        return chance(5) && instances.contains { $0 !== instance && ($0.isDead || $0.busyUntil <= cluster.now) }
    }

    private func checkLiveness() {
        if !isQuiet || arrived < arrivals.count { return }
        let since = quietSince ?? passes
        quietSince = since
        if passes - since > 60_000 { fail("not done after \(passes - since) calls without a fault") }
    }

    /// Lets time pass for a process that waits.
    func sleep(_ instance: SimulatedInstance, milliseconds: Int) {
        if instance.isDead { return }
        if instances.count == 1 {
            cluster.now += Int64(milliseconds)
        } else {
            instance.sleepsUntil = cluster.now + Int64(milliseconds)
            instance.yield()
        }
    }

    private func tick() {
        if chance(3) { _ = cluster.writeMarker { pick(0...$0 - 1) } }
        cluster.group.tick(now: cluster.now) { scenario.isBacklog ? 0 : pick(0...$0 - 1) }
        cluster.expireTransactions()
        if scenario.isBacklog { while arrived < arrivals.count { arrive() } }
        if arrived < arrivals.count && chance(3) {
            for _ in 0..<pick(1...8) where arrived < arrivals.count { arrive() }
        }
        if scenario.hasRetention && violations.isEmpty && chance(40) { retain() }
    }

    func didBegin(_ partition: Int, at offset: Int64) { mutedUntil[partition] = offset }

    private func arrive() {
        let arrival = arrivals[arrived]
        arrived += 1
        if let record = arrival.record {
            cluster.input[arrival.partition].append(
                SimulatedEntry(key: record.key, value: record.value, timestamp: record.timestamp))
        } else {
            cluster.input[arrival.partition].appendMarker()
        }
        events[arrival.partition].append(arrival.event)
        visible[arrival.partition].append(0)
    }

    // MARK: - Faults

    private func strike(_ instance: SimulatedInstance, _ point: Point) {
        if let crash = crashPoint {
            let isThere = crash.point == nil || crash.point == point || crash.patience == 0
            crashPoint = (crash.point, crash.countdown - (isThere ? 1 : 0), max(0, crash.patience - 1))
            if isThere && crash.countdown <= 1 {
                crashPoint = nil
                note("crash at \(point.rawValue)")
                instance.crash()
            }
            return
        }
        if faults.isEmpty { return }
        untilFault -= 1
        if untilFault > 0 { return }
        untilFault = pick(1...scenario.faultGap * 2)
        let fault = faults.removeFirst()
        note("fault \(fault.rawValue)")
        perform(fault, on: instance)
    }

    private func perform(_ fault: Scenario.Fault, on instance: SimulatedInstance) {
        let now = cluster.now
        switch fault {
        case .crash:
            let point = chance(3) ? nil : Point.allCases[pick(0...Point.allCases.count - 1)]
            crashPoint = (point, pick(1...4), 300)
        case .freeze: instance.frozenUntil = now + Int64(pick(20...300))
        case .stop: instance.engine.requestStop()
        case .abort: aborts = pick(1...3)
        case .lostAnswer: lostAnswers = pick(1...3)
        case .lostRequest: lostRequests = pick(1...3)
        case .rebalance: cluster.group.rebalance(now: now)
        case .evict: if let member = instance.source.member { cluster.group.remove(member, now: now) }
        case .coordinator: coordinatorDownUntil = now + Int64(pick(5...150))
        case .stuckSink: sinkStuckUntil = now + Int64(pick(5...500))
        case .stalledFetch: stalledUntil[pick(0...stalledUntil.count - 1)] = now + Int64(pick(5...100))
        case .clockJump: instance.skewMilliseconds += Int64(pick(1...20_000))
        case .disk:
            if chance(3) {
                instance.disk.rot(&random)
                note("rot")
            } else {
                untilDiskFault = pick(0...12)
            }
        case .second: wantsSecond = true
        case .swap:
            currentSet = (currentSet + 1) % sets.count
            for instance in instances { instance.models.models = sets[currentSet] }
        }
    }

    var isCoordinatorDown: Bool { coordinatorDownUntil > cluster.now }
    var isSinkStuck: Bool { sinkStuckUntil > cluster.now }
    func isStalled(_ partition: Int) -> Bool { stalledUntil[partition] > cluster.now }

    private func take(_ count: inout Int, _ name: String) -> Bool {
        if count == 0 { return false }
        count -= 1
        note(name)
        return true
    }

    func takeAbort() -> Bool { take(&aborts, "abortable error") }
    func takeLostAnswer() -> Bool { take(&lostAnswers, "lost answer") }
    func takeLostRequest() -> Bool { take(&lostRequests, "lost request") }

    func takeDiskFault() -> Bool {
        guard let left = untilDiskFault else { return false }
        untilDiskFault = left == 0 ? nil : left - 1
        return left == 0
    }

    /// Removes what is committed and older than every horizon.
    private func retain() {
        var watermark = Int64.min
        for (partition, log) in events.enumerated() {
            for event in log[..<Int(cluster.group.committed[partition]?.offset ?? 0)] {
                if let event, event.fault == nil { watermark = max(watermark, event.orderTime) }
            }
        }
        if watermark == .min { return }
        let needed = watermark - plan.features.horizonMicroseconds - PaymentPlan.hour
        for partition in events.indices {
            let readers = instances.compactMap { instance in
                zip(instance.source.lanes, instance.source.positions).first { $0.0 == partition }?.1
            }
            let limit = min(cluster.group.committed[partition]?.offset ?? 0, readers.min() ?? .max)
            var start = cluster.input[partition].start
            // The first that is left has to be old enough for the log to be known to reach back.
            while start + 1 < limit, let next = cluster.input[partition].record(atOrBehind: start + 1),
                next.timestamp <= needed
            { start += 1 }
            if start > cluster.input[partition].start {
                cluster.input[partition].start = start
                note("retention")
            }
        }
    }
}

extension SimulatedPartition {
    fileprivate func record(atOrBehind offset: Int64) -> SimulatedEntry? {
        entries[Int(offset)...].first { $0.kind == .record }
    }
}

extension SimulatedWorld: StreamObserver {
    private var hasTrees: Bool {
        if case .trees = scenario.scoring { true } else { false }
    }

    func didNotice(_ notice: EngineNotice) {
        trace("\(notice)")
        switch notice {
        case .restoring(let source, _):
            switch source {
            case .memory: note("restore from memory")
            case .snapshot:
                note("restore from snapshot")
                if hasTrees { note("trees restored from a snapshot") }
            case .horizon: note("restore from horizon")
            case .wholeLog:
                note("restore from log")
                if hasTrees { note("trees rebuilt from the log") }
            }
        case .snapshotRefused: note("snapshot refused")
        case .snapshotWritten: note("snapshot")
        case .snapshotFailed: note("snapshot failed")
        case .assignmentStale: note("assignment stale")
        case .commitRefused: note("commit refused")
        case .carefulRestart: note("careful restart")
        case .quarantined(let lane, let offset): fail("\(lane)/\(offset) is quarantined, though it killed nobody")
        default: break
        }
    }
}
