public import ArgumentParser
import Configuration
import Foundation
import Logging
public import Scoring

/// `riffle dead-letter`: what a pipeline could not use, and the way back.
struct DeadLetterCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dead-letter", abstract: "Show what a pipeline could not use, and put it back.",
        discussion: """
            Examples:
              riffle dead-letter list pipeline.yaml --since 2h
              riffle dead-letter replay pipeline.yaml --code field-missing --dry-run
            """,
        subcommands: [DeadLetterListCommand.self, DeadLetterReplayCommand.self])
}

/// What both commands take.
struct DeadLetterOptions: ParsableArguments {
    @Argument(help: "The pipeline file.")
    var pipeline: String

    @Option(help: ArgumentHelp("Brokers to use instead of the pipeline's.", valueName: "host:port"))
    var brokers: String?

    @Option(help: ArgumentHelp("Only letters with this error code; may be given again.", valueName: "code"))
    var code: [String] = []

    @Option(
        help: ArgumentHelp(
            "Only the event that was read there; may be given again.", valueName: "topic/partition/offset"))
    var origin: [DeadLetterOrigin] = []

    @Option(help: ArgumentHelp("Only letters of so long ago or less, such as 2h.", valueName: "duration"))
    var since: CommandDuration?

    @Option(
        help: ArgumentHelp(
            "Begin behind this offset of the dead-letter topic, as an earlier call has printed it.",
            valueName: "partition:offset"))
    var after: DeadLetterPosition?

    @Option(help: ArgumentHelp("At most so many letters.", valueName: "n"))
    var limit: Int?

    func validate() throws {
        if let problem = code.lazy.compactMap(DeadLetterQuery.problem).first {
            throw ValidationError("--code: \(problem)")
        }
        if let limit, limit < 1 { throw ValidationError("--limit \(limit): expected 1 or more") }
    }

    var query: DeadLetterQuery {
        var query = DeadLetterQuery()
        query.codes = Set(code)
        query.origins = Set(origin)
        query.sinceMicroseconds = since.map { Int64(Date().timeIntervalSince1970 * 1e6) - $0.microseconds }
        query.after = after ?? DeadLetterPosition()
        query.limit = limit ?? .max
        return query
    }

    /// The brokers of the command line, else of the pipeline.
    func address(_ assembly: PipelineAssembly) throws -> String {
        if let brokers { return brokers }
        if case .addresses(let addresses) = assembly.spec.kafka.brokers.value { return addresses }
        Terminal.printError(
            "riffle dead-letter: \(pipeline) has \"brokers: embedded\": that cluster lives inside \"riffle run\" or "
                + "\"riffle demo\", which print its address; give it with --brokers")
        throw ExitCode(2)
    }
}

/// `riffle dead-letter list`.
struct DeadLetterListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Show dead letters: where each came from, what is wrong, how often it was tried.",
        discussion: """
            The whole topic is read, one partition after the other, up to where it ends now. Values of events are only \
            shown with --payload. The last line, on standard error, says where the next call may begin.

            Examples:
              riffle dead-letter list pipeline.yaml --since 2h
              riffle dead-letter list pipeline.yaml --code invalid-json --limit 10 \\
                --payload
              riffle dead-letter list pipeline.yaml --format json \\
                | jq .code | sort | uniq -c

            Exit codes: 0 fine, 1 failed, 2 usage or configuration.
            """)

    enum Format: String, ExpressibleByArgument, CaseIterable { case text, json }

    @OptionGroup var options: DeadLetterOptions

    @Flag(help: "Show keys, headers and values too.")
    var payload = false

    @Option(help: ArgumentHelp("How letters are written.", valueName: "text|json"))
    var format: Format = .text

    func run() throws {
        let assembly = try PipelineLoading.load(options.pipeline)
        let brokers = try options.address(assembly)
        do {
            var log = try DeadLetterLog(
                options.query, brokers: brokers, of: assembly,
                logger: LogSetup.logger(format: .text, level: .warning))
            var count = 0
            while let letter = try log.next() {
                count += 1
                switch format {
                case .json: print(DeadLetterText.json(letter, withPayload: payload))
                case .text:
                    print(DeadLetterText.line(letter))
                    if payload { print(DeadLetterText.payload(letter)) }
                }
            }
            let next = log.position.isEmpty ? "" : "; go on with --after \(log.position)"
            Terminal.printError("\(count) dead letter\(count == 1 ? "" : "s")\(next)")
        } catch {
            Terminal.printFailure("riffle dead-letter list", error)
            throw ExitCode(1)
        }
    }
}

/// `riffle dead-letter replay`.
struct DeadLetterReplayCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay", abstract: "Put dead letters back on the topic that they came from.",
        discussion: """
            An event goes back with its key, value, headers and timestamp, to its partition if the topic still has it, \
            and with the count of its attempts. Letters that were tried too often, were cut, or came from elsewhere \
            stay and are named. Success is only reported once the brokers have acknowledged everything.

            Nothing is remembered: whoever replays the same letters twice has the events twice. The last line says \
            where the next call is to begin: give it as --after.

            Examples:
              riffle dead-letter replay pipeline.yaml --code field-missing --dry-run
              riffle dead-letter replay pipeline.yaml --after 0:1041
              riffle dead-letter replay pipeline.yaml --origin card.transactions/2/88114

            Exit codes: 0 fine (letters may have been left), 1 failed, 2 usage or configuration.
            """)

    @OptionGroup var options: DeadLetterOptions

    @Option(help: ArgumentHelp("Leave letters that were tried so often.", valueName: "n"))
    var attemptsMax = DeadLetterReplay.attemptsMaxDefault

    @Flag(help: "Send nothing; say what would be sent.")
    var dryRun = false

    func validate() throws {
        guard attemptsMax >= 1 else { throw ValidationError("--attempts-max \(attemptsMax): expected 1 or more") }
    }

    func run() throws {
        let assembly = try PipelineLoading.load(options.pipeline)
        let brokers = try options.address(assembly)
        let logger = LogSetup.logger(format: .text, level: .warning)
        var summary = DeadLetterReplaySummary()
        do {
            let replay = try DeadLetterReplay(brokers: brokers, of: assembly, attemptsMax: attemptsMax, logger: logger)
            var log = try DeadLetterLog(options.query, brokers: brokers, of: assembly, logger: logger)
            let signals = StopSignals { replay.requestStop() }
            defer { signals.cancel() }
            try replay.run(&log, isTrial: dryRun, into: &summary) { letter, refusal in
                print("left \(letter.partition):\(letter.offset): \(refusal)")
            }
            report(summary)
        } catch {
            report(summary)
            Terminal.printFailure("riffle dead-letter replay", error)
            throw ExitCode(1)
        }
    }

    private func report(_ summary: DeadLetterReplaySummary) {
        var text = "\(summary.replayed) \(dryRun ? "would go back" : "put back"), \(summary.refused) left"
        if !summary.position.isEmpty && !dryRun { text += "; go on with --after \(summary.position)" }
        Terminal.printError(text)
    }
}

extension DeadLetterOrigin: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument) }
}

extension DeadLetterPosition: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument) }
}
