import Diagnostics
import Events
import Features
import Foundation
import Models
import Testing
import Workers

@testable import Engine

/// The way of an event through the engine's phases as the stream takes it, over records in memory that were made
/// before.
///
/// Event times advance by as much in each batch, so that windows let go of as much as they take in.
final class Road {
    /// What scores the events.
    enum Scoring {
        case forest
        /// Scores come with reasons, as far as a budget allows.
        case explained
        case isolationForest
        /// Learns as it scores; low trees are kept whole, high ones as far as they are divided.
        case halfSpaceTrees(height: Int)
    }

    let pool = WorkerPool(workerCount: 2)
    private let plan: ScoringPlan
    private let pipeline: ScoringPipeline
    private let decode: DecodePhase
    private let chunks: [DecodedChunk]
    private let context: BatchContext
    private var watermark: Watermark
    private let origin: OriginText
    private let batchRows: Int
    private let texts: UnsafeMutablePointer<UInt8>
    private static let textBytes = 192
    private static let start: Int64 = 1_709_251_200_000
    private(set) var scored: UInt64 = 0
    private(set) var bytes = 0
    /// Scores that were numbers.
    private(set) var numbers: UInt64 = 0
    var explanations: ExplanationCounts { pipeline.explanationCounts }

    var statistics: FeatureStateStatistics { pipeline.features.statistics }

    init(batchRows: Int, scoring: Scoring = .forest) throws {
        let plan = try Self.makePlan(scoring)
        self.plan = plan
        self.batchRows = batchRows
        pipeline = ScoringPipeline(plan: plan, pool: pool, inlineRowsMax: 0)
        decode = DecodePhase(plan: plan, workerCount: 2)
        chunks = (0..<4).map { _ in DecodedChunk(schema: plan.schema, capacity: batchRows / 4) }
        context = pipeline.makeContext(capacity: batchRows)
        watermark = Watermark(policy: plan.late)
        origin = OriginText(lanes: [LaneStart(topic: "payments", partition: 0, offset: 0, mutedUntil: 0)])
        texts = .allocate(capacity: batchRows * Self.textBytes)
    }

    deinit {
        texts.deallocate()
        pool.shutDown()
    }

    /// Events of one batch: written, decoded, gathered, scored and encoded.
    func run(_ number: Int) {
        decode.removeAll()
        for index in chunks.indices {
            let chunk = chunks[index]
            chunk.removeAll()
            fill(chunk, from: number * batchRows + index * chunk.records.count)
            decode.chunks.append(chunk)
        }
        pool.run(decode, tasks: chunks.count)
        context.removeAll()
        for index in chunks.indices {
            let chunk = chunks[index]
            for row in 0..<chunk.batch.count {
                let target = context.batch.count
                context.batch.append(row: row, of: chunk.batch)
                context.records[target] = chunk.records[row]
                context.frame.dispositions[target] = watermark.disposition(
                    of: target, in: context.batch, isMuted: false)
            }
        }
        pipeline.process(context, origin: origin)
        for row in 0..<context.batch.count where context.frame.dispositions[row] == .score {
            scored += 1
            bytes += context.output(row).count
            numbers += context.scores[row].isNaN ? 0 : 1
        }
    }

    /// One in 64 is a fault. Keys come round in the same order, one every so many events, so that each window stays
    /// as full.
    private func fill(_ chunk: DecodedChunk, from first: Int) {
        for row in 0..<chunk.records.count {
            let number = first + row
            let text = texts + (number % batchRows) * Self.textBytes
            var out = text
            Self.append("{\"payment\":\"payment-", to: &out)
            out += NumberText.write(Int64(number), to: out)
            Self.append("\",\"at\":", to: &out)
            out += NumberText.write(Self.start + Int64(number) * 1_000, to: out)
            Self.append(
                number % 64 == 63 ? ",\"customer\":7,\"terminal\":" : ",\"customer\":\"a-customer-of-some-length-",
                to: &out)
            if number % 64 != 63 {
                out += NumberText.write(Int64(number % 503), to: out)
                Self.append("\",\"terminal\":", to: &out)
            }
            out += NumberText.write(Int64(number % 211), to: out)
            Self.append(",\"amount\":", to: &out)
            out += NumberText.writeDecimal(units: Int64(number % 9_973), scale: 2, to: out)
            Self.append("}", to: &out)
            chunk.records.initializeElement(
                at: row,
                to: RecordReference(
                    key: nil, keyCount: 0, value: UnsafeRawPointer(text), valueCount: out - text, offset: Int64(number),
                    timestamp: .min, handle: nil))
        }
        chunk.recordCount = chunk.records.count
    }

    private static func append(_ text: StaticString, to out: inout UnsafeMutablePointer<UInt8>) {
        out.update(from: text.utf8Start, count: text.utf8CodeUnitCount)
        out += text.utf8CodeUnitCount
    }

    // MARK: - The plan

