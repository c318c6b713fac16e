import CRdkafka

/// What has become of one record given to a producer.
public struct Delivery: Hashable, Sendable {
    /// The token of `produce`.
    public let token: UInt64
    /// 0 where the record is in the log.
    public let errorCode: Int32
    public let partition: Int32
    /// Where it is; -1 where that is not known.
    public let offset: Int64
    /// It failed, and yet it may be in the log: the acknowledgement was lost.
    public let isPossiblyPersisted: Bool

    @inlinable
    public var isDelivered: Bool { errorCode == 0 }
    public var failure: KafkaFailure? { errorCode == 0 ? nil : KafkaFailure(code: errorCode, partition: partition) }
}

/// A header to send: borrowed for the length of one `produce`.
public struct KafkaHeader {
    public let name: UnsafeRawBufferPointer
    /// `nil` sends a header without a value.
    public let value: UnsafeRawBufferPointer?

    @inlinable
    public init(name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer?) {
        self.name = name
        self.value = value
    }

    @inlinable
    public init(name: StaticString, value: UnsafeRawBufferPointer?) {
        self.name = UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount)
        self.value = value
    }
}

/// What `produce` has done.
public enum ProduceOutcome: Sendable {
    /// The producer has its own copy; a `Delivery` with the token will follow.
    case queued
    /// The local queue is full: poll for deliveries and try again.
    case queueFull
    /// Longer than `message.max.bytes`, or than the topic takes: no retry helps.
    case tooLarge(bytes: Int, bytesMax: Int)
    case failed(KafkaFailure)
}

/// An idempotent producer: order in a partition is kept, and retries do not double records.
///
/// `produce` may be called on any thread. Deliveries come on the thread that calls `poll` or `flush`, one at a time if
/// one thread does. A producer that goes away drops what is not yet sent: `flush` first. What has not been acknowledged
/// within `delivery.timeout.ms` (5 minutes unless set: how long the brokers may be away) comes back as failed.
// SAFETY: librdkafka's producer is thread-safe, and all stored properties are constant.
public final class KafkaProducer: @unchecked Sendable {
    let client: Client
    /// What `poll` reads.
    private let queue: OpaquePointer
    /// The longest record, with key and headers, that is taken.
    public let messageBytesMax: Int

    /// - Parameters:
    ///   - batchBytesMax: no batch of several records becomes longer, whatever `batch.size` says: a broker refuses a
    ///     batch that is longer than its topic takes, and all records in it.
    ///   - onDelivery: called once for each record queued, on the thread that polls.
    ///   - onFailure: called on that thread for what belongs to no record; most pass by themselves, look at `isFatal`.
    public convenience init(
        brokers: String, properties: KafkaProperties = KafkaProperties(), batchBytesMax: Int? = nil,
        onDelivery: @escaping (Delivery) -> Void, onFailure: @escaping (KafkaFailure) -> Void = { _ in },
        onLog: @escaping KafkaLogSink = { _ in }, statistics: (any KafkaStatisticsSink)? = nil
    ) throws(KafkaFailure) {
        let configuration = try properties.makeConfiguration(brokers: brokers, role: .producer)
        configuration.limitBatch(to: batchBytesMax)
        try self.init(
            configuration, onDelivery: onDelivery, onFailure: onFailure, onLog: onLog, statistics: statistics)
    }

    init(
        _ configuration: consuming ConfigurationHandle, onDelivery: @escaping (Delivery) -> Void,
        onFailure: @escaping (KafkaFailure) -> Void, onLog: @escaping KafkaLogSink,
        statistics: (any KafkaStatisticsSink)?
    ) throws(KafkaFailure) {
        configuration.withPointer { pointer in
            rd_kafka_conf_set_dr_msg_cb(pointer, onProducerDelivery)
            rd_kafka_conf_set_error_cb(pointer, onProducerError)
        }
        messageBytesMax = configuration.value(of: "message.max.bytes").flatMap { Int($0) } ?? 1_000_000
        client = try Client(
            configuration, RD_KAFKA_PRODUCER, callbacks: ClientCallbacks(onLog: onLog, statistics: statistics))
        client.callbacks.producer = ProducerCalls(onDelivery: onDelivery, onFailure: onFailure)
        queue = rd_kafka_queue_get_main(client.pointer)
    }

