import Features
import Testing

@testable import Engine

private let minute: Int64 = 60_000_000_000

/// A disk that hangs for ever keeps nobody's partitions, no process from ending, and nothing that was written before.
struct HangingDiskTests {
    private final class Listener: StreamObserver, @unchecked Sendable {
        var notices: [EngineNotice] = []
        func didNotice(_ notice: EngineNotice) { notices.append(notice) }

        /// Why the last snapshot failed, if that is the last that was heard of snapshots.
        var failure: String? {
            for notice in notices.reversed() {
                switch notice {
                case .snapshotFailed(let reason): return reason
                case .snapshotWritten: return nil
                default: continue
                }
            }
            return nil
        }

        var written: Int { notices.count { if case .snapshotWritten = $0 { true } else { false } } }
    }

    /// Where the disk hangs the writer is left; whatever it was doing comes to nothing once the disk is back.
    @Test(arguments: [FileFailure.Operation.create, .append, .synchronize, .rename])
    func aWriterThatHangsIsLeftBehind(operation: FileFailure.Operation) throws {
        let store = store
        let older = try KeyedState(events: 60).write(to: store)
        let clock = MonotonicClock()
        let original = KeyedState(events: 100)
        func session() -> SnapshotSession {
            SnapshotSession(
                original.header(), of: original.features, into: store, images: [ShardImage(), ShardImage()],
                clock: clock)
        }
        disk.hang(in: operation)
        let hung = session()
        let outcome = hung.complete(positions: original.positions, by: clock.nanoseconds + 20_000_000)
        guard case .failed(let error) = outcome, error is SnapshotOverdue else {
            Issue.record("\(outcome)")
            return
        }
        #expect(hung.isLeftBehind && !disk.hasTimedOut)
        #expect("\(error)".contains("\"max.poll.interval.ms\""))
        #expect(try store.candidates().map(\.manifest) == [older])
        // It never waits a second time.
        #expect(!hung.abandon(by: clock.nanoseconds))
        disk.letGo()
        try #require(hung.hasEnded(by: clock.nanoseconds + minute))
        #expect(!disk.disk.paths.contains { $0.hasSuffix(".partial") }, "\(disk.disk.paths)")
        // What the disk was giving its name when it hung is whole: the name was all that was missing.
        let found = try store.candidates()
        #expect(found.allSatisfy { $0.refusal == nil } && found.last?.manifest == older)
        #expect(found.count == (operation == .rename ? 2 : 1))
        guard case .finished(let manifest, nil) = session().complete(positions: original.positions) else {
            Issue.record("the next one is not written")
            return
        }
        #expect(try KeyedState().restore(from: store).loaded == manifest)
    }

    /// Partitions are given back in time; the next assignment says why there is no snapshot, and takes one once the disk
    /// is back.
    @Test func aRevocationEnds() throws {
        let script = Script(try run(seed: 41), disk, store)
        let (engine, source) = (script.run.engine, script.run.source)
        source.onPoll = { _, observer in try script.revoke(observer) }
        engine.observer = script.listener
        let summary = try script.run.run()
        #expect(summary.isBalanced && summary.rebalances == 2)
        #expect(script.stage == 4 && script.listener.written > 1, "\(script.listener.notices)")
        let found = try store.candidates()
        #expect(found.first?.sequence ?? 0 > script.kept.first?.sequence ?? .max)
        #expect(found.allSatisfy { $0.refusal == nil })
    }

    /// Told to stop, it stops.
    @Test func aStopEnds() throws {
        let script = Script(try run(seed: 42), disk, store)
        let engine = script.run.engine
        script.run.source.onPoll = { _, observer in try script.stop(observer) }
        engine.observer = script.listener
        let summary = try script.run.run()
        #expect(disk.isHanging && !disk.hasTimedOut, "it ended before the disk was let go")
        let listener = script.listener
        #expect(summary.isBalanced && listener.failure == "\(SnapshotOverdue())", "\(listener.notices)")
        #expect(try store.candidates() == script.kept && script.kept.count == 1)
        disk.letGo()
        #expect(engine.leftSnapshot?.hasEnded(by: engine.clock.nanoseconds + minute) == true)
        #expect(try store.candidates() == script.kept && disk.disk.paths.count == 1, "\(disk.disk.paths)")
    }

    private let disk = HangingDisk()
    private var store: SnapshotStore {
        SnapshotStore(directory: "/state", pipeline: "payments", statePlanHash: KeyedState.hash, files: disk)
    }

    /// What happens when, on the engine's thread.
    private final class Script {
        let run: StreamRun
        let disk: HangingDisk
        let store: SnapshotStore
        let listener = Listener()
        var stage = 0
        /// What there was before the disk hung.
        var kept: [SnapshotCandidate] = []

        init(_ run: StreamRun, _ disk: HangingDisk, _ store: SnapshotStore) {
            (self.run, self.disk, self.store) = (run, disk, store)
        }

        /// Assigned; once there is a snapshot the disk hangs, and the next one is due.
        private func begin(_ observer: any SourceObserver) throws {
            if stage == 0 {
                run.source.assign(to: observer)
                stage = 1
            }
            if stage == 1 && listener.written == 1 {
                kept = try store.candidates()
                disk.hang(in: .synchronize)
                more()
                stage = 2
            }
            // Nothing came of it: the test tells.
            if run.source.pollCount > 20_000 { run.engine.requestStop() }
        }

        func stop(_ observer: any SourceObserver) throws {
            try begin(observer)
            if stage == 2 && disk.isHanging && isIdle { run.engine.requestStop() }
        }

        func revoke(_ observer: any SourceObserver) throws {
            try begin(observer)
            let engine = run.engine
            if stage == 2 && disk.isHanging && isIdle {
                run.source.revoke(from: observer)
                #expect(!disk.hasTimedOut && engine.leftSnapshot != nil && engine.lanes.isEmpty)
                #expect(listener.failure == "\(SnapshotOverdue())")
                #expect(try store.candidates() == kept)
                run.source.assign(to: observer)
                more()
                stage = 3
            }
            if stage == 3 && listener.failure?.hasPrefix("the disk still holds up") == true {
                #expect(disk.isHanging && !disk.hasTimedOut)
                disk.letGo()
                #expect(engine.leftSnapshot?.hasEnded(by: engine.clock.nanoseconds + minute) == true)
                #expect(try store.candidates() == kept && disk.disk.paths.count == kept.count)
                more()
                stage = 4
            }
            if stage == 4 && listener.written > 1 { engine.requestStop() }
        }

        /// Enough for a snapshot, but not for two.
        private func more() { run.source.arrived = run.source.arrived.map { $0 + 30 } }

        /// All that has arrived is scored and acknowledged.
        private var isIdle: Bool {
            run.engine.ledger.isEmpty && run.engine.lanes.allSatisfy { $0.buffered == 0 }
        }
    }

    /// A snapshot is due every 50 events, and a drain has a fifth of a second.
    private func run(seed: UInt64) throws -> StreamRun {
        let log = PaymentStream(seed: seed, events: 3_000, hasMarkers: false).log()
        let run = StreamRun(try PaymentPlan().make(), log, isThreaded: true, snapshots: store) {
            $0.drainMilliseconds = 200
            $0.endOffsets = nil
            $0.snapshots.everyEvents = 50
            $0.snapshots.everyNanoseconds = nil
        }
        run.source.arrived = log.partitions.map { _ in 30 }
        return run
    }
}
