import Configuration
import Diagnostics
import Events
import Features
import Foundation
import Models
import Testing

/// What `compile` makes of pipelines without errors.
@Suite struct PlanTests {
    /// A pipeline with the card-fraud fields around other features.
    static func text(features: String, model: String = "", decide: String = "", output: String = "none") -> String {
        """
        pipeline: p
        kafka: {brokers: embedded}
        sources:
          s:
            topic: t
            key: customer_id
            id: transaction_id
            time: {field: at, format: iso8601}
            fields:
              transaction_id: int
              customer_id: string
              terminal_id: string
              tx_amount: {type: decimal, scale: 2}
              distance: {type: float, optional: true}
              limit: {type: int, nullable: true}
              tx_fraud: {type: bool, label: true}
        features: \(features)
        \(model.isEmpty ? "" : "model: \(model)")
        \(decide.isEmpty ? "" : "decide: \(decide)")
        output: {topic: o, features: \(output)}
        dead_letter: {topic: d}
        """
    }

    static func compile(_ text: String) throws -> PipelinePlan {
        var file = PipelineFile.load(bytes: Array(text.utf8), path: "p.yaml", environment: [:])
        let plan = file.compile()
        return try #require(plan, "\(file.rendered())")
    }

    /// A column's kind, with scale and whether it may be missing where it is exact.
    static func form(_ column: ValueColumnPlan) -> String {
        switch column.content {
        case .integers(_, let scale, let mayBeMissing): "integers \(scale) \(mayBeMissing)"
        case .doubles: "doubles"
        case .hashes: "hashes"
        case .ones: "ones"
        }
    }

    @Test func cardFraud() throws {
        let (file, plan, models) = try GoldenCase.named("valid-card-fraud").check()
        #expect(file.diagnostics.isEmpty)
        let features = try #require(plan).features
        #expect(features.names.prefix(4) == ["amount", "weekend", "night", "customer_tx_1d"])
        #expect(features.featureCount == 15)
        #expect(features.entities.map(\.keyField) == [FieldIndex(1), FieldIndex(2)])
        let day: Int64 = 86_400_000_000
        let (customer, terminal) = (features.entities[0], features.entities[1])
        #expect(customer.windows.map(\.lengthMicroseconds) == [day, 7 * day, 30 * day])
        #expect(customer.windows.allSatisfy { $0.delayMicroseconds == 0 })
        #expect(terminal.windows.allSatisfy { $0.delayMicroseconds == 7 * day })
        #expect(customer.valueColumns.count == 1 && terminal.valueColumns.count == 1)
        guard case .integers(let field, let scale, let mayBeMissing) = customer.valueColumns[0].content else {
            throw Unexpected(what: "the customer's value column")
        }
        #expect(field == FieldIndex(3) && scale == 2 && !mayBeMissing)
        #expect(customer.lateMicroseconds == 600_000_000)
        #expect(features.horizonMicroseconds == 37 * day + 600_000_000)
        #expect(Set(customer.aggregates.map(\.feature.rawValue)) == Set(3...8))
        #expect(Set(terminal.aggregates.map(\.feature.rawValue)) == Set(9...14))
        let risk = try #require(terminal.aggregates.first { features.names[$0.feature.rawValue] == "terminal_risk_7d" })
        #expect(risk.function == .mean && risk.defaultValue == 0)
        #expect(terminal.windows[risk.window].lengthMicroseconds == 7 * day)
        #expect(features.expressions.map(\.feature.rawValue) == [0, 1, 2])
        #expect(plan?.rules.map(\.decision) == ["block", "review", "allow"])
        #expect(plan?.rules[2].condition.constant == 1)
        #expect(plan?.modelInputs == [(0..<15).map { FeatureIndex($0) }])
        #expect(plan?.isOrderIrrelevant == false)
        let model = try #require(models?.first)
        #expect(models?.count == 1 && model.digest.count == 64 && model.version.count == 23)
        #expect([model.inputs] == plan?.modelInputs)
    }

