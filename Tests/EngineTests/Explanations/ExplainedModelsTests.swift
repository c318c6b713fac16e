import Foundation
import Models
import Testing

@testable import Engine

/// Reasons where models change, and where there are several.
struct ExplainedModelsTests {
    private static let forest = ExplainedPlan(reasonsMax: 4, direction: .both)
    private static let other = ExplainedPlan(
        model: "binary.json", version: "sha256:01", reasonsMax: 4, direction: .both)

    /// A model's reasons come and go with its scores: no record has the score of one and the reasons of the other.
    @Test(arguments: [1, 16, 64], [1, 3])
    func aSwapTakesTheReasonsAlong(batchRows: Int, workers: Int) throws {
        let stream = PaymentStream(seed: 41, events: 600)
        let plan = try Self.forest.make()
        let set = try Self.other.make().models
        let before = ExpectedOutputs(stream.log(), plan: plan)
        let after = ExpectedOutputs(stream.log(), plan: try Self.other.make())
        let slot = ModelSlot(plan.models)
        let run = StreamRun(plan, stream.log(), workers: workers, inlineRowsMax: 0, models: slot) {
            $0.batchRowsMax = batchRows
        }
        let observer = BatchObserver { batch in if batch == 300 / batchRows { slot.models = set } }
        run.engine.observer = observer
        _ = try run.run()
        let outputs = run.sink.outputs
        let place = try #require(outputs.firstIndex { $0.headers["riffle-model"] == "sha256:01" })
        let token = outputs[place].token
        for (index, output) in outputs.enumerated() where output.kind == .score {
            let expected = output.token >= token ? after : before
            #expect(output.value == expected.outputs[index].score, "\(index)")
        }
        let counts = [outputs.count { $0.token < token }, outputs.count { $0.token >= token }]
        #expect(counts.allSatisfy { $0 > 100 })
    }

    /// What the parts of an XGBoost model say, with the base value, is its margin: the score's log-odds.
    @Test func reasonsOfXGBoostAddUp() throws {
        var plan = Self.other
        plan.reasonsMax = 8
        let model = try plan.load()
        let run = StreamRun(try plan.make(), PaymentStream(seed: 42, events: 300).log())
        _ = try run.run()
        let records = try ScoreRecord.read(run.sink.outputs)
        #expect(records.count > 200)
        // The base value is the same for every row.
        var contributions = [Double](repeating: 0, count: 9)
        try model.makeExplainer().explain(
            rows: [Double](repeating: 0, count: 8), rowCount: 1, stride: 8, scratch: ExplanationScratch(),
            into: &contributions)
        for record in records {
            let score = try #require(record.score)
            let sum = try #require(record.reasons).reduce(contributions[8]) { $0 + $1.contribution }
            #expect(abs(sum - log(score / (1 - score))) < 1e-4, "event \(record.id): \(score)")
        }
    }

    /// Of two models one is explained: the reasons are those that it has alone, whatever becomes of its score.
    @Test(arguments: [0, 1])
    func oneOfTwoModelsIsExplained(explained: Int) throws {
        let alone = [Self.other, Self.forest][explained]
        let expected = try ScoreRecord.read(try outputs(try alone.make()))
        var payments = PaymentPlan(outputFeatures: ExplainedPlan.names)
        payments.combination = "0.25 * forest + 0.75 * boost"
        let plan = try payments.make()
        let models = try plan.models.models.enumerated().map { place, model in
            let file = try #require(model.model)
            return ModelPlan(
                name: model.name, version: model.version, model: file, inputs: model.inputs,
                explainer: place == explained ? try file.makeScoreExplainer() : nil)
        }
        let both = ScoringPlan(
            pipeline: plan.pipeline, sources: plan.sources, decodeLimits: plan.decodeLimits, idField: plan.idField,
            features: plan.features, featureLimits: plan.featureLimits, models: models,
            combination: plan.combination, version: plan.models.version, rules: plan.rules,
            outputFeatures: plan.outputFeatures, isOrderIrrelevant: plan.isOrderIrrelevant,
            planHash: plan.models.planHash,
            explanation: ExplanationPlan(model: explained, reasonsMax: 4, direction: .both))
        for workers in [1, 3] {
            let found = try ScoreRecord.read(try outputs(both, workers: workers))
            #expect(found.map(\.id) == expected.map(\.id))
            #expect(found.map(\.reasons) == expected.map(\.reasons))
            #expect(found.map(\.score) != expected.map(\.score))
        }
        #expect(expected.count { $0.reasons?.isEmpty == false } > 200)
    }

    private func outputs(_ plan: ScoringPlan, workers: Int = 1) throws -> [MemoryOutput] {
        let run = StreamRun(plan, PaymentStream(seed: 43, events: 300).log(), workers: workers, inlineRowsMax: 0)
        _ = try run.run()
        return run.sink.outputs
    }
}
