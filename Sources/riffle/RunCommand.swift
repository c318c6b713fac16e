import ArgumentParser
import Dispatch
import Engine
import Foundation
import Logging
import Scoring

/// `riffle run`: scores a pipeline's topic until it is told to stop.
struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Read events from Kafka, score them, and write scores, until told to stop.",
        discussion: """
            SIGTERM and SIGINT end it in order: what is in flight is finished, flushed and committed; a second one ends it at once.

            Examples:
              riffle run pipelines/card-fraud/pipeline.yaml
              riffle run pipelines/card-fraud/pipeline.yaml --brokers localhost:9092 --until-end

            Exit codes: 0 stopped in order, 1 failed, 2 usage or configuration.
            """)

    @Argument(help: "The pipeline file.")
    var pipeline: String

    @Option(help: ArgumentHelp("Brokers to use instead of the pipeline's.", valueName: "host:port"))
    var brokers: String?

    @Option(
        name: .customLong("for"), help: ArgumentHelp("Stop after so long, such as 30s or 10m.", valueName: "duration"))
    var duration: CommandDuration?

    @Flag(help: "Stop where the topic's partitions end now.")
    var untilEnd = false

    @Flag(help: "Keep nothing under the pipeline's state directory, and use nothing that is there.")
    var noState = false

    @Option(
        name: .customShort("X"),
        help: ArgumentHelp(
            "A property for librdkafka that the pipeline does not set; may be given again. Not for secrets: others see "
                + "command lines.", valueName: "name=value"))
    var properties: [PropertyArgument] = []

    @Option(help: ArgumentHelp("How logs are written.", valueName: "text|json"))
    var logFormat: LogFormat = .text

    @Option(help: ArgumentHelp("The least level that is logged.", valueName: "level"))
    var logLevel: LogLevel = .notice

    func validate() throws {
        if duration != nil && untilEnd { throw ValidationError("--for and --until-end exclude each other") }
    }

    func run() throws {
        let assembly = try PipelineLoading.load(pipeline)
        let logger = LogSetup.logger(format: logFormat, level: logLevel.level)
        var options = RunOptions()
        options.brokers = brokers
        options.untilEnd = untilEnd
        options.keepsNoState = noState
        options.propertyDefaults = Dictionary(
            properties.map { ($0.name, $0.value) }, uniquingKeysWith: { _, last in last })
        let choice: BrokerChoice
        let service: RunService
        do {
            choice = try BrokerChoice(assembly, options: options, logger: logger)
            if choice.embedded != nil { Terminal.printError("embedded cluster at \(choice.address)") }
            service = RunService(assembly: assembly, brokers: choice.address, options: options, logger: logger)
        } catch {
            Terminal.printError("riffle run: \(error)")
            throw ExitCode(1)
        }
        let signals = StopSignals { service.requestStop() }
        defer { signals.cancel() }
        if let duration {
            DispatchQueue.global().asyncAfter(deadline: .now() + .microseconds(Int(duration.microseconds))) {
                service.requestStop()
            }
        }
        do {
            let summary = try service.run()
            Terminal.printError(RunSummaryText.line(summary))
        } catch {
            Terminal.printError("riffle run: \(error)")
            throw ExitCode(1)
        }
        withExtendedLifetime(choice) {}
    }
}

/// `name=value`.
struct PropertyArgument: ExpressibleByArgument {
    let name: String
    let value: String

    init?(argument: String) {
        guard let equals = argument.firstIndex(of: "="), equals > argument.startIndex else { return nil }
        name = String(argument[..<equals])
        value = String(argument[argument.index(after: equals)...])
    }
}
