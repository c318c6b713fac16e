import CRdkafka
import Synchronization

/// A member of a consumer group that reads each partition through its own queue, so that its user chooses the order.
///
/// All calls belong to one poll thread, except `wake` and `release`. A turn of the loop is: `wait`, `poll`, then `take`
/// from every partition that has room until it is drained. Without a `poll` within `max.poll.interval.ms` the group
/// takes the partitions away. Call `close` at the end: without it the group notices the loss only after the session
/// time-out.
// SAFETY: state is confined to the poll thread; `wake` touches only the descriptor, `release` an atomic and messages
// that are its caller's; librdkafka's own calls are thread-safe.
public final class KafkaConsumer: @unchecked Sendable {
    let client: Client
    let wakeDescriptor = WakeDescriptor()
    private let mainQueue: OpaquePointer
    /// How long one question to leaders may take while partitions are taken over.
    public let answerMilliseconds: Int
    /// How long the brokers may take to say where the group stands, before an assignment is given up.
    public let committedMilliseconds: Int
    /// The current assignment, in the group's order.
    public internal(set) var partitions: [KafkaPartition] = []
    /// 0 before the first assignment.
    public internal(set) var epoch = AssignmentEpoch(0)
    public private(set) var isClosed = false
    /// Records that came by the main queue for a partition that is not assigned: dropped.
    public private(set) var straysDropped = 0
    /// Asynchronous commits whose result has not been reported yet.
    var commitsUnderWay = 0
    /// Records taken and not yet released.
    private let recordsOut = Atomic<Int>(0)

    /// Only inside `poll` and `close`.
    var delegate: (any KafkaConsumerDelegate)?
    /// What the delegate threw from within a callback, to be thrown by `poll`.
    var assignmentFailure: KafkaFailure?
    private let scratch: UnsafeMutablePointer<UnsafeMutablePointer<rd_kafka_message_t>?>

    /// Joins nothing yet: `subscribe` does.
    ///
    /// - Parameters:
    ///   - brokers: `host:port`, several separated by commas.
    ///   - instance: a name of its own for each instance makes the membership static: who comes back with it within
    ///     `session.timeout.ms` gets its partitions back without a rebalance. A static member does not leave the group
    ///     in `close`, and a second one of the same name makes the first one fail fatally.
    public init(
        brokers: String, group: String, instance: String? = nil, properties: KafkaProperties = KafkaProperties(),
        prefetch: KafkaPrefetch = KafkaPrefetch(), onLog: @escaping KafkaLogSink = { _ in },
        statistics: (any KafkaStatisticsSink)? = nil
    ) throws(KafkaFailure) {
        let configuration = try properties.makeConfiguration(
            brokers: brokers, role: .consumer(group: group, instance: instance, prefetch: prefetch))
        configuration.withPointer { pointer in
            rd_kafka_conf_set_rebalance_cb(pointer, onRebalance)
            rd_kafka_conf_set_offset_commit_cb(pointer, onCommit)
            rd_kafka_conf_set_error_cb(pointer, onConsumerError)
        }
        client = try Client(
            configuration, RD_KAFKA_CONSUMER, callbacks: ClientCallbacks(onLog: onLog, statistics: statistics))
        answerMilliseconds = properties.leaderAnswerMilliseconds
        committedMilliseconds = properties.committedAnswerMilliseconds
        // All else (rebalances, commits, errors) comes by one queue, served by `poll`.
        rd_kafka_poll_set_consumer(client.pointer)
        mainQueue = rd_kafka_queue_get_consumer(client.pointer)
        scratch = .allocate(capacity: Self.takeChunkMax)
        scratch.initialize(repeating: nil, count: Self.takeChunkMax)
        wakeDescriptor.watch(mainQueue)
        client.callbacks.consumer = self
    }

    deinit {
        for partition in partitions { partition.close() }
        WakeDescriptor.unwatch(mainQueue)
        rd_kafka_queue_destroy(mainQueue)
        scratch.deallocate()
        let out = recordsOut.load(ordering: .acquiring)
        // librdkafka would wait for them for ever.
        precondition(out == 0, "a consumer goes away with \(out) records that were not released")
    }

    /// Most records asked for in one call of librdkafka.
    static let takeChunkMax = 1024
    /// Most events that one `poll` serves.
    private static let eventsPerPollMax = 10_000

    public func subscribe(_ topics: [String]) throws(KafkaFailure) {
        let list = TopicPartitionList(capacity: topics.count)
        for topic in topics { list.append(topic: topic, partition: unassignedPartition) }
        let error = rd_kafka_subscribe(client.pointer, list.pointer)
        guard error == RD_KAFKA_RESP_ERR_NO_ERROR else { throw KafkaFailure(error) }
    }

