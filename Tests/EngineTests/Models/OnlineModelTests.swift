import Features
import Models
import Testing

@testable import Engine

/// A model that learns is state of the stream: nothing about how the stream is cut or begun again may change a score.
struct OnlineModelTests {
    private final class Listener: StreamObserver, @unchecked Sendable {
        var notices: [EngineNotice] = []
        func didNotice(_ notice: EngineNotice) { notices.append(notice) }
    }

    private static let trees = HalfSpaceTreesParameters(inputCount: 8, trees: 5, height: 8, window: 60, seed: 3)
    private static let half = 700

    private func plan(combination: String? = nil, hasTerminals: Bool = true) throws -> ScoringPlan {
        try PaymentPlan(combination: combination, trees: Self.trees, hasTerminals: hasTerminals).make()
    }

    private func log(_ seed: UInt64) -> MemoryLog { PaymentStream(seed: seed, events: 3_000).log() }

    private func outputs(_ run: StreamRun, from offset: Int64 = 0) -> [String: ExpectedOutputs.Output] {
        let found = run.sink.outputs.filter { $0.kind != .order && $0.offset >= offset }
        return Dictionary(uniqueKeysWithValues: found.map { ($0.origin, $0.asExpected) })
    }

    @Test(arguments: [nil, "max(forest, trees or 0)"])
    func batchesAndWorkersChangeNothing(combination: String?) throws {
        let plan = try plan(combination: combination)
        let expected = ExpectedOutputs(log(1), plan: plan)
        let scores = expected.outputs.compactMap(\.score)
        #expect(scores.count { $0.contains(combination == nil ? "\"score\":null" : "\"trees\":null") } == 7)
        #expect(scores.count { $0.contains(combination == nil ? "\"score\":0." : "\"trees\":0.") } > 2_000)
        for (rows, workers) in [(1, 1), (7, 3), (64, 3), (3_000, 2)] {
            let run = StreamRun(plan, log(1), workers: workers, inlineRowsMax: rows == 7 ? .max : 0) {
                $0.batchRowsMax = rows
            }
            _ = try run.run()
            let found = outputs(run)
            let wrong = expected.outputs.count { found[$0.origin] != $0 }
            #expect(wrong == 0, "batches of \(rows), \(workers) workers: of \(expected.outputs.count)")
        }
    }

    /// One run; and two, the second of which begins where the first has committed.
    private func uninterrupted(_ seed: UInt64, _ plan: ScoringPlan) throws -> [String: ExpectedOutputs.Output] {
        let run = StreamRun(plan, log(seed))
        run.source.arrived = [Self.half, Self.half, Self.half]
        run.source.onWait = { [unowned source = run.source] in source.arrived = source.log.partitions.map(\.count) }
        _ = try run.run()
        return outputs(run, from: Int64(Self.half))
    }

    private func firstHalf(
        _ log: MemoryLog, _ plan: ScoringPlan, snapshots: SnapshotStore? = nil
    ) throws -> (notes: [String], order: MemoryOrder) {
        let run = StreamRun(plan, log, order: MemoryOrder(), snapshots: snapshots) {
            $0.endOffsets = { _, _ in Int64(Self.half) }
            $0.snapshots.everyEvents = 150
            // A shard at a time, so that all of them and the model stand at different places.
            $0.snapshots.pauseNanoseconds = -1
        }
        run.source.arrived = log.partitions.map { _ in Self.half }
        _ = try run.run()
        return (run.source.notes, MemoryOrder(run.sink.outputs.filter { $0.kind == .order }.map(\.bytes)))
    }

