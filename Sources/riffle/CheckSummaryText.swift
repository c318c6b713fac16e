import Configuration
import Engine
import Events
import Features
import Models
import Scoring

/// What a pipeline that is fine reads, computes, keeps and writes: as `riffle check` prints it.
struct CheckSummaryText {
    private let assembly: PipelineAssembly

    init(_ assembly: PipelineAssembly) { self.assembly = assembly }

    private var scoring: ScoringPlan { assembly.scoring }
    private var spec: PipelineSpec { assembly.spec }

    var lines: [String] {
        var lines = sources + ["  features  \(scoring.features.names.joined(separator: ", "))"]
        for (number, model) in scoring.models.models.enumerated() { lines += self.model(model, isFirst: number == 0) }
        if let score = spec.score { lines.append("  score     \(score.written)") }
        for entity in scoring.features.entities {
            let name = scoring.schema.fields[entity.keyField.rawValue].name
            lines += EntityMemoryText(entity, named: name).lines.map { "  \($0)" }
        }
        return lines + order + delivery + (spec.monitor.map(monitor) ?? [])
    }

    private var sources: [String] {
        scoring.sources.enumerated().map { number, source in
            var text = "\(source.name): topic \(source.topic), "
            text += number == 0 ? "scored" : "enters windows, is not scored"
            if source.hasOwnAvailability {
                switch source.available {
                case .record: text += "; ordered by the records' timestamps"
                case .field(let field): text += "; ordered by \(source.schema.fields[field.rawValue].name)"
                }
            }
            return "  \(number == 0 ? "sources " : "        ")  \(text)"
        }
    }

    private func model(_ plan: ModelPlan, isFirst: Bool) -> [String] {
        let begin = "  \(isFirst ? "model " : "      ")    \(plan.name), "
        switch plan.kind {
        case .file(let model):
            // Of some kinds there is but one thing that they learn.
            let kind = [model.format.rawValue, model.objective]
            let words = kind[0] == kind[1] ? kind[0] : kind.joined(separator: ", ")
            var lines = [begin + "\(words), \(plan.inputs.count) inputs, \(plan.version)"]
            if model.roundsUsed != model.roundCount {
                lines.append(
                    "            scores with \(model.roundsUsed) of its \(model.roundCount) rounds (best iteration)")
            }
            return lines
        case .halfSpaceTrees(let trees):
            return [
                begin + "half-space trees that learn as they score, \(trees.trees) of height \(trees.height), "
                    + "\(plan.inputs.count) inputs, \(plan.version)",
                "            window \(trees.window) events, \(trees.byteCount() >> 10) KiB; depends on all events: a restart "
                    + "needs a snapshot or the whole log",
            ]
        }
    }

    private var order: [String] {
        var lines: [String] = []
        if !scoring.isOrderIrrelevant && !scoring.models.online.isEmpty {
            lines.append(
                "  order     a model learns from all events: run one instance, which has to see all partitions")
        } else if !scoring.isOrderIrrelevant {
            lines.append(
                "  order     an entity is not the topic's key: run one instance, which has to see all partitions")
        }
        if let topic = assembly.plan.orderTopic, scoring.hasState {
            lines.append("            the order taken is recorded in topic \(topic)")
        }
        return lines
    }

    private var delivery: [String] {
        let snapshots =
            spec.state.directory.map { "in \($0), the last \(spec.state.keep)" }
            ?? "none: a restart reads the log as far back as the windows reach (state.directory)"
        if case .embedded = spec.kafka.brokers.value, spec.state.directory != nil {
            return [
                "  delivery  \(spec.kafka.delivery.rawValue)",
                "  snapshots none with \"brokers: embedded\", whose log ends with the run; else \(snapshots)",
            ]
        }
        return ["  delivery  \(spec.kafka.delivery.rawValue)", "  snapshots \(snapshots)"]
    }

    /// What a cluster has of the pipeline, and how far the group has come.
    static func lines(_ facts: ClusterFacts, group: String) -> [String] {
        let topics = facts.topics.map { topic in
            "\(topic.name) \(topic.partitions.map { "\($0) partition\($0 == 1 ? "" : "s")" } ?? "not there")"
        }
        var lines = ["  cluster   \(facts.brokers): \(topics.joined(separator: ", "))"]
        if facts.group.failure == nil {
            let lag = facts.group.lag.map { "\($0) records to read" } ?? "has read nothing yet"
            lines.append("            group \(group): \(lag)")
        }
        return lines
    }

    private func monitor(_ monitor: MonitorSpec) -> [String] {
        var lines = ["  monitor   watches \(CheckSummary.watched(monitor.watch).joined(separator: ", "))"]
        if !monitor.segments.isEmpty {
            lines.append("            by \(monitor.segments.map(\.value).joined(separator: ", "))")
        }
        return lines + ["            alerts to topic \(monitor.topic.value); reference \(monitor.referencePath)"]
    }
}
