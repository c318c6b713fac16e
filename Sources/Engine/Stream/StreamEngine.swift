import Events
public import Features
import Synchronization
public import Workers

/// From source to sink: takes, decodes, merges, scores, sends and commits, until it is told to stop.
///
/// ```
///  take ─▶ decode ─▶ merge ─▶ features ─▶ score ─▶ encode ─▶ │ send ─▶ acknowledge │ ─▶ commit
///  └────────────── engine thread and pool ────────────────┘   └─── output thread ──┘   engine thread
/// ```
///
/// At-least-once: an offset is committed only when every output of everything before it is acknowledged.
// SAFETY: all state belongs to the thread in `run`; the output thread reaches only queues, the ledger's atomics and
// the output stage.
public final class StreamEngine: @unchecked Sendable {
    let plan: ScoringPlan
    let settings: StreamSettings
    /// Where the next batch's models are.
    let models: ModelSlot
    let source: any SourcePort
    let sink: any SinkPort
    /// Set where the order is recorded, and followed again.
    let order: (any OrderPort)?
    /// Set where state is saved.
    let snapshots: SnapshotStore?
    let clock: any EngineClock
    let pipeline: ScoringPipeline
    let ledger: Ledger
    let output: OutputStage
    let decode: DecodePhase
    /// Contexts that nobody uses: the credits.
    let freeContexts: BoundedQueue<BatchContext>
    /// What others ask about state; `nil`: nobody does.
    let questions: QuestionQueue?
    lazy var evaluation = LiveEvaluation(plan)
    let sendQueue: BoundedQueue<SendTask>
    public weak var observer: (any StreamObserver)?

    /// By the number that the source gave them; and in the order that decides ties of the merge.
    var lanes: [Lane] = []
    var lanesInOrder: [Lane] = []
    var accounts: [LaneAccount] = []
    var closedAccounts: [String: LaneAccount] = [:]
    var deadLetters: DeadLetterCounts
    var assignment = Assignment(epoch: 0, starts: [], membership: nil)
    var merge: LaneMerge
    var watermark: Watermark
    var epoch: UInt64 { assignment.epoch }
    /// While state is rebuilt: how, and how far.
    var restoration: Restoration?
    /// What windows of the state lack, as far as that was accepted; it may have become whole since.
    var incomplete: IncompleteState?
    /// Orders of the assignment in force stand from this offset of the order topic on.
    var followedOrderEnd: Int64 = -1
    var snapshotSession: SnapshotSession?
    /// One that was given up and whose writer the disk has not let go yet.
    var leftSnapshot: SnapshotSession?
    var snapshotImages: [ShardImage] = []
    var eventsSinceSnapshot: UInt64 = 0
    var lastSnapshot: Int64 = 0
    /// Set where what is in work is noted; with what the process before this one left.
    let inFlight: InFlightRecord?
    var leftover = InFlightRecord.Leftover()
    /// Why an assignment could not be taken up; thrown by the next turn.
    var assignmentFailure: (any Error)?
    /// By topic and partition: how far state and order have come; as of the last change of lanes.
    var laneMemories: [String: LaneMemory] = [:]
    var pendingPositions: [Int: Int64] = [:]
    /// Behind the batches that these positions come from, in merge order.
    var pendingWatermark = Int64.min
    var freeChunks: [DecodedChunk] = []
    var lastCommit: Int64 = 0
    var decodeNanoseconds: Int64 = 0
    /// Counted by the output thread.
    private let sendNanoseconds = Atomic<Int64>(0)
    var isDraining = false
    private(set) var current: BatchContext?
    var summary = StreamSummary()
    private let stopRequested = Atomic<Bool>(false)

    /// A batch on its way to the output thread.
    struct SendTask: Sendable {
        let context: BatchContext?
        let token: UInt64
        let assignment: Assignment
    }