    @Test(arguments: 0..<6 as Range<UInt64>)
    func aRestartGoesOn(seed: UInt64) throws {
        let plan = try plan(combination: seed % 2 == 0 ? nil : "trees", hasTerminals: seed % 3 > 0)
        let expected = try uninterrupted(seed, plan)
        #expect(expected.count > 500)
        for hasSnapshots in [true, false] {
            let log = log(seed)
            let disk = MemoryDisk()
            let store = SnapshotStore(
                directory: "state", pipeline: plan.pipeline, statePlanHash: "plan", files: disk, keep: 9)
            let first = try firstHalf(log, plan, snapshots: hasSnapshots ? store : nil)
            if hasSnapshots {
                // The one of the end stands at one place; an older one does not.
                let names = try store.candidates().map(\.fileName)
                try #require(names.count > 2)
                for name in names.prefix(Int(seed) % 2 + 1) { try disk.delete(store.path(name)) }
                let manifest = try #require(try store.candidates().first?.manifest)
                #expect(manifest.header.models == ["trees"])
                #expect(Set(manifest.sections.map(\.positions)).count > 2, "copied at different places")
            }
            let second = StreamRun(plan, log, order: first.order, snapshots: hasSnapshots ? store : nil)
            second.source.notes = first.notes
            let listener = Listener()
            second.engine.observer = listener
            let summary = try withExtendedLifetime(listener) { try second.run() }
            guard case .restoring(let source, _)? = listener.notices.first else {
                Issue.record("seed \(seed): \(listener.notices)")
                return
            }
            if hasSnapshots {
                if case .snapshot = source {} else { Issue.record("seed \(seed): from \(source)") }
            } else {
                #expect(source == .wholeLog, "no horizon is enough")
            }
            #expect(summary.isBalanced && summary.muted > 0)
            let found = outputs(second)
            let wrong = expected.count { found[$0.key] != $0.value }
            #expect(wrong == 0, "seed \(seed), snapshots \(hasSnapshots): of \(expected.count)")
            #expect(found.count == expected.count)
        }
    }

    /// Partitions are taken away and come back; or are lost, and all is built again from the log.
    @Test(arguments: 0..<6 as Range<UInt64>, [false, true])
    func aRebalanceChangesNothing(seed: UInt64, isLost: Bool) throws {
        let plan = try plan(combination: seed % 2 == 0 ? nil : "max(forest, trees or 0)")
        let log = PaymentStream(seed: seed, events: 900).log()
        let expected = ExpectedOutputs(log, plan: plan).outputs
        let run = StreamRun(plan, log, workers: seed % 3 == 0 ? 3 : 1, inlineRowsMax: 0) {
            $0.batchRowsMax = 16
            $0.commitEveryMilliseconds = 3
        }
        var random = SeededGenerator(seed: seed)
        var revocations = 0
        run.source.onPoll = { source, observer in
            if source.lanePartitions.isEmpty {
                source.assign(Array(0..<3).shuffled(using: &random), to: observer)
            } else if random.next() % 4 == 0 && revocations < 5 {
                revocations += 1
                source.revoke(isLost: isLost, from: observer)
            }
        }
        let summary = try run.run()
        #expect(revocations == 5 && summary.isBalanced, "seed \(seed)")
        #expect(isLost ? summary.muted > 0 : summary.released > 0, "seed \(seed)")
        let byOrigin = Dictionary(uniqueKeysWithValues: expected.map { ($0.origin, $0) })
        // What was lost before it was committed is scored twice, alike.
        let wrong = run.sink.outputs.count { $0.asExpected != byOrigin[$0.origin] }
        #expect(wrong == 0, "seed \(seed): of \(run.sink.outputs.count)")
        #expect(Set(run.sink.outputs.map(\.origin)).count == expected.count, "seed \(seed)")
        run.expectAllReleased("seed \(seed)")
    }

    @Test func aLogThatWasCutIsRefused() throws {
        let plan = try plan()
        let log = log(7)
        let notes = try firstHalf(log, plan).notes
        let run = StreamRun(plan, log)
        run.source.notes = notes
        run.source.low = [0: 5, 1: 5, 2: 5]
        let refusal = try #require(throws: IncompleteState.self) { _ = try run.run() }
        #expect("\(refusal)".contains("model trees (never whole)"))
    }

    @Test func aSnapshotOfOtherModelsIsRefused() throws {
        let disk = MemoryDisk()
        let store = SnapshotStore(
            directory: "state", pipeline: "payments", statePlanHash: "plan", files: disk, keep: 3)
        let log = log(8)
        _ = try firstHalf(log, try plan(), snapshots: store)
        let run = StreamRun(try PaymentPlan().make(), log, snapshots: store)
        let listener = Listener()
        run.engine.observer = listener
        _ = try withExtendedLifetime(listener) { try run.run() }
        #expect(
            listener.notices.contains {
                if case .snapshotRefused(_, let reason) = $0 { reason.contains("other models") } else { false }
            }, "\(listener.notices)")
    }
}
