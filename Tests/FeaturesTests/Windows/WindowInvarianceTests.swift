import Events
import Synchronization
import Testing
import Workers

@testable import Features

/// The result depends on the events and their order alone.
struct WindowInvarianceTests {
    static let shape = WindowOracleTests.Shape(
        name: "mixed", keys: 30, events: 1_200, late: 5, outOfOrder: 25, backMax: 70, stepMax: 2, gaps: 2)

    /// A row's value depends on features that windows wrote, so that `finish` is in it too.
    static func plan() -> FeaturePlan {
        let windows = WindowOracleTests.plan(late: shape.late).plan
        let derived = FeatureIndex(windows.featureCount)
        return FeaturePlan(
            names: windows.names + ["derived"], entities: windows.entities,
            expressions: [ExpressionFeaturePlan(feature: derived, expression: compiled("amount + ratio"))])
    }

    @Test(arguments: [UInt64](1...3))
    func batchSizesAndShardsChangeNothing(seed: UInt64) {
        let events = WindowOracleTests.history(Self.shape, seed: seed)
        let plan = WindowOracleTests.plan(late: Self.shape.late)
        let reference = HistoryRun(plan).features(events, batchSize: events.count).bits
        for batchSize in [1, 7, 64] {
            #expect(
                HistoryRun(plan).features(events, batchSize: batchSize).bits == reference, "seed \(seed), \(batchSize)")
        }
        for shardCount in [1, 3, 300] {
            let run = HistoryRun(plan, limits: FeatureLimits(shardCount: shardCount))
            #expect(run.features(events).bits == reference, "seed \(seed), \(shardCount) shards")
        }
    }

    @Test(arguments: [UInt64](4...5))
    func aFreshStartForgetsEverything(seed: UInt64) {
        let events = WindowOracleTests.history(Self.shape, seed: seed)
        let run = HistoryRun(WindowOracleTests.plan(late: Self.shape.late))
        let reference = run.features(events).bits
        #expect(run.engine.statistics.keys > 0)
        run.engine.removeAll()
        #expect(run.engine.statistics.keys == 0)
        #expect(run.features(events).bits == reference, "seed \(seed)")
    }

    /// What the promise of a rebuild rests on: events beyond the horizon can be left out.
    @Test(arguments: [UInt64](6...9))
    func aRebuildFromTheHorizonIsEqual(seed: UInt64) {
        let events = WindowOracleTests.history(Self.shape, seed: seed).filter { $0.disposition.entersState }
        // Integers only: a sum of doubles may differ in its last bit where it begins elsewhere.
        var plan = HistoryPlan()
        plan.add(
            key: HistoryField.customer,
            windows: [(delay: 0, length: 10_000_000), (delay: 7_000_000, length: 33_000_000)],
            columns: Array(HistoryPlan.allColumns[..<3]), late: 5_000_000)
        let restart = events.count / 2
        let watermark = events[..<restart].map(\.time).max() ?? 0
        let horizon = plan.plan.horizonMicroseconds
        let log = events[..<restart].filter { $0.time > watermark - horizon }
        #expect(log.count < restart)
        let whole = HistoryRun(plan).features(events)[restart...]
        let rebuilt = HistoryRun(plan).features(log + events[restart...])[log.count...]
        #expect(Array(whole).bits == Array(rebuilt).bits, "seed \(seed)")
    }

    // MARK: - Workers

    /// The phases of a batch as the engine runs them.
    final class Steps: ParallelPhase {
        enum Step { case prepare, shards, finish }

        static let sliceRows = 16
        let engine: FeatureEngine
        let frame: FeatureFrame
        let batch: EventBatch
        let scratches: [ExpressionScratch]
        var step = Step.prepare
        let threads = Mutex<Set<Int>>([])

        init(engine: FeatureEngine, batchSize: Int, workers: Int) {
            self.engine = engine
            frame = engine.makeFrame(capacity: batchSize)
            batch = EventBatch(schema: HistoryField.schema, capacity: batchSize)
            scratches = (0..<workers).map { _ in engine.makeScratch() }
        }

        func perform(task: Int, worker: Int) {
            _ = threads.withLock { $0.insert(worker) }
            switch step {
            case .prepare: engine.prepare(batch, frame, rows: rows(task), scratch: scratches[worker])
            case .shards: engine.runShard(task, batch, frame)
            case .finish: engine.finish(batch, frame, rows: rows(task), scratch: scratches[worker])
            }
        }

        private func rows(_ slice: Int) -> Range<Int> {
            slice * Self.sliceRows..<min((slice + 1) * Self.sliceRows, batch.count)
        }

        func run(_ pool: WorkerPool) {
            let slices = (batch.count + Self.sliceRows - 1) / Self.sliceRows
            step = .prepare
            pool.run(self, tasks: slices)
            engine.partition(batch, frame)
            step = .shards
            pool.run(self, tasks: engine.shardTaskCount)
            step = .finish
            pool.run(self, tasks: slices)
        }
    }

    @Test(arguments: [UInt64](10...12))
    func workersChangeNothing(seed: UInt64) {
        let events = WindowOracleTests.history(Self.shape, seed: seed)
        var results: [[[UInt64]]] = []
        for (workers, batchSize) in [(1, 300), (2, 300), (5, 300), (5, 128), (2, 2_000)] {
            let run = HistoryRun(Self.plan())
            let pool = WorkerPool(workerCount: workers)
            let steps = Steps(engine: run.engine, batchSize: batchSize, workers: workers)
            var features: [[Double]] = []
            for start in stride(from: 0, to: events.count, by: batchSize) {
                run.fill(steps.batch, steps.frame, events[start..<min(start + batchSize, events.count)])
                steps.run(pool)
                features += HistoryRun.rows(steps.batch, steps.frame)
            }
            results.append(features.bits)
            #expect(pool.tasksPerformed.count { $0 > 0 } > (workers > 1 ? 1 : 0), "\(workers) workers did not share")
        }
        for result in results.dropFirst() { #expect(result == results[0], "seed \(seed)") }
        #expect(results[0].contains { $0.last.map { !Double(bitPattern: $0).isNaN } ?? false })
    }
}

extension HistoryRun {
    init(_ plan: FeaturePlan) { engine = FeatureEngine(plan: plan) }
}