    private static func makePlan(_ scoring: Scoring) throws -> ScoringPlan {
        let isExplained = if case .explained = scoring { true } else { false }
        let schema = EventSchema(
            fields: [
                FieldPlan(name: "payment", path: ["payment"], type: .string),
                FieldPlan(name: "at", path: ["at"], type: .time(.epochMilliseconds)),
                FieldPlan(name: "customer", path: ["customer"], type: .string),
                FieldPlan(name: "terminal", path: ["terminal"], type: .int),
                FieldPlan(name: "amount", path: ["amount"], type: .decimal(scale: 2)),
            ], time: .field(FieldIndex(1)))
        let names = [
            "amount", "weekend", "customer_count", "customer_mean", "terminal_count", "terminal_mean", "ratio", "night",
        ]
        var scope = ExpressionScope()
        scope.bindFields(of: schema)
        scope.bind("event_time", to: .eventTime())
        for (slot, name) in names.enumerated() where slot > 0 { scope.bind(name, to: .feature(slot: slot)) }
        let expressions = [
            (0, "amount"), (1, "day_of_week(event_time) >= 6"), (7, "hour(event_time) <= 6"),
            (6, "amount / max(customer_mean, 1)"),
        ]
        let features = FeaturePlan(
            names: names,
            entities: [
                entity(2, firstFeature: 2, column: .integers(field: FieldIndex(4), scale: 2, mayBeMissing: false))
            ]
                + [
                    entity(3, firstFeature: 4, column: .doubles(try compile("log1p(amount)", for: .feature, in: scope)))
                ],
            expressions: try expressions.map { slot, text in
                ExpressionFeaturePlan(
                    feature: FeatureIndex(slot), expression: try compile(text, for: .feature, in: scope))
            })
        scope.bind("score", to: .score)
        let rules = [("block", "score >= 0.6"), ("review", "amount > 80 and customer_count > 1"), ("allow", "true")]
        return ScoringPlan(
            pipeline: "payments", schema: schema, decodeLimits: DecodeLimits(), idField: FieldIndex(0),
            features: features,
            featureLimits: FeatureLimits(), model: try model(scoring),
            rules: try rules.map { RulePlan(decision: $0, condition: try compile($1, for: .rule, in: scope)) },
            outputFeatures: (0..<8).map { FeatureIndex($0) },
            late: LatePolicy(afterMicroseconds: 600_000_000, action: .score), isOrderIrrelevant: false,
            planHash: "0123456789abcdef",
            explanation: isExplained ? explanation(try compile("amount > 20", for: .condition, in: scope)) : nil)
    }

    /// Some 36 events a key in an hour's window, and a window behind it.
    private static func entity(_ key: Int, firstFeature: Int, column: ValueColumnPlan) -> EntityPlan {
        EntityPlan(
            keyField: FieldIndex(key),
            windows: [
                WindowPlan(delayMicroseconds: 0, lengthMicroseconds: 3_600_000_000),
                WindowPlan(delayMicroseconds: 3_600_000_000, lengthMicroseconds: 3_600_000_000),
            ],
            valueColumns: [column],
            aggregates: [
                AggregatePlan(
                    function: .count, window: 0, valueColumn: nil, defaultValue: nil,
                    feature: FeatureIndex(firstFeature)),
                AggregatePlan(
                    function: .mean, window: 1, valueColumn: 0, defaultValue: 0, feature: FeatureIndex(firstFeature + 1)
                ),
            ], lateMicroseconds: 600_000_000)
    }

    private static func compile(
        _ text: String, for purpose: ExpressionPurpose, in scope: ExpressionScope
    ) throws -> CompiledExpression {
        let language = ExpressionLanguage()
        var problems: [Diagnostic] = []
        let parsed = language.parse(text, at: SourcePosition(line: 1, column: 1), diagnostics: &problems)
        let compiled = parsed.flatMap { language.compile($0, for: purpose, in: scope, diagnostics: &problems) }
        return try #require(compiled, "\(text): \(problems)")
    }

    private static func model(_ scoring: Scoring) throws -> ModelPlan {
        let inputs = (0..<8).map { FeatureIndex($0) }
        switch scoring {
        case .forest:
            return ModelPlan(name: "forest", version: "sha256:00", model: try load("binary.json"), inputs: inputs)
        case .explained: return try explainedModel()
        case .isolationForest:
            let model = try Model.load(WarmModels.isolationForest(inputs: 8, trees: 4, sample: 16), path: "odd.json")
            return ModelPlan(name: "odd", version: "sha256:00", model: model, inputs: inputs)
        case .halfSpaceTrees(let height):
            return ModelPlan(
                name: "trees", version: "sha256:00",
                trees: HalfSpaceTreesParameters(inputCount: 8, trees: 10, height: height), inputs: inputs)
        }
    }

    /// With its inputs in another order than the features.
    private static func explainedModel() throws -> ModelPlan {
        let model = try load("LightGBM/binary.txt")
        return ModelPlan(
            name: "forest", version: "sha256:00", model: model, inputs: (0..<8).map { FeatureIndex(7 - $0) },
            explainer: try model.makeScoreExplainer())
    }

    /// Of the 1,000 events of a span 600 get reasons at most.
    private static func explanation(_ condition: CompiledExpression) -> ExplanationPlan {
        ExplanationPlan(
            reasonsMax: 4, direction: .both, condition: condition,
            budget: .init(eventsMax: 600, spanMicroseconds: 1_000_000_000), texts: [FeatureIndex(0): "a large amount"])
    }

    private static func load(_ name: String) throws -> Model {
        let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let path = tests.path + "/ModelsTests/Fixtures/" + name
        return try Model.load(Array(try Data(contentsOf: URL(fileURLWithPath: path))), path: path)
    }
}
