import ArgumentParser
import Configuration
import Diagnostics
import Engine
import Foundation
import Logging
import Scoring

/// `riffle replay`: history through the code that scores live, into a file of features and scores.
struct ReplayCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract: "Run files of events, or what topics hold, through a pipeline; write features, scores, decisions.",
        discussion: """
            A row has the event's id, event_time, every feature in order, score and decision. Numbers are written so \
            that they read back exactly; what is missing is an empty cell, or null. Rows that cannot be used are \
            counted and left out. The output appears under its name only when it is whole.

            A pipeline of several sources takes a file of each, merged as live: by when their events became available. \
            --from, --to, --keys and --labelled-only choose rows; all other events fill the windows all the same, so \
            that a row does not depend on the choice.

            An event of a file that is further ahead of the present than its source's "ahead" (1h) is a fault, as it \
            would be live. --now sets the present, for files of times to come, and where the day of the replay must \
            not matter.

            --compare computes scores again (one JSON object a line, as the output topic holds them or as replay \
            writes them) and tells, feature by feature, what is equal and what is not. It keeps 56 bytes and 8 for \
            each feature of each record.

            With --from-topics the events are those of the pipeline's topic, up to where its partitions end now, in \
            the order in which "riffle run" took them (its order topic); what was not taken yet, or where no order is \
            recorded, is merged by event time. No group is joined, nothing is committed, nothing is written to Kafka. \
            With --since rows begin so far back; what stands before fills the windows all the same.

            Examples:
              riffle replay pipeline.yaml --input events.csv.gz --output features.csv
              zcat events.ndjson.gz \\
                | riffle replay pipeline.yaml --input - --output - --output-format csv
              riffle replay pipeline.yaml -i events.csv.gz -o scores.ndjson \\
                --metrics tx_fraud --metrics-key customer_id
              riffle replay pipeline.yaml -i transactions=events.csv.gz \\
                -i labels=labels.csv.gz -o features.csv
              riffle replay pipeline.yaml -i events.csv.gz --from 2025-03-01 \\
                --to 2025-04-01 --keys 10% -o march.csv
              riffle replay pipeline.yaml --from-topics --brokers localhost:9092 \\
                --since 30d -o features.csv.gz
              riffle replay pipeline.yaml --from-topics --compare scores.ndjson

            Exit codes: 0 fine (there may be rows left out), 1 failed or a difference found, 2 usage or configuration.
            """)

    @Argument(help: "The pipeline file.")
    var pipeline: String

    @OptionGroup
    var history: HistoryOptions

    @Flag(help: "Read the events from the pipeline's topic.")
    var fromTopics = false

    @Option(help: ArgumentHelp("With --from-topics: brokers to use instead of the pipeline's.", valueName: "host:port"))
    var brokers: String?

    @Option(
        help: ArgumentHelp(
            "With --from-topics: rows only of records of so long ago or less, such as 30d.", valueName: "duration"))
    var since: CommandDuration?

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "Rows: .csv, .csv.gz, .ndjson or .ndjson.gz; - is standard output, as NDJSON.", valueName: "file|-"))
    var output: String?

    @Option(help: ArgumentHelp("Score records to compute again: .ndjson, also .gz.", valueName: "file"))
    var compare: String?

    @Flag(help: "Rows only of events whose label is known.")
    var labelledOnly = false

    @Option(help: ArgumentHelp("How the output is written, where its name does not tell.", valueName: "csv|ndjson"))
    var outputFormat: ReplayFormat?

    @Option(help: ArgumentHelp("A model to use instead of the pipeline's.", valueName: "file"))
    var model: String?

    @Option(
        help: ArgumentHelp(
            "Measure the scores against this field (bool or int): ROC AUC, average precision, and each decision.",
            valueName: "label"))
    var metrics: String?

    @Option(help: ArgumentHelp("The field that names an event's card: card precision@100 too.", valueName: "field"))
    var metricsKey: String?

    @Flag(help: ArgumentHelp("Print how long each step took.", visibility: .hidden))
    var timings = false

    func validate() throws {
        if output == nil && compare == nil { throw ValidationError("expected --output, --compare or both") }
        if fromTopics == !history.input.isEmpty { throw ValidationError("expected either --input or --from-topics") }
        if fromTopics && history.inputFormat != nil {
            throw ValidationError("--input-format is of a file, not of a topic")
        }
        if fromTopics && timings { throw ValidationError("--timings is of a file, not of a topic") }
        if fromTopics && history.now != nil {
            throw ValidationError("--now is of a file: the records of a topic have their own timestamps")
        }
        if !fromTopics && brokers != nil { throw ValidationError("--brokers needs --from-topics") }
        if !fromTopics && since != nil { throw ValidationError("--since needs --from-topics") }
    }

    func run() throws {
        // A pipe whose reader has gone is an error of a write, not the end of the process.
        signal(SIGPIPE, SIG_IGN)
        let display = ReplayDisplay()
        do {
            let outcome = try history.input.isEmpty ? replayTopics(display) : replayFiles(display)
            display.finish()
            report(outcome)
            if outcome.comparison?.isEqual == false { throw ExitCode(1) }
        } catch let error as ReplayFailure {
            display.finish()
            if error.kind != .brokenPipe { Terminal.printFailure("riffle replay", error) }
            throw ExitCode(error.kind == .usage ? 2 : 1)
        }
    }

    private var rows: ReplayRows {
        var rows = history.rows
        rows.isLabelledOnly = labelledOnly
        return rows
    }

    private func replayFiles(_ display: ReplayDisplay) throws -> ReplayOutcome {
        let assembly = try PipelineLoading.load(pipeline, modelPath: model, checksProperties: false)
        var options = ReplayOptions(
            inputs: history.input, output: output, workers: history.workers ?? assembly.workerCount)
        options.inputFormat = history.inputFormat?.recordFormat
        options.outputFormat = outputFormat?.recordFormat
        options.metricsLabel = metrics
        options.metricsKey = metricsKey
        options.rows = rows
        options.settings.present = history.present
        options.comparedFile = compare
        let service = try ReplayService(plan: assembly.scoring, options: options)
        let signals = stopSignals(service.target)
        defer { signals.cancel() }
        return try service.run(observer: display)
    }

    private func replayTopics(_ display: ReplayDisplay) throws -> ReplayOutcome {
        let assembly = try PipelineLoading.load(pipeline, modelPath: model)
        var options = TopicReplayOptions(output: output, workers: history.workers ?? assembly.workerCount)
        options.outputFormat = outputFormat?.recordFormat
        options.metricsLabel = metrics
        options.metricsKey = metricsKey
        options.rows = rows
        options.comparedFile = compare
        if let since { options.start = .back(microseconds: since.microseconds) }
        let service = try TopicReplayService(
            assembly: assembly, brokers: try address(assembly), options: options,
            logger: LogSetup.logger(format: .text, level: .notice))
        let signals = stopSignals(service.target)
        defer { signals.cancel() }
        return try service.run(observer: display)
    }

    /// The brokers of the command line, else of the pipeline.
    private func address(_ assembly: PipelineAssembly) throws -> String {
        if let brokers { return brokers }
        if case .addresses(let addresses) = assembly.spec.kafka.brokers.value { return addresses }
        throw ReplayFailure(
            .usage,
            "\(pipeline) has \"brokers: embedded\": that cluster lives inside \"riffle run\" or \"riffle demo\", which "
                + "print its address; give it with --brokers")
    }

    private func stopSignals(_ target: ReplayTarget?) -> StopSignals {
        StopSignals {
            target?.discard()
            Terminal.printError("riffle replay: interrupted")
            _exit(1)
        }
    }

    private func report(_ outcome: ReplayOutcome) {
        if outcome.warmUp > 0 { Terminal.printError("\(outcome.warmUp) events before the first row filled windows") }
        Terminal.printError(ReplaySummaryText.lines(outcome.summary))
        for caution in outcome.cautions { Terminal.printError(caution.printable) }
        if let comparison = outcome.comparison { print(ComparisonText.lines(comparison), terminator: "") }
        if timings { Terminal.printError(ReplaySummaryText.timings(outcome.summary)) }
        guard let measures = outcome.measures else { return }
        Terminal.printError("measured on \(measures.rows) rows, \(measures.positives) of them positive")
        for line in ReplayMeasuresText.lines(measures) {
            // The rows may be what standard output is for.
            if output == ReplayOptions.standardStream { Terminal.printError(line) } else { print(line) }
        }
    }
}

extension ReplayDisplay: TopicReplayObserver {
    func replayDidFind(origin: String, code: String, message: String) {
        finish()
        Terminal.printError("\(origin): \(code): \(message)")
    }
}

/// A format as the command line names it.
enum ReplayFormat: String, ExpressibleByArgument, CaseIterable {
    case csv, ndjson

    var recordFormat: RecordFormat { self == .csv ? .csv : .ndjson }
}