    deinit { rd_kafka_queue_destroy(queue) }

    /// A handle that spares the look-up by name in each `produce`.
    ///
    /// - Parameter batchBytesMax: the topic's own bound, `TopicConfiguration.batchBytesMax`; `nil`: not known.
    public func topic(_ name: String, batchBytesMax: Int? = nil) throws(KafkaFailure) -> KafkaTopic {
        try KafkaTopic(name, client: client, batchBytesMax: batchBytesMax)
    }

    /// Copies a record into the send queue; returns at once.
    ///
    /// - Parameters:
    ///   - partition: `nil` lets the key choose (murmur2, as Java clients do; at random without a key).
    ///   - value: `nil` sends a tombstone.
    ///   - timestampMilliseconds: `nil` takes the time of the call.
    ///   - token: comes back with the delivery.
    /// Complexity: O(bytes); two allocations inside librdkafka, and one a header.
    public func produce(
        to topic: KafkaTopic, partition: Int32? = nil, key: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer?,
        headers: UnsafeBufferPointer<KafkaHeader> = UnsafeBufferPointer(start: nil, count: 0),
        timestampMilliseconds: Int64? = nil, token: UInt64
    ) -> ProduceOutcome {
        var bytes = (key?.count ?? 0) + (value?.count ?? 0)
        for header in headers { bytes += header.name.count + (header.value?.count ?? 0) }
        guard bytes <= messageBytesMax else { return .tooLarge(bytes: bytes, bytesMax: messageBytesMax) }
        guard topic.hasRoom(for: bytes, headers: headers.count) else {
            return .tooLarge(bytes: bytes, bytesMax: topic.recordBytesMax)
        }
        let list = makeHeaders(headers)
        let error = withUnsafeTemporaryAllocation(of: rd_kafka_vu_t.self, capacity: 8) { fields in
            fields[0].vtype = RD_KAFKA_VTYPE_RKT
            fields[0].u.rkt = topic.pointer
            fields[1].vtype = RD_KAFKA_VTYPE_PARTITION
            fields[1].u.i32 = partition ?? unassignedPartition
            fields[2].vtype = RD_KAFKA_VTYPE_MSGFLAGS
            fields[2].u.i = Int32(RD_KAFKA_MSG_F_COPY)
            fields[3].vtype = RD_KAFKA_VTYPE_OPAQUE
            fields[3].u.ptr = UnsafeMutableRawPointer(bitPattern: UInt(truncatingIfNeeded: token))
            fields[4].vtype = RD_KAFKA_VTYPE_VALUE
            fields[4].u.mem.ptr = value.map { UnsafeMutableRawPointer(mutating: $0.baseAddress ?? emptyBytes) }
            fields[4].u.mem.size = value?.count ?? 0
            fields[5].vtype = RD_KAFKA_VTYPE_KEY
            fields[5].u.mem.ptr = key.map { UnsafeMutableRawPointer(mutating: $0.baseAddress ?? emptyBytes) }
            fields[5].u.mem.size = key?.count ?? 0
            fields[6].vtype = RD_KAFKA_VTYPE_TIMESTAMP
            fields[6].u.i64 = timestampMilliseconds ?? 0
            fields[7].vtype = RD_KAFKA_VTYPE_HEADERS
            fields[7].u.headers = list
            return rd_kafka_produceva(client.pointer, fields.baseAddress, fields.count)
        }
        guard let error else { return .queued }
        // Only on success has the producer taken the headers over.
        if let list { rd_kafka_headers_destroy(list) }
        return outcome(of: error, bytes: bytes, topic: topic)
    }

