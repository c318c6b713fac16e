public import Kafka

/// What a cluster says of one topic that a pipeline names.
public struct TopicFacts: Sendable {
    /// What the pipeline does with it.
    public enum Role: String, Sendable, CaseIterable {
        case source, scores
        case deadLetters = "dead-letters"
        case order, alerts
    }

    public let name: String
    public let role: Role
    /// `nil`: there is none of the name, or the user may not see it.
    public let partitions: Int?
    public let configuration: TopicConfiguration

    public init(name: String, role: Role, partitions: Int?, configuration: TopicConfiguration? = nil) {
        self.name = name
        self.role = role
        self.partitions = partitions
        self.configuration = configuration ?? TopicConfiguration(topic: name)
    }

    /// How long records stay; `nil`: for ever, or it is not known.
    var retentionMilliseconds: Int64? { number("retention.ms") }
    /// How many bytes of a partition stay; `nil`: any number, or it is not known.
    var retentionBytes: Int64? { number("retention.bytes") }
    var isCompacted: Bool {
        configuration.entries["cleanup.policy"]?.split(separator: ",").contains { $0.filter { $0 != " " } == "compact" }
            ?? false
    }

    /// Kafka's -1 is no limit.
    private func number(_ name: String) -> Int64? {
        configuration.entries[name].flatMap { Int64($0) }.flatMap { $0 >= 0 ? $0 : nil }
    }
}

/// What a pipeline's consumer group has done so far.
public struct GroupFacts: Sendable {
    /// Records of the sources that it has still to read; `nil`: it has committed nothing yet.
    public let lag: Int64?
    /// Why nothing is known.
    public let failure: KafkaFailure?

    public init(lag: Int64? = nil, failure: KafkaFailure? = nil) {
        self.lag = lag
        self.failure = failure
    }
}

/// What a cluster says of all that a pipeline needs of it.
public struct ClusterFacts: Sendable {
    public let brokers: String
    /// The sources in their order first.
    public let topics: [TopicFacts]
    /// Of all topics that the user may see: what a misspelt name may have meant.
    public let names: [String]
    /// Why no configuration could be asked for at all; `nil`: each topic has its own answer.
    public let configurationFailure: KafkaFailure?
    public let group: GroupFacts

    public init(
        brokers: String, topics: [TopicFacts], names: [String], configurationFailure: KafkaFailure? = nil,
        group: GroupFacts = GroupFacts()
    ) {
        self.brokers = brokers
        self.topics = topics
        self.names = names
        self.configurationFailure = configurationFailure
        self.group = group
    }
}
