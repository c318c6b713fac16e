/// How far a partition is finished, to be committed for the group.
public struct CommitPosition: Hashable, Sendable {
    public let topic: String
    public let partition: Int32
    /// The offset of the next record to read: one more than that of the last finished one.
    public let nextOffset: Int64
    /// Kept by the brokers with the offset and handed back by `committed`; at most `metadataBytesMax`.
    public let metadata: String
    /// What brokers take unless they are told otherwise (`offset.metadata.max.bytes`).
    public static let metadataBytesMax = 4096

    public init(topic: String, partition: Int32, nextOffset: Int64, metadata: String = "") {
        precondition(nextOffset >= 0, "a commit of offset \(nextOffset)")
        precondition(
            metadata.utf8.count <= Self.metadataBytesMax, "\(metadata.utf8.count) bytes of metadata with an offset")
        self.topic = topic
        self.partition = partition
        self.nextOffset = nextOffset
        self.metadata = metadata
    }
}

/// What a group has committed for a partition.
public struct CommittedOffset: Hashable, Sendable {
    /// The offset of the next record to read.
    public let offset: Int64
    /// The text that was committed with it: untrusted, since any tool may commit for a group. Empty where there is
    /// none.
    public let metadata: String

    public init(offset: Int64, metadata: String = "") {
        self.offset = offset
        self.metadata = metadata
    }
}

extension TopicPartitionList {
    init(_ positions: [CommitPosition]) {
        self.init(capacity: positions.count)
        for position in positions {
            append(
                topic: position.topic, partition: position.partition, offset: position.nextOffset,
                metadata: position.metadata)
        }
    }

    init(_ partitions: [TopicPartition]) {
        self.init(capacity: partitions.count)
        for partition in partitions { append(topic: partition.topic, partition: partition.partition) }
    }
}
