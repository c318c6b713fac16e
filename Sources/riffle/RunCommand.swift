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
            SIGHUP reads the model files again; a changed one takes its model's place by itself, too.

            Examples:
              riffle run pipelines/card-fraud/pipeline.yaml
              riffle run pipelines/card-fraud/pipeline.yaml --brokers localhost:9092 --until-end
              riffle run pipelines/card-fraud/pipeline.yaml --metrics-file /var/lib/node_exporter/riffle.prom

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

    @Option(help: ArgumentHelp("Keep state here instead of in the pipeline's state directory.", valueName: "directory"))
    var state: String?

    @Option(
        name: .customShort("X"),
        help: ArgumentHelp(
            "A property for librdkafka that the pipeline does not set; may be given again. Not for secrets: others see "
                + "command lines.", valueName: "name=value"))
    var properties: [PropertyArgument] = []

    @Option(
        help: ArgumentHelp(
            "Write metrics to this file in Prometheus' text format, for node_exporter's textfile collector; everybody may "
                + "read it.", valueName: "path"))
    var metricsFile: String?

    @Option(help: ArgumentHelp("How often the metrics file is written (default: 15s).", valueName: "duration"))
    var metricsEvery: CommandDuration?

    @Option(help: ArgumentHelp("How logs are written.", valueName: "text|json"))
    var logFormat: LogFormat = .text

    @Option(help: ArgumentHelp("The least level that is logged.", valueName: "level"))
    var logLevel: LogLevel = .notice

    func validate() throws {
        if duration != nil && untilEnd { throw ValidationError("--for and --until-end exclude each other") }
        if state != nil && noState { throw ValidationError("--state and --no-state exclude each other") }
        if metricsEvery != nil && metricsFile == nil {
            throw ValidationError("--metrics-every needs --metrics-file: there is nothing to write to")
        }
    }

    func run() throws {
        let assembly = try PipelineLoading.load(pipeline)
        let logger = LogSetup.logger(format: logFormat, level: logLevel.level)
        var options = RunOptions()
        options.brokers = brokers
        options.untilEnd = untilEnd
        options.keepsNoState = noState
        options.stateDirectory = state
        if metricsFile != nil { options.statisticsMilliseconds = metricsEveryMilliseconds }
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
        let metrics = try metricsWriter(service, logger)
        let signals = StopSignals({ service.requestStop() }, onReload: { service.requestReload() })
        defer { signals.cancel() }
        if let duration {
            DispatchQueue.global().asyncAfter(deadline: .now() + .microseconds(Int(duration.microseconds))) {
                service.requestStop()
            }
        }
        do {
            defer { metrics?.stop() }
            let summary = try service.run()
            Terminal.printError(RunSummaryText.line(summary))
        } catch {
            Terminal.printError("riffle run: \(error)")
            throw ExitCode(1)
        }
        withExtendedLifetime(choice) {}
    }

    private static let metricsEveryStandard = 15_000
    private var metricsEveryMilliseconds: Int {
        metricsEvery.map { max(1, Int($0.microseconds / 1_000)) } ?? Self.metricsEveryStandard
    }

    /// A path that cannot be written to is a mistake of the command line.
    private func metricsWriter(_ service: RunService, _ logger: Logger) throws -> MetricsFileWriter? {
        guard let metricsFile else { return nil }
        do {
            return try MetricsFileWriter(
                service.metrics, to: metricsFile, everyMilliseconds: metricsEveryMilliseconds, logger: logger)
        } catch {
            Terminal.printError("riffle run: \(error)")
            throw ExitCode(2)
        }
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
