/// Holds a producer back while a group has more unread than the embedded cluster keeps.
///
/// The cluster drops the oldest record batches of a partition beyond 5 MiB, so that a producer that runs ahead makes
/// the group's offset go out of range. The gate counts what is produced to each partition and is open while that, less
/// what the group has committed, stays below its bound. The producer chooses partitions itself (`KafkaPartitioner`), so
/// that the gate knows where a record goes before it is sent. It must be the topic's only producer.
///
///     log of a partition   |--- committed ---|---- unread, at most bytesMax ----|  next record
public struct BacklogGate {
    /// 5 MiB, less one record batch of a megabyte, since batches are dropped whole.
    public static let bytesMaxDefault = 4 << 20

    private struct Lane {
        /// Marks behind each other: up to `offset`, `bytes` had been produced in all.
        var marks: [(offset: Int64, bytes: Int)] = []
        var nextOffset: Int64
        var bytesProduced = 0
        var bytesCommitted = 0
        var bytesAtMark = 0
    }

    private var lanes: [Lane]
    private let bytesMax: Int
    /// The precision of the count.
    private static let markBytes = 64 << 10
    /// What a record takes in a log beside its key, value and headers, at most.
    private static let recordOverheadBytes = 32

    /// - Parameter endOffsets: each partition's next offset before the first record is produced.
    public init(endOffsets: [Int64], bytesMax: Int = BacklogGate.bytesMaxDefault) {
        lanes = endOffsets.map { Lane(nextOffset: $0) }
        self.bytesMax = bytesMax
    }

    /// Whether a record of `bytes` (key, value and headers) may be sent to the partition now.
    public func isOpen(partition: Int32, bytes: Int) -> Bool {
        let lane = lanes[Int(partition)]
        let unread = lane.bytesProduced - lane.bytesCommitted
        // A record larger than the bound goes alone.
        return unread == 0 || unread + bytes + Self.recordOverheadBytes <= bytesMax
    }

    /// Counts a record that has been queued for the partition.
    public mutating func count(partition: Int32, bytes: Int) {
        let index = Int(partition)
        lanes[index].nextOffset += 1
        lanes[index].bytesProduced += bytes + Self.recordOverheadBytes
        if lanes[index].bytesProduced - lanes[index].bytesAtMark >= Self.markBytes { mark(index) }
    }

    /// Takes note of how far the group has come: its committed offset in the partition.
    public mutating func advance(partition: Int32, committed: Int64) {
        let index = Int(partition)
        if committed >= lanes[index].nextOffset { mark(index) }
        let passed = lanes[index].marks.prefix { $0.offset <= committed }.count
        guard passed > 0 else { return }
        lanes[index].bytesCommitted = lanes[index].marks[passed - 1].bytes
        lanes[index].marks.removeFirst(passed)
    }

    /// Asks how far the group has come in the topic. Blocks; call it when a partition's gate is shut.
    public mutating func refresh(
        _ admin: KafkaAdmin, group: String, topic: String, milliseconds: Int
    ) throws(KafkaFailure) {
        let partitions = lanes.indices.map { TopicPartition(topic: topic, partition: Int32($0)) }
        let committed = try admin.committedOffsets(group: group, of: partitions, milliseconds: milliseconds)
        for (index, offset) in committed.enumerated() {
            if let offset { advance(partition: Int32(index), committed: offset) }
        }
    }

    private mutating func mark(_ index: Int) {
        guard lanes[index].bytesProduced > lanes[index].bytesAtMark else { return }
        lanes[index].bytesAtMark = lanes[index].bytesProduced
        lanes[index].marks.append((lanes[index].nextOffset, lanes[index].bytesProduced))
    }
}
