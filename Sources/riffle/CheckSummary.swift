import Configuration
import Console
import Engine
import Events
import Features
import Models
import Scoring

/// What a pipeline that is fine reads, computes, keeps and writes: as `riffle check --format json` says it.
/// `CheckSummaryText` says the same to people.
struct CheckSummary {
    private let assembly: PipelineAssembly

    init(_ assembly: PipelineAssembly) { self.assembly = assembly }

    private var scoring: ScoringPlan { assembly.scoring }
    private var spec: PipelineSpec { assembly.spec }

    var content: JSONContent {
        [
            "sources": .array(scoring.sources.enumerated().map { source($1, isScored: $0 == 0) }),
            "features": strings(scoring.features.names),
            "models": .array(scoring.models.models.map(model)),
            "score": spec.score.map { .string($0.written) } ?? .null,
            "decisions": strings(scoring.rules.map(\.decision)),
            "entities": .array(scoring.features.entities.map(entity)),
            "order": order,
            "delivery": .string(spec.kafka.delivery.rawValue),
            "snapshots": spec.state.directory.map {
                ["directory": .string($0), "keep": .integer(Int64(spec.state.keep))]
            } ?? .null,
            "output": [
                "scores": .string(spec.output.topic.value), "dead_letters": .string(spec.deadLetter.topic.value),
            ],
            "monitor": spec.monitor.map(monitor) ?? .null,
        ]
    }

    private func source(_ source: SourcePlan, isScored: Bool) -> JSONContent {
        [
            "name": .string(source.name), "topic": .string(source.topic), "scored": .bool(isScored),
            "key": source.key.map { .string(source.schema.fields[$0.rawValue].name) } ?? .null,
            "time": origin(source.schema.time, in: source), "ordered_by": origin(source.available, in: source),
            "late_after_seconds": seconds(source.late.afterMicroseconds),
        ]
    }

    /// A field's name; null: the records' timestamps.
    private func origin(_ origin: TimeOrigin, in source: SourcePlan) -> JSONContent {
        switch origin {
        case .record: .null
        case .field(let field): .string(source.schema.fields[field.rawValue].name)
        }
    }

    private func model(_ plan: ModelPlan) -> JSONContent {
        var members: [JSONContent.Member] = [
            .init("name", .string(plan.name)), .init("version", .string(plan.version)),
            .init("inputs", strings(plan.inputs.map { scoring.features.names[$0.rawValue] })),
        ]
        switch plan.kind {
        case .file(let model):
            members += [
                .init("kind", .string(model.format.rawValue)), .init("objective", .string(model.objective)),
                .init("rounds", .integer(Int64(model.roundCount))),
                .init("rounds_used", .integer(Int64(model.roundsUsed))),
            ]
        case .halfSpaceTrees(let trees):
            members += [
                .init("kind", "half-space-trees"), .init("window_events", .integer(Int64(trees.window))),
                .init("bytes", .integer(Int64(trees.byteCount()))),
            ]
        }
        return .object(members)
    }

    private func entity(_ entity: EntityPlan) -> JSONContent {
        let source = scoring.sources[entity.source]
        let estimates = entity.memoryEstimates(EntityMemoryText.loads.map { KeyLoad(eventsPerKey: $0) })
        let memory = zip(EntityMemoryText.loads, estimates).map { events, estimate -> JSONContent in
            ["events": .integer(Int64(events)), "bytes": .integer(Int64(estimate.bytesPerKey.rounded()))]
        }
        return [
            "field": .string(scoring.schema.fields[entity.queryKeyField.rawValue].name),
            "source": .string(source.name),
            "is_topic_key": .bool(source.key.map { source.column(of: $0) } == entity.keyField),
            "horizon_seconds": seconds(entity.horizonMicroseconds), "needs_whole_log": .bool(entity.isUnbounded),
            "keys_max": .integer(Int64(spec.limits.keysPerEntityMax)), "bytes_per_key": .array(memory),
        ]
    }

    private var order: JSONContent {
        [
            "matters": .bool(!scoring.isOrderIrrelevant),
            "topic": scoring.hasState ? assembly.plan.orderTopic.map { .string($0) } ?? .null : .null,
            "single_instance": .bool(!scoring.isOrderIrrelevant),
        ]
    }

    private func monitor(_ monitor: MonitorSpec) -> JSONContent {
        [
            "topic": .string(monitor.topic.value), "reference": .string(monitor.referencePath),
            "watches": strings(Self.watched(monitor.watch)), "segments": strings(monitor.segments.map(\.value)),
        ]
    }

    /// In words, as the file has them.
    static func watched(_ watch: MonitorSpec.Watch) -> [String] {
        let words = [
            (watch.includesScore, "score"), (watch.includesDecisions, "decisions"), (watch.includesQuality, "quality"),
        ]
        return words.filter(\.0).map(\.1) + watch.features + watch.fields
    }

    private func strings(_ texts: [String]) -> JSONContent { .array(texts.map { .string($0) }) }

    private func seconds(_ microseconds: Int64) -> JSONContent { .number(Double(microseconds) / 1_000_000) }
}
