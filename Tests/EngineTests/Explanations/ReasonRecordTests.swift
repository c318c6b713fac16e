import Events
import Features
import Foundation
import Models
import Testing

@testable import Engine

/// Reasons in score records against what the model's explainer says of the features in the same record.
struct ReasonRecordTests {
    private func records(_ plan: ExplainedPlan, seed: UInt64 = 5, events: Int = 300) throws -> [ScoreRecord] {
        let run = StreamRun(try plan.make(), PaymentStream(seed: seed, events: events).log())
        _ = try run.run()
        let records = try ScoreRecord.read(run.sink.outputs)
        #expect(records.count > events / 2)
        return records
    }

    /// The contributions of a record's own features to one raw output.
    private func contributions(_ record: ScoreRecord, _ plan: ExplainedPlan, _ explainer: any Explaining, raw: Int)
        -> [Double]
    {
        let row = plan.inputs.map { (record.features[ExplainedPlan.names[$0]] ?? nil) ?? .nan }
        let width = explainer.featureCount + 1
        var result = [Double](repeating: 0, count: explainer.rawCount * width)
        explainer.explain(
            rows: row, rowCount: 1, stride: row.count, scratch: ExplanationScratch(), into: &result)
        return Array(result[raw * width..<(raw + 1) * width - 1])
    }

    private func expected(_ record: ScoreRecord, _ plan: ExplainedPlan, _ contributions: [Double])
        -> [ScoreRecord.Reason]
    {
        let written = contributions.map { Float($0) }
        let strengths = plan.direction == .both ? written.map(abs) : written
        let order = strengths.indices.filter { strengths[$0] > 0 }
            .sorted { (-strengths[$0], $0) < (-strengths[$1], $1) }
        return order.prefix(plan.reasonsMax).map { input in
            let name = ExplainedPlan.names[plan.inputs[input]]
            return ScoreRecord.Reason(
                feature: name, value: record.features[name] ?? nil,
                contribution: Double("\(written[input])") ?? .nan, text: plan.texts[FeatureIndex(plan.inputs[input])])
        }
    }

    private static let plans = [
        ExplainedPlan(), ExplainedPlan(model: "binary.json"), ExplainedPlan(model: "deep.json", direction: .both),
        ExplainedPlan(model: "wide", reasonsMax: 64, direction: .both),
        ExplainedPlan(inputs: [7, 2, 0, 1, 3, 6, 5, 4], reasonsMax: 4),
        ExplainedPlan(model: "multiclass", output: 0), ExplainedPlan(model: "multiclass", output: 2, direction: .both),
        ExplainedPlan(texts: [FeatureIndex(0): "amount \"large\"\n", FeatureIndex(2): "", FeatureIndex(5): "mean"]),
    ]

