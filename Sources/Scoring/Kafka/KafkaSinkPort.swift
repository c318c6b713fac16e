import CoreMetrics
import Engine
import Kafka
import Logging

/// The topics of a pipeline's outputs.
struct OutputTopics {
    let scores: String
    let deadLetters: String
    /// `nil`: the order is not recorded.
    let order: String?
    /// Of `scores` and of `deadLetters`; 0: not known.
    var scorePartitions = 0
    var deadLetterPartitions = 0
}

/// The engine's sink over an idempotent Kafka producer, with transactions or without.
// SAFETY: `send` and `serve` belong to one thread, `wake` to any; nothing else changes after `init` until `close`, when
// all threads have stopped.
final class KafkaSinkPort: SinkPort, @unchecked Sendable {
    private var producer: KafkaProducer?
    private var scores: KafkaTopic?
    private var deadLetters: KafkaTopic?
    private var order: KafkaTopic?
    private let scorePartitions: Int32
    private let deadLetterPartitions: Int32
    let deliveries: SinkDeliveries
    private var isPurged = false
    private let headers: UnsafeMutablePointer<KafkaHeader>
    private static let headersMax = 256
    private let metrics: RunMetrics?
    private(set) var transactions: (any TransactionPort)?

    /// - Parameters:
    ///   - bounds: what the topics take.
    ///   - transactionalID: outputs and offsets go in transactions under this name; `nil`: at least once.
    init(
        brokers: String, properties: KafkaProperties, topics: OutputTopics, bounds: TopicBounds = TopicBounds(),
        transactionalID: String?, logger: Logger, metrics: RunMetrics? = nil
    ) throws {
        self.metrics = metrics
        scorePartitions = Int32(clamping: topics.scorePartitions)
        deadLetterPartitions = Int32(clamping: topics.deadLetterPartitions)
        let deliveries = SinkDeliveries(
            logger: logger, metrics: metrics,
            transactionMilliseconds: transactionalID == nil ? nil : properties.transactionTimeoutMilliseconds)
        self.deliveries = deliveries
        headers = .allocate(capacity: Self.headersMax)
        let producer: KafkaProducer
        if let transactionalID {
            let transactional = try TransactionalProducer(
                brokers: brokers, transactionalID: transactionalID, properties: properties,
                batchBytesMax: bounds.least, onDelivery: { deliveries.note($0) },
                onFailure: { deliveries.report($0) },
                onLog: kafkaLogSink(logger), statistics: metrics?.producer)
            transactions = KafkaTransactionPort(transactional, logger: logger, metrics: metrics)
            producer = transactional.producer
        } else {
            producer = try KafkaProducer(
                brokers: brokers, properties: properties, batchBytesMax: bounds.least,
                onDelivery: { deliveries.acknowledge($0) },
                onFailure: { deliveries.report($0) }, onLog: kafkaLogSink(logger), statistics: metrics?.producer)
        }
        self.producer = producer
        func topic(_ name: String) throws -> KafkaTopic {
            try producer.topic(name, batchBytesMax: bounds.batchBytesMax[name])
        }
        scores = try topic(topics.scores)
        deadLetters = try topic(topics.deadLetters)
        order = try topics.order.map { try topic($0) }
    }

    deinit { headers.deallocate() }

    func send(_ output: OutputRecord) throws -> SendOutcome {
        guard let producer, let topic = topic(output.kind) else { return .full }
        var count = 0
        for header in output.headers {
            headers.advanced(by: count).initialize(to: KafkaHeader(name: header.name, value: header.value))
            count += 1
        }
        if output.kind == .deadLetter { count = addOriginalHeaders(of: output.origin, from: count) }
        let outcome = producer.produce(
            to: topic, partition: partition(of: output), key: output.key, value: output.value,
            headers: UnsafeBufferPointer(start: headers, count: count),
            token: output.kind == .order ? output.token | SinkDeliveries.orderBit : output.token)
        switch outcome {
        case .queued: return .queued
        case .queueFull:
            metrics?.produceQueueFull.increment()
            return .full
        case .tooLarge:
            metrics?.didFindTooLarge(output.kind)
            return .tooLarge
        case .failed(let failure):
            // A transaction that has failed takes nothing more, and says why when it is committed: until then
            // what is sent into it is void anyhow.
            if let transactions = transactions as? KafkaTransactionPort, transactions.isVoid(failure) { return .queued }
            throw failure
        }
    }

    /// `nil`: the key decides, or chance where it is not known how many partitions there are.
    ///
    /// What has no key has a place of its own, too: where it went by chance, what is sent again after a crash would
    /// stand in another partition than at first, and no reader could tell that it has it already.
    private func partition(of output: OutputRecord) -> Int32? {
        let count: Int32
        switch output.kind {
        case .order: return 0
        case .score: count = scorePartitions
        case .deadLetter: count = deadLetterPartitions
        }
        return output.key == nil && count > 0 ? max(0, output.partition) % count : nil
    }

    private func topic(_ kind: OutputKind) -> KafkaTopic? {
        switch kind {
        case .score: scores
        case .deadLetter: deadLetters
        case .order: order
        }
    }

    /// A dead letter keeps what came with the event, but for verdicts of earlier attempts.
    private func addOriginalHeaders(of record: RecordReference, from first: Int) -> Int {
        guard let handle = record.handle else { return first }
        var count = first
        KafkaRecord(handle: handle).forEachHeader { name, value in
            if count == Self.headersMax || name.starts(with: "riffle-".utf8) { return }
            headers.advanced(by: count).initialize(to: KafkaHeader(name: name, value: value))
            count += 1
        }
        return count
    }

    func attach(_ observer: (any SinkObserver)?) { deliveries.observer = observer }

    /// Once a record has failed for good what is queued behind it is given up: it would stand in the log before the one
    /// that the next start sends again.
    func serve(milliseconds: Int) {
        producer?.poll(milliseconds: milliseconds)
        if deliveries.hasFailed && !isPurged {
            isPurged = true
            producer?.purge()
        }
    }
    func wake() { producer?.wake() }

    var orderPosition: Int64 { deliveries.orderPosition }

    /// Waits until the queue is empty; nothing may be sent after it.
    func close() {
        if transactions == nil { _ = producer?.flush(milliseconds: isPurged ? 0 : 10_000) }
        transactions = nil
        producer = nil
    }
}

/// librdkafka's log lines as Riffle's.
func kafkaLogSink(_ logger: Logger) -> KafkaLogSink {
    { entry in
        // What is said of connections comes as an error, too, which is logged where it is heard.
        let level: Logger.Level =
            entry.facility == "FAIL"
            ? .info : entry.level <= 3 ? .warning : entry.level <= 4 ? .notice : entry.level <= 6 ? .info : .debug
        logger.log(level: level, "librdkafka \(entry.facility)", metadata: ["reason": "\(entry.message)"])
    }
}
