import ArgumentParser
import Configuration
import Diagnostics
import Engine
import Events
import Features
import Models
import Scoring

/// `riffle check`: every problem of a pipeline file at once.
struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Check a pipeline file and everything it refers to; print every problem at once.",
        discussion: """
            Example:
              riffle check pipelines/card-fraud/pipeline.yaml

            Exit codes: 0 fine (there may be warnings), 2 at least one error.
            """)

    @Argument(help: "The pipeline file.")
    var pipeline: String

    func run() throws {
        let assembly = try PipelineLoading.load(pipeline, checksReference: true)
        let features = assembly.scoring.features
        print(
            "\(pipeline): pipeline \"\(assembly.scoring.pipeline)\" is fine, plan \(assembly.scoring.models.planHash)")
        printSources(assembly.scoring.sources)
        print("  features  \(features.names.joined(separator: ", "))")
        for (number, model) in assembly.scoring.models.models.enumerated() { printModel(model, isFirst: number == 0) }
        if let score = assembly.spec.score { print("  score     \(score.written)") }
        for entity in features.entities {
            let name = assembly.scoring.schema.fields[entity.keyField.rawValue].name
            for line in EntityMemoryText(entity, named: name).lines { print("  \(line)") }
        }
        if !assembly.scoring.isOrderIrrelevant && !assembly.scoring.models.online.isEmpty {
            print("  order     a model learns from all events: run one instance, which has to see all partitions")
        } else if !assembly.scoring.isOrderIrrelevant {
            print("  order     an entity is not the topic's key: run one instance, which has to see all partitions")
        }
        if let topic = assembly.plan.orderTopic, assembly.scoring.hasState {
            print("            the order taken is recorded in topic \(topic)")
        }
        printDelivery(assembly.spec)
        if let monitor = assembly.spec.monitor { printMonitor(monitor) }
    }

    private func printMonitor(_ monitor: MonitorSpec) {
        let watch = monitor.watch
        let words = [
            (watch.includesScore, "score"), (watch.includesDecisions, "decisions"), (watch.includesQuality, "quality"),
        ].filter(\.0).map(\.1)
        print("  monitor   watches \((words + watch.features + watch.fields).joined(separator: ", "))")
        if !monitor.segments.isEmpty {
            print("            by \(monitor.segments.map(\.value).joined(separator: ", "))")
        }
        print("            alerts to topic \(monitor.topic.value); reference \(monitor.referencePath)")
    }

    private func printModel(_ plan: ModelPlan, isFirst: Bool) {
        let begin = "  \(isFirst ? "model " : "      ")    \(plan.name), "
        switch plan.kind {
        case .file(let model):
            print(
                begin + "\(model.format.rawValue), \(model.objective), \(plan.inputs.count) inputs, \(plan.version)")
            if model.roundsUsed != model.roundCount {
                print("            scores with \(model.roundsUsed) of its \(model.roundCount) rounds (best iteration)")
            }
        case .halfSpaceTrees(let trees):
            print(
                begin + "half-space trees that learn as they score, \(trees.trees) of height \(trees.height), "
                    + "\(plan.inputs.count) inputs, \(plan.version)")
            print(
                "            window \(trees.window) events, \(trees.byteCount() >> 10) KiB; depends on all events: a restart "
                    + "needs a snapshot or the whole log")
        }
    }

    private func printSources(_ sources: [SourcePlan]) {
        for (number, source) in sources.enumerated() {
            var text = "\(source.name): topic \(source.topic), "
            text += number == 0 ? "scored" : "enters windows, is not scored"
            if source.hasOwnAvailability {
                switch source.available {
                case .record: text += "; ordered by the records' timestamps"
                case .field(let field): text += "; ordered by \(source.schema.fields[field.rawValue].name)"
                }
            }
            print("  \(number == 0 ? "sources " : "        ")  \(text)")
        }
    }

    private func printDelivery(_ spec: PipelineSpec) {
        print("  delivery  \(spec.kafka.delivery.rawValue)")
        if let directory = spec.state.directory {
            print("  snapshots in \(directory), the last \(spec.state.keep)")
        } else {
            print("  snapshots none: a restart reads the log as far back as the windows reach (state.directory)")
        }
    }
}
