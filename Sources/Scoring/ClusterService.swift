import Configuration
import Kafka
public import Logging

/// `riffle cluster`: the embedded cluster in a process of its own, for several clients to share.
///
/// It lives as long as this value, and what it holds goes with it.
public final class ClusterService: Sendable {
    /// What clients connect to: `host:port`.
    public let address: String
    private let cluster: EmbeddedCluster

    /// Starts the cluster and makes its topics: a pipeline's where one is given, and the others.
    ///
    /// - Throws: `RunFailure` for a topic that is named twice, `KafkaFailure` where the cluster cannot be started.
    public init(_ assembly: PipelineAssembly?, topics: [ClusterTopic], logger: Logger) throws {
        if let assembly {
            let partitions = RunOptions().embeddedPartitions
            cluster = try EmbeddedCluster(for: assembly.plan, partitions: partitions, onLog: kafkaLogSink(logger))
        } else {
            cluster = try EmbeddedCluster(onLog: kafkaLogSink(logger))
        }
        address = cluster.bootstrapServers
        for topic in topics {
            do {
                try cluster.createTopic(topic.name, partitions: topic.partitions)
            } catch {
                guard error.name == "TOPIC_ALREADY_EXISTS" else { throw error }
                throw RunFailure("topic \"\(topic.name)\" is named twice; a pipeline brings its own topics")
            }
        }
    }
}

/// A topic to be made: `NAME:PARTITIONS`.
public struct ClusterTopic: Hashable, Sendable {
    public let name: String
    public let partitions: Int

    /// Each partition costs memory and time at every client, whether it is used or not.
    public static let partitionsMax = 1_000

    /// - Returns: `nil` for a name that Kafka does not allow, or no number of partitions from 1 to `partitionsMax`.
    public init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":") else { return nil }
        let digits = text[text.index(after: colon)...]
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let partitions = Int(digits),
            (1...Self.partitionsMax).contains(partitions)
        else { return nil }
        name = String(text[..<colon])
        self.partitions = partitions
        if !NameRule.topic.allows(name) { return nil }
    }
}
