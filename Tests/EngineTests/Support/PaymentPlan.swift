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
    var outputFields: [String] = []
    /// Fields of payments beside those that all have.
    var otherFields: [FieldPlan] = []
    var late = LatePolicy(afterMicroseconds: 10 * PaymentPlan.minute, action: .score)
    var hasModel = true
    /// One of them is in the plan, or both if an expression makes one score of theirs.
    var models = [NamedModel.forest]
    var combination: String?
    /// A model that learns, in the place of the files, or beside the first of them if an expression makes one score; it
    /// reads the first features.
    var trees: HalfSpaceTreesParameters?
    /// Models are given the last feature first.
    var reversesInputs = false
    var hasTerminals = true
    /// A second source that says of a terminal's payments whether they were fraud, once that is known.
    var hasLabels = false
    var topic = ""
    var labelTopic = "labels"
    var decodeLimits = DecodeLimits()

    private var names: [String] {
        ["amount", "weekend", "customer_count", "customer_mean", "terminal_count", "terminal_mean", "ratio", "night"]
            + (hasLabels ? ["label_count", "label_mean"] : [])
    }

    private var schema: EventSchema {
        EventSchema(
            fields: [
                FieldPlan(name: "payment", path: ["payment"], type: idType ?? .string, isOptional: true),
                FieldPlan(name: "at", path: ["at"], type: .time(.epochMilliseconds)),
                FieldPlan(name: "customer", path: ["customer"], type: .string),
                FieldPlan(name: "terminal", path: ["terminal"], type: .int, isOptional: true, isNullable: true),
                FieldPlan(name: "amount", path: ["amount"], type: .decimal(scale: 2)),
            ] + otherFields, time: .field(FieldIndex(1)), aheadMicroseconds: Self.hour)
    }

    private var labelSchema: EventSchema {
        EventSchema(
            fields: [
                FieldPlan(name: "terminal", path: ["terminal"], type: .int),
                FieldPlan(name: "at", path: ["at"], type: .time(.epochMilliseconds)),
                FieldPlan(name: "known", path: ["known"], type: .time(.epochMilliseconds)),
                FieldPlan(name: "fraud", path: ["fraud"], type: .bool),
            ], time: .field(FieldIndex(1)), aheadMicroseconds: Self.hour)
    }

    private var sources: [SourcePlan] {
        let payments = SourcePlan(
            name: "payments", topic: topic, schema: schema, columns: schema.fields.indices, available: schema.time,
            late: late,
            key: FieldIndex(2), id: idType == nil ? nil : FieldIndex(0))
        if !hasLabels { return [payments] }
        precondition(otherFields.isEmpty, "columns of labels are counted from 5")
        return [
            payments,
            SourcePlan(
                name: "labels", topic: labelTopic, schema: labelSchema, columns: 5..<9,
                available: .field(FieldIndex(2)), late: late, key: FieldIndex(0), id: nil),
        ]
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
                + (hasTerminals ? [entity(keyField: 3, firstFeature: 4, delay: 2 * Self.hour)] : [])
                + (hasLabels ? [labelEntity] : []),
            expressions: try expressions.map { slot, text in
                ExpressionFeaturePlan(
                    feature: FeatureIndex(slot), expression: try Self.compile(text, for: .feature, in: scope))
            })
        let models = hasModel ? try makeModels() : []
        if combination != nil {
            for (index, model) in models.enumerated() { scope.bind(model.name, to: .modelScore(index)) }
        }
        let combined = try combination.map { try Self.compile($0, for: .score, in: scope) }
        scope.bind("score", to: .score)
        return ScoringPlan(
            pipeline: "payments", sources: sources, decodeLimits: decodeLimits,
            idField: idType == nil ? nil : FieldIndex(0), features: features,
            featureLimits: FeatureLimits(shardCount: 4),
            models: models, combination: combined,
            version: combination == nil ? models.first?.version ?? "" : "sha256:0b",
            rules: try rules.map { decision, text in
                RulePlan(decision: decision, condition: try Self.compile(text, for: .rule, in: scope))
            },
            outputFeatures: outputFeatures.compactMap { name in names.firstIndex(of: name).map { FeatureIndex($0) } },
            isOrderIrrelevant: !hasTerminals && !hasLabels && trees == nil,
            planHash: self.models[0].planHash, outputFields: outputFields.compactMap(schema.index(named:)))
    }

    /// Labels by terminal, placed where the payments were.
    private var labelEntity: EntityPlan {
        EntityPlan(
            source: 1, keyField: FieldIndex(5), queryKeyField: FieldIndex(3),
            windows: [WindowPlan(delayMicroseconds: 0, lengthMicroseconds: Self.day)],
            valueColumns: [.integers(field: FieldIndex(8), scale: 0, mayBeMissing: false)],
            aggregates: [
                AggregatePlan(
                    function: .count, window: 0, valueColumn: nil, defaultValue: nil, feature: FeatureIndex(8)),
                AggregatePlan(function: .mean, window: 0, valueColumn: 0, defaultValue: nil, feature: FeatureIndex(9)),
            ], lateMicroseconds: late.afterMicroseconds)
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

    /// A model of eight inputs among the fixtures.
    struct NamedModel {
        var name: String
        var file: String
        var version: String
        var planHash = PaymentPlan.hash

        /// XGBoost's, in float32.
        static let forest = NamedModel(name: "forest", file: "binary.json", version: "sha256:00")
        /// Another one for its place.
        static let other = NamedModel(
            name: "forest", file: "pruned.json", version: "sha256:01", planHash: "fedcba9876543210")
        /// LightGBM's, in float64.
        static let boost = NamedModel(name: "boost", file: "LightGBM/binary.txt", version: "sha256:02")
    }

    private func makeModels() throws -> [ModelPlan] {
        let inputs = (0..<8).map { FeatureIndex($0) }
        if let trees {
            let learning = ModelPlan(
                name: "trees", version: "sha256:03", trees: trees, inputs: Array(inputs[..<trees.inputCount]))
            return combination == nil ? [learning] : [try makeModel(.forest, inputs), learning]
        }
        return try (combination == nil ? [models[0]] : [.forest, .boost]).map { try makeModel($0, inputs) }
    }

    private func makeModel(_ model: NamedModel, _ inputs: [FeatureIndex]) throws -> ModelPlan {
        let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let path = tests.path + "/ModelsTests/Fixtures/" + model.file
        let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: path)))
        return ModelPlan(
            name: model.name, version: model.version, model: try Model.load(bytes, path: path),
            inputs: reversesInputs ? inputs.reversed() : inputs)
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

/// A label as a test writes it down.
struct PaymentLabel {
    var terminal: Int64
    /// When the payment was, in milliseconds since 1970,
    var at: Int64
    /// and when it was known.
    var known: Int64
    var isFraud: Bool

    var json: String { "{\"terminal\":\(terminal),\"at\":\(at),\"known\":\(known),\"fraud\":\(isFraud)}" }

    var record: LogRecord {
        LogRecord(key: Array("\(terminal)".utf8), value: Array(json.utf8), timestamp: known * 1_000)
    }
}