    /// Waits until something has come for any partition or for `poll`, until `wake`, or until the time is up.
    ///
    /// A wake comes when a queue turns from empty to not empty: wait only after each partition with room is drained.
    /// Takes no records.
    @discardableResult
    public func wait(milliseconds: Int) -> Bool {
        wakeDescriptor.wait(milliseconds: Int32(clamping: milliseconds))
    }

    /// Ends a `wait`, or lets the next one return at once. Any thread.
    public func wake() { wakeDescriptor.wake() }

    /// Serves rebalances, commit results and errors; does not wait.
    ///
    /// A fatal error comes as the delegate's `failed`.
    ///
    /// - Throws: what the delegate threw from `assigned`, or why partitions could not be taken over.
    public func poll(_ delegate: any KafkaConsumerDelegate) throws(KafkaFailure) {
        precondition(!isClosed, "poll after close")
        self.delegate = delegate
        defer { self.delegate = nil }
        for _ in 0..<Self.eventsPerPollMax {
            guard let message = rd_kafka_consumer_poll(client.pointer, 0) else { break }
            receive(fromMainQueue: message)
        }
        if let failure = assignmentFailure {
            assignmentFailure = nil
            throw failure
        }
    }

    private func receive(fromMainQueue message: UnsafeMutablePointer<rd_kafka_message_t>) {
        let name = message.pointee.rkt.flatMap { rd_kafka_topic_name($0) }.map { String(cString: $0) }
        let number = message.pointee.partition
        if let partition = partitions.first(where: { $0.partition == number && $0.topic == name }) {
            partition.strays.append(message)
            wake()
            return
        }
        if message.pointee.err == RD_KAFKA_RESP_ERR_NO_ERROR {
            straysDropped += 1
        } else if message.pointee.err == RD_KAFKA_RESP_ERR__FATAL, let fatal = client.fatalFailure() {
            delegate?.failed(fatal)
        } else if message.pointee.err != RD_KAFKA_RESP_ERR__PARTITION_EOF {
            delegate?.failed(Self.failure(of: message, topic: name))
        }
        rd_kafka_message_destroy(message)
    }

    static func failure(of message: UnsafeMutablePointer<rd_kafka_message_t>, topic: String?) -> KafkaFailure {
        KafkaFailure(
            code: message.pointee.err.rawValue, message: rd_kafka_message_errstr(message).map { String(cString: $0) },
            topic: topic, partition: message.pointee.partition, offset: message.pointee.offset)
    }

    /// Leaves the group: the delegate is told to drain, then nothing is read any more. Blocks until the group has
    /// answered.
    ///
    /// Records that are out stay good until they are released.
    public func close(_ delegate: any KafkaConsumerDelegate) throws(KafkaFailure) {
        guard !isClosed else { return }
        self.delegate = delegate
        defer { self.delegate = nil }
        isClosed = true
        let error = rd_kafka_consumer_close(client.pointer)
        dropPartitions()
        guard error == RD_KAFKA_RESP_ERR_NO_ERROR else { throw KafkaFailure(error) }
    }

    func dropPartitions() {
        for partition in partitions { partition.close() }
        partitions = []
    }

    /// Writes up to `max` records that have arrived for the partition to `records`, and stops soon after `bytesMax`
    /// bytes.
    ///
    /// It never waits and allocates nothing. Each record must be released.
    /// Complexity: O(records taken), one lock each inside librdkafka.
    public func take(
        _ partition: KafkaPartition, max: Int, bytesMax: Int = .max,
        into records: UnsafeMutableBufferPointer<KafkaRecord>
    ) -> Taken {
        let limit = min(max, records.count)
        var count = 0
        var bytes = 0
        var isDrained = false
        var failure: KafkaFailure?
        if !partition.strays.isEmpty {
            failure = takeStrays(partition, limit: limit, into: records, count: &count, bytes: &bytes)
        }
        while failure == nil, partition.strays.isEmpty, count < limit, bytes < bytesMax, let queue = partition.queue {
            let affordable = (bytesMax - bytes) / partition.recordBytesAverage
            let want = min(limit - count, Self.takeChunkMax, affordable < Self.takeChunkMax ? affordable + 1 : .max)
            let got = rd_kafka_consume_batch_queue(queue, 0, scratch, want)
            let countBefore = count
            let bytesBefore = bytes
            for index in 0..<Swift.max(0, got) {
                let message = scratch[index].unsafelyUnwrapped
                if message.pointee.err == RD_KAFKA_RESP_ERR_NO_ERROR {
                    let record = KafkaRecord(message)
                    records.initializeElement(at: count, to: record)
                    count &+= 1
                    bytes &+= record.valueCount &+ record.keyCount
                } else if let found = event(message, in: partition) {
                    failure = found
                }
            }
            if count > countBefore {
                partition.hasTaken = true
                partition.nextOffset = records[count - 1].offset + 1
                let size = (bytes - bytesBefore) / (count - countBefore)
                partition.recordBytesAverage = Swift.max(16, (partition.recordBytesAverage + size) / 2)
            }
            if got < want {
                isDrained = true
                break
            }
        }
        if partition.queue == nil { isDrained = true }
        recordsOut.add(count, ordering: .relaxed)
        return Taken(
            count: count, bytes: bytes, isDrained: isDrained,
            reachedEnd: isDrained && failure == nil && isAtEnd(partition), failure: failure)
    }

