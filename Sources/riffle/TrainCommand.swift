import ArgumentParser
import Configuration
import Diagnostics
import Foundation
import Models
import Scoring

/// `riffle train`: models that need nothing but the events.
struct TrainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train", abstract: "Train a model of anomalies on history, without labels.",
        discussion: """
            Example:
              riffle train isolation-forest pipeline.yaml --input history.csv.gz \\
                -o anomaly.json
            """,
        subcommands: [IsolationForestCommand.self])

    struct IsolationForestCommand: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "isolation-forest",
            abstract: "Train an isolation forest on the features that a pipeline computes, or on a table.",
            discussion: """
                History goes through the pipeline as in "riffle replay", so that the forest sees the numbers that it \
                will score. The pipeline's model file need not be there yet: the forest takes the features that the \
                model reads ("inputs", else all), in their order. --from, --to and --keys choose rows to train on; all \
                other events fill the windows all the same. With --table the rows are those of a csv, whose header \
                names the inputs.

                A score is from 0 to 1: near 1 what a few questions tell from all others, 0.5 and less what is like \
                the rest. The same history, options and seed give the same file, to the byte.

                A model is never replaced in silence: where there is one, nothing is written without --replace.

                Examples:
                  riffle train isolation-forest pipeline.yaml --input history.csv.gz \\
                    -o anomaly.json
                  riffle train isolation-forest pipeline.yaml -i payments=p.csv.gz \\
                    -i labels=l.csv.gz --from 2025-03-01 -o m.json
                  riffle train isolation-forest pipeline.yaml -i h.ndjson.gz \\
                    --features amount,amount_ratio --trees 200 -o m.json
                  riffle train isolation-forest --table X.csv --features x0,x1,x2 \\
                    -o anomaly.json

                Exit codes: 0 trained, 1 failed, 2 usage or configuration.
                """)

        @Argument(help: "The pipeline file; none with --table.")
        var pipeline: String?

        @OptionGroup
        var history: HistoryOptions

        @Option(help: ArgumentHelp("Rows of numbers: csv or csv.gz; - is standard input.", valueName: "file|-"))
        var table: String?

        @Option(name: .shortAndLong, help: ArgumentHelp("Where the model goes.", valueName: "file"))
        var output: String

        @Flag(help: "Put the new model in the place of one that is there.")
        var replace = false

        @Option(help: ArgumentHelp("Trees of the forest.", valueName: "count"))
        var trees = IsolationForestParameters().treeCount

        @Option(help: ArgumentHelp("Rows that each tree is grown from.", valueName: "rows"))
        var sample = IsolationForestParameters().sample

        @Option(help: ArgumentHelp("Of the random numbers.", valueName: "number"))
        var seed = IsolationForestParameters().seed

        @Option(
            help: ArgumentHelp(
                "The model's inputs in order; default: those of the pipeline's model, or all columns of the table.",
                valueName: "name,..."))
        var features: CommandNames?

        @Option(
            name: .customLong("for"),
            help: ArgumentHelp("Which of the pipeline's models it is, where there are several.", valueName: "model"))
        var model: String?

        func validate() throws {
            if (pipeline == nil) == (table == nil) {
                throw ValidationError("expected either a pipeline file with --input, or --table")
            }
            if pipeline != nil && history.input.isEmpty {
                throw ValidationError("expected --input: history to train on")
            }
            guard table != nil else { return }
            if !history.isEmpty || model != nil {
                throw ValidationError(
                    "--input, --input-format, --for, --from, --to, --now, --keys and --workers need a pipeline")
            }
        }

        func run() throws {
            // A pipe whose reader has gone is an error of a write, not the end of the process.
            signal(SIGPIPE, SIG_IGN)
            let display = ReplayDisplay()
            do {
                let outcome = try table.map(train) ?? train(pipeline ?? "", display)
                display.finish()
                Terminal.printError(TrainingText.lines(outcome, output: output, pipeline: pipeline))
            } catch let error as ReplayFailure {
                display.finish()
                if error.kind != .brokenPipe { Terminal.printFailure("riffle train", error) }
                throw ExitCode(error.kind == .usage ? 2 : 1)
            }
        }

        private var parameters: IsolationForestParameters {
            IsolationForestParameters(treeCount: trees, sample: sample, seed: seed)
        }

        private func train(table: String) throws -> TrainingOutcome {
            try IsolationForestTraining.train(
                table: table, output: output, features: features?.names ?? [], parameters: parameters,
                mayReplace: replace)
        }

        private func train(_ pipeline: String, _ display: ReplayDisplay) throws -> TrainingOutcome {
            let (found, file) = PipelineFeatures.load(path: pipeline)
            Terminal.printError(file.rendered(usesColour: Terminal.usesColourOnError), terminator: "")
            guard let found else { throw ExitCode(2) }
            var options = TrainingOptions(
                inputs: history.input, output: output,
                workers: history.workers ?? PipelineAssembly.workerCount(found.plan.spec.workers))
            options.features = features?.names ?? []
            options.model = model
            options.inputFormat = history.inputFormat?.recordFormat
            options.rows = history.rows
            options.parameters = parameters
            options.present = history.present
            options.mayReplace = replace
            let training = try IsolationForestTraining(found, options: options)
            let target = training.target
            let signals = StopSignals {
                target.discard()
                Terminal.printError("riffle train: interrupted")
                _exit(1)
            }
            defer { signals.cancel() }
            return try training.run(observer: display)
        }
    }
}

/// Names on the command line, with commas between them.
struct CommandNames: ExpressibleByArgument {
    let names: [String]

    init?(argument: String) {
        names = argument.split(separator: ",", omittingEmptySubsequences: false).map {
            $0.trimmingCharacters(in: .whitespaces)
        }
        if names.contains("") { return nil }
    }
}
