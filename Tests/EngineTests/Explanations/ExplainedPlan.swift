import Diagnostics
import Events
import Features
import Foundation
import Models

@testable import Engine

/// `PaymentPlan` with a model whose scores are explained.
struct ExplainedPlan {
    /// LightGBM's, or a file of XGBoost's.
    var model = "binary"
    var version = "sha256:00"
    var output: Int?
    /// By the feature's place; the model takes eight.
    var inputs = Array(0..<8)
    var reasonsMax = 3
    var direction = ExplanationPlan.Direction.up
    var condition: String?
    var budget: ExplanationPlan.Budget?
    var texts: [FeatureIndex: String] = [:]
    var payments = PaymentPlan(outputFeatures: Self.names)

    static let names = [
        "amount", "weekend", "customer_count", "customer_mean", "terminal_count", "terminal_mean", "ratio", "night",
    ]

    func load() throws -> Model {
        let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let file = model.contains(".") ? model : "LightGBM/\(model).txt"
        let path = tests.path + "/ModelsTests/Fixtures/" + file
        let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: path)))
        return try Model.load(bytes, path: path, options: ModelOptions(output: output))
    }

    func make() throws -> ScoringPlan {
        let model = try load()
        return try make(
            model, ScoreExplainer(model.makeExplainer(), outputCount: model.outputCount, output: model.output))
    }

    func make(_ model: Model, _ explainer: ScoreExplainer) throws -> ScoringPlan {
        let plan = try payments.make()
        let explanation = ExplanationPlan(
            reasonsMax: reasonsMax, direction: direction, condition: try condition.map { try Self.compile($0, plan) },
            budget: budget, texts: texts)
        return ScoringPlan(
            pipeline: plan.pipeline, sources: plan.sources, decodeLimits: plan.decodeLimits, idField: plan.idField,
            features: plan.features, featureLimits: plan.featureLimits,
            model: ModelPlan(
                name: "forest", version: version, model: model, inputs: inputs.map { FeatureIndex($0) },
                explainer: explainer),
            rules: plan.rules, outputFeatures: plan.outputFeatures, isOrderIrrelevant: plan.isOrderIrrelevant,
            planHash: plan.models.planHash, explanation: explanation)
    }

    private static func compile(_ text: String, _ plan: ScoringPlan) throws -> CompiledExpression {
        var scope = ExpressionScope()
        scope.bindFields(of: plan.schema)
        for (slot, name) in plan.features.names.enumerated() where slot > 0 {
            scope.bind(name, to: .feature(slot: slot))
        }
        scope.bind("score", to: .score)
        let language = ExpressionLanguage()
        var problems: [Diagnostic] = []
        let parsed = language.parse(text, at: SourcePosition(line: 1, column: 1), diagnostics: &problems)
        let compiled = parsed.flatMap { language.compile($0, for: .condition, in: scope, diagnostics: &problems) }
        guard let compiled else { throw PaymentPlan.PlanProblem(text: text, problems: problems) }
        return compiled
    }
}

/// A score record as a consumer reads it.
struct ScoreRecord: Decodable {
    struct Reason: Decodable, Hashable {
        var feature: String
        var value: Double?
        var contribution: Double
        var text: String?
    }

    var id: String
    var score: Double?
    /// `nil`: the budget was spent.
    var reasons: [Reason]?
    var features: [String: Double?]

    static func read(_ outputs: [MemoryOutput]) throws -> [ScoreRecord] {
        try outputs.filter { $0.kind == .score }.map { output in
            try JSONDecoder().decode(ScoreRecord.self, from: Data((output.value ?? "").utf8))
        }
    }
}
