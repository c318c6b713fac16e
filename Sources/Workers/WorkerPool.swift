import Dispatch
import Synchronization

/// Work that a pool can split: a phase of the engine, made once and run for every batch.
///
/// A protocol and not a closure, so that running a phase allocates nothing.
public protocol ParallelPhase: AnyObject {
    /// Does one task. Called once for each task, from up to `workerCount` threads at a time; `worker` is stable within
    /// one call of `run` and never shared by two threads at once, so it can pick a scratch buffer.
    func perform(task: Int, worker: Int)
}

/// A bounded pool: the calling thread and `workerCount - 1` helpers, each a Dispatch queue that is parked between
/// phases.
///
/// The pool is for one caller at a time: the engine runs its phases one after the other. Results must not depend on
/// which worker does a task; who takes what is decided by a race for the next task number.
///
/// Complexity: about a microsecond a phase to wake the helpers, nothing per event.
public final class WorkerPool: Sendable {
    /// More workers than this are refused: a pool of thousands is a mistake in a file, not a wish.
    public static let workersMax = 256

    public let workerCount: Int
    private let crew: WorkerCrew

    public init(workerCount: Int) {
        precondition((1...Self.workersMax).contains(workerCount), "a pool of \(workerCount) workers")
        self.workerCount = workerCount
        let crew = WorkerCrew(workerCount: workerCount)
        self.crew = crew
        for worker in 1..<max(1, workerCount) {
            let queue = DispatchQueue(label: "riffle.worker.\(worker)", qos: .userInitiated)
            queue.async { crew.serve(worker: worker) }
        }
    }

    deinit { crew.shutDown() }

    /// Stops the helpers and waits for them; after it the pool only runs inline.
    public func shutDown() { crew.shutDown() }

    /// Runs `phase` for the tasks `0..<tasks` and returns when all are done.
    ///
    /// - Parameter isInline: run on the calling thread alone, for batches too small to share.
    public func run(_ phase: any ParallelPhase, tasks: Int, isInline: Bool = false) {
        crew.run(phase, tasks: tasks, isInline: isInline)
    }

    /// How many tasks each worker has done since the start; call it between phases.
    public var tasksPerformed: [UInt64] { crew.tasksPerformed }
}

/// What the pool shares with its helpers: they keep the crew alive and not the pool, whose end is what stops them.
// SAFETY: `phase` and `taskCount` are written by the caller before the helpers are woken through their semaphores and
// read by them only until they have signalled `finished`; the semaphores order the accesses. `performed` has one slot a
// worker.
private final class WorkerCrew: @unchecked Sendable {
    private let workerCount: Int
    private let wakeups: [DispatchSemaphore]
    private let finished = DispatchSemaphore(value: 0)
    private let nextTask = Atomic<Int>(0)
    private let stopped = Atomic<Bool>(false)
    private let performed: UnsafeMutablePointer<UInt64>
    private var phase: (any ParallelPhase)?
    private var taskCount = 0

    init(workerCount: Int) {
        self.workerCount = workerCount
        performed = .allocate(capacity: workerCount)
        performed.initialize(repeating: 0, count: workerCount)
        wakeups = (1..<max(1, workerCount)).map { _ in DispatchSemaphore(value: 0) }
    }

    deinit { performed.deallocate() }

    func shutDown() {
        guard !stopped.exchange(true, ordering: .sequentiallyConsistent) else { return }
        for wakeup in wakeups { wakeup.signal() }
        for _ in wakeups { finished.wait() }
    }

    func run(_ phase: any ParallelPhase, tasks: Int, isInline: Bool) {
        if tasks == 0 { return }
        if isInline || workerCount == 1 || tasks == 1 || stopped.load(ordering: .relaxed) {
            for task in 0..<tasks { phase.perform(task: task, worker: 0) }
            performed[0] &+= UInt64(tasks)
            return
        }
        self.phase = phase
        taskCount = tasks
        nextTask.store(0, ordering: .relaxed)
        let helpers = min(workerCount, tasks) - 1
        for helper in 0..<helpers { wakeups[helper].signal() }
        takeTasks(worker: 0)
        for _ in 0..<helpers { finished.wait() }
        self.phase = nil
    }

    var tasksPerformed: [UInt64] { Array(UnsafeBufferPointer(start: performed, count: workerCount)) }

    func serve(worker: Int) {
        while true {
            wakeups[worker - 1].wait()
            if stopped.load(ordering: .sequentiallyConsistent) { break }
            takeTasks(worker: worker)
            finished.signal()
        }
        finished.signal()
    }

    private func takeTasks(worker: Int) {
        guard let phase else { preconditionFailure("worker \(worker) was woken without a phase") }
        var taken: UInt64 = 0
        while true {
            let task = nextTask.wrappingAdd(1, ordering: .relaxed).oldValue
            if task >= taskCount { break }
            phase.perform(task: task, worker: worker)
            taken &+= 1
        }
        performed[worker] &+= taken
    }
}