    private func takeStrays(
        _ partition: KafkaPartition, limit: Int, into records: UnsafeMutableBufferPointer<KafkaRecord>,
        count: inout Int, bytes: inout Int
    ) -> KafkaFailure? {
        var taken = 0
        defer { partition.strays.removeFirst(taken) }
        for message in partition.strays where count < limit {
            taken += 1
            guard message.pointee.err == RD_KAFKA_RESP_ERR_NO_ERROR else {
                if let failure = event(message, in: partition) { return failure }
                continue
            }
            let record = KafkaRecord(message)
            records.initializeElement(at: count, to: record)
            count += 1
            bytes += record.valueCount + record.keyCount
            partition.hasTaken = true
            partition.nextOffset = record.offset + 1
        }
        return nil
    }

    /// Takes note of an end of partition; anything else is a failure. Frees the message.
    private func event(
        _ message: UnsafeMutablePointer<rd_kafka_message_t>, in partition: KafkaPartition
    ) -> KafkaFailure? {
        defer { rd_kafka_message_destroy(message) }
        switch message.pointee.err {
        case RD_KAFKA_RESP_ERR__PARTITION_EOF:
            partition.endSeen = message.pointee.offset
            partition.highAtEndSeen = cachedHighWatermark(partition) ?? message.pointee.offset
            return nil
        case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET, RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
            return outOfRange(message, in: partition)
        default:
            return Self.failure(of: message, topic: partition.topic)
        }
    }

    private func outOfRange(
        _ message: UnsafeMutablePointer<rd_kafka_message_t>, in partition: KafkaPartition
    ) -> KafkaFailure {
        let offset = message.pointee.offset
        let asked = offset >= 0 ? offset : partition.nextOffset
        let marks = try? watermarks(topic: partition.topic, partition: partition.partition, milliseconds: 2_000)
        if let marks { return .notInLog(asked, marks, topic: partition.topic, partition: partition.partition) }
        let reason = rd_kafka_message_errstr(message).map { String(cString: $0) } ?? ""
        return .notInLog(asked, reason: "cannot be read: \(reason)", of: partition.topic, partition.partition)
    }

    /// Whether the partition is known to be at its end behind the last record taken, from what the last fetch said: no
    /// network.
    ///
    /// Right after an assignment it is not known before the first fetch is answered.
    /// Complexity: one look-up by topic name; call it when a partition is drained, not per record.
    public func isAtEnd(_ partition: KafkaPartition) -> Bool {
        guard partition.isAssigned, partition.strays.isEmpty else { return false }
        guard partition.hasTaken || partition.endSeen != nil else { return false }
        guard let high = cachedHighWatermark(partition) else { return false }
        if partition.hasTaken, partition.nextOffset == high { return true }
        // An end seen elsewhere than at the high watermark lies behind markers or before an open transaction.
        guard let end = partition.endSeen, end >= partition.nextOffset else { return false }
        return high <= max(end, partition.highAtEndSeen)
    }

    private func cachedHighWatermark(_ partition: KafkaPartition) -> Int64? {
        var low: Int64 = 0
        var high: Int64 = 0
        let error = rd_kafka_get_watermark_offsets(client.pointer, partition.topic, partition.partition, &low, &high)
        return error == RD_KAFKA_RESP_ERR_NO_ERROR && high >= 0 ? high : nil
    }

    /// Gives records back. Any thread; each record once.
    public func release(_ records: UnsafeBufferPointer<KafkaRecord>) {
        for record in records { rd_kafka_message_destroy(record.message) }
        recordsOut.subtract(records.count, ordering: .releasing)
    }

    /// The same by what stands for the records; see `KafkaRecord.handle`.
    public func release(_ handles: UnsafeBufferPointer<UnsafeMutableRawPointer>) {
        for handle in handles { rd_kafka_message_destroy(handle.assumingMemoryBound(to: rd_kafka_message_t.self)) }
        recordsOut.subtract(handles.count, ordering: .releasing)
    }

    /// How many records are out: taken and not yet released.
    public var recordsOutCount: Int { recordsOut.load(ordering: .acquiring) }
}