    /// - Parameters:
    ///   - models: where others may be put while it runs; `nil`: the plan's own score to the end.
    ///   - questions: answered between batches.
    public init(
        plan: ScoringPlan, settings: StreamSettings, source: any SourcePort, sink: any SinkPort, pool: WorkerPool,
        order: (any OrderPort)? = nil, snapshots: SnapshotStore? = nil,
        inFlight: InFlightRecord? = nil, models: ModelSlot? = nil, questions: QuestionQueue? = nil,
        clock: any EngineClock = MonotonicClock(), inlineRowsMax: Int = ScoringPipeline.inlineRowsMaxDefault
    ) {
        self.plan = plan
        self.settings = settings
        self.models = models ?? ModelSlot(plan.models)
        self.inFlight = inFlight
        self.questions = questions
        // Without state the order decides nothing.
        self.order = plan.hasState ? order : nil
        self.snapshots = plan.hasState ? snapshots : nil
        self.source = source
        self.sink = sink
        self.clock = clock
        pipeline = ScoringPipeline(plan: plan, pool: pool, inlineRowsMax: inlineRowsMax, clock: clock)
        ledger = Ledger(capacity: settings.unacknowledgedBatchesMax, sources: plan.sources.count)
        deadLetters = DeadLetterCounts(sources: plan.sources.count)
        output = OutputStage(
            plan: plan, settings: settings, source: source, sink: sink, ledger: ledger, clock: clock)
        decode = DecodePhase(plan: plan, workerCount: pool.workerCount)
        freeContexts = BoundedQueue(capacity: settings.inFlightBatchesMax)
        sendQueue = BoundedQueue(capacity: settings.inFlightBatchesMax + 1)
        merge = LaneMerge(waitNanoseconds: settings.mergeWaitMicroseconds * 1_000)
        watermark = Watermark(plan.sources)
        for _ in 0..<settings.inFlightBatchesMax {
            freeContexts.push(pipeline.makeContext(capacity: settings.batchRowsMax))
        }
    }

    public var state: FeatureStateStatistics { pipeline.features.statistics }

    /// Ends `run` after what is in flight is finished and committed; from any thread.
    public func requestStop() {
        stopRequested.store(true, ordering: .sequentiallyConsistent)
        source.wake()
    }

    /// Ends a wait for what arrives; from any thread.
    public func wake() { source.wake() }

    /// Runs until a stop is requested, the end is reached, or something fails that cannot be gone on from.
    ///
    /// What was acknowledged is committed before it returns, also when it throws.
    public func run() throws -> StreamSummary {
        let start = clock.nanoseconds
        lastCommit = start
        lastSnapshot = start
        sink.attach(self)
        try output.start()
        beginInFlight()
        let outputThread = settings.sendsInline ? nil : startOutput()
        var failure: (any Error)?
        var deadline = start
        do {
            while !stopRequested.load(ordering: .relaxed) && !hasReachedEnd {
                try turn()
            }
            deadline = drainDeadline
            let commit = try drain(isFinal: true)
            // The end may have come with the last event that rebuilt state.
            if restoration != nil { try finishRestoration() }
            switch commit {
            case .accepted: if ledger.isEmpty { completeSnapshot(by: deadline) }
            case .superseded(let reason): observer?.didNotice(.commitRefused(reason: reason))
            }
        } catch {
            // Whatever failed, what is acknowledged may still be committed; the first failure is what is reported.
            releaseCurrent()
            deadline = drainDeadline
            _ = try? drain(isFinal: true)
            failure = (error as? CommitFailure)?.reason ?? error
        }
        // A sink that has no room for ever must not keep the output thread from ending.
        output.abandon()
        abandonSnapshot(by: deadline)
        stop(outputThread)
        output.close()
        sink.attach(nil)
        releaseLanes()
        inFlight?.end()
        if let failure { throw failure }
        summary.mergeExpiries = merge.expiries
        summary.late = watermark.lateCount
        summary.accounts = closedAccounts.values.sorted { ($0.topic, $0.partition) < ($1.topic, $1.partition) }
        summary.nanoseconds = clock.nanoseconds - start
        return summary
    }

    /// One turn of the loop: everything that can be done now, then a wait if that was nothing.
    func turn() throws {
        try source.poll(self)
        if let assignmentFailure { throw assignmentFailure }
        if settings.sendsInline { serveInline() }
        if let failure = output.failed { throw failure }
        if epoch > 0 && output.isStale(epoch) {
            observer?.didNotice(.assignmentStale)
            abandonSnapshot(by: drainDeadline)
            releaseLanes()
        }
        try commitFinished(isFinal: false)
        try takeFromLanes()
        let hasScored = try scoreNextBatch()
        if !hasScored { try passGaps() }
        advanceSnapshot()
        if let questions, questions.isWaiting { answerQuestions(questions) }
        if hasScored { return }
        source.wait(milliseconds: waitMilliseconds)
    }

    /// What the output thread does, on the engine's own.
    func serveInline(milliseconds: Int = 0) {
        sink.serve(milliseconds: milliseconds)
        output.commitIfDue()
    }

