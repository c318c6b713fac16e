import ArgumentParser
import Engine
import Foundation
import Logging
import Scoring

/// `riffle bench kafka`: a file of events through an embedded cluster, Kafka to Kafka.
struct BenchKafkaCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kafka",
        abstract:
            "Publish a file's events to an embedded cluster, then score that backlog with `run` and collect the scores.",
        discussion: """
            Cluster, pipeline and collector share this machine's cores.

            Example:
              riffle bench kafka pipelines/card-fraud/pipeline.yaml --input events.ndjson --output scores.ndjson
            """)

    @Argument(help: "The pipeline file.")
    var pipeline: String

    @Option(help: "Events, one JSON object a line.")
    var input: String

    @Option(help: "Where scores are written, one JSON object a line.")
    var output: String?

    @Option(help: "Partitions of the source topic.")
    var partitions = 4

    func run() throws {
        let assembly = try PipelineLoading.load(pipeline)
        var options = RunOptions()
        options.embeddedPartitions = partitions
        do {
            let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: input), options: .mappedIfSafe))
            let sink = try output.map { try LineFile(path: $0) }
            let run = EmbeddedRun(
                assembly: assembly, options: options, logger: LogSetup.logger(format: .text, level: .warning))
            let result = try run.run(input: bytes, cpuSeconds: { ResourceUsage.now.cpuSeconds }) { value in
                sink?.append(value)
            }
            try sink?.close()
            let perMillion = result.cpuSeconds / Double(max(1, result.published)) * 1e6
            print(RunSummaryText.line(result.summary))
            print(
                "kafka to kafka \(Int(Double(result.published) / result.seconds)) events/s, \((result.seconds * 100).rounded() / 100) s; "
                    + "\((perMillion * 100).rounded() / 100) CPU s per million, cluster and collector included")
        } catch {
            Terminal.printError("riffle bench kafka: \(error)")
            throw ExitCode(1)
        }
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
