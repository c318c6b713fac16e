import ArgumentParser
import Configuration
import Engine
import Events
import Foundation
import Logging
import Scoring

/// `riffle bench kafka`: a file of events through an embedded cluster, Kafka to Kafka.
struct BenchKafkaCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kafka",
        abstract:
            "Publish files of events to an embedded cluster, then score that backlog with `run` and collect the scores.",
        discussion: """
            Cluster, pipeline and collector share this machine's cores. With --copier, a program that only copies \
            records (`make copier`) and `riffle run` take turns instead, each in a process of its own against a fresh \
            cluster, and nothing reads their output: that shows how much of the possible rate is reached, and what it \
            costs. Rates count events of the scored source; a source without a file stays empty.

            Examples:
              riffle bench kafka pipelines/card-fraud/replay-labelled.yaml \\
                --copier .build/copier --rounds 5
              riffle bench kafka pipelines/card-fraud/pipeline.yaml \\
                --input transactions=events.ndjson --input labels=labels.ndjson \\
                --output scores.ndjson

            Exit codes: 0 measured, 1 failed, 2 usage or configuration.
            """)

    @Argument(help: "The pipeline file.")
    var pipeline: String

    @OptionGroup var paired: PairedBenchOptions

    @Option(help: "Where scores are written, one JSON object a line.")
    var output: String?

    @Option(help: ArgumentHelp("With --copier: turns that each of the two gets.", valueName: "count"))
    var rounds = 5

    func validate() throws {
        guard (1...1_000).contains(rounds) else { throw ValidationError("--rounds \(rounds): expected 1 to 1000") }
        if output != nil, paired.copier != nil {
            throw ValidationError(
                "--output and --copier exclude each other: nothing reads the scores beside the copier")
        }
    }

    func run() throws {
        let assembly = try PipelineLoading.load(pipeline)
        do {
            let events = try paired.events(assembly, countMax: PhaseBenchOptions.eventsGenerated)
            if let copier = paired.copier {
                try compare(.copier(path: copier), assembly, events)
            } else {
                try measure(assembly, events)
            }
        } catch {
            Terminal.printFailure("riffle bench kafka", error)
            throw ExitCode((error as? ReplayFailure)?.kind == .usage ? 2 : 1)
        }
    }

    private func compare(_ copier: BenchSubject, _ assembly: PipelineAssembly, _ events: [KeyedEvents]) throws {
        let bench = ThroughputBench(
            assembly: assembly, pipelinePath: pipeline, partitions: paired.partitions, events: events,
            logger: LogSetup.logger(format: .text, level: .warning))
        print("machine  \(PhaseBenchMachine().text)")
        print(
            "events   \(Self.text(events, of: assembly)), \(paired.partitions) partitions, "
                + "embedded cluster, \(assembly.spec.kafka.delivery.rawValue)")
        print(PairedBenchText.roundHead)
        var done: [ThroughputBench.Round] = []
        for number in 0..<rounds {
            let round = try bench.round(
                number, copier: copier, riffle: .riffle(executable: PairedBenchOptions.executable),
                properties: paired.settings())
            print(PairedBenchText.line(round, number: number))
            done.append(round)
        }
        print(PairedBenchText.summary(done))
    }

    /// `500000 of 174 bytes`, and behind it those of other sources.
    private static func text(_ events: [KeyedEvents], of assembly: PipelineAssembly) -> String {
        events.map { events in
            let name = events.source == 0 ? "" : "\(assembly.scoring.sources[events.source].name) "
            return "\(name)\(events.count) of \(events.valueBytes / max(1, events.count)) bytes"
        }.joined(separator: ", ")
    }

    private func measure(_ assembly: PipelineAssembly, _ events: [KeyedEvents]) throws {
        var options = RunOptions()
        options.embeddedPartitions = paired.partitions
        options.propertyDefaults = paired.settings()
        let sink = try output.map { try LineFile(path: $0) }
        let run = EmbeddedRun(
            assembly: assembly, options: options, logger: LogSetup.logger(format: .text, level: .warning))
        let result = try run.run(events, cpuSeconds: { ResourceUsage.now.cpuSeconds }) { value in
            sink?.append(value)
        }
        try sink?.close()
        let perMillion = result.cpuSeconds / Double(max(1, result.published)) * 1e6
        print(RunSummaryText.line(result.summary))
        print(
            "kafka to kafka \(Int(Double(result.published) / result.seconds)) events/s, \((result.seconds * 100).rounded() / 100) s; "
                + "\((perMillion * 100).rounded() / 100) CPU s per million, cluster and collector included")
    }
}

/// Lines gathered in memory and written in large pieces.
// SAFETY: the collector calls `append` on one thread, the one that calls `close`.
private final class LineFile: @unchecked Sendable {
    private let file: FileHandle
    private var pending = Data()

    init(path: String) throws {
        guard FileManager.default.createFile(atPath: path, contents: nil) else {
            throw RunFailure("\(path) cannot be written")
        }
        file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
    }

    func append(_ line: UnsafeRawBufferPointer) {
        pending.append(contentsOf: line)
        pending.append(0x0A)
        if pending.count > 1 << 20 {
            file.write(pending)
            pending.removeAll(keepingCapacity: true)
        }
    }

    func close() throws {
        try file.write(contentsOf: pending)
        try file.close()
    }
}