    private var hasReachedEnd: Bool {
        guard let endOffsets = settings.endOffsets, epoch > 0, !lanes.isEmpty else { return false }
        return lanes.allSatisfy { lane in
            lane.buffered == 0 && lane.position >= endOffsets(lane.start.topic, lane.start.partition) ?? .max
        }
    }

    /// Until something is due whether or not anything arrives.
    private var waitMilliseconds: Int {
        var wait = Int64(settings.commitEveryMilliseconds)
        // A snapshot goes on though nothing arrives.
        if snapshotSession != nil { wait = min(wait, 5) }
        if let deadline = merge.deadline { wait = min(wait, (deadline - clock.nanoseconds) / 1_000_000 + 1) }
        return Int(max(0, wait))
    }

    /// A context to fill: the current one, or a free one. Without one, waits and keeps the membership alive; `nil`: a
    /// stop was requested meanwhile.
    func context() throws -> BatchContext? {
        if let current { return current }
        var waited = 0
        while !stopRequested.load(ordering: .relaxed) {
            let milliseconds =
                settings.sendsInline ? 0 : min(Self.creditWaitMilliseconds, settings.keepAliveMilliseconds)
            if let context = freeContexts.pop(milliseconds: milliseconds) {
                context.removeAll()
                current = context
                return context
            }
            if let failure = output.failed { throw failure }
            try commitFinished(isFinal: false)
            waited += milliseconds
            if waited >= settings.keepAliveMilliseconds {
                try source.keepAlive()
                waited = 0
            }
        }
        return nil
    }

    /// So long a stop may go unnoticed while there is no credit.
    private static let creditWaitMilliseconds = 100

    /// Gives back a batch that came to nothing: something failed while it was filled.
    private func releaseCurrent() {
        guard let context = current else { return }
        for row in 0..<context.batch.count where context.epoch == epoch {
            accounts[Int(context.batch.lanes[row])].released += 1
        }
        source.release(UnsafeMutableBufferPointer(rebasing: context.records[..<context.recordCount]))
        context.removeAll()
    }

    /// Hands the filled context on.
    func sendCurrent() {
        guard let context = current else { return }
        current = nil
        let token = ledger.open(epoch: context.epoch, laneCount: lanes.count, watermark: watermark.time)
        let entry = ledger.entry(token)
        for row in 0..<context.batch.count { entry.rows[Int(context.batch.lanes[row])] += 1 }
        if context.batch.count > 0 { summary.batches += 1 }
        let task = SendTask(context: context, token: token, assignment: assignment)
        if settings.sendsInline { send(task) } else { handOver(task) }
    }

    private func send(_ task: SendTask) {
        guard let context = task.context else { return }
        let start = clock.nanoseconds
        output.send(context, token: task.token, assignment: task.assignment)
        sendNanoseconds.add(clock.nanoseconds - start, ordering: .relaxed)
        freeContexts.push(context)
    }

    /// Where time went since the start.
    var times: PhaseTimes {
        var times = pipeline.times
        times.decode = decodeNanoseconds
        times.send = sendNanoseconds.load(ordering: .relaxed)
        return times
    }

    private func startOutput() -> ServiceThread {
        // One thread sends and hears what became of it: memory that is given back on another thread than it was taken
        // on costs an allocator a walk through cold blocks, and a transaction's end must not wait for a second reader.
        ServiceThread(name: "output") { [self] in
            while true {
                while let task = sendQueue.pop(milliseconds: 0) {
                    if task.context == nil { return }
                    send(task)
                    output.commitIfDue()
                }
                sink.serve(milliseconds: min(output.dueMilliseconds ?? .max, Self.serveMilliseconds))
                output.commitIfDue()
            }
        }
    }

    /// So long the output thread waits where nothing is due; whoever hands something over wakes it.
    private static let serveMilliseconds = 1_000

    private func handOver(_ task: SendTask) {
        sendQueue.push(task)
        sink.wake()
    }

    private func stop(_ service: ServiceThread?) {
        guard let service else { return }
        handOver(SendTask(context: nil, token: 0, assignment: assignment))
        service.join()
    }
}

extension StreamEngine: SinkObserver {
    public func sinkDidAcknowledge(token: UInt64) { output.acknowledge(token) }
    public func sinkDidFail(token: UInt64, error: any Error) { output.fail(error) }
}