    @Test func groupsOfOneEntityShareOneStore() throws {
        let plan = try Self.compile(
            Self.text(
                features: """

                      - {by: customer_id, over: [1d, 7d], aggregates: {a: sum(tx_amount), b: mean(tx_amount), n: count()}}
                      - by: customer_id
                        over: [7d, 1h]
                        aggregates: {c: sum(tx_amount), d: sum(tx_amount / 2), e: mean(tx_amount / 2) or 1, f: sum(distance)}
                      - {by: customer_id, over: [7d], delay: 1d, aggregates: {g: sum(limit)}}
                    """))
        #expect(plan.features.entities.count == 1)
        let entity = try #require(plan.features.entities.first)
        // 1d, 7d, 1h and the delayed 7d; tx_amount, its half, distance and limit.
        #expect(entity.windows.count == 4)
        #expect(entity.valueColumns.count == 4)
        #expect(entity.aggregates.count == 6 + 8 + 1)
        let forms = entity.valueColumns.map(Self.form)
        #expect(forms == ["integers 2 false", "doubles", "doubles", "integers 0 true"])
        #expect(plan.isOrderIrrelevant)
        #expect(entity.aggregates.map(\.feature).sorted() == (0..<15).map { FeatureIndex($0) })
        #expect(plan.features.names[0..<6] == ["a_1d", "b_1d", "n_1d", "a_7d", "b_7d", "n_7d"])
    }

    @Test func featuresMayReadEachOtherInAnyOrder() throws {
        let plan = try Self.compile(
            Self.text(
                features: """

                      - last: middle * 2
                      - middle: first + spent_1d
                      - first: tx_amount / 2
                      - isHigh: last > 5
                      - both: isHigh and not (middle > 1)
                      - {by: customer_id, over: [1d], aggregates: {spent: sum(tx_amount)}}
                    """, decide: "[{block: isHigh and spent_1d > 5}]", output: "[isHigh, last]"))
        #expect(plan.features.expressions.map(\.feature.rawValue) == [2, 1, 0, 3, 4])
        #expect(plan.features.expressions.map(\.expression.type) == [.number, .number, .number, .bool, .bool])
        #expect(plan.outputFeatures == [FeatureIndex(3), FeatureIndex(0)])
        let places = try #require(plan.rules.first).condition.references.map(\.binding.place)
        #expect(places == [.feature(slot: 3), .feature(slot: 5)])
    }

    @Test func aLongChainIsPutInOrder() throws {
        let count = 2_000
        let lines = (0..<count).map { "  - f\($0): \($0 == count - 1 ? "tx_amount" : "f\($0 + 1) + 1")" }
        let plan = try Self.compile(Self.text(features: "\n" + lines.joined(separator: "\n")))
        #expect(plan.features.expressions.map(\.feature.rawValue) == Array((0..<count).reversed()))
    }

