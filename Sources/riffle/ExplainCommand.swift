import ArgumentParser
import Configuration
import Engine
import Events
import Foundation
import Scoring

/// `riffle explain`: one event's way through a pipeline.
struct ExplainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Show one event's way: fields, windows with the events they hold, features, score, reasons, rules.",
        discussion: """
            History goes through the code that scores live, and what is shown is read out of the engine when it comes \
            to the event: its windows hold what they held, late or not. An event that is no score says why.

            --id takes an event of the input by its id, also one that cannot be used as long as an id can be read in \
            it; --line by its line. --event is one more event of the scored source, as JSON, which takes the place \
            among the others that its time gives it. Where several have the id all are shown, up to ten.

            Examples:
              riffle explain pipeline.yaml --input history.csv.gz --id 1754154
              riffle explain pipeline.yaml -i transactions=events.csv \\
                -i labels=labels.csv --line 17 --format json
              echo '{"id": 1, …}' \\
                | riffle explain pipeline.yaml --input history.csv.gz --event -

            Exit codes: 0 fine, 1 failed or no such event, 2 usage or configuration.
            """)

    @Argument(help: "The pipeline file.")
    var pipeline: String

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "What came before: .csv or .ndjson, also .gz; - is standard input.", valueName: "[source=]file|-"))
    var input: [String] = []

    @Option(help: ArgumentHelp("How the input is written, where its name does not tell.", valueName: "csv|ndjson"))
    var inputFormat: ReplayFormat?

    @Option(help: ArgumentHelp("The event's id.", valueName: "id"))
    var id: String?

    @Option(help: ArgumentHelp("The line of the scored source's file on which it begins.", valueName: "number"))
    var line: Int64?

    @Option(help: ArgumentHelp("An event that is not in the input, as JSON; - is standard input.", valueName: "file|-"))
    var event: String?

    @Option(help: ArgumentHelp("How many events of a window are shown.", valueName: "number"))
    var events: Int = 10

    @Option(help: "How it is printed.")
    var format: TestCommand.Format = .text

    @Option(help: ArgumentHelp("A model to use instead of the pipeline's.", valueName: "file"))
    var model: String?

    @Option(
        help: ArgumentHelp(
            "Events of files are refused that are further ahead than \"ahead\" of this time; default: the present.",
            valueName: "yyyy-mm-dd[Thh:mm:ssZ]"))
    var now: CommandTime?

    @Option(help: ArgumentHelp("Threads; by default the pipeline's \"workers\".", valueName: "count"))
    var workers: Int?

    func validate() throws {
        if [id != nil, line != nil, event != nil].count(where: { $0 }) != 1 {
            throw ValidationError("expected one of --id, --line and --event")
        }
        if event == nil && input.isEmpty { throw ValidationError("--id and --line need --input") }
        if event == "-" && input.contains(where: { $0 == "-" || $0.hasSuffix("=-") }) {
            throw ValidationError("standard input can be read once only")
        }
        if !(0...100_000).contains(events) { throw ValidationError("--events is from 0 to 100000") }
        if let line, line < 1 { throw ValidationError("lines are counted from 1") }
    }

    func run() throws {
        signal(SIGPIPE, SIG_IGN)
        let assembly = try PipelineLoading.load(pipeline, modelPath: model, checksProperties: false)
        var options = ExplainOptions()
        options.inputs = input
        options.inputFormat = inputFormat?.recordFormat
        options.event = event
        options.wish = id.map(ExplainWish.id) ?? line.map(ExplainWish.line)
        options.shownEventsMax = events
        options.present = now?.time ?? .wallClock
        options.workers = workers ?? assembly.workerCount
        let outcome: ExplainOutcome
        do {
            outcome = try ExplainService(assembly: assembly, options: options).run()
        } catch {
            Terminal.printFailure("riffle explain", error)
            throw ExitCode(error.kind == .usage ? 2 : 1)
        }
        guard outcome.count > 0 else {
            Terminal.printError("riffle explain: \(missing)")
            throw ExitCode(1)
        }
        let texts = outcome.accounts.map { account in
            format == .json
                ? AccountJSON(assembly, names: outcome.names).text(account)
                : AccountText(assembly, names: outcome.names).text(account)
        }
        try? FileHandle.standardOutput.write(
            contentsOf: Data(texts.joined(separator: format == .json ? "" : "\n").utf8))
        if outcome.count > 1 && event == nil {
            let shown = outcome.count > outcome.accounts.count ? ", of which \(outcome.accounts.count) are shown" : ""
            Terminal.printError("riffle explain: \(outcome.count) events have this id\(shown)")
        }
    }

    private var missing: String {
        if let id { return "no event of the input has the id \"\(id)\"; one that is no JSON has none: see --line" }
        if let line { return "no event begins on line \(line)" }
        return "there is no event in \(event ?? "")"
    }
}
