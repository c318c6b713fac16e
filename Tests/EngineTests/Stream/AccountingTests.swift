import Events
import Synchronization
import Testing

@testable import Engine

/// The books balance and commits pass nothing, whatever the ports do.
struct AccountingTests {
    /// Delayed acknowledgements in any order, full queues, small takes: everything comes out once.
    @Test(arguments: 0..<12 as Range<UInt64>)
    func slowAndDisorderlyAcknowledgements(seed: UInt64) throws {
        let plan = try PaymentPlan(late: LatePolicy(afterMicroseconds: 10 * PaymentPlan.minute, action: .drop)).make()
        let log = PaymentStream(seed: seed, events: 500).log()
        let expected = ExpectedOutputs(log, plan: plan)
        var random = SeededGenerator(seed: seed)
        let run = StreamRun(plan, log) { settings in
            settings.batchRowsMax = Int(random.next() % 60) + 1
            settings.unacknowledgedBatchesMax = Int(random.next() % 6) + 1
            settings.commitEveryMilliseconds = 1
            settings.drainMilliseconds = 1_000_000
        }
        run.source.takeRowsMax = Int(random.next() % 40) + 1
        run.sink.capacity = Int(random.next() % 90) + 3
        run.sink.acknowledge = { waiting in
            if random.next() % 3 == 0 { return [] }
            let order = Array(0..<waiting).shuffled(using: &random)
            return Array(order.prefix(waiting == 0 ? 0 : Int(random.next() % UInt64(waiting + 1))))
        }
        run.checkCommits(silent: expected.silent, "seed \(seed)")
        let summary = try run.run()
        #expect(run.sink.outputs.map(\.asExpected) == expected.outputs, "seed \(seed)")
        #expect(summary.isBalanced && summary.released == 0, "seed \(seed)")
        #expect(summary.consumed == UInt64(log.recordCount), "seed \(seed)")
        #expect(summary.deadLettered == UInt64(run.sink.deadLetters.count), "seed \(seed)")
        #expect(summary.scored == UInt64(run.sink.scores.count), "seed \(seed)")
        #expect(summary.lateDropped == UInt64(expected.silent.count), "seed \(seed)")
        #expect(summary.commits > 2, "seed \(seed)")
        run.expectAllReleased("seed \(seed)")
    }

    @Test func gapsAreCountedAndRecordsAreNot() throws {
        let record = LogEntry.record(Payment(id: "p", at: PaymentStream.start, customer: "c").record)
        let log = MemoryLog([[.marker, record, .marker, .marker, record, .marker], [.marker], []])
        let run = StreamRun(try PaymentPlan(hasModel: false).make(), log)
        let summary = try run.run()
        #expect(summary.accounts.map(\.gaps) == [4, 1, 0])
        #expect(summary.accounts.map(\.consumed) == [2, 0, 0])
        #expect(log.committed == [5, 0, 0])
    }

    enum Break: CaseIterable {
        case send, delivery, take, commit
    }

    /// After a failure nothing that was not acknowledged is committed, every record is given back, and who goes on
    /// from the committed offsets brings the rest.
    @Test(arguments: Break.allCases, [false, true])
    func afterAFailureTheNextOneBringsTheRest(point: Break, isThreaded: Bool) throws {
        let plan = try PaymentPlan().make()
        for seed in 0..<5 as Range<UInt64> {
            let context = "\(point), seed \(seed)"
            var random = SeededGenerator(seed: seed)
            let log = PaymentStream(seed: seed, events: 400).log()
            let first = StreamRun(plan, log, isThreaded: isThreaded) { settings in
                settings.batchRowsMax = 16
                settings.commitEveryMilliseconds = 1
            }
            first.checkCommits(context)
            let place = Int(random.next() % 250) + 20
            breakAt(point, place, in: first)
            #expect(throws: InjectedFault.self, "\(context)") { _ = try first.run() }
            first.expectAllReleased(context)
            let committed = log.committed
            #expect(committed != log.partitions.map { Int64($0.count) }, "\(context)")

            let second = StreamRun(plan, log, isThreaded: isThreaded)
            second.checkCommits(context)
            second.source.onPoll = { source, observer in
                if source.epoch > 0 { return }
                source.assign(to: observer)
            }
            let summary = try second.run()
            #expect(summary.isBalanced && summary.released == 0, "\(context)")
            #expect(summary.muted == UInt64(recordCount(log, below: committed)), "\(context)")
            let acknowledged = first.sink.outputs.filter(\.isAcknowledged) + second.sink.outputs
            #expect(Set(acknowledged.map(\.origin)) == Set(log.origins), "\(context)")
            // The second brought nothing twice, and nothing that was committed.
            #expect(second.sink.outputs.count == log.recordCount - recordCount(log, below: committed), "\(context)")
            // Its state is that of one who has seen everything from the beginning.
            let expected = ExpectedOutputs(log, plan: plan).outputs.filter { $0.code == nil }
            let scores = Dictionary(uniqueKeysWithValues: second.sink.scores.map { ($0.origin, $0.value) })
            for output in expected where scores[output.origin] != nil {
                #expect(scores[output.origin] == output.score, "\(context)")
            }
            second.expectAllReleased(context)
        }
    }

