import CRdkafka

/// Counts assignments of one consumer, from 1: what belongs to an older epoch is no longer this instance's business.
public struct AssignmentEpoch: Hashable, Comparable, Sendable {
    public let rawValue: UInt64
    public init(_ rawValue: UInt64) { self.rawValue = rawValue }
    public static func < (left: AssignmentEpoch, right: AssignmentEpoch) -> Bool { left.rawValue < right.rawValue }
}

/// A partition of the current assignment with its own queue. It belongs to the consumer's poll thread.
///
/// After its epoch is revoked it yields nothing any more.
public final class KafkaPartition {
    public let topic: String
    public let partition: Int32
    public let epoch: AssignmentEpoch
    /// Where reading began in this assignment.
    public internal(set) var startOffset: Int64 = 0
    /// The offset behind the last record taken; the start while none has been.
    public internal(set) var nextOffset: Int64 = 0
    public internal(set) var isAssigned = false

    /// Behind records and whatever stands between them and the end (transaction markers, aborted and compacted
    /// records): a position at or behind an end offset means that everything before it has been read.
    public var position: Int64 { max(nextOffset, endSeen ?? nextOffset) }

    /// Owned here, freed by `close`.
    var queue: OpaquePointer?
    var hasTaken = false
    /// Where the last end-of-partition event was, and the high watermark that was known then.
    var endSeen: Int64?
    var highAtEndSeen: Int64 = 0
    /// Records that came by the main queue: older than anything in the partition's own.
    var strays: [UnsafeMutablePointer<rd_kafka_message_t>] = []
    /// Bytes of a record, a moving average: bounds how many are taken at once.
    var recordBytesAverage = 256

    init(topic: String, partition: Int32, epoch: AssignmentEpoch, client: Client) throws(KafkaFailure) {
        self.topic = topic
        self.partition = partition
        self.epoch = epoch
        guard let queue = rd_kafka_queue_get_partition(client.pointer, topic, partition) else {
            throw KafkaFailure(
                RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION, message: "no queue for the partition", topic: topic,
                partition: partition)
        }
        self.queue = queue
        // Set by the application, this stands: when fetching starts, librdkafka does not forward the queue to the main
        // one.
        rd_kafka_queue_forward(queue, nil)
    }

    func begin(at offset: Int64) {
        startOffset = offset
        nextOffset = offset
        isAssigned = true
    }

    /// Ends the partition's part in the assignment and drops what was not taken.
    func close() {
        isAssigned = false
        for message in strays { rd_kafka_message_destroy(message) }
        strays = []
        guard let queue else { return }
        WakeDescriptor.unwatch(queue)
        rd_kafka_queue_destroy(queue)
        self.queue = nil
    }

    deinit { close() }
}

/// A partition that the group has just given to this instance.
public struct AssignedPartition {
    public let partition: KafkaPartition
    /// Where the group is to go on; `nil` where it has committed nothing.
    public let committed: Int64?
    /// The text that was committed with it: untrusted, since any tool may commit for a group. Empty where there is
    /// none.
    public let metadata: String
}

/// What `take` has done.
public struct Taken {
    /// How many records have been written to the buffer.
    public let count: Int
    /// The sum of their key and value bytes.
    public let bytes: Int
    /// The partition's queue held no more when it was looked at: wait before taking again. Otherwise take again, since
    /// no wake comes for records that are already there.
    public let isDrained: Bool
    /// The partition is known to be at its end behind the last record taken.
    public let reachedEnd: Bool
    /// Records that were taken beside it are good.
    public let failure: KafkaFailure?
}
