import ArgumentParser
import Engine
import Foundation
import Logging
import Scoring

/// `riffle bench restart`: from kill -9 to the first new score, with many keys.
struct BenchRestartCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restart",
        abstract: "How long a killed pipeline with many keys is away, as whole processes.",
        discussion: """
            Generated payments of --keys customers go through an embedded cluster in this process while `riffle run`, \
            in one of its own, scores them and saves state. When a snapshot of all keys is durable, the process is \
            killed (SIGKILL), a few more events are published, and it is started again. Times are from exec: until it \
            joins its group, has its partitions, has loaded the snapshot, has replayed the log behind it, and until \
            the first new score has arrived.

            The join is the cluster's: the embedded one lets nobody in before the killed member's session is over, so \
            that session.timeout.ms is 6 s here, and a first member waits three more. The snapshot comes from the page \
            cache, as after any crash that the machine survives; --cold reads it from disk.

            Examples:
              riffle bench restart pipelines/card-fraud/replay-labelled.yaml
              riffle bench restart pipelines/card-fraud/replay-labelled.yaml \\
                --keys 100000 --rounds 1

            Exit codes: 0 measured, 1 failed, 2 usage or configuration.
            """)

    @Argument(help: "The pipeline file.")
    var pipeline: String

    @Option(help: ArgumentHelp("Customers.", valueName: "n"))
    var keys = 1_000_000

    @Option(help: ArgumentHelp("Events of each.", valueName: "n"))
    var eventsPerKey = 10

    @Option(help: "Partitions of the source topic.")
    var partitions = 4

    @Option(help: ArgumentHelp("How often it is killed and started again.", valueName: "count"))
    var rounds = 3

    @Option(help: ArgumentHelp("Events behind the snapshot, which a restart reads again.", valueName: "n"))
    var behind = RestartBench.Options().eventsBehind

    @Flag(help: "Drop the snapshot from the page cache before each restart.")
    var cold = false

    @Option(
        name: .customShort("X"),
        help: ArgumentHelp("A property for librdkafka of the program; may be given again.", valueName: "name=value"))
    var properties: [PropertyArgument] = []

    private static let eventsMax = 1_000_000_000
    /// More might not fit what the embedded cluster keeps.
    private static let behindMax = 200_000

    func validate() throws {
        guard (1...10_000_000).contains(keys) else { throw ValidationError("--keys \(keys): expected 1 to 10000000") }
        guard (1...10_000).contains(eventsPerKey), keys * eventsPerKey <= Self.eventsMax else {
            throw ValidationError(
                "--events-per-key \(eventsPerKey): expected 1 to 10000, \(Self.eventsMax) events in all")
        }
        guard (1...64).contains(partitions) else {
            throw ValidationError("--partitions \(partitions): expected 1 to 64")
        }
        guard (1...100).contains(rounds) else { throw ValidationError("--rounds \(rounds): expected 1 to 100") }
        guard (1...Self.behindMax).contains(behind) else {
            throw ValidationError("--behind \(behind): expected 1 to \(Self.behindMax)")
        }
    }

    func run() throws {
        let assembly = try PipelineLoading.load(pipeline)
        var options = RestartBench.Options()
        (options.keys, options.eventsPerKey, options.partitions) = (keys, eventsPerKey, partitions)
        (options.rounds, options.eventsBehind, options.dropsPageCache) = (rounds, behind, cold)
        options.properties = Dictionary(properties.map { ($0.name, $0.value) }, uniquingKeysWith: { _, last in last })
        do {
            let bench = try RestartBench(
                assembly: assembly, pipelinePath: pipeline, executable: PairedBenchOptions.executable,
                logger: LogSetup.logger(format: .text, level: .warning))
            print("machine  \(PhaseBenchMachine().text)")
            let result = try bench.run(options) { Terminal.printError($0) }
            let rate = Int(Double(keys * eventsPerKey) / max(0.001, result.publishSeconds))
            print(
                "events   \(result.published) of \(keys) keys before the first kill, \(rate)/s; \(partitions) partitions, embedded "
                    + "cluster" + (cold ? ", snapshot not in the page cache" : ""))
            print(RestartText.table(result))
        } catch {
            Terminal.printFailure("riffle bench restart", error)
            throw ExitCode(1)
        }
    }
}