    private func breakAt(_ point: Break, _ place: Int, in run: StreamRun) {
        switch point {
        case .send: run.sink.failsAtSend = place
        case .delivery: run.sink.failsAtDelivery = place
        case .take:
            var takes = 0
            run.source.takeRowsMax = 4
            run.source.onTake = { _ in
                takes += 1
                if takes == place / 4 { throw InjectedFault(what: "take") }
            }
        case .commit:
            // With a real clock one commit is sure, the last; with the schedule's there are many.
            let commitsMade = run.source.clock == nil ? 1 : 2
            var commits = 0
            let check = run.source.onCommit
            run.source.onCommit = { positions in
                try check(positions)
                commits += 1
                if commits >= commitsMade { throw InjectedFault(what: "commit") }
            }
        }
    }

    private func recordCount(_ log: MemoryLog, below offsets: [Int64]) -> Int {
        zip(log.partitions, offsets).reduce(0) { count, pair in
            count + pair.0[..<Int(pair.1)].count { $0.record != nil }
        }
    }

    /// A stop in the middle: what is in flight is finished and committed, the rest is released.
    @Test(arguments: [false, true])
    func aStopInTheMiddleFinishesWhatIsInFlight(isThreaded: Bool) throws {
        let log = PaymentStream(seed: 5).log()
        let run = StreamRun(try PaymentPlan().make(), log, isThreaded: isThreaded) { $0.endOffsets = nil }
        run.checkCommits("stop")
        run.source.onPoll = { [unowned engine = run.engine] source, observer in
            if source.epoch == 0 { source.assign(to: observer) }
            if source.pollCount == 6 { engine.requestStop() }
        }
        let summary = try run.run()
        #expect(summary.isBalanced)
        #expect(summary.released > 0)
        #expect(summary.scored + summary.deadLettered == UInt64(run.sink.outputs.count))
        #expect(run.sink.outputs.allSatisfy { $0.isAcknowledged })
        #expect(Set(run.sink.outputs.map(\.origin)).count == run.sink.outputs.count)
        #expect(log.committed.reduce(0, +) > 0)
        run.expectAllReleased("stop")
    }

    /// A sink that takes nothing more must not keep a stop from ending: what it did not take is released.
    @Test(arguments: [false, true])
    func aStopEndsThoughTheSinkIsStuck(isThreaded: Bool) throws {
        let log = PaymentStream(seed: 6).log()
        let run = StreamRun(try PaymentPlan().make(), log, isThreaded: isThreaded) { settings in
            settings.endOffsets = nil
            settings.drainMilliseconds = 50
            settings.inFlightBatchesMax = 2
        }
        run.checkCommits("stuck")
        run.sink.capacity = 100
        run.sink.acknowledge = { _ in [] }
        if isThreaded {
            run.sink.onServe = { [unowned sink = run.sink, unowned engine = run.engine] in
                if sink.fullCount > 3 { engine.requestStop() }
            }
        } else {
            // On one thread a full sink is waited for inside `send`: it has to fail.
            run.sink.onServe = { [unowned sink = run.sink, unowned engine = run.engine] in
                if sink.fullCount > 3 { engine.sinkDidFail(token: 0, error: InjectedFault(what: "stuck")) }
            }
            #expect(throws: InjectedFault.self) { _ = try run.run() }
            #expect(log.committed == [0, 0, 0])
            run.expectAllReleased("stuck")
            return
        }
        let summary = try run.run()
        #expect(summary.isBalanced)
        #expect(summary.released == summary.consumed)
        #expect(log.committed == [0, 0, 0])
        run.expectAllReleased("stuck")
    }

