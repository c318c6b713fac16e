import Events
import Testing
import Workers

@testable import Engine

/// Reasons and their budget in whole runs.
struct ExplanationRunTests {
    private final class Listener: StreamObserver, @unchecked Sendable {
        var books: [StreamBooks] = []
        func didBalance(_ books: StreamBooks) { self.books.append(books) }
    }

    private static let hour: Int64 = 3_600_000_000
    private static let plan = ExplainedPlan(
        condition: "score >= 0.5", budget: .init(eventsMax: 3, spanMicroseconds: hour))

    /// The budget, as events stand in merge order.
    private func expectedSkips(_ records: [ScoreRecord], times: [String: Int64], eventsMax: Int) -> Set<String> {
        var counts: [Int64: Int] = [:]
        var skipped: Set<String> = []
        for record in records where (record.score ?? 0) >= 0.5 {
            let span = (times[record.id] ?? 0) / (Self.hour / 1_000)
            if counts[span, default: 0] >= eventsMax {
                skipped.insert(record.id)
            } else {
                counts[span, default: 0] += 1
            }
        }
        return skipped
    }

    /// Milliseconds by id.
    private func times(_ log: MemoryLog) -> [String: Int64] {
        var times: [String: Int64] = [:]
        for entry in log.partitions.joined() {
            guard let value = entry.record?.value else { continue }
            let text = String(decoding: value, as: UTF8.self)
            let parts = text.split(whereSeparator: { ",:\"{}".contains($0) })
            if parts.count > 3, let time = Int64(parts[3]) { times[String(parts[1])] = time }
        }
        return times
    }

    @Test(arguments: [1, 7, 4_096], [1, 2, 5])
    func batchesAndWorkersChangeNothing(batchRows: Int, workers: Int) throws {
        let plan = try Self.plan.make()
        let log = PaymentStream(seed: 21, events: 700).log()
        let expected = ExpectedOutputs(log, plan: plan)
        let run = StreamRun(plan, log, workers: workers, inlineRowsMax: 0) { $0.batchRowsMax = batchRows }
        run.source.takeRowsMax = workers == 2 ? 5 : .max
        let listener = Listener()
        run.engine.observer = listener
        _ = try withExtendedLifetime(listener) { try run.run() }
        let found = run.sink.outputs.map(\.asExpected)
        let context = "\(batchRows) rows, \(workers) workers"
        #expect(found.count == expected.outputs.count, "\(context)")
        if let index = zip(found, expected.outputs).enumerated().first(where: { $1.0 != $1.1 })?.offset {
            Issue.record("\(context): output \(index) is \(found[index]) and not \(expected.outputs[index])")
        }
        // And the budget is what it says.
        let records = try ScoreRecord.read(run.sink.outputs)
        let skipped = Set(records.filter { $0.reasons == nil }.map(\.id))
        #expect(skipped == expectedSkips(records, times: times(log), eventsMax: 3), "\(context)")
        let wanted = records.count { ($0.score ?? 0) >= 0.5 }
        #expect(skipped.count > 30 && wanted > skipped.count + 30 && records.count > wanted, "\(context)")
        let counts = try #require(listener.books.last).explanations
        #expect(counts.skipped == UInt64(skipped.count) && counts.explained == UInt64(wanted - skipped.count))
    }

    /// A pipeline that asks for no reasons says nothing of them, and scores the same.
    @Test func reasonsChangeNothingElse() throws {
        func scores(_ plan: ScoringPlan) throws -> [String] {
            let run = StreamRun(plan, PaymentStream(seed: 22, events: 300).log())
            _ = try run.run()
            return run.sink.scores.compactMap(\.value)
        }
        let explained = try scores(ExplainedPlan(reasonsMax: 8, direction: .both).make())
        var plan = try ExplainedPlan(condition: "score > 2").make()
        let unwanted = try scores(plan)
        plan = try Self.withoutExplanation(plan)
        let plain = try scores(plan)
        #expect(unwanted == plain)
        #expect(plain.allSatisfy { $0.contains(",\"reasons\":[],\"features\"") })
        let cut = explained.map { $0.replacing(/"reasons":\[.*\],"features"/, with: "\"reasons\":[],\"features\"") }
        #expect(cut == plain && explained != plain)
    }

    private static func withoutExplanation(_ plan: ScoringPlan) throws -> ScoringPlan {
        let model = try #require(plan.models.models.first)
        let file = try #require(model.model)
        return ScoringPlan(
            pipeline: plan.pipeline, sources: plan.sources, decodeLimits: plan.decodeLimits, idField: plan.idField,
            features: plan.features, featureLimits: plan.featureLimits,
            model: ModelPlan(name: model.name, version: model.version, model: file, inputs: model.inputs),
            rules: plan.rules, outputFeatures: plan.outputFeatures, isOrderIrrelevant: plan.isOrderIrrelevant,
            planHash: plan.models.planHash)
    }

    /// After a restart the same scores come out, and the count of each span begins anew.
    @Test func aRestartBeginsItsBudgetAnew() throws {
        let plan = try Self.plan.make()
        let half = 150
        let log = PaymentStream(seed: 23, partitions: 1, events: 400, hasFaults: false, hasMarkers: false).log()
        let whole = StreamRun(
            plan, PaymentStream(seed: 23, partitions: 1, events: 400, hasFaults: false, hasMarkers: false).log())
        _ = try whole.run()
        let first = StreamRun(plan, log) { $0.endOffsets = { _, _ in Int64(half) } }
        first.source.arrived = [half]
        _ = try first.run()
        #expect(log.committed == [Int64(half)])
        let second = StreamRun(plan, log)
        second.source.notes = first.source.notes
        let summary = try second.run()
        #expect(summary.muted > 0)
        let uninterrupted = try ScoreRecord.read(whole.sink.outputs)
        let before = try ScoreRecord.read(first.sink.outputs)
        let after = try ScoreRecord.read(second.sink.outputs)
        #expect(before.count == half && before.count + after.count == uninterrupted.count)
        #expect((before + after).map(\.score) == uninterrupted.map(\.score))
        #expect(before.map(\.reasons) == uninterrupted.prefix(half).map(\.reasons))
        let times = times(log)
        let skipped = Set(after.filter { $0.reasons == nil }.map(\.id))
        #expect(skipped == expectedSkips(after, times: times, eventsMax: 3))
        #expect(!skipped.isEmpty)
        // Wherever both explain, they say the same.
        for (old, new) in zip(uninterrupted.dropFirst(half), after) where old.reasons != nil && new.reasons != nil {
            #expect(old.reasons == new.reasons, "event \(new.id)")
        }
    }
}