    @Test(arguments: plans.indices)
    func asTheModelsExplainer(index: Int) throws {
        let plan = Self.plans[index]
        let model = try plan.load()
        let explainer = try model.makeExplainer()
        var missing = 0
        var sizes: Set<Int> = []
        for record in try records(plan) {
            let reasons = try #require(record.reasons)
            let contributions = contributions(record, plan, explainer, raw: plan.output ?? 0)
            #expect(reasons == expected(record, plan, contributions), "plan \(index), event \(record.id)")
            missing += reasons.count { $0.value == nil }
            sizes.insert(reasons.count)
        }
        #expect(sizes.contains { $0 > 1 }, "plan \(index): \(sizes)")
        // A payment without a terminal has no mean of its payments, and that may be a reason.
        if plan.direction == .both && plan.reasonsMax > 8 { #expect(missing > 0) }
    }

    @Test func theBytesOfARecord() throws {
        var plan = ExplainedPlan(
            reasonsMax: 2, direction: .both, texts: [FeatureIndex(0): "far \"above\" usual"])
        plan.payments.outputFeatures = []
        plan.payments.rules = []
        let fake = PlannedExplainer { row in [row[0], -2.5, 0, 0, 0, 0, 0, 0] }
        let model = try plan.load()
        let scoring = try plan.make(model, ScoreExplainer(fake, outputCount: 1, output: 0))
        let payment = Payment(id: "p", at: PaymentStream.start, customer: "c", cents: 10_010)
        let run = StreamRun(scoring, MemoryLog(records: [[payment.record]]))
        _ = try run.run()
        let value = try #require(run.sink.scores.first?.value)
        let reasons = value.split(separator: ",\"reasons\":").last.map(String.init)
        #expect(
            reasons == #"[{"feature":"amount","value":100.1,"contribution":100.1,"text":"far \"above\" usual"},"#
                + #"{"feature":"weekend","value":0,"contribution":-2.5}],"features":{}}"#)
    }

    /// A score that is not wanted has no reasons; a condition that is missing wants none.
    @Test func onlyWhereTheConditionHolds() throws {
        let plan = ExplainedPlan(condition: "score >= 0.5 and terminal_count > 1")
        var counts = [0, 0]
        for record in try records(plan) {
            let isWanted =
                try #require(record.score) >= 0.5 && ((record.features["terminal_count"] ?? nil) ?? 0) > 1
            counts[isWanted ? 1 : 0] += 1
            #expect(record.reasons?.isEmpty == !isWanted, "event \(record.id)")
        }
        #expect(counts.allSatisfy { $0 > 20 }, "\(counts)")
        for record in try records(ExplainedPlan(condition: "terminal_mean > 0 or false")) {
            let isWanted = ((record.features["terminal_mean"] ?? nil) ?? 0) > 0
            #expect(!(record.reasons ?? []).isEmpty == isWanted, "event \(record.id)")
        }
    }

    /// What cannot be written as a number never makes the record invalid.
    @Test func oddContributionsAreLeftOut() throws {
        let plan = ExplainedPlan(reasonsMax: 8, direction: .both)
        let fake = PlannedExplainer { _ in [.nan, .infinity, 1e300, -1, 1e-60, 0, -.infinity, 2] }
        let scoring = try plan.make(plan.load(), ScoreExplainer(fake, outputCount: 1, output: 0))
        let run = StreamRun(scoring, PaymentStream(seed: 1, events: 40).log())
        _ = try run.run()
        let records = try ScoreRecord.read(run.sink.outputs)
        #expect(!records.isEmpty)
        for record in records { #expect(record.reasons?.map(\.feature) == ["night", "customer_mean"]) }
    }

    /// More rows than are explained at a time, with more numbers than a block holds.
    @Test(arguments: [1, 40, 1_000])
    func blocksOfAnySize(rawCount: Int) throws {
        var plan = ExplainedPlan(condition: "amount > 60")
        plan.payments.rules = []
        let fake = PlannedExplainer(rawCount: rawCount) { row in row.map { $0.isNaN ? 0 : $0 } }
        let explainer = try ScoreExplainer(fake, outputCount: rawCount, output: rawCount - 1)
        let run = StreamRun(
            try plan.make(plan.load(), explainer), PaymentStream(seed: 2, events: 900).log()
        ) { $0.batchRowsMax = 700 }
        _ = try run.run()
        var explained = 0
        for record in try ScoreRecord.read(run.sink.outputs) {
            guard let reason = record.reasons?.first else { continue }
            explained += 1
            // The planned contributions of the last raw output are its number times the values.
            let values = record.features.values.compactMap { $0 }
            #expect(reason.contribution == Double("\(Float(values.max()! * Double(rawCount)))"))
        }
        #expect(explained > 200)
    }
}

/// Says of each row what a test plans; of raw output n so much times n + 1.
final class PlannedExplainer: Explaining {
    let featureCount = 8
    let rawCount: Int
    private let contributions: @Sendable ([Double]) -> [Double]

    init(rawCount: Int = 1, _ contributions: @escaping @Sendable ([Double]) -> [Double]) {
        self.rawCount = rawCount
        self.contributions = contributions
    }

    func explain(
        rows: UnsafePointer<Double>, rowCount: Int, stride: Int, scratch: ExplanationScratch,
        into target: UnsafeMutablePointer<Double>
    ) {
        for row in 0..<rowCount {
            let values = contributions((0..<featureCount).map { rows[row * stride + $0] })
            for raw in 0..<rawCount {
                let place = target + (row * rawCount + raw) * (featureCount + 1)
                for feature in 0..<featureCount { place[feature] = values[feature] * Double(raw + 1) }
                place[featureCount] = 0
            }
        }
    }
}
