import CRdkafka

#if canImport(Glibc)
    import Glibc
#endif

/// A partition by name.
public struct TopicPartition: Hashable, Sendable {
    public let topic: String
    public let partition: Int32

    public init(topic: String, partition: Int32) {
        self.topic = topic
        self.partition = partition
    }
}

/// The first offset that a partition still holds and the one that its next record gets.
public struct Watermarks: Hashable, Sendable {
    public let low: Int64
    public let high: Int64
}

/// Where a group begins that has committed nothing.
public enum StartPosition: Hashable, Sendable {
    case earliest
    case latest
    /// So many microseconds back from now, by the records' timestamps.
    case duration(microseconds: Int64)
}

extension Client {
    func watermarks(topic: String, partition: Int32, milliseconds: Int) throws(KafkaFailure) -> Watermarks {
        var low: Int64 = 0
        var high: Int64 = 0
        let error = rd_kafka_query_watermark_offsets(
            pointer, topic, partition, &low, &high, Int32(clamping: milliseconds))
        guard error == RD_KAFKA_RESP_ERR_NO_ERROR else { throw KafkaFailure(error, topic: topic, partition: partition) }
        return Watermarks(low: low, high: high)
    }

    /// The first offset at or after a timestamp in each partition; `nil` where there is none.
    func offsets(
        atTimestamp timestampMilliseconds: Int64, of partitions: [TopicPartition], milliseconds: Int
    ) throws(KafkaFailure) -> [Int64?] {
        let list = TopicPartitionList(capacity: partitions.count)
        for partition in partitions {
            list.append(topic: partition.topic, partition: partition.partition, offset: timestampMilliseconds)
        }
        let error = rd_kafka_offsets_for_times(pointer, list.pointer, Int32(clamping: milliseconds))
        guard error == RD_KAFKA_RESP_ERR_NO_ERROR else { throw KafkaFailure(error) }
        return try list.answeredOffsets().map { $0 >= 0 ? $0 : nil }
    }

    /// The offset that a start position means in each partition, as of now.
    func offsets(
        at start: StartPosition, of partitions: [TopicPartition], milliseconds: Int
    ) throws(KafkaFailure) -> [Int64] {
        var marks: [Watermarks] = []
        for partition in partitions {
            marks.append(
                try watermarks(topic: partition.topic, partition: partition.partition, milliseconds: milliseconds))
        }
        guard case .duration(let microseconds) = start else {
            return marks.map { start == .earliest ? $0.low : $0.high }
        }
        let timestamp = max(0, wallClockMilliseconds() - max(0, microseconds / 1000))
        var found = try offsets(atTimestamp: timestamp, of: partitions, milliseconds: milliseconds)
        // "None" may mean that all is older, or that the broker does not know times (the embedded cluster): time 0
        // tells them apart. Reading too much is safe, reading too little is not.
        let unsure = found.indices.filter { found[$0] == nil && marks[$0].high > marks[$0].low }
        if !unsure.isEmpty {
            let first = try offsets(atTimestamp: 0, of: unsure.map { partitions[$0] }, milliseconds: milliseconds)
            for (index, offset) in zip(unsure, first) where offset == nil { found[index] = marks[index].low }
        }
        return found.indices.map { found[$0] ?? marks[$0].high }
    }
}

/// The wall clock decides nothing about events; it only says where "30 days back" begins.
private func wallClockMilliseconds() -> Int64 {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    return Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000
}
