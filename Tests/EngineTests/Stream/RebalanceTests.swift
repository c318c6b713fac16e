import Events
import Features
import Testing

@testable import Engine

/// Partitions come and go in the middle of the work.
struct RebalanceTests {
    /// Revoked and assigned again: what was in flight is committed, the rest is read again, and state goes on where
    /// it was.
    @Test(arguments: 0..<8 as Range<UInt64>, [false, true])
    func partitionsThatComeBackGoOn(seed: UInt64, isThreaded: Bool) throws {
        let plan = try PaymentPlan(outputFeatures: ["customer_count", "terminal_mean"]).make()
        let log = PaymentStream(seed: seed, events: 600).log()
        let expected = ExpectedOutputs(log, plan: plan)
        let run = StreamRun(plan, log, isThreaded: isThreaded) { $0.batchRowsMax = 16 }
        run.checkCommits("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        run.source.onPoll = { source, observer in
            if source.lanePartitions.isEmpty {
                source.assign(Array(0..<3).shuffled(using: &random), to: observer)
            } else if random.next() % 4 == 0 && source.epoch < 8 {
                source.revoke(from: observer)
            }
        }
        let summary = try run.run()
        #expect(summary.rebalances > 2, "seed \(seed)")
        #expect(summary.isBalanced, "seed \(seed)")
        #expect(summary.released > 0, "seed \(seed)")
        #expect(run.sink.outputs.count == log.recordCount, "seed \(seed)")
        #expect(run.sink.outputs.map(\.asExpected) == expected.outputs, "seed \(seed)")
        run.expectAllReleased("seed \(seed)")
    }

