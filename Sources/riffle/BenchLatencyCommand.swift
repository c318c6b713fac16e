import ArgumentParser
import Configuration
import Engine
import Events
import Foundation
import Scoring

/// `riffle bench latency`: from when an event is meant to be sent to when its score has arrived.
struct BenchLatencyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "latency",
        abstract: "From when an event is meant to be sent to when its score has arrived, at steady rates.",
        discussion: """
            An embedded cluster, a sender and a collector are in this process; `riffle run`, and with --copier a \
            program that only copies records (`make copier`), in turn in one of their own. Every event has its time \
            from the start: what is sent late counts from when it was due. The first two seconds are not measured. On \
            a machine that does other things too, take several rounds.

            Examples:
              riffle bench latency pipelines/card-fraud/replay-labelled.yaml \\
                --copier .build/copier
              riffle bench latency pipelines/card-fraud/replay-labelled.yaml \\
                --rate 2000,10000 --seconds 20

            Exit codes: 0 measured, 1 failed, 2 usage or configuration.
            """)

    @Argument(help: "The pipeline file.")
    var pipeline: String

    @OptionGroup var paired: PairedBenchOptions

    @Option(help: ArgumentHelp("Events a second, several with commas.", valueName: "n"))
    var rate: RateList = RateList(values: [2_000, 10_000])

    @Option(help: ArgumentHelp("How long each is measured.", valueName: "n"))
    var seconds = 20

    @Option(help: ArgumentHelp("Turns at each rate; the ratio is the median of theirs.", valueName: "count"))
    var rounds = 1

    func validate() throws {
        guard (1...1_000).contains(rounds) else { throw ValidationError("--rounds \(rounds): expected 1 to 1000") }
        guard (1...3_600).contains(seconds) else { throw ValidationError("--seconds \(seconds): expected 1 to 3600") }
    }

    func run() throws {
        let assembly = try PipelineLoading.load(pipeline)
        do {
            let events = try paired.scoredEvents(assembly, countMax: 100_000)
            let bench = LatencyBench(assembly: assembly, pipelinePath: pipeline, events: events)
            print("machine   \(PhaseBenchMachine().text)")
            print(
                "run       open loop, \(seconds) s a line, \(paired.partitions) partitions, embedded cluster, "
                    + "\(assembly.spec.kafka.delivery.rawValue)")
            if let note = PairedBenchOptions.idleSources(assembly) { print("note      \(note)") }
            if assembly.spec.kafka.delivery == .exactlyOnce {
                print(
                    "note      the embedded cluster shows records before they are committed: riffle's count to the commit that follows,"
                        + " the copier's to their arrival; goal: p50 at most "
                        + String(format: "%.0f ms", Double(assembly.spec.kafka.commitEveryMicroseconds) / 2_000 + 10)
                )
            }
            print(PairedBenchText.latencyHead)
            let isComparable = assembly.spec.kafka.delivery != .exactlyOnce
            for rate in rate.values { try measure(rate, with: bench, isComparable: isComparable) }
        } catch {
            Terminal.printFailure("riffle bench latency", error)
            throw ExitCode(1)
        }
    }

    /// - Parameter isComparable: the two programs' latencies end at the same thing.
    private func measure(_ rate: Double, with bench: LatencyBench, isComparable: Bool) throws {
        var options = LatencyBench.Options()
        options.eventsPerSecond = rate
        options.seconds = seconds
        options.partitions = paired.partitions
        options.properties = paired.settings(["fetch.wait.max.ms": "1"])
        var pairs: [(copier: LatencyBench.Result, riffle: LatencyBench.Result)] = []
        for _ in 0..<rounds {
            let copier = try paired.copier.map { try bench.run(.copier(path: $0), options: options) }
            if let copier { print(PairedBenchText.line(copier, program: "copier", rate: rate)) }
            let riffle = try bench.run(.riffle(executable: PairedBenchOptions.executable), options: options)
            print(PairedBenchText.line(riffle, program: "riffle", rate: rate))
            if let copier { pairs.append((copier, riffle)) }
        }
        if isComparable && !pairs.isEmpty { print(PairedBenchText.ratios(pairs, rate: rate)) }
    }
}

/// What benches beside the copier take.
struct PairedBenchOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("A program that only copies records, to measure beside: `make copier`.", valueName: "path"))
    var copier: String?

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "Events, one JSON object a line; also .gz. Given again for each source.", valueName: "[source=]file"))
    var input: [String] = []

    @Option(help: ArgumentHelp("Take the first so many; without --input, make so many.", valueName: "n"))
    var events: Int?

    @Option(help: "Partitions of the source topic.")
    var partitions = 4

    @Option(
        name: .customShort("X"),
        help: ArgumentHelp("A property for librdkafka of the programs; may be given again.", valueName: "name=value"))
    var properties: [PropertyArgument] = []

    func validate() throws {
        if let events, events < 1 { throw ValidationError("--events \(events): expected 1 or more") }
        guard (1...64).contains(partitions) else {
            throw ValidationError("--partitions \(partitions): expected 1 to 64")
        }
    }

    /// This program.
    static var executable: String {
        (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
    }

    /// The properties of the command line before `defaults`.
    func settings(_ defaults: [String: String] = [:]) -> [String: String] {
        defaults.merging(properties.map { ($0.name, $0.value) }, uniquingKeysWith: { _, own in own })
    }

    /// Of every source that has a file; of all where events are made. The scored source's first.
    func events(_ assembly: PipelineAssembly, countMax: Int) throws -> [KeyedEvents] {
        try KeyedEvents.all(assembly, inputs: input, eventsMax: events ?? (input.isEmpty ? countMax : nil))
    }

    /// Of the scored source, for benches that send nothing else.
    func scoredEvents(_ assembly: PipelineAssembly, countMax: Int) throws -> KeyedEvents {
        let all = try events(assembly, countMax: countMax)
        if !input.isEmpty, let other = all.dropFirst().first {
            let names = assembly.scoring.sources.map(\.name)
            throw RunFailure(
                "only events of \"\(names[0])\" are sent at a rate: leave out the file of \"\(names[other.source])\"")
        }
        return all[0]
    }

    /// What a bench that feeds the scored source alone has to say of the pipeline's others; `nil`: there are none.
    static func idleSources(_ assembly: PipelineAssembly) -> String? {
        let others = assembly.scoring.sources.dropFirst().map { "\"\($0.name)\"" }
        if others.isEmpty { return nil }
        return "no events of \(others.joined(separator: ", ")) are sent: what is computed from them stays empty"
    }
}

/// `2000,10000`.
struct RateList: ExpressibleByArgument {
    let values: [Double]
    private static let most = 1_000_000.0

    init(values: [Double]) { self.values = values }

    init?(argument: String) {
        let values = argument.split(separator: ",", omittingEmptySubsequences: false).map { Double($0) ?? 0 }
        guard !values.isEmpty, values.allSatisfy({ $0 >= 1 && $0 <= Self.most }) else { return nil }
        self.values = values
    }

    var defaultValueDescription: String { values.map { "\(Int($0))" }.joined(separator: ",") }
}
