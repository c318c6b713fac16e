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
        try watermarks(of: [TopicPartition(topic: topic, partition: partition)], milliseconds: milliseconds)[0]
    }

    /// The first and the next offset of each partition.
    ///
    /// librdkafka's own question for watermarks takes one partition at a time, and waits for as long as a socket does,
    /// whatever time it is given.
    func watermarks(of partitions: [TopicPartition], milliseconds: Int) throws(KafkaFailure) -> [Watermarks] {
        let clock = ContinuousClock.now.advanced(by: .milliseconds(milliseconds))
        let low = try offsets(atTimestamp: Offset.beginning, of: partitions, milliseconds: milliseconds)
        let left = Int(ContinuousClock.now.duration(to: clock) / .milliseconds(1))
        let high = try offsets(atTimestamp: Offset.end, of: partitions, milliseconds: max(1, left))
        return partitions.indices.map { index in
            // An empty partition of an old broker has an end only.
            let end = max(0, high[index] ?? 0)
            return Watermarks(low: min(low[index] ?? end, end), high: end)
        }
    }

    /// The offset that a start position means in each partition, as of now.
    func offsets(
        at start: StartPosition, of partitions: [TopicPartition], milliseconds: Int
    ) throws(KafkaFailure) -> [Int64] {
        guard case .duration(let microseconds) = start else {
            let marks = try watermarks(of: partitions, milliseconds: milliseconds)
            return marks.map { start == .earliest ? $0.low : $0.high }
        }
        let time = max(0, wallClockMilliseconds() - max(0, microseconds / 1000))
        return try offsets(notBefore: time, of: partitions, milliseconds: milliseconds)
    }

    /// The first offset at or after a timestamp in each partition, or its end.
    func offsets(
        notBefore timestampMilliseconds: Int64, of partitions: [TopicPartition], milliseconds: Int
    ) throws(KafkaFailure) -> [Int64] {
        let marks = try watermarks(of: partitions, milliseconds: milliseconds)
        var found = try offsets(atTimestamp: timestampMilliseconds, of: partitions, milliseconds: milliseconds)
        // "None" may mean that all is older, or that the broker does not know times (the embedded cluster): time 0
        // tells them apart. Reading too much is safe, reading too little is not.
        let unsure = found.indices.filter { found[$0] == nil && marks[$0].high > marks[$0].low }
        if !unsure.isEmpty {
            let first = try offsets(atTimestamp: 0, of: unsure.map { partitions[$0] }, milliseconds: milliseconds)
            for (index, offset) in zip(unsure, first) where offset == nil { found[index] = marks[index].low }
        }
        return found.indices.map { found[$0] ?? marks[$0].high }
    }

    /// The first offset at or after a timestamp in each partition; `nil` where there is none. `Offset.beginning` and
    /// `.end` stand for timestamps, too.
    private func offsets(
        atTimestamp timestampMilliseconds: Int64, of partitions: [TopicPartition], milliseconds: Int
    ) throws(KafkaFailure) -> [Int64?] {
        guard !partitions.isEmpty else { return [] }
        var search = TopicSearch()
        return try RetryPace.untilAnswered(
            milliseconds: milliseconds, attemptMilliseconds: Self.attemptMilliseconds(of: milliseconds),
            passes: { $0.passesAtLeader },
            beforeNext: { failure, left throws(KafkaFailure) in
                try refreshLeaders(after: failure, milliseconds: left, &search)
            },
            { left throws(KafkaFailure) in
                let list = TopicPartitionList(capacity: partitions.count)
                for partition in partitions {
                    list.append(topic: partition.topic, partition: partition.partition, offset: timestampMilliseconds)
                }
                let error = rd_kafka_offsets_for_times(pointer, list.pointer, Int32(clamping: left))
                // Where it knows no leader at all, librdkafka says so of each partition, and of the whole only that it
                // is "unknown".
                if error == RD_KAFKA_RESP_ERR_NO_ERROR || error == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION {
                    let offsets = try list.answeredOffsets()
                    if error == RD_KAFKA_RESP_ERR_NO_ERROR { return offsets.map { $0 >= 0 ? $0 : nil } }
                }
                // librdkafka does not say which partition it was about.
                let isOne = partitions.count == 1
                var failure = KafkaFailure(
                    error, topic: partitions[0].topic, partition: isOne ? partitions[0].partition : nil)
                if failure.isTimeOut {
                    failure.message = "the question for offsets got no answer within \(milliseconds) ms"
                }
                throw failure
            })
    }

    /// A leader that was killed is named in the metadata for up to 9 s (`broker.session.timeout.ms`), and a question
    /// that is on its way to it stays there: it is taken back after a while, and asked of whoever leads by then.
    private static func attemptMilliseconds(of milliseconds: Int) -> Int { min(3_000, max(250, milliseconds / 8)) }

    /// Has the cached leaders replaced by what the brokers know now. A client that has no partitions of its own does
    /// not do so by itself before librdkafka 2.10, whatever it was answered.
    ///
    /// - Throws: a topic that no broker knows: nothing mends that.
    private func refreshLeaders(
        after failure: KafkaFailure, milliseconds: Int, _ search: inout TopicSearch
    ) throws(KafkaFailure) {
        var answer: UnsafePointer<rd_kafka_metadata>?
        let error = rd_kafka_metadata(
            pointer, 1, nil, &answer, Int32(clamping: min(milliseconds, Self.attemptMilliseconds(of: milliseconds))))
        // It is only a means: the question itself says what is wrong.
        guard error == RD_KAFKA_RESP_ERR_NO_ERROR, let answer else { return }
        defer { rd_kafka_metadata_destroy(answer) }
        guard let topic = failure.topic, failure.isPlaceUnknown else { return search.didFind() }
        let topics = UnsafeBufferPointer(start: answer.pointee.topics, count: Int(answer.pointee.topic_cnt))
        let isThere = topics.contains {
            $0.err != RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART && $0.topic.map { String(cString: $0) } == topic
        }
        if isThere { return search.didFind() }
        if search.isOver() { throw KafkaFailure(RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, topic: topic) }
    }
}

/// A topic that is asked for and not in the metadata: one that was just made may take a moment to be known everywhere.
private struct TopicSearch {
    private var since: ContinuousClock.Instant?
    private static let graceMilliseconds = 1_000

    mutating func didFind() { since = nil }

    /// Call it each time that the topic was not found.
    mutating func isOver() -> Bool {
        let now = ContinuousClock.now
        guard let since else {
            self.since = now
            return false
        }
        return since.duration(to: now) >= .milliseconds(Self.graceMilliseconds)
    }
}

/// The wall clock decides nothing about events; it only says where "30 days back" begins.
private func wallClockMilliseconds() -> Int64 {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    return Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000
}
