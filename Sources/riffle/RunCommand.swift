import ArgumentParser
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

    @OptionGroup var options: ServiceOptions

    @Option(
        help: ArgumentHelp(
            "Write metrics to this file in Prometheus' text format, for node_exporter's textfile collector; everybody may "
                + "read it.", valueName: "path"))
    var metricsFile: String?

    @Option(help: ArgumentHelp("How often the metrics file is written (default: 15s).", valueName: "duration"))
    var metricsEvery: CommandDuration?

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
        if metricsFile != nil { running.statisticsMilliseconds = metricsEveryMilliseconds }
        running.propertyDefaults = options.propertyDefaults
        let choice: BrokerChoice
        let service: RunService
        do {
            choice = try BrokerChoice(assembly, options: running, logger: logger)
            if choice.embedded != nil { Terminal.printError("embedded cluster at \(choice.address)") }
            service = RunService(assembly: assembly, brokers: choice.address, options: running, logger: logger)
        } catch {
            Terminal.printError("riffle run: \(error)")
            throw ExitCode(1)
        }
        let metrics = try metricsWriter(service, logger)
        let signals = StopSignals({ service.requestStop() }, onReload: { service.requestReload() })
        defer { signals.cancel() }
        options.afterDuration { service.requestStop() }
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
