import ArgumentParser
import Configuration
import Diagnostics
import Events
import Foundation
import Logging
import Scoring

/// `riffle tap`: follows what a pipeline writes.
struct TapCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tap",
        abstract: "Follow scores, dead letters or alerts as they are written.",
        discussion: """
            Reads the pipeline's topic from its end on, or from --from. No group is joined and nothing is committed; \
            of transactions only what was committed is seen. Records of a partition come in its order.

            --where takes an expression as rules have it (docs/PIPELINE.md) over what a record says. Of a score: id, \
            score, decision, event_time, model, the features and fields that it carries by their names, and the scores \
            of several models; of a dead letter: code, message, origin, topic, attempts; of an alert: state, severity, \
            series.

            On a terminal a record is a line of text; in a pipe, or with --format json, it is the record as it was \
            written (of a dead letter what its headers say, with the event).

            Examples:
              riffle tap pipeline.yaml
              riffle tap pipeline.yaml --from 10m \\
                --where 'score > 0.8 and decision == "block"'
              riffle tap pipeline.yaml --topic dead-letters --from earliest --until-end \\
                --format json | jq -r .code | sort | uniq -c
              riffle tap pipeline.yaml --topic alerts --where 'severity == "critical"'

            Exit codes: 0 fine, also where it is interrupted, 1 failed, 2 usage or configuration.
            """)

    @Argument(help: "The pipeline file.")
    var pipeline: String

    @Option(help: ArgumentHelp("What is followed.", valueName: "scores|dead-letters|alerts"))
    var topic: Topic = .init(kind: .scores)

    @Option(help: ArgumentHelp("Brokers to use instead of the pipeline's.", valueName: "host:port"))
    var brokers: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Where to begin: earliest, latest, so far back (10m), or a time, by when records were written.",
            valueName: "place"))
    var from: Place = .init(kind: .latest)

    @Option(
        name: .customLong("where"), help: ArgumentHelp("Only records for which this is true.", valueName: "expression"))
    var condition: String?

    @Option(help: ArgumentHelp("Only records with this key.", valueName: "text"))
    var key: String?

    @Option(help: ArgumentHelp("End after so many records.", valueName: "n"))
    var limit: Int?

    @Option(help: ArgumentHelp("How records are written.", valueName: "text|json"))
    var format: TestCommand.Format?

    @Flag(help: "End where the topic ends now.")
    var untilEnd = false

    struct Topic: ExpressibleByArgument {
        let kind: TapKind
        var defaultValueDescription: String { kind.rawValue }

        init(kind: TapKind) { self.kind = kind }

        init?(argument: String) {
            guard let kind = TapKind(rawValue: argument) else { return nil }
            self.kind = kind
        }
    }

    struct Place: ExpressibleByArgument {
        enum Kind { case earliest, latest, back(Int64), time(EventTime) }
        let kind: Kind
        var defaultValueDescription: String { "latest" }

        init(kind: Kind) { self.kind = kind }

        init?(argument: String) {
            let span = argument.hasPrefix("-") ? String(argument.dropFirst()) : argument
            if argument == "earliest" {
                kind = .earliest
            } else if argument == "latest" {
                kind = .latest
            } else if let back = CommandDuration(argument: span) {
                kind = .back(back.microseconds)
            } else if let time = TimeText.parse(argument) {
                kind = .time(time)
            } else {
                return nil
            }
        }

        var start: TapStart {
            switch kind {
            case .earliest: .earliest
            case .latest: .latest
            case .back(let microseconds):
                .time(EventTime(microseconds: Int64(Date().timeIntervalSince1970 * 1e6) - microseconds))
            case .time(let time): .time(time)
            }
        }
    }

    func validate() throws {
        if let limit, limit < 1 { throw ValidationError("--limit \(limit): expected 1 or more") }
    }

    func run() throws {
        signal(SIGPIPE, SIG_IGN)
        let assembly = try PipelineLoading.load(pipeline)
        var options = TapOptions()
        options.kind = topic.kind
        options.start = from.start
        options.key = key.map { Array($0.utf8) }
        options.limit = limit
        options.untilEnd = untilEnd
        let filter = try condition.map { try makeFilter($0, assembly) }
        let isText = format.map { $0 == TestCommand.Format.text } ?? (isatty(STDOUT_FILENO) == 1)
        let text = TapText(topic.kind, of: assembly, usesColour: Terminal.usesColourOnOutput)
        var output = TapOutput()
        do {
            let service = try TapService(
                assembly: assembly, brokers: try address(assembly), options: options, filter: filter,
                logger: LogSetup.logger(format: .text, level: .warning))
            let signals = StopSignals { service.requestStop() }
            defer { signals.cancel() }
            try service.run { record in
                if isText {
                    try output.write(Array(text.line(record).utf8))
                } else if let letter = record.letter {
                    try output.write(Array(DeadLetterText.json(letter, withPayload: true).utf8))
                } else {
                    try output.write(Array(record.json))
                }
            } onPause: {
                try output.flush()
            }
        } catch is TapOutput.Gone {
            // Whoever read has gone: there is nobody to tell.
        } catch let code as ExitCode {
            throw code
        } catch {
            Terminal.printFailure("riffle tap", error)
            throw ExitCode(1)
        }
    }

    private func makeFilter(_ text: String, _ assembly: PipelineAssembly) throws -> TapFilter {
        do {
            return try TapFilter(text, topic.kind, of: assembly)
        } catch {
            let source = SourceText(path: "--where", text: text)
            let renderer = DiagnosticRenderer(source: source, usesColour: Terminal.usesColourOnError)
            Terminal.printError(renderer.text(error.problems), terminator: "")
            let names = TapFilter.names(topic.kind, of: assembly).joined(separator: ", ")
            Terminal.printError("riffle tap: names that it may read: \(names)")
            throw ExitCode(2)
        }
    }

    /// The brokers of the command line, else of the pipeline.
    private func address(_ assembly: PipelineAssembly) throws -> String {
        if let brokers { return brokers }
        if case .addresses(let addresses) = assembly.spec.kafka.brokers.value { return addresses }
        Terminal.printError(
            "riffle tap: \(pipeline) has \"brokers: embedded\": that cluster lives inside \"riffle run\" or "
                + "\"riffle demo\", which print its address; give it with --brokers")
        throw ExitCode(2)
    }
}

/// Lines on their way to standard output, held back while more are coming.
private struct TapOutput {
    /// Nobody reads any more.
    struct Gone: Error {}

    private var buffer: [UInt8] = []
    private static let bytesMax = 1 << 16

    mutating func write(_ line: [UInt8]) throws {
        buffer += line
        buffer.append(UInt8(ascii: "\n"))
        if buffer.count >= Self.bytesMax { try flush() }
    }

    mutating func flush() throws {
        var rest = buffer[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Foundation.write(STDOUT_FILENO, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            if count < 0 {
                if errno == EPIPE { throw Gone() }
                throw ReplayFailure.system("standard output", "cannot be written")
            }
            rest = rest.dropFirst(count)
        }
        buffer.removeAll(keepingCapacity: true)
    }
}
