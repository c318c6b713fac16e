import ArgumentParser
import Configuration
import Console
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
              riffle run pipelines/card-fraud/pipeline.yaml --http 127.0.0.1:8080
              riffle run pipelines/card-fraud/pipeline.yaml --metrics-file /var/lib/node_exporter/riffle.prom

            Exit codes: 0 stopped in order, 1 failed, 2 usage or configuration.
            """)

    @Argument(help: "The pipeline file.")
    var pipeline: String

    @OptionGroup var options: ServiceOptions

    @Option(
        help: ArgumentHelp(
            "Write metrics to this file in Prometheus' text format, for node_exporter's textfile collector; everybody may "
                + "read it.", valueName: "path"))
    var metricsFile: String?

    @Option(help: ArgumentHelp("How often the metrics file is written (default: 15s).", valueName: "duration"))
    var metricsEvery: CommandDuration?

    @Option(
        help: ArgumentHelp(
            "Answer HTTP here: health, metrics, the dashboard, scores on demand (docs/HTTP.md). Port 0 takes a free one. Any "
                + "address but loopback needs a token in RIFFLE_HTTP_TOKEN.", valueName: "host:port"))
    var http: HTTPArgument?

    func validate() throws {
        if metricsEvery != nil && metricsFile == nil {
            throw ValidationError("--metrics-every needs --metrics-file: there is nothing to write to")
        }
    }

    func run() throws {
        let assembly = try PipelineLoading.load(pipeline)
        let logger = options.logger
        var running = RunOptions()
        running.brokers = options.brokers
        running.untilEnd = options.untilEnd
        running.keepsNoState = options.noState
        running.stateDirectory = options.state
        running.statisticsMilliseconds = statisticsMilliseconds
        running.propertyDefaults = options.propertyDefaults
        let choice: BrokerChoice
        let service: RunService
        let figures = http.map { _ in LiveFigures(plan: assembly.scoring, bins: .fitting(assembly.spec)) }
        let console = try http.map {
            try HTTPOption.settings(
                $0.address, command: "run", eventBytesMax: assembly.spec.limits.eventBytesMax)
        }
        do {
            choice = try BrokerChoice(assembly, options: running, logger: logger)
            if choice.embedded != nil { Terminal.printError("embedded cluster at \(choice.address)") }
            service = RunService(
                assembly: assembly, brokers: choice.address, options: running, logger: logger, figures: figures)
        } catch {
            Terminal.printFailure("riffle run", error)
            throw ExitCode(1)
        }
        let metrics = try metricsWriter(service, logger)
        let server = try startConsole(console, assembly, service, figures, logger)
        defer { server?.stop() }
        let signals = StopSignals({ service.requestStop() }, onReload: { service.requestReload() })
        defer { signals.cancel() }
        options.afterDuration { service.requestStop() }
        do {
            defer { metrics?.stop() }
            let summary = try service.run()
            Terminal.printError(RunSummaryText.line(summary))
        } catch {
            Terminal.printFailure("riffle run", error)
            throw ExitCode(1)
        }
        withExtendedLifetime(choice) {}
    }

    private static let metricsEveryStandard = 15_000
    private var metricsEveryMilliseconds: Int {
        metricsEvery.map { max(1, Int($0.microseconds / 1_000)) } ?? Self.metricsEveryStandard
    }

    /// How often librdkafka is to report to whoever looks.
    private var statisticsMilliseconds: Int? {
        let ofFile = metricsFile == nil ? nil : metricsEveryMilliseconds
        let ofConsole = http == nil ? nil : Self.consoleStatisticsMilliseconds
        return [ofFile, ofConsole].compactMap { $0 }.min()
    }

    /// A broker that is away is noticed so soon.
    private static let consoleStatisticsMilliseconds = 5_000

    private func startConsole(
        _ settings: ConsoleSettings?, _ assembly: PipelineAssembly, _ service: RunService, _ figures: LiveFigures?,
        _ logger: Logger
    ) throws -> ConsoleServer? {
        guard let settings, let figures else { return nil }
        let server = try HTTPOption.start(
            settings, command: "run", port: RunConsole(assembly, service, figures), logger: logger)
        Terminal.printError("console at http://\(server.address)/")
        return server
    }

    /// A path that cannot be written to is a mistake of the command line.
    private func metricsWriter(_ service: RunService, _ logger: Logger) throws -> MetricsFileWriter? {
        guard let metricsFile else { return nil }
        do {
            return try MetricsFileWriter(
                service.metrics, to: metricsFile, everyMilliseconds: metricsEveryMilliseconds, logger: logger)
        } catch {
            Terminal.printFailure("riffle run", error)
            throw ExitCode(2)
        }
    }
}
