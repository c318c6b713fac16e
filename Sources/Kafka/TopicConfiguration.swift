/// What the brokers say of a topic's configuration, defaults included.
public struct TopicConfiguration: Hashable, Sendable {
    public let topic: String
    /// Values by name; what is sensitive or has no value is not in it.
    public let entries: [String: String]
    /// Why the topic's configuration is not known: no right to it, or no such topic.
    public let failure: KafkaFailure?

    public init(topic: String, entries: [String: String] = [:], failure: KafkaFailure? = nil) {
        self.topic = topic
        self.entries = entries
        self.failure = failure
    }

    /// The largest record batch that the brokers take for the topic, after compression (`max.message.bytes`); `nil` where
    /// it is not known or no number.
    public var batchBytesMax: Int? {
        entries["max.message.bytes"].flatMap { Int($0) }.flatMap { $0 >= 0 ? $0 : nil }
    }
}
