import ArgumentParser
import Engine
import Foundation
import Scoring

/// `riffle replay`: history through the code that scores live, into a file of features and scores.
struct ReplayCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract: "Run a file of events through a pipeline; write features, scores and decisions.",
        discussion: """
            A row has the event's id, event_time, every feature in order, score and decision. Numbers are written so
            that they read back exactly; what is missing is an empty cell, or null. Rows that cannot be used are
            counted and left out. The output appears under its name only when it is whole.

            Examples:
              riffle replay pipeline.yaml --input events.csv.gz --output features.csv
              zcat events.ndjson.gz | riffle replay pipeline.yaml --input - --output - --output-format csv
              riffle replay pipeline.yaml -i events.csv.gz -o scores.ndjson --metrics tx_fraud --metrics-key customer_id

            Exit codes: 0 fine (there may be rows left out), 1 failed, 2 usage or configuration.
            """)

    @Argument(help: "The pipeline file.")
    var pipeline: String

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("Events: .csv or .ndjson, also .gz; - is standard input.", valueName: "file|-"))
    var input: String

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "Rows: .csv, .csv.gz, .ndjson or .ndjson.gz; - is standard output, as NDJSON.", valueName: "file|-"))
    var output: String

    @Option(help: ArgumentHelp("How the input is written, where its name does not tell.", valueName: "csv|ndjson"))
    var inputFormat: ReplayFormat?

    @Option(help: ArgumentHelp("How the output is written, where its name does not tell.", valueName: "csv|ndjson"))
    var outputFormat: ReplayFormat?

    @Option(help: ArgumentHelp("A model to use instead of the pipeline's.", valueName: "file"))
    var model: String?

    @Option(
        help: ArgumentHelp(
            "Measure the scores against this field (bool or int): ROC AUC and average precision.", valueName: "label"))
    var metrics: String?

    @Option(help: ArgumentHelp("The field that names an event's card: card precision@100 too.", valueName: "field"))
    var metricsKey: String?

    @Option(help: ArgumentHelp("Threads that decode, compute and score; default: the pipeline's.", valueName: "count"))
    var workers: Int?

    @Flag(help: ArgumentHelp("Print how long each step took.", visibility: .hidden))
    var timings = false

    func run() throws {
        let assembly = try PipelineLoading.load(pipeline, modelPath: model, checksProperties: false)
        var options = ReplayOptions(input: input, output: output, workers: workers ?? assembly.workerCount)
        options.inputFormat = inputFormat?.recordFormat
        options.outputFormat = outputFormat?.recordFormat
        options.metricsLabel = metrics
        options.metricsKey = metricsKey
        // A pipe whose reader has gone is an error of a write, not the end of the process.
        signal(SIGPIPE, SIG_IGN)
        let display = ReplayDisplay()
        do {
            let service = try ReplayService(plan: assembly.scoring, options: options)
            let signals = stopSignals(service.target)
            defer { signals.cancel() }
            let outcome = try service.run(observer: display)
            display.finish()
            report(outcome)
        } catch {
            display.finish()
            if error.kind != .brokenPipe { Terminal.printError("riffle replay: \(error)") }
            throw ExitCode(error.kind == .usage ? 2 : 1)
        }
    }

    private func stopSignals(_ target: ReplayTarget) -> StopSignals {
        StopSignals {
            target.discard()
            Terminal.printError("riffle replay: interrupted")
            _exit(1)
        }
    }

    private func report(_ outcome: ReplayOutcome) {
        Terminal.printError(ReplaySummaryText.lines(outcome.summary))
        if timings { Terminal.printError(ReplaySummaryText.timings(outcome.summary)) }
        guard let measures = outcome.measures else { return }
        Terminal.printError("measured on \(measures.rows) rows, \(measures.positives) of them positive")
        for (name, value) in measures.values {
            // The rows may be what standard output is for.
            if output == ReplayOptions.standardStream {
                Terminal.printError("\(name) \(value)")
            } else {
                print(name, value)
            }
        }
    }
}

/// A format as the command line names it.
enum ReplayFormat: String, ExpressibleByArgument, CaseIterable {
    case csv, ndjson

    var recordFormat: RecordFormat { self == .csv ? .csv : .ndjson }
}
