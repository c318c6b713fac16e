import Events
import Features
import Testing

@testable import Engine

/// An engine that dies in the middle of its work, and the one after it.
struct QuarantineTests {
    /// What another process finds when the one that wrote `memory` is killed now.
    private func copy(_ memory: SurvivingMemory) -> SurvivingMemory {
        let copy = SurvivingMemory()
        copy.bytes.copyMemory(from: UnsafeRawBufferPointer(memory.bytes))
        return copy
    }

    private final class Killer: StreamObserver, @unchecked Sendable {
        var onBatch: (BatchContext) -> Void = { _ in }
        var notices: [EngineNotice] = []
        func didScore(_ context: BatchContext, plan: ScoringPlan) { onBatch(context) }
        func didNotice(_ notice: EngineNotice) { notices.append(notice) }
    }

    /// Suspects go alone and change no score.
    @Test(arguments: 0..<6 as Range<UInt64>)
    func suspectsGoOneAtATime(seed: UInt64) throws {
        let plan = try PaymentPlan(outputFeatures: ["customer_count", "terminal_mean"]).make()
        let log = PaymentStream(seed: seed, events: 1_500).log()
        let memory = SurvivingMemory()
        let first = StreamRun(plan, log, inFlight: memory.record) { $0.batchRowsMax = 32 }
        let killer = Killer()
        var batches = 0
        var left: SurvivingMemory?
        var committed: [Int64] = []
        killer.onBatch = { [unowned engine = first.engine] _ in
            batches += 1
            if batches == 5 {
                left = copy(memory)
                committed = log.committed
                engine.requestStop()
            }
        }
        first.engine.observer = killer
        _ = try withExtendedLifetime(killer) { try first.run() }
        // The process died before anything of that batch was sent, and before the orderly end.
        let died = try #require(left)
        for (partition, offset) in committed.enumerated() { log.commit(offset, partition: partition) }

        let second = StreamRun(plan, log, inFlight: died.record) { $0.batchRowsMax = 32 }
        let watcher = Killer()
        var singles = 0
        var sizes: [Int] = []
        watcher.onBatch = { context in
            sizes.append(context.batch.count)
            if context.batch.count == 1 { singles += 1 }
        }
        second.engine.observer = watcher
        let summary = try withExtendedLifetime(watcher) { try second.run() }
        #expect(summary.isBalanced)
        #expect(singles >= 32, "seed \(seed): \(sizes)")
        #expect(sizes.contains { $0 > 16 }, "seed \(seed): after the suspects batches are batches again")
        guard
            case .carefulRestart(let offsets)? = watcher.notices.first(where: {
                if case .carefulRestart = $0 { true } else { false }
            })
        else {
            Issue.record("no notice")
            return
        }
        #expect(offsets >= 32)
        let expected = Dictionary(
            uniqueKeysWithValues: ExpectedOutputs(log, plan: plan).outputs.map { ($0.origin, $0) })
        for output in second.sink.outputs { #expect(output.asExpected == expected[output.origin], "seed \(seed)") }
        second.expectAllReleased("seed \(seed)")
    }

    /// A quarantined event is a dead letter, enters no window, and the order topic says so.
    @Test func aQuarantinedEventIsNotLookedAt() throws {
        let plan = try PaymentPlan(outputFeatures: ["customer_count"]).make()
        let log = PaymentStream(seed: 3, partitions: 2, events: 60, hasFaults: false, hasMarkers: false).log()
        let memory = SurvivingMemory()
        let poison = memory.record
        _ = poison.begin()
        poison.setLanes(["payments/1"], at: [7])
        poison.beginSingle("payments/1", offset: 7)
        poison.signalWord.pointee = 11

        let run = StreamRun(plan, log, order: MemoryOrder(), inFlight: memory.record)
        _ = try run.run()
        let letters = run.sink.deadLetters
        #expect(letters.map(\.origin) == ["payments/1/7"])
        #expect(letters.map { $0.headers["riffle-error-code"] } == ["quarantined"])
        var changed = log.partitions
        changed[1][7] = .marker
        let expected = ExpectedOutputs(MemoryLog(changed), plan: plan).outputs
        #expect(run.sink.scores.map(\.asExpected) == expected)
        let orders = try run.sink.outputs.filter { $0.kind == .order }
            .map { try OrderRecord(Array($0.bytes), offset: 0) }
        #expect(
            orders.flatMap { record in record.quarantined.map { "\(record.lanes[$0.lane].name)/\($0.offset)" } } == [
                "payments/1/7"
            ])
    }
}
