import Events
import Testing
import Workers

@testable import Engine

/// The same stream gives the same bytes in the same order, however it is cut and by however many it is computed.
struct DeterminismTests {
    @Test(arguments: [1, 7, 4_096], [1, 2, 5])
    func batchesAndWorkersChangeNothing(batchRows: Int, workers: Int) throws {
        let plan = try PaymentPlan(outputFeatures: ["customer_mean", "terminal_count", "terminal_mean", "ratio"]).make()
        let log = PaymentStream(seed: 11).log()
        let expected = ExpectedOutputs(log, plan: plan)
        #expect(expected.outputs.count { $0.score != nil } > 1_000)
        #expect(Set(expected.outputs.compactMap(\.code)).count >= 3)
        for (takeRows, inlineRows) in [(Int.max, 0), (5, ScoringPipeline.inlineRowsMaxDefault), (1, 0)] {
            let context = "\(batchRows) rows, \(workers) workers, takes of \(takeRows), inline up to \(inlineRows)"
            let log = PaymentStream(seed: 11).log()
            let run = StreamRun(plan, log, workers: workers, inlineRowsMax: inlineRows) { settings in
                settings.batchRowsMax = batchRows
            }
            run.source.takeRowsMax = takeRows
            let summary = try run.run()
            expectEqual(run.sink.outputs.map(\.asExpected), expected.outputs, context)
            #expect(summary.mergeExpiries == 0, "\(context)")
            run.expectAllReleased(context)
            // A batch of one row has one task in most phases, and who takes the few others is a race.
            if workers > 1 && inlineRows == 0 && batchRows > 1 {
                #expect(run.pool.tasksPerformed.count { $0 > 0 } > 1, "\(context)")
            }
            if workers == 1 { #expect(run.pool.tasksPerformed.count == 1) }
        }
    }

    /// With threads of its own for sending and acknowledging, too.
    @Test(arguments: [2, 5], [7, 512])
    func threadsChangeNothing(workers: Int, batchRows: Int) throws {
        let plan = try PaymentPlan(outputFeatures: ["terminal_mean"]).make()
        let log = PaymentStream(seed: 12, partitions: 4).log()
        let expected = ExpectedOutputs(log, plan: plan)
        let run = StreamRun(plan, log, workers: workers, inlineRowsMax: 0, isThreaded: true) { settings in
            settings.batchRowsMax = batchRows
        }
        run.sink.capacity = 100
        let context = "\(workers) workers, \(batchRows) rows"
        run.checkCommits(context)
        let summary = try run.run()
        expectEqual(run.sink.outputs.map(\.asExpected), expected.outputs, context)
        #expect(summary.isBalanced && summary.released == 0)
        #expect(log.committed == log.partitions.map { Int64($0.lastIndex { $0.record != nil }! + 1) })
        run.expectAllReleased(context)
        #expect(run.pool.tasksPerformed.count { $0 > 0 } > 1)
    }

    /// The source numbers its lanes as it likes: ties are decided by the partition.
    @Test func theOrderOfTheAssignmentChangesNothing() throws {
        let plan = try PaymentPlan(outputFeatures: ["terminal_mean"]).make()
        let log = PaymentStream(seed: 13).log()
        let expected = ExpectedOutputs(log, plan: plan)
        let run = StreamRun(plan, log)
        run.source.onPoll = { source, observer in if source.epoch == 0 { source.assign([2, 0, 1], to: observer) } }
        let summary = try run.run()
        expectEqual(run.sink.outputs.map(\.asExpected), expected.outputs, "lanes in another order")
        #expect(summary.accounts.map(\.partition) == [0, 1, 2])
    }

    /// One watermark decides what is late: even where every entity is the topic's key, the order across partitions
    /// counts.
    @Test(arguments: [LatePolicy.Action.drop, .deadLetter, .score], [true, false])
    func latePoliciesFollowTheMergeOrder(action: LatePolicy.Action, hasTerminals: Bool) throws {
        let plan = try PaymentPlan(
            late: LatePolicy(afterMicroseconds: 10 * PaymentPlan.minute, action: action), hasTerminals: hasTerminals
        ).make()
        let log = PaymentStream(seed: 14).log()
        let expected = ExpectedOutputs(log, plan: plan)
        for takeRows in [3, Int.max] {
            let log = PaymentStream(seed: 14).log()
            let run = StreamRun(plan, log)
            run.source.takeRowsMax = takeRows
            run.checkCommits(silent: expected.silent, "takes of \(takeRows)")
            let summary = try run.run()
            expectEqual(run.sink.outputs.map(\.asExpected), expected.outputs, "\(action), takes of \(takeRows)")
            #expect(summary.lateDropped == UInt64(expected.silent.count))
            #expect(summary.late > 10)
            #expect((summary.lateDropped > 10) == (action == .drop))
            #expect(summary.isBalanced)
        }
    }

    /// A trickle: what has arrived differs from turn to turn, and partitions whose end is not known are waited for.
    @Test(arguments: 0..<6 as Range<UInt64>)
    func arrivalsChangeNothing(seed: UInt64) throws {
        let plan = try PaymentPlan(outputFeatures: ["terminal_mean"]).make()
        let log = PaymentStream(seed: seed, events: 300).log()
        let expected = ExpectedOutputs(log, plan: plan)
        let run = StreamRun(plan, log) { $0.mergeWaitMicroseconds = 1_000_000_000 }
        var random = SeededGenerator(seed: seed)
        run.source.arrived = [0, 0, 0]
        run.source.endUnknown = [0, 1, 2]
        run.source.onPoll = { source, observer in
            if source.epoch == 0 { source.assign(to: observer) }
            let partition = Int(random.next() % 3)
            source.arrived[partition] = min(
                log.partitions[partition].count, source.arrived[partition] + Int(random.next() % 20))
            if source.arrived[partition] == log.partitions[partition].count { source.endUnknown.remove(partition) }
        }
        let summary = try run.run()
        expectEqual(run.sink.outputs.map(\.asExpected), expected.outputs, "seed \(seed)")
        #expect(summary.mergeExpiries == 0, "seed \(seed)")
        run.expectAllReleased("seed \(seed)")
    }

    private func expectEqual(
        _ found: [ExpectedOutputs.Output], _ expected: [ExpectedOutputs.Output], _ context: String,
        at location: SourceLocation = #_sourceLocation
    ) {
        #expect(found.count == expected.count, "\(context)", sourceLocation: location)
        if let (index, pair) = zip(found, expected).enumerated().first(where: { $1.0 != $1.1 }) {
            Issue.record("\(context): output \(index) is \(pair.0) and not \(pair.1)", sourceLocation: location)
        }
    }
}
