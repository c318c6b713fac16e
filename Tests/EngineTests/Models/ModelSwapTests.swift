import Events
import Synchronization
import Testing

@testable import Engine

/// Other models take the place of those that score while events go on.
struct ModelSwapTests {
    private static let features = ["customer_mean", "terminal_count", "terminal_mean"]

    private static func plan(_ model: PaymentPlan.NamedModel = .forest) -> PaymentPlan {
        PaymentPlan(outputFeatures: features, models: [model])
    }

    /// Before it the bytes are those of a run with the one, after it those of a run with the other: no event is lost,
    /// no batch mixes both, and windows go on as if nothing had happened.
    @Test(arguments: [1, 16, 64], [1, 3])
    func aSwapInTheMiddle(batchRows: Int, workers: Int) throws {
        let stream = PaymentStream(seed: 31, events: 600)
        let before = ExpectedOutputs(stream.log(), plan: try Self.plan().make())
        let after = ExpectedOutputs(stream.log(), plan: try Self.plan(.other).make())
        let plan = try Self.plan().make()
        let slot = ModelSlot(plan.models)
        let run = StreamRun(plan, stream.log(), workers: workers, inlineRowsMax: 0, models: slot) { settings in
            settings.batchRowsMax = batchRows
        }
        let other = try Self.plan(.other).make().models
        let observer = BatchObserver { batch in if batch == 300 / batchRows { slot.models = other } }
        run.engine.observer = observer
        let summary = try run.run()
        #expect(summary.isBalanced && summary.released == 0)
        let outputs = run.sink.outputs
        #expect(outputs.map(\.origin) == before.outputs.map(\.origin))
        let place = try #require(outputs.firstIndex { $0.headers["riffle-model"] == "sha256:01" })
        let token = outputs[place].token
        for (index, output) in outputs.enumerated() where output.kind == .score {
            let isAfter = output.token >= token
            #expect(output.value == (isAfter ? after : before).outputs[index].score, "\(index)")
            #expect(output.headers["riffle-model"] == (isAfter ? "sha256:01" : "sha256:00"), "\(index)")
            #expect(output.headers["riffle-plan"] == (isAfter ? "fedcba9876543210" : PaymentPlan.hash), "\(index)")
        }
        #expect(outputs.count { $0.token < token } > 100 && outputs.count { $0.token >= token } > 100)
    }

    /// Swaps as fast as they come, with threads of their own for sending: what a batch sends is of one set.
    @Test func batchesAreOfOneSet() throws {
        let stream = PaymentStream(seed: 32, events: 900)
        let plan = try Self.plan().make()
        let sets = [plan.models, try Self.plan(.other).make().models]
        let slot = ModelSlot(plan.models)
        let run = StreamRun(
            plan, stream.log(), workers: 2, inlineRowsMax: 0, isThreaded: true, models: slot
        ) { $0.batchRowsMax = 8 }
        run.sink.capacity = 20
        let observer = BatchObserver { slot.models = sets[$0 % 2] }
        run.engine.observer = observer
        _ = try run.run()
        var versions: [UInt64: Set<String>] = [:]
        for output in run.sink.scores {
            let version = try #require(output.headers["riffle-model"])
            versions[output.token, default: []].insert(version)
            #expect(output.value?.contains("\"version\":\"\(version)\"") == true)
        }
        #expect(versions.values.allSatisfy { $0.count == 1 })
        #expect(Set(versions.values.joined()) == ["sha256:00", "sha256:01"])
        #expect(run.sink.outputs.map(\.origin) == ExpectedOutputs(stream.log(), plan: plan).outputs.map(\.origin))
    }

    /// What a transaction sends again is what it sent before, to the byte, whoever scores by then.
    @Test func whatIsSentAgainKeepsItsModel() throws {
        let stream = PaymentStream(seed: 33, events: 500)
        let plan = try Self.plan().make()
        let sets = [plan.models, try Self.plan(.other).make().models]
        let slot = ModelSlot(plan.models)
        let transactions = ScriptedTransactions()
        let run = StreamRun(plan, stream.log(), models: slot, transactions: transactions) { settings in
            settings.batchRowsMax = 16
            settings.transactions.backoffMilliseconds = 1
            settings.transactions.commitEveryMilliseconds = 3
        }
        transactions.sink = run.sink
        let observer = BatchObserver { slot.models = sets[$0 % 2] }
        run.engine.observer = observer
        _ = try run.run()
        let expected = ExpectedOutputs(stream.log(), plan: plan).outputs.map(\.origin)
        #expect(transactions.committed.map(\.origin) == expected)
        #expect(transactions.attempts.count > 2)
        for (failed, sent) in transactions.attempts {
            #expect(failed.map(\.bytes) == sent.map(\.bytes) && failed.map(\.headers) == sent.map(\.headers))
        }
        #expect(Set(transactions.committed.compactMap { $0.headers["riffle-model"] }).count == 2)
    }

    @Test func namesAndInputsOfASetStay() throws {
        let plan = try Self.plan().make()
        let models = plan.makeModels(try Self.plan(.other).make().models.models, version: "v", planHash: "h")
        #expect(models.name == "forest" && models.version == "v" && models.planHash == "h")
    }
}

/// Runs a body after each batch, on the engine's thread.
final class BatchObserver: StreamObserver {
    private let count = Atomic<Int>(0)
    private let body: @Sendable (_ batch: Int) -> Void

    init(_ body: @escaping @Sendable (_ batch: Int) -> Void) { self.body = body }

    func didScore(_ context: BatchContext, plan: ScoringPlan) {
        body(count.wrappingAdd(1, ordering: .relaxed).newValue)
    }
}

/// Each transaction fails once and is committed when it is sent again.
// SAFETY: called by the engine's thread alone, which sends in line.
private final class ScriptedTransactions: TransactionPort, @unchecked Sendable {
    weak var sink: MemorySink?
    private var start = 0
    private var failed: [MemoryOutput]?
    private(set) var committed: [MemoryOutput] = []
    /// What was sent first, and what was sent again.
    private(set) var attempts: [(failed: [MemoryOutput], sent: [MemoryOutput])] = []

    func initialize() {}
    func begin() { start = outputs.count }
    func abort() {}

    private var outputs: [MemoryOutput] { sink?.outputs ?? [] }

    func commit(_ commit: OffsetCommit, membership: AnyObject?) -> TransactionOutcome {
        let sent = outputs[start...].map { output in
            var output = output
            output.isAcknowledged = false
            return output
        }
        if let failed {
            attempts.append((failed, sent))
            committed += sent
            self.failed = nil
            return .committed
        }
        failed = sent
        return .failed(reason: "scripted")
    }
}