    /// Lost partitions: nothing more is committed, and whoever owns them next reads from what was.
    @Test(arguments: 0..<8 as Range<UInt64>, [false, true])
    func ofLostPartitionsNothingIsCommitted(seed: UInt64, isThreaded: Bool) throws {
        let plan = try PaymentPlan().make()
        let log = PaymentStream(seed: seed, events: 400).log()
        let run = StreamRun(plan, log, isThreaded: isThreaded) { settings in
            settings.commitEveryMilliseconds = 3
            settings.batchRowsMax = 16
        }
        run.checkCommits("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        var losses = 0
        run.source.onPoll = { source, observer in
            if source.lanePartitions.isEmpty {
                // The state is not that of the committed offsets: it is rebuilt.
                source.assign(to: observer)
            } else if random.next() % 3 == 0 && losses < 4 {
                losses += 1
                let before = log.committed
                source.revoke(isLost: true, from: observer)
                #expect(log.committed == before, "seed \(seed)")
            }
        }
        let summary = try run.run()
        #expect(losses == 4, "seed \(seed)")
        #expect(summary.isBalanced, "seed \(seed)")
        #expect(Set(run.sink.outputs.filter(\.isAcknowledged).map(\.origin)) == Set(log.origins), "seed \(seed)")
        // Duplicates carry the scores of the first.
        let expected = Dictionary(
            uniqueKeysWithValues: ExpectedOutputs(log, plan: plan).outputs.map { ($0.origin, $0) })
        for output in run.sink.outputs { #expect(output.asExpected == expected[output.origin], "seed \(seed)") }
        run.expectAllReleased("seed \(seed)")
    }

    /// The group refuses the last commit of an assignment, or no coordinator answers it: its events are read again, and
    /// nothing ends.
    @Test(arguments: 0..<6 as Range<UInt64>, [false, true])
    func aLastCommitThatIsNotTakenEndsNothing(seed: UInt64, isThreaded: Bool) throws {
        let plan = try PaymentPlan(outputFeatures: ["customer_count", "terminal_mean"]).make()
        let log = PaymentStream(seed: seed, events: 400).log()
        let run = StreamRun(plan, log, isThreaded: isThreaded) { settings in
            settings.commitEveryMilliseconds = 3
            settings.batchRowsMax = 16
        }
        let notices = Notices()
        run.engine.observer = notices
        run.checkCommits("seed \(seed)")
        var random = SeededGenerator(seed: seed)
        var revocations = 0
        var isRevoking = false
        run.source.onFinalCommit = {
            // The end of the run is committed.
            if !isRevoking { return nil }
            if random.next() % 2 == 0 { throw InjectedFault(what: "no coordinator") }
            return .superseded(reason: "a newer generation")
        }
        run.source.onPoll = { source, observer in
            if source.lanePartitions.isEmpty {
                source.assign(to: observer)
            } else if random.next() % 3 == 0 && revocations < 4 {
                revocations += 1
                isRevoking = true
                source.revoke(from: observer)
                isRevoking = false
            }
        }
        let summary = try run.run()
        #expect(revocations == 4, "seed \(seed)")
        #expect(summary.isBalanced, "seed \(seed)")
        #expect(notices.refusedCommits > 0, "seed \(seed)")
        let expected = Dictionary(
            uniqueKeysWithValues: ExpectedOutputs(log, plan: plan).outputs.map { ($0.origin, $0) })
        #expect(Set(run.sink.outputs.filter(\.isAcknowledged).map(\.origin)) == Set(log.origins), "seed \(seed)")
        for output in run.sink.outputs { #expect(output.asExpected == expected[output.origin], "seed \(seed)") }
        run.expectAllReleased("seed \(seed)")
    }

    // SAFETY: notices come on the engine's thread, which has ended when they are read.
    private final class Notices: StreamObserver, @unchecked Sendable {
        private(set) var refusedCommits = 0

        func didNotice(_ notice: EngineNotice) { if case .commitRefused = notice { refusedCommits += 1 } }
    }

    /// Between the loss and the next assignment a commit may fall due: it must not name lanes that are gone.
    @Test func aCommitThatWasPendingGoesWithItsLanes() throws {
        let log = PaymentStream(seed: 3, events: 200).log()
        let run = StreamRun(try PaymentPlan().make(), log) { settings in
            settings.commitEveryMilliseconds = 1_000
            settings.endOffsets = nil
        }
        run.source.onPoll = { [unowned engine = run.engine, unowned clock = run.clock] source, observer in
            switch source.pollCount {
            case 1: source.assign(to: observer)
            case 3:
                #expect(!engine.pendingPositions.isEmpty)
                source.revoke(isLost: true, from: observer)
                clock.advance(milliseconds: 5_000)
            case 8: engine.requestStop()
            default: break
            }
        }
        let summary = try run.run()
        #expect(log.committed == [0, 0, 0])
        #expect(summary.isBalanced)
        run.expectAllReleased("lost")
    }

    /// A drain that takes too long gives up: what is in flight is released, not committed, and not sent any more.
    @Test(arguments: [false, true])
    func aDrainThatTakesTooLongGivesUp(isThreaded: Bool) throws {
        let log = PaymentStream(seed: 4, events: 400, hasFaults: false).log()
        let run = StreamRun(try PaymentPlan().make(), log, isThreaded: isThreaded) { settings in
            settings.drainMilliseconds = 20
            settings.endOffsets = nil
        }
        run.checkCommits("drain")
        run.sink.acknowledge = { _ in [] }
        run.source.onPoll = { [unowned engine = run.engine, unowned sink = run.sink] source, observer in
            if source.epoch == 0 { source.assign(to: observer) }
            if source.lanePartitions.isEmpty || sink.outputs.isEmpty { return }
            source.revoke(from: observer)
            engine.requestStop()
        }
        let summary = try run.run()
        #expect(log.committed == [0, 0, 0])
        #expect(summary.isBalanced)
        #expect(summary.released == summary.consumed && summary.released > 0)
        run.expectAllReleased("drain")
    }

    /// After `run` the source closes and revokes once more: there is nothing left to wait for.
    @Test func aRevocationAfterTheRunIsNothing() throws {
        let log = PaymentStream(seed: 4, events: 100).log()
        let run = StreamRun(try PaymentPlan().make(), log)
        _ = try run.run()
        let committed = log.committed
        run.source.onCommit = { _ in Issue.record("a commit after the run") }
        run.source.revoke(from: run.engine)
        #expect(log.committed == committed)
    }

    @Test func stateIsKnownByItsOffsets() throws {
        let log = PaymentStream(seed: 4, events: 100, hasMarkers: false).log()
        let run = StreamRun(try PaymentPlan().make(), log)
        _ = try run.run()
        func lanes(_ change: Int64 = 0) -> [AssignedLane] {
            log.committed.enumerated().map {
                AssignedLane(
                    topic: log.topic, partition: Int32($0), committed: $1 + ($0 == 1 ? change : 0), low: 0, high: 1_000,
                    begin: 0, scoresFrom: 0)
            }
        }
        #expect(run.engine.holdsState(for: lanes()))
        #expect(run.engine.holdsState(for: lanes().reversed()))
        #expect(!run.engine.holdsState(for: lanes(1)))
        #expect(!run.engine.holdsState(for: Array(lanes().dropLast())))
        #expect(!run.engine.holdsState(for: []))
        let other = AssignedLane(
            topic: "other", partition: 0, committed: nil, low: 0, high: 0, begin: 0, scoresFrom: 0)
        _ = run.engine.sourceDidAssign(epoch: 9, lanes: [other])
        #expect(run.engine.state.keys == 0)
        #expect(!run.engine.holdsState(for: lanes()))
    }

    /// What is read again only to rebuild windows produces nothing and never moves a commit back.
    @Test func mutedEventsOnlyRebuildState() throws {
        let plan = try PaymentPlan(late: LatePolicy(afterMicroseconds: 10 * PaymentPlan.minute, action: .deadLetter))
            .make()
        let log = PaymentStream(seed: 21, events: 500).log()
        let expected = ExpectedOutputs(log, plan: plan).outputs
        let muted = log.partitions.map { $0.count / 2 }
        for partition in muted.indices { log.commit(Int64(muted[partition]), partition: partition) }
        let run = StreamRun(plan, log)
        run.checkCommits("muted")
        run.source.onPoll = { source, observer in
            if source.epoch > 0 { return }
            source.assign(to: observer)
        }
        let summary = try run.run()
        let wanted = expected.filter { output in
            let parts = output.origin.split(separator: "/")
            return Int(parts[2])! >= muted[Int(parts[1])!]
        }
        #expect(run.sink.outputs.map(\.asExpected) == wanted)
        #expect(summary.muted > 200 && summary.isBalanced)
        #expect(summary.muted + UInt64(wanted.count) == UInt64(log.recordCount))
    }
}
