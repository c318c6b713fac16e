import ArgumentParser
import Configuration
import Console
import Dispatch
import Foundation
import Logging
import Scoring

/// `riffle demo`: everything in one process.
struct DemoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo", abstract: "Watch a pipeline at work: Kafka, a generator and the pipeline in one process.",
        discussion: """
            Starts a small Kafka cluster inside the process, sends 40 days of card transactions as fast as they go, \
            then more at a steady rate, with a wave of fraud in them and now and then a broken event. Needs no \
            network. Other clients can join the cluster at the address that is shown. Where the pipeline has a source \
            of labels, each payment's comes six days of event time after it, and shows how good the decision was.

            Where the pipeline has a "monitor" section, a monitor runs beside it. Its reference is made of the first \
            40 days, by replay; then all amounts are 1.3 times as high for two days: an alert fires, says what moved, \
            and is resolved when amounts are back. The wave of fraud comes a week later.

            The dashboard and the rest of the console (docs/HTTP.md) are at http://127.0.0.1:8080/, or at another port \
            where that is taken.

            Latency is from when an event was meant to be sent to when its score is computed, before it is delivered.

            Without a terminal it ends after 30 s and prints a line every 5 s.

            Examples:
              riffle demo
              riffle demo --for 30s --rate 5000
              riffle demo --http 127.0.0.1:9000

            Exit codes: 0 ended in order, 1 failed, 2 usage or configuration.
            """)

    @Argument(help: "The pipeline file.")
    var pipeline = "pipelines/card-fraud/pipeline.yaml"

    @Option(
        name: .customLong("for"), help: ArgumentHelp("End after so long, such as 30s or 10m.", valueName: "duration"))
    var duration: CommandDuration?

    @Option(help: ArgumentHelp("Events a second of the live part.", valueName: "n"))
    var rate: Double = 2_000

    @Option(help: ArgumentHelp("Another seed makes other events.", valueName: "n"))
    var seed: UInt64 = 1

    @Option(
        help: ArgumentHelp(
            "Where the dashboard is (default: 127.0.0.1:8080). Any address but loopback needs a token in RIFFLE_HTTP_TOKEN.",
            valueName: "host:port"))
    var http: HTTPArgument?

    @Flag(name: .customLong("no-http"), help: "Have no dashboard, and listen nowhere but for the cluster.")
    var noHTTP = false

    private static let quietMicroseconds: Int64 = 30_000_000
    /// Events a second that the demonstration can be asked for; beyond that it would measure the generator.
    private static let rateMax = 1_000_000.0
    /// A broken event comes every so many seconds.
    private static let brokenSeconds = 8.0

    func validate() throws {
        guard rate > 0, rate <= Self.rateMax else {
            throw ValidationError("--rate \(rate): expected more than 0, at most \(Int(Self.rateMax))")
        }
        if noHTTP && http != nil { throw ValidationError("--http and --no-http exclude each other") }
    }

    func run() throws {
        let assembly = try PipelineLoading.load(pipeline)
        if let problem = GeneratedFields.problems(of: assembly).first {
            Terminal.printError("riffle demo: \(pipeline): \(problem)")
            throw ExitCode(2)
        }
        var options = DemonstrationOptions()
        options.seed = seed
        options.eventsPerSecond = rate
        options.brokenEvery = max(1, Int(rate * Self.brokenSeconds))
        // Lines of a log would tear the view; what ends the run is thrown.
        let logger = LogSetup.logger(format: .text, level: .error)
        do {
            let figures = noHTTP ? nil : LiveFigures(plan: assembly.scoring)
            let monitor = DemoMonitor(assembly, logger: logger, figures: figures)
            let demonstration = try Demonstration(
                assembly: assembly, options: options, logger: logger, companion: monitor, figures: figures)
            let console = try figures.map { try DemoConsole.start(http?.address, assembly, demonstration, $0, logger) }
            defer { console?.stop() }
            let screen = DemoScreen(demonstration, console: console?.address)
            let signals = StopSignals { demonstration.requestStop() }
            defer { signals.cancel() }
            if let microseconds = duration?.microseconds ?? (screen.isLive ? nil : Self.quietMicroseconds) {
                DispatchQueue.global().asyncAfter(deadline: .now() + .microseconds(Int(microseconds))) {
                    demonstration.requestStop()
                }
            }
            screen.start()
            defer { screen.stop() }
            let summary = try demonstration.run()
            screen.stop()
            print(summary.text)
            if let failure = summary.published.firstFailure {
                throw RunFailure("\(summary.published.failed) events were not delivered: \(failure)")
            }
        } catch let code as ExitCode {
            throw code
        } catch {
            Terminal.printFailure("riffle demo", error)
            throw ExitCode(1)
        }
    }
}