    private func makeHeaders(_ headers: UnsafeBufferPointer<KafkaHeader>) -> OpaquePointer? {
        guard !headers.isEmpty, let list = rd_kafka_headers_new(headers.count) else { return nil }
        for header in headers {
            let value = header.value.map { $0.baseAddress ?? emptyBytes }
            rd_kafka_header_add(
                list, header.name.baseAddress?.assumingMemoryBound(to: CChar.self), header.name.count,
                value, header.value?.count ?? 0)
        }
        return list
    }

    private func outcome(of error: OpaquePointer, bytes: Int, topic: KafkaTopic) -> ProduceOutcome {
        let failure = KafkaFailure(consuming: error, topic: topic.name)
        switch failure.code {
        case RD_KAFKA_RESP_ERR__QUEUE_FULL.rawValue: return .queueFull
        case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE.rawValue: return .tooLarge(bytes: bytes, bytesMax: messageBytesMax)
        default: return .failed(failure)
        }
    }

    /// Hands deliveries and failures to the closures; waits up to `milliseconds` for the first.
    ///
    /// - Returns: how many there were.
    @discardableResult
    public func poll(milliseconds: Int) -> Int { Int(rd_kafka_poll(client.pointer, Int32(clamping: milliseconds))) }

    /// Ends a wait in `poll`, or lets the next one return at once. Any thread.
    public func wake() { rd_kafka_queue_yield(queue) }

    /// Sends without lingering and waits until all is delivered or the time is up; deliveries come meanwhile.
    ///
    /// - Returns: how many records are still out.
    @discardableResult
    public func flush(milliseconds: Int) -> Int {
        _ = rd_kafka_flush(client.pointer, Int32(clamping: milliseconds))
        return outstandingCount
    }

    /// Gives up what is queued and what is under way; each record gets a failed delivery in a later `poll`.
    ///
    /// What was under way may be in the log nevertheless.
    public func purge() {
        _ = rd_kafka_purge(client.pointer, Int32(RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT))
    }

    /// Records whose delivery has not been handed over yet, and other events that wait for `poll`.
    public var outstandingCount: Int { Int(rd_kafka_outq_len(client.pointer)) }
}

/// A topic of a producer; it keeps the producer's client alive.
// SAFETY: librdkafka's topic handle is thread-safe, and the pointer never changes.
public final class KafkaTopic: @unchecked Sendable {
    public let name: String
    /// The longest record that is certain to be taken, key and headers included, by what is known of the topic;
    /// `Int.max` where nothing is.
    public let recordBytesMax: Int
    let pointer: OpaquePointer
    private let client: Client
    /// A batch of one record takes at most 61 bytes for the batch and 36 for the record beside key, value and headers.
    static let framingBytes = 128
    /// Two lengths of at most five bytes each.
    static let headerFramingBytes = 10

    init(_ name: String, client: Client, batchBytesMax: Int? = nil) throws(KafkaFailure) {
        guard let pointer = rd_kafka_topic_new(client.pointer, name, nil) else {
            throw KafkaFailure(rd_kafka_last_error(), topic: name)
        }
        self.name = name
        self.pointer = pointer
        self.client = client
        recordBytesMax = batchBytesMax.map { max(0, $0 - Self.framingBytes) } ?? .max
    }

    /// Whether a record fits a batch of its own, uncompressed: how far it would shrink is not known before it is sent.
    @inline(__always)
    func hasRoom(for bytes: Int, headers: Int) -> Bool {
        bytes <= recordBytesMax - headers * Self.headerFramingBytes
    }

    deinit { rd_kafka_topic_destroy(pointer) }
}

/// Stands for the address of no bytes: `nil` would mean that there is no value.
// SAFETY: never read or written: its length is always 0.
nonisolated(unsafe) private let emptyBytes = UnsafeRawPointer(
    UnsafeMutableRawPointer.allocate(byteCount: 1, alignment: 1))
