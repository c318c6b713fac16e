import CAllocationCounter
import Features
import Synchronization
import Testing
import Workers

@testable import Engine

/// After warm-up an event goes from its bytes to its encoded score without a single allocation, on any thread.
///
/// The counter is one for the process, so the tests run one after the other; it sees the threads of the pool and of
/// the test, and not those of other tests.
@Suite(.serialized) struct WarmPathTests {
    private static let batchRows = 2_048
    private static let batches = 50

    /// 102,400 events; the batches before them fill windows, tables and buffers, so that as much leaves as comes in.
    @Test func warmEventsAllocateNothing() throws {
        let road = try Road(batchRows: Self.batchRows)
        Watch.begin(on: road.pool)
        defer { Watch.end() }
        for batch in 0..<60 { road.run(batch) }
        let before = road.scored
        allocation_counter_start()
        for batch in 60..<60 + Self.batches { road.run(batch) }
        let allocations = allocation_counter_stop()
        #expect(allocations == 0)
        #expect(road.scored - before == UInt64(Self.batches * (Self.batchRows - Self.batchRows / 64)))
        #expect(road.pool.tasksPerformed.allSatisfy { $0 > 0 })
        #expect(road.statistics.keysEvicted == 0)
    }

    /// With reasons for some of the scores, more than a block of them in each slice.
    @Test func explanationsAllocateNothing() throws {
        let road = try Road(batchRows: Self.batchRows, scoring: .explained)
        Watch.begin(on: road.pool)
        defer { Watch.end() }
        for batch in 0..<40 { road.run(batch) }
        let before = road.explanations
        allocation_counter_start()
        for batch in 40..<50 { road.run(batch) }
        let allocations = allocation_counter_stop()
        #expect(allocations == 0)
        #expect(road.explanations.explained - before.explained > 5_000)
        #expect(road.explanations.skipped - before.skipped > 1_000)
        #expect(road.pool.tasksPerformed.allSatisfy { $0 > 0 })
    }

    /// Models without labels: windows end in each batch, so that trees are built anew in it.
    @Test(arguments: [nil, 8, 15])
    func modelsWithoutLabelsAllocateNothing(height: Int?) throws {
        let scoring: Road.Scoring = height.map { .halfSpaceTrees(height: $0) } ?? .isolationForest
        let road = try Road(batchRows: Self.batchRows, scoring: scoring)
        Watch.begin(on: road.pool)
        defer { Watch.end() }
        for batch in 0..<40 { road.run(batch) }
        let before = road.numbers
        allocation_counter_start()
        for batch in 40..<44 { road.run(batch) }
        let allocations = allocation_counter_stop()
        #expect(allocations == 0)
        #expect(road.numbers - before == UInt64(4 * (Self.batchRows - Self.batchRows / 64)))
        #expect(road.pool.tasksPerformed.allSatisfy { $0 > 0 })
    }

    /// A canary: the smallest allocation in a batch is seen, on the caller's thread and on a helper's.
    @Test(arguments: [0, 1])
    func aPlantedAllocationIsSeen(worker: Int) throws {
        let road = try Road(batchRows: Self.batchRows)
        Watch.begin(on: road.pool)
        defer { Watch.end() }
        for batch in 0..<4 { road.run(batch) }
        let plant = Plant(worker: worker)
        allocation_counter_start()
        while plant.planted == 0 { road.pool.run(plant, tasks: 2) }
        let allocations = allocation_counter_stop()
        #expect(allocations >= 1)
        plant.removeAll()
    }

    @Test func countingIsOffUntilItIsAskedFor() {
        allocation_counter_watch_thread(true)
        defer { Watch.end() }
        allocation_counter_start()
        let none = allocation_counter_stop()
        let memory = UnsafeMutableRawPointer.allocate(byteCount: 100, alignment: 16)
        allocation_counter_start()
        let more = UnsafeMutableRawPointer.allocate(byteCount: 100, alignment: 16)
        let one = allocation_counter_stop()
        memory.deallocate()
        more.deallocate()
        #expect(none == 0)
        #expect(one == 1)
    }

    /// Allocates once, on one worker.
    private final class Plant: ParallelPhase {
        private let worker: Int
        private(set) var planted = 0
        private var memory: UnsafeMutableRawPointer?

        init(worker: Int) { self.worker = worker }

        func perform(task: Int, worker: Int) {
            if worker != self.worker || memory != nil { return }
            memory = .allocate(byteCount: 24, alignment: 16)
            planted += 1
        }

        func removeAll() { memory?.deallocate() }
    }

    /// Makes the counter see the calling thread and the pool's helpers: each of them does one task, which waits for
    /// the others.
    final class Watch: ParallelPhase {
        private let arrived = Atomic<Int>(0)
        private let expected: Int

        private init(expected: Int) { self.expected = expected }

        static func begin(on pool: WorkerPool) {
            pool.run(Watch(expected: pool.workerCount), tasks: pool.workerCount)
        }

        /// For the calling thread; helpers end with their pool.
        static func end() { allocation_counter_watch_thread(false) }

        func perform(task: Int, worker: Int) {
            allocation_counter_watch_thread(true)
            arrived.add(1, ordering: .sequentiallyConsistent)
            while arrived.load(ordering: .sequentiallyConsistent) < expected {}
        }
    }
}