    @Test func aFeatureNamedAsItsFieldReadsTheField() throws {
        let plan = try Self.compile(
            Self.text(
                features: "[{double: tx_amount * 2}, {tx_amount: tx_amount + 1}]", decide: "[{a: tx_amount > 1}]"))
        let expressions = plan.features.expressions
        #expect(expressions.map(\.feature.rawValue) == [1, 0])
        #expect(
            expressions[0].expression.references.map(\.binding.place) == [.field(FieldIndex(3), .decimal(scale: 2))])
        #expect(expressions[1].expression.references.map(\.binding.place) == [.feature(slot: 1)])
        #expect(plan.rules[0].condition.references.map(\.binding.place) == [.feature(slot: 1)])
    }

    @Test func rulesReadFieldsFeaturesAndTheScore() throws {
        let plan = try Self.compile(
            Self.text(
                features: "[{amount: tx_amount}, {night: hour(event_time) <= 6}]",
                model: "{name: m, file: m.json, inputs: [night]}",
                decide: "[{block: score > 0.5 and night and limit > 3 and customer_id == 'x'}, {allow: \"true\"}]"))
        #expect(plan.modelInputs == [[FeatureIndex(1)]])
        #expect(plan.outputFeatures.isEmpty)
        let places = plan.rules[0].condition.references.map(\.binding.place)
        #expect(places.prefix(2) == [.score, .feature(slot: 1)])
        #expect(plan.isOrderIrrelevant)
    }

    @Test func orderMattersUnlessEveryEntityIsTheKey() throws {
        let group = "[{by: terminal_id, over: [1d], aggregates: {n: count()}}]"
        #expect(try !Self.compile(Self.text(features: group)).isOrderIrrelevant)
        let keyless = Self.text(features: group.replacing("terminal_id", with: "customer_id"))
            .replacing("    key: customer_id\n", with: "")
        #expect(try !Self.compile(keyless).isOrderIrrelevant)
        let windowless = Self.text(features: "[{a: tx_amount}]").replacing("    key: customer_id\n", with: "")
        #expect(try Self.compile(windowless).isOrderIrrelevant)
    }

    @Test func labelsAreReadBehindADelay() throws {
        let group = "[{by: customer_id, over: [1d], delay: 1d, aggregates: {n: mean(tx_fraud)}}, {twice: n_1d * 2}]"
        #expect(try Self.compile(Self.text(features: group)).features.featureCount == 2)
    }

    /// Many warnings hide no feature from the plan.
    @Test func warningsAloneLeaveAPlan() throws {
        let lines = (0..<90).map { "  - f\($0): tx_amount + \($0) / 0" } + ["  - last: f0 + 1"]
        let plan = try Self.compile(Self.text(features: "\n" + lines.joined(separator: "\n")))
        #expect(plan.features.expressions.count == 91)
    }

    @Test func problemsOfExpressionsAreBounded() {
        let lines = (0..<4_000).map { "  - f\($0): unknown_\($0) + 1" }
        let text = Self.text(features: "\n" + lines.joined(separator: "\n"))
        var file = PipelineFile.load(bytes: Array(text.utf8), path: "p.yaml", environment: [:])
        #expect(file.diagnostics.isEmpty)
        var plan = file.compile()
        #expect(plan == nil)
        #expect(file.diagnostics.count == DiagnosticGathering.problemsMaxDefault + 1)
        #expect(file.diagnostics.last?.code == "too-many-problems")
        plan = file.compile()
        #expect(plan == nil)
        #expect(file.diagnostics.count == DiagnosticGathering.problemsMaxDefault + 1)
    }

    @Test func compilingAgainAddsNothing() throws {
        var file = try GoldenCase.named("label-leakage").load()
        var plan = file.compile()
        #expect(plan == nil)
        let first = file.diagnostics
        plan = file.compile()
        #expect(plan == nil)
        #expect(file.diagnostics == first)
    }

    @Test func aModelMayBeOverridden() throws {
        let folder = try GoldenCase.named("valid-model").folder
        let text = Self.text(
            features: "[{night: limit}, {amount: tx_amount}]", model: "{name: m, file: no, output: 1}")
        var file = PipelineFile.load(bytes: Array(text.utf8), path: "p.yaml", environment: [:])
        let compiled = file.compile()
        let plan = try #require(compiled)
        let path = folder.appendingPathComponent("model.json").path
        var binding = file.bindModels(of: plan, overriddenBy: path)
        #expect(binding?.first?.model.output == 1)
        #expect(file.diagnostics.isEmpty)
        binding = file.bindModels(of: plan)
        #expect(binding == nil)
        #expect(file.diagnostics.map(\.code) == ["model-unreadable"])
        binding = file.bindModels(of: plan, overriddenBy: "none.json")
        #expect(binding == nil)
        #expect(file.diagnostics.last?.range == nil && file.diagnostics.last?.suggestion == nil)
    }

    @Test func aNumberMayCountAsMissing() throws {
        let path = try GoldenCase.named("model-missing-value").folder.appendingPathComponent("model.json").path
        func bound(_ missing: String) throws -> (meaning: [String], model: Model) {
            let text = Self.text(
                features: "[{night: limit}, {amount: tx_amount}]",
                model: "{name: m, file: \(path), output: 1\(missing)}")
            var file = PipelineFile.load(bytes: Array(text.utf8), path: "p.yaml", environment: [:])
            let compiled = file.compile()
            let plan = try #require(compiled)
            let binding = file.bindModels(of: plan)
            return (plan.meaning, try #require(binding?.first).model)
        }
        func score(_ model: Model, _ night: Double) -> Double {
            var score = Double.nan
            model.score(rows: [night, 1], rowCount: 1, stride: 2, into: &score)
            return score
        }
        let (plain, marked) = try (bound(""), bound(", missing: 7"))
        #expect(score(plain.model, 7) != score(plain.model, .nan))
        #expect(score(marked.model, 7) == score(plain.model, .nan))
        #expect(score(marked.model, 8) == score(plain.model, 8))
        #expect(plain.meaning != marked.meaning)
    }
}
