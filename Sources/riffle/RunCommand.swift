import ArgumentParser
import Configuration
import Console
import Engine
import Foundation
import Kafka
import Logging
import Monitoring
import Scoring

/// `riffle run`: scores a pipeline's topic until it is told to stop.
struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Read events from Kafka, score them, and write scores, until told to stop.",
        discussion: """
            SIGTERM and SIGINT end it in order: what is in flight is finished, flushed and committed; a second one \
            ends it at once. SIGHUP reads the model files again; a changed one takes its model's place by itself, too.

            Examples:
              riffle run pipelines/card-fraud/pipeline.yaml
              riffle run pipelines/card-fraud/pipeline.yaml --brokers localhost:9092 \\
                --until-end
              riffle run pipelines/card-fraud/pipeline.yaml --http 127.0.0.1:8080
              riffle run pipelines/card-fraud/pipeline.yaml \\
                --metrics-file /var/lib/node_exporter/riffle.prom

            Exit codes: 0 stopped in order, 1 failed, 2 usage or configuration.
            """)

    @Argument(help: "The pipeline file.")
    var pipeline: String

    @OptionGroup var options: ServiceOptions

    @OptionGroup var exposition: ExpositionOptions

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
        let figures = exposition.http.map { _ in LiveFigures(plan: assembly.scoring, bins: .fitting(assembly.spec)) }
        let console = try exposition.http.map {
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
        // The first that is deferred comes last: clients that are still there would miss the cluster.
        defer { withExtendedLifetime(choice) {} }
        let metrics = try exposition.writer("run") {
            try MetricsFileWriter(service.metrics, to: $0, everyMilliseconds: $1, logger: logger)
        }
        let follower = console == nil ? nil : follower(assembly, service, logger)
        defer { follower?.stop() }
        let server = try startConsole(console, assembly, service, figures, follower, logger)
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
    }

    /// How often librdkafka is to report to whoever looks.
    private var statisticsMilliseconds: Int? {
        let ofFile = exposition.metricsFile == nil ? nil : exposition.everyMilliseconds
        let ofConsole = exposition.http == nil ? nil : Self.consoleStatisticsMilliseconds
        return [ofFile, ofConsole].compactMap { $0 }.min()
    }

    /// A broker that is away is noticed so soon.
    private static let consoleStatisticsMilliseconds = 5_000

    /// What another process tells of drift is for whoever looks; `nil`: the pipeline is not watched.
    private func follower(
        _ assembly: PipelineAssembly, _ service: RunService, _ logger: Logger
    ) -> AlertFollower? {
        assembly.spec.monitor.map {
            AlertFollower(
                brokers: service.brokers, group: "\(assembly.spec.kafka.group)-console",
                properties: assembly.properties.withDefaults(options.propertyDefaults), topic: $0.topic.value,
                pipeline: assembly.scoring.pipeline, logger: logger)
        }
    }

    private func startConsole(
        _ settings: ConsoleSettings?, _ assembly: PipelineAssembly, _ service: RunService, _ figures: LiveFigures?,
        _ follower: AlertFollower?, _ logger: Logger
    ) throws -> ConsoleServer? {
        guard let settings, let figures else { return nil }
        let topic = assembly.spec.monitor?.topic.value ?? ""
        let drift: @Sendable () -> LiveSample.Drift = {
            follower.map { RunConsole.drift($0, topic: topic) } ?? RunConsole.noMonitor()
        }
        let server = try HTTPOption.start(
            settings, command: "run", port: RunConsole(assembly, service, figures, drift: drift), logger: logger)
        Terminal.printError("console at http://\(server.address)/")
        return server
    }
}
