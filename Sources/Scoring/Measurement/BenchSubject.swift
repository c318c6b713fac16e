import Configuration
import Foundation
import Kafka

/// What is measured between two topics.
public enum BenchSubject: Hashable, Sendable {
    /// The program of `scripts/copier` at this path: what librdkafka and the cluster allow.
    case copier(path: String)
    /// `riffle run` with this executable.
    case riffle(executable: String)

    public var name: String {
        switch self {
        case .copier: "copier"
        case .riffle: "riffle"
        }
    }
}

/// A pipeline's topics on an embedded cluster of their own, and programs between them.
struct BenchStage {
    let assembly: PipelineAssembly
    let pipelinePath: String
    let partitions: Int
    let cluster: EmbeddedCluster

    var brokers: String { cluster.bootstrapServers }
    var sourceTopic: String { assembly.spec.sources[0].topic.value }
    var outputTopic: String { assembly.spec.output.topic.value }
    /// Between two commits of the copier's transactions, as Riffle's.
    private static let transactionMilliseconds = 100

    init(_ assembly: PipelineAssembly, pipelinePath: String, partitions: Int) throws {
        self.assembly = assembly
        self.pipelinePath = pipelinePath
        self.partitions = partitions
        cluster = try EmbeddedCluster(for: assembly.plan, partitions: partitions, onLog: { _ in })
    }

    /// What `riffle run` writes to its log.
    enum Verbosity {
        case warnings
        /// What it does, as JSON,
        case steps
        /// and each commit of a transaction.
        case commits

        var arguments: [String] {
            switch self {
            case .warnings: ["--log-level", "warning"]
            case .steps: ["--log-level", "info", "--log-format", "json"]
            case .commits: ["--log-level", "debug", "--log-format", "json"]
            }
        }
    }

    /// Starts a program that reads the source topic from its beginning, or goes on where it was.
    ///
    /// - Parameters:
    ///   - state: Riffle's state directory; `nil`: it keeps nothing.
    ///   - metrics: where Riffle writes its metrics, and how often in seconds.
    ///   - verbosity: what Riffle logs.
    func start(
        _ subject: BenchSubject, properties: [String: String], state: String? = nil,
        metrics: (file: String, everySeconds: Int)? = nil, verbosity: Verbosity = .warnings
    ) throws -> MeasuredChild {
        let settings = properties.sorted { $0.key < $1.key }.flatMap { ["-X", "\($0.key)=\($0.value)"] }
        switch subject {
        case .copier(let path):
            var command = [path, "--brokers", brokers, "--from", sourceTopic, "--to", outputTopic, "--group", "copier"]
            if assembly.spec.kafka.delivery == .exactlyOnce {
                command += ["--transactions", "\(Self.transactionMilliseconds)"]
            }
            return try MeasuredChild(command + settings)
        case .riffle(let executable):
            return try MeasuredChild(
                // A restart of the real pipeline would take up what was saved here.
                [executable, "run", pipelinePath, "--brokers", brokers]
                    + (state.map { ["--state", $0] } ?? ["--no-state"])
                    + (metrics.map { ["--metrics-file", $0.file, "--metrics-every", "\($0.everySeconds)s"] } ?? [])
                    + verbosity.arguments
                    + settings)
        }
    }

    /// Dead letters that were written.
    func deadLetterCount(_ admin: KafkaAdmin) throws -> Int {
        let topic = assembly.spec.deadLetter.topic.value
        return Int(try admin.watermarks(topic: topic, partition: 0, milliseconds: 10_000).high)
    }

    /// The offset behind the last record of every partition of the output topic.
    func outputEnds(_ admin: KafkaAdmin) throws -> [Int64] {
        try admin.endOffsets(of: outputTopic, milliseconds: 10_000)
    }

    /// Records that the programs have written: scores and dead letters.
    func outputCount(_ admin: KafkaAdmin) throws -> Int {
        var count: Int64 = 0
        for partition in 0..<Int32(partitions) {
            count += try admin.watermarks(topic: outputTopic, partition: partition, milliseconds: 10_000).high
        }
        return Int(count) + (try deadLetterCount(admin))
    }
}
