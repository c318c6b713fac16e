import Dispatch
import Synchronization
import Testing

@testable import Workers

struct WorkerPoolTests {
    /// Atomics cannot be copied: in an array each needs a box.
    final class SharedCount: Sendable {
        let value = Atomic<Int>(0)
    }

    /// Counts how often each task was done and by whom.
    final class Tally: ParallelPhase {
        let counts: [SharedCount]
        let workersSeen = Mutex<Set<Int>>([])

        init(tasks: Int) { counts = (0..<tasks).map { _ in SharedCount() } }

        func perform(task: Int, worker: Int) {
            counts[task].value.wrappingAdd(1, ordering: .relaxed)
            _ = workersSeen.withLock { $0.insert(worker) }
        }

        var totals: [Int] { counts.map { $0.value.load(ordering: .relaxed) } }
    }

    @Test(arguments: [1, 2, 3, 8], [0, 1, 2, 7, 1_000])
    func everyTaskIsDoneOnce(workers: Int, tasks: Int) {
        let pool = WorkerPool(workerCount: workers)
        let tally = Tally(tasks: tasks)
        pool.run(tally, tasks: tasks)
        #expect(tally.totals == Array(repeating: 1, count: tasks))
        #expect(pool.tasksPerformed.reduce(0, +) == UInt64(tasks))
        #expect(pool.tasksPerformed.count == workers)
        let seen = tally.workersSeen.withLock { $0 }
        #expect(seen.allSatisfy { (0..<workers).contains($0) })
    }

    /// Each task waits for all others to have begun: with one thread too few, none would ever end.
    final class Rendezvous: ParallelPhase {
        let expected: Int
        let arrived = Atomic<Int>(0)
        let released = DispatchSemaphore(value: 0)
        let met = Atomic<Int>(0)
        let workersSeen = Mutex<Set<Int>>([])

        init(expected: Int) { self.expected = expected }

        func perform(task: Int, worker: Int) {
            _ = workersSeen.withLock { $0.insert(worker) }
            if arrived.wrappingAdd(1, ordering: .sequentiallyConsistent).newValue == expected {
                for _ in 0..<expected { released.signal() }
            }
            // A deadline only so that a failure ends the test.
            if released.wait(timeout: .now() + .seconds(30)) == .success {
                met.wrappingAdd(1, ordering: .sequentiallyConsistent)
            }
        }
    }

    @Test(arguments: [2, 3, 5])
    func workersRunAtTheSameTime(workers: Int) {
        let pool = WorkerPool(workerCount: workers)
        for _ in 0..<20 {
            let rendezvous = Rendezvous(expected: workers)
            pool.run(rendezvous, tasks: workers)
            #expect(rendezvous.met.load(ordering: .sequentiallyConsistent) == workers)
            #expect(rendezvous.workersSeen.withLock { $0 } == Set(0..<workers))
        }
        #expect(pool.tasksPerformed == Array(repeating: 20, count: workers))
    }

    @Test func fewerTasksThanWorkersStillRunAtTheSameTime() {
        let pool = WorkerPool(workerCount: 6)
        let rendezvous = Rendezvous(expected: 3)
        pool.run(rendezvous, tasks: 3)
        #expect(rendezvous.met.load(ordering: .sequentiallyConsistent) == 3)
        #expect(rendezvous.workersSeen.withLock { $0.count } == 3)
    }

    @Test func inlineRunsStayOnTheCaller() {
        let pool = WorkerPool(workerCount: 4)
        let tally = Tally(tasks: 500)
        pool.run(tally, tasks: 500, isInline: true)
        #expect(tally.totals == Array(repeating: 1, count: 500))
        #expect(tally.workersSeen.withLock { $0 } == [0])
        #expect(pool.tasksPerformed == [500, 0, 0, 0])
    }

    @Test func aPoolThatWasShutDownRunsInline() {
        let pool = WorkerPool(workerCount: 3)
        pool.shutDown()
        pool.shutDown()
        let tally = Tally(tasks: 50)
        pool.run(tally, tasks: 50)
        #expect(tally.totals == Array(repeating: 1, count: 50))
        #expect(tally.workersSeen.withLock { $0 } == [0])
    }

    /// What one run writes, the next one reads on other threads: the pool alone orders them.
    final class Relay: ParallelPhase {
        let words: UnsafeMutablePointer<Int>
        let tasks: Int
        var run = 0

        init(tasks: Int) {
            self.tasks = tasks
            words = .allocate(capacity: tasks)
            words.initialize(repeating: 0, count: tasks)
        }

        deinit { words.deallocate() }

        func perform(task: Int, worker: Int) {
            words[(task + run) % tasks] += 1
        }
    }

    @Test func thousandsOfRunsOnOnePool() {
        let pool = WorkerPool(workerCount: 3)
        let relay = Relay(tasks: 15)
        for run in 0..<5_000 {
            relay.run = run
            pool.run(relay, tasks: 15)
        }
        #expect((0..<15).allSatisfy { relay.words[$0] == 5_000 })
        #expect(pool.tasksPerformed.reduce(0, +) == 75_000)
    }

    @Test func nothingOutlivesThePool() {
        weak var leakedPool: WorkerPool?
        weak var leakedPhase: Tally?
        for _ in 0..<50 {
            let pool = WorkerPool(workerCount: 4)
            let tally = Tally(tasks: 16)
            pool.run(tally, tasks: 16)
            leakedPool = pool
            leakedPhase = tally
        }
        #expect(leakedPool == nil)
        #expect(leakedPhase == nil)
    }
}
