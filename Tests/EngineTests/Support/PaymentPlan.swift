import Diagnostics
import Events
import Features
import Foundation
import Models

@testable import Engine

/// A small pipeline over payments: eight features over two entities, of which one is not the topic's key, and a forest.
struct PaymentPlan {
    static let minute: Int64 = 60_000_000
    static let hour = 60 * minute
    static let day = 24 * hour
    static let hash = "0123456789abcdef"

    var idType: FieldType? = .string
    var rules = [("block", "score >= 0.6"), ("review", "amount > 80"), ("allow", "true")]
    /// By name; they are written into each score.
    var outputFeatures: [String] = []
    var late = LatePolicy(afterMicroseconds: 10 * PaymentPlan.minute, action: .score)
    var hasModel = true
    var hasTerminals = true
    var decodeLimits = DecodeLimits()

    private var names: [String] {
        ["amount", "weekend", "customer_count", "customer_mean", "terminal_count", "terminal_mean", "ratio", "night"]
    }

    private var schema: EventSchema {
        EventSchema(
            fields: [
                FieldPlan(name: "payment", path: ["payment"], type: idType ?? .string, isOptional: true),
                FieldPlan(name: "at", path: ["at"], type: .time(.epochMilliseconds)),
                FieldPlan(name: "customer", path: ["customer"], type: .string),
                FieldPlan(name: "terminal", path: ["terminal"], type: .int, isOptional: true, isNullable: true),
                FieldPlan(name: "amount", path: ["amount"], type: .decimal(scale: 2)),
            ], time: .field(FieldIndex(1)), aheadMicroseconds: Self.hour)
    }

    func make() throws -> ScoringPlan {
        let schema = schema
        var scope = ExpressionScope()
        scope.bindFields(of: schema)
        scope.bind("event_time", to: .eventTime())
        for (slot, name) in names.enumerated() where slot > 0 { scope.bind(name, to: .feature(slot: slot)) }
        var expressions = [
            (0, "amount"), (1, "day_of_week(event_time) >= 6"), (7, "hour(event_time) <= 6"),
            (6, "amount / max(customer_mean, 1)"),
        ]
        if !hasTerminals { expressions += [(4, "0"), (5, "0")] }
        let features = FeaturePlan(
            names: names,
            entities: [entity(keyField: 2, firstFeature: 2)]
                + (hasTerminals ? [entity(keyField: 3, firstFeature: 4, delay: 2 * Self.hour)] : []),
            expressions: try expressions.map { slot, text in
                ExpressionFeaturePlan(
                    feature: FeatureIndex(slot), expression: try Self.compile(text, for: .feature, in: scope))
            })
        scope.bind("score", to: .score)
        return ScoringPlan(
            pipeline: "payments", schema: schema, decodeLimits: decodeLimits,
            idField: idType == nil ? nil : FieldIndex(0), features: features,
            featureLimits: FeatureLimits(shardCount: 4),
            model: hasModel ? try Self.model() : nil,
            rules: try rules.map { decision, text in
                RulePlan(decision: decision, condition: try Self.compile(text, for: .rule, in: scope))
            },
            outputFeatures: outputFeatures.compactMap { name in names.firstIndex(of: name).map { FeatureIndex($0) } },
            late: late, isOrderIrrelevant: !hasTerminals, planHash: Self.hash)
    }

    private func entity(keyField: Int, firstFeature: Int, delay: Int64 = 0) -> EntityPlan {
        EntityPlan(
            keyField: FieldIndex(keyField),
            windows: [WindowPlan(delayMicroseconds: delay, lengthMicroseconds: Self.day)],
            valueColumns: [.integers(field: FieldIndex(4), scale: 2, mayBeMissing: false)],
            aggregates: [
                AggregatePlan(
                    function: .count, window: 0, valueColumn: nil, defaultValue: nil,
                    feature: FeatureIndex(firstFeature)),
                AggregatePlan(
                    function: .mean, window: 0, valueColumn: 0, defaultValue: nil,
                    feature: FeatureIndex(firstFeature + 1)),
            ], lateMicroseconds: late.afterMicroseconds)
    }

    private static func compile(
        _ text: String, for purpose: ExpressionPurpose, in scope: ExpressionScope
    ) throws -> CompiledExpression {
        let language = ExpressionLanguage()
        var problems: [Diagnostic] = []
        let parsed = language.parse(text, at: SourcePosition(line: 1, column: 1), diagnostics: &problems)
        let compiled = parsed.flatMap { language.compile($0, for: purpose, in: scope, diagnostics: &problems) }
        guard let compiled else { throw PlanProblem(text: text, problems: problems) }
        return compiled
    }

    struct PlanProblem: Error {
        let text: String
        let problems: [Diagnostic]
    }

    private static func model() throws -> ModelPlan {
        let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let path = tests.path + "/ModelsTests/Fixtures/binary.json"
        let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: path)))
        return ModelPlan(
            name: "forest", version: "sha256:00", model: try Model.load(bytes, path: path),
            inputs: (0..<8).map { FeatureIndex($0) })
    }
}

/// A payment as a test writes it down.
struct Payment {
    var id: String
    /// Milliseconds since 1970.
    var at: Int64
    var customer: String
    var terminal: Int64? = 1
    /// In cents.
    var cents = 1_000

    var json: String {
        "{\"payment\":\"\(id)\",\"at\":\(at),\"customer\":\"\(customer)\",\"terminal\":\(terminal.map(String.init) ?? "null"),"
            + "\"amount\":\(cents / 100).\(cents % 100 < 10 ? "0" : "")\(cents % 100)}"
    }

    var record: LogRecord {
        LogRecord(key: Array(customer.utf8), value: Array(json.utf8), timestamp: at * 1_000)
    }
}
