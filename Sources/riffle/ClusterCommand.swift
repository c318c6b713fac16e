public import ArgumentParser
import Dispatch
import Logging
public import Scoring

/// `riffle cluster`: the embedded cluster in a process of its own.
struct ClusterCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cluster", abstract: "Start a small Kafka cluster for trying things out, until told to stop.",
        discussion: """
            It is the cluster of "brokers: embedded", in a process of its own: pipelines can be stopped, killed and \
            started again beside it, and other clients can join. It listens on 127.0.0.1, at a port that it prints; \
            keeps about 5 MiB a partition, drops the oldest beyond that, and forgets everything when it ends; and \
            knows no transactions.

            Examples:
              riffle cluster --pipeline pipelines/card-fraud/pipeline.yaml
              riffle cluster --topic card.transactions:4 --topic card.scores:4 \\
                --topic card.dead-letter:1

            Exit codes: 0 stopped in order, 1 failed, 2 usage or configuration.
            """)

    @Option(help: ArgumentHelp("A topic to make; may be given again.", valueName: "name:partitions"))
    var topic: [ClusterTopic] = []

    @Option(help: ArgumentHelp("Make this pipeline's topics.", valueName: "file"))
    var pipeline: String?

    func run() throws {
        let assembly = try pipeline.map { try PipelineLoading.load($0) }
        let stopped = DispatchSemaphore(value: 0)
        let signals = StopSignals { stopped.signal() }
        defer { signals.cancel() }
        let service: ClusterService
        do {
            service = try ClusterService(
                assembly, topics: topic, logger: LogSetup.logger(format: .text, level: .notice))
        } catch {
            Terminal.printFailure("riffle cluster", error)
            throw ExitCode(1)
        }
        Terminal.printError("embedded cluster at \(service.address)")
        stopped.wait()
        withExtendedLifetime(service) {}
    }
}

extension ClusterTopic: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument) }
}
