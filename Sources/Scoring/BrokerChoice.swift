import Configuration
public import Kafka
public import Logging

/// The cluster of a run: an address, or one inside this process.
public struct BrokerChoice: Sendable {
    /// The embedded cluster sleeps through the whole `fetch.wait.max.ms` of an empty fetch, so that is made short.
    public static let embeddedDefaults = ["fetch.wait.max.ms": "5"]
    public let address: String
    /// Lives as long as this value; `nil` for a cluster elsewhere.
    public let embedded: EmbeddedCluster?

    /// Takes the command line's brokers, else the pipeline's; starts the embedded cluster and makes the pipeline's
    /// topics there.
    public init(_ assembly: PipelineAssembly, options: RunOptions, logger: Logger) throws {
        let spec = assembly.spec
        if let brokers = options.brokers {
            (address, embedded) = (brokers, nil)
            return
        }
        if case .addresses(let brokers) = spec.kafka.brokers.value {
            (address, embedded) = (brokers, nil)
            return
        }
        let cluster = try EmbeddedCluster(
            for: assembly.plan, partitions: options.embeddedPartitions, onLog: kafkaLogSink(logger))
        (address, embedded) = (cluster.bootstrapServers, cluster)
    }
}

extension EmbeddedCluster {
    /// A cluster with a pipeline's topics.
    convenience init(for plan: PipelinePlan, partitions: Int, onLog: @escaping KafkaLogSink) throws {
        let spec = plan.spec
        try self.init(onLog: onLog)
        for source in spec.sources { try createTopic(source.topic.value, partitions: partitions) }
        try createTopic(spec.output.topic.value, partitions: partitions)
        try createTopic(spec.deadLetter.topic.value, partitions: 1)
        if let order = plan.orderTopic { try createTopic(order, partitions: 1) }
        if let monitor = spec.monitor {
            try createTopic(monitor.topic.value, partitions: 1)
            try createTopic(monitor.closingsTopic, partitions: 1)
        }
    }
}
