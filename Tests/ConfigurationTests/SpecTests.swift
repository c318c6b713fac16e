import Diagnostics
import Events
import Testing

@testable import Configuration

@Suite struct SpecTests {
    @Test func cardFraud() throws {
        let file = try GoldenCase.named("valid-card-fraud").load()
        let spec = try #require(file.spec)
        #expect(file.diagnostics.isEmpty)
        #expect(spec.name.value == "card-fraud")
        #expect(spec.kafka.brokers.value == .embedded)
        #expect(spec.kafka.group == "card-fraud")
        #expect(spec.kafka.start == .back(TimeSpan(microseconds: 40 * 86_400_000_000, text: "40d")))
        #expect(spec.kafka.delivery == .atLeastOnce)
        #expect(
            spec.featureNames.map(\.name) == [
                "amount", "weekend", "night", "customer_tx_1d", "customer_mean_1d", "customer_tx_7d",
                "customer_mean_7d", "customer_tx_30d", "customer_mean_30d", "terminal_tx_1d", "terminal_risk_1d",
                "terminal_tx_7d", "terminal_risk_7d", "terminal_tx_30d", "terminal_risk_30d",
            ])
        #expect(spec.model?.path == "model.json")
        #expect(spec.model?.iterations == .best)
        #expect(spec.decide.map(\.name.value) == ["block", "review", "allow"])
        #expect(spec.decide.map(\.condition.value).last == "true")
        #expect(spec.merge.waitMicroseconds == 200_000)
        #expect(spec.workers == .auto)
        #expect(spec.limits.keysPerEntityMax == 5_000_000)
        #expect(spec.limits.eventBytesMax == 262_144)
        guard case .none = spec.output.features else { throw Unexpected(what: "output features") }
        guard case .group(let group) = spec.features[4] else { throw Unexpected(what: "group") }
        #expect(group.by.value == "terminal_id" && group.byField == FieldIndex(2))
        #expect(group.delay?.value == TimeSpan(microseconds: 604_800_000_000, text: "7d"))
        #expect(group.over.map(\.value.text) == ["1d", "7d", "30d"])
        #expect(group.aggregates.map(\.call.value) == ["count()", "mean(tx_fraud) or 0"])
        #expect(spec.featureNames[14].featureIndex == 4)
        #expect(spec.featureNames[14].aggregateIndex == 1 && spec.featureNames[14].windowIndex == 2)
    }

    @Test func cardFraudSchema() throws {
        let source = try #require(try GoldenCase.named("valid-card-fraud").load().spec?.sources.first)
        let schema = source.schema
        #expect(
            schema.fields == [
                FieldPlan(name: "transaction_id", path: ["transaction_id"], type: .int),
                FieldPlan(name: "customer_id", path: ["customer_id"], type: .string),
                FieldPlan(name: "terminal_id", path: ["terminal_id"], type: .string),
                FieldPlan(
                    name: "tx_amount", path: ["tx_amount"], type: .decimal(scale: 2), integerRange: 0...100_000_000),
                FieldPlan(name: "tx_fraud", path: ["tx_fraud"], type: .bool, isOptional: true, isLabel: true),
                FieldPlan(name: "tx_datetime", path: ["tx_datetime"], type: .time(.iso8601)),
            ])
        #expect(schema.time == .field(FieldIndex(5)))
        #expect(schema.aheadMicroseconds == 3_600_000_000)
        #expect(source.late == LateSpec(afterMicroseconds: 600_000_000, action: .score))
        #expect(source.key?.index == FieldIndex(1) && source.id?.index == FieldIndex(0))
        #expect(source.fields.map(\.name.value) == schema.fields.map(\.name))
    }

    @Test func manyForms() throws {
        let file = try GoldenCase.named("valid-many-forms").load()
        let spec = try #require(file.spec)
        #expect(file.diagnostics.isEmpty)
        #expect(spec.kafka.brokers.value == .addresses("SSL://a.example:9093, [::1]:9092"))
        #expect(spec.kafka.group == "many-forms" && spec.kafka.start == .latest)
        #expect(spec.kafka.properties.map(\.value.value) == ["65536", "hunter2-secret"])
        #expect(spec.kafka.properties.map(\.value.isFromEnvironment) == [false, true])
        #expect(spec.kafka.properties.map(\.value.written) == ["65536", "${KAFKA_PASSWORD}"])
        let source = spec.sources[0]
        #expect(source.topic.value == "sensor.readings" && !source.topic.isFromEnvironment)
        #expect(source.schema.time == .record && source.schema.aheadMicroseconds == 0)
        #expect(source.late == LateSpec(afterMicroseconds: 600_000_000, action: .deadLetter))
        #expect(
            source.schema.fields == [
                FieldPlan(name: "reading", path: ["meta", "id"], type: .string),
                FieldPlan(name: "at", path: ["at"], type: .time(.epochMilliseconds), isNullable: true),
                FieldPlan(
                    name: "celsius", path: ["values", "temperature.celsius"], type: .float,
                    floatRange: -273.15...10_000),
                FieldPlan(name: "level", path: ["level"], type: .int, integerRange: .min...9_000),
                FieldPlan(name: "price", path: ["price"], type: .decimal(scale: 18), integerRange: .min...(.max)),
            ])
        guard case .group(let group) = spec.features[2] else { throw Unexpected(what: "group") }
        #expect(group.delay?.value.microseconds == 1_500)
        #expect(group.over.map(\.value.microseconds) == [5_400_000_000, 604_800_000_000])
        guard case .named(let names) = spec.output.features else { throw Unexpected(what: "output features") }
        #expect(names.map(\.value) == ["warm", "readings_90m", "mean_celsius_1w"])
        #expect(spec.workers == .count(4) && spec.model == nil && spec.state.directory == "state/")
        #expect(spec.limits.stringBytesMax == 2_048 && spec.limits.eventBytesMax == 1_048_576)
    }

    @Test func standardsHoldWhereNothingIsWritten() throws {
        let spec = try #require(try GoldenCase.named("valid-small").load().spec)
        #expect(spec.kafka.start == .earliest && spec.kafka.group == "card-fraud")
        #expect(spec.merge.waitMicroseconds == 200_000 && spec.workers == .auto && spec.state.directory == nil)
        #expect(
            spec.limits.batchEventsMax == 4_096 && spec.limits.inFlightBatchesMax == 2
                && spec.limits.stringBytesMax == 4_096 && spec.limits.eventDepthMax == 64)
        #expect(spec.sources[0].late == LateSpec(afterMicroseconds: 600_000_000, action: .score))
        #expect(spec.sources[0].schema.aheadMicroseconds == 3_600_000_000)
    }

    @Test(arguments: [
        ("pipelines/card/pipeline.yaml", "model.json", "pipelines/card/model.json"),
        ("pipeline.yaml", "model.json", "model.json"), ("a/b.yaml", "/srv/m.json", "/srv/m.json"),
        ("/etc/b.yaml", "../m.json", "/etc/../m.json"),
    ])
    func modelPathIsRelativeToTheFile(path: String, file: String, expected: String) {
        let text = Pipelines.small + "model: {name: m, file: \(file)}\n"
        let (spec, diagnostics) = PipelineSpec.parse(text: text, path: path, environment: [:])
        #expect(diagnostics.isEmpty)
        #expect(spec?.model?.path == expected)
    }

    @Test func aSpecWithErrorsSaysWhatItLacks() throws {
        let text = Pipelines.small.replacing("tx_amount: float", with: "tx_amount: flot")
            .replacing("[1d]", with: "[1 day]")
        let (spec, diagnostics) = PipelineSpec.parse(text: text, path: "p.yaml", environment: [:])
        let faulty = try #require(spec?.faultyNames)
        #expect(diagnostics.map(\.code) == ["unknown-value", "invalid-duration"])
        #expect(faulty.mayHold("tx_amount") && faulty.mayHold("customer_tx_1d"))
        #expect(!faulty.mayHold("customer_id") && !faulty.mayHold("customer_tx"))
    }

    @Test func valuesOfTheEnvironmentAreTakenOutOfLaterDiagnostics() throws {
        let text = Pipelines.small.replacing("amount: tx_amount", with: "amount: tx_amount * ${SECRET}")
        let (spec, diagnostics) = PipelineSpec.parse(text: text, path: "p", environment: ["SECRET": "hunter2"])
        #expect(diagnostics.isEmpty)
        let later = Diagnostic(
            code: "c", "\"hunter2\" is not known", at: nil, suggestion: "not hunter2", notes: [.init("hunter2")])
        let redacted = try #require(spec).redacted(later)
        #expect(redacted.message == "\"${SECRET}\" is not known")
        #expect(redacted.suggestion == "not ${SECRET}" && redacted.notes[0].message == "${SECRET}")
    }
}

struct Unexpected: Error {
    let what: String
}

enum Pipelines {
    static let small = """
        pipeline: card-fraud
        kafka: {brokers: embedded}
        sources:
          transactions:
            topic: card.transactions
            id: transaction_id
            time: record
            fields:
              transaction_id: int
              customer_id: string
              tx_amount: float
        features:
          - amount: tx_amount
          - by: customer_id
            over: [1d]
            aggregates: {customer_tx: count()}
        output: {topic: card.scores}
        dead_letter: {topic: card.dead-letter}

        """

    /// The small pipeline with another expression for `amount`.
    static func amount(_ yaml: String) -> String { small.replacing("amount: tx_amount", with: "amount: \(yaml)") }
}