    /// Without a credit the engine goes on telling the source that it lives, and takes nothing.
    @Test func withoutACreditTheMembershipIsKeptAlive() throws {
        let log = PaymentStream(seed: 7).log()
        let run = StreamRun(try PaymentPlan().make(), log, isThreaded: true) { settings in
            settings.inFlightBatchesMax = 1
            settings.keepAliveMilliseconds = 1
        }
        let isOpen = Atomic<Bool>(false)
        run.sink.capacity = 10
        run.sink.acknowledge = { isOpen.load(ordering: .relaxed) ? Array(0..<$0) : [] }
        var keptAlive = 0
        run.source.onKeepAlive = { _, _ in
            keptAlive += 1
            if keptAlive == 3 { isOpen.store(true, ordering: .relaxed) }
        }
        let summary = try run.run()
        #expect(keptAlive >= 3)
        #expect(run.sink.outputs.count == log.recordCount)
        #expect(summary.isBalanced)
    }

    /// However much has arrived, what waits in the engine is bounded, in rows and in bytes.
    @Test(arguments: [Int.max, 4_000])
    func whatIsTakenIsBounded(bytesMax: Int) throws {
        let log = PaymentStream(seed: 8, partitions: 2, events: 6_000, hasFaults: false).log()
        let run = StreamRun(try PaymentPlan(hasModel: false).make(), log) { settings in
            settings.takeBytesMax = min(settings.takeBytesMax, bytesMax)
            settings.mergeWaitMicroseconds = 1_000_000_000
            settings.endOffsets = nil
        }
        run.source.endUnknown = [1]
        run.source.arrived[1] = 0
        var mostRows = 0
        run.source.onPoll = { [unowned engine = run.engine] source, observer in
            if source.epoch == 0 { source.assign(to: observer) }
            mostRows = max(mostRows, engine.lanes.map(\.buffered).max() ?? 0)
            // Partition 1 brings nothing, so that partition 0 has to wait.
            if source.pollCount == 50 { engine.requestStop() }
        }
        let summary = try run.run()
        #expect(run.sink.outputs.isEmpty)
        #expect(mostRows > 0)
        // Chunks of 64 rows, four of them and less than one more; or payments of some 80 bytes.
        #expect(mostRows <= (bytesMax == .max ? 64 * 5 : 4_000 / 80 + 64))
        #expect(summary.released == summary.consumed && summary.isBalanced)
        run.expectAllReleased("bounded")
    }

    enum Plant: CaseIterable {
        case consumed, scored, position
    }

    /// If the books can be wrong without anyone noticing, they are worth nothing.
    @Test(arguments: Plant.allCases)
    func aPlantedMismatchStopsTheEngine(plant: Plant) throws {
        let log = PaymentStream(seed: 9).log()
        let run = StreamRun(try PaymentPlan().make(), log)
        var committedBefore: [Int64] = []
        run.source.onPoll = { [unowned engine = run.engine] source, observer in
            if source.epoch == 0 { source.assign(to: observer) }
            if source.pollCount != 5 { return }
            committedBefore = log.committed
            switch plant {
            case .consumed: engine.accounts[1].consumed -= 1
            case .scored: engine.accounts[1].scored += 1
            case .position: engine.lanes[1].position -= 1
            }
        }
        let mismatch = try #require(throws: AccountingMismatch.self) { _ = try run.run() }
        #expect(mismatch.account.partition == 1)
        #expect("\(mismatch)".contains("partition 1 do not balance"))
        #expect(log.committed == committedBefore)
        run.expectAllReleased("\(plant)")
    }
}
