import Engine
import Kafka
import Logging

/// The engine's sink over an idempotent Kafka producer.
// SAFETY: `send` belongs to one thread; `observer` changes only before anything is sent and after all threads have
// stopped.
final class KafkaSinkPort: SinkPort, @unchecked Sendable {
    private var producer: KafkaProducer?
    private var scores: KafkaTopic?
    private var deadLetters: KafkaTopic?
    private var observer: (any SinkObserver)?
    private let headers: UnsafeMutablePointer<KafkaHeader>
    private static let headersMax = 256
    private let logger: Logger

    init(brokers: String, properties: KafkaProperties, scoreTopic: String, deadLetterTopic: String, logger: Logger)
        throws
    {
        self.logger = logger
        headers = .allocate(capacity: Self.headersMax)
        let producer = try KafkaProducer(
            brokers: brokers, properties: properties,
            onDelivery: { [weak self] delivery in self?.deliver(delivery) },
            onFailure: { [weak self] failure in self?.report(failure) },
            onLog: kafkaLogSink(logger))
        self.producer = producer
        scores = try producer.topic(scoreTopic)
        deadLetters = try producer.topic(deadLetterTopic)
    }

    deinit { headers.deallocate() }

    func send(_ output: OutputRecord) throws -> SendOutcome {
        guard let producer, let topic = output.kind == .score ? scores : deadLetters else { return .full }
        var count = 0
        for header in output.headers {
            headers.advanced(by: count).initialize(to: KafkaHeader(name: header.name, value: header.value))
            count += 1
        }
        if output.kind == .deadLetter { count = addOriginalHeaders(of: output.origin, from: count) }
        let outcome = producer.produce(
            to: topic, key: output.key, value: output.value,
            headers: UnsafeBufferPointer(start: headers, count: count), token: output.token)
        switch outcome {
        case .queued: return .queued
        case .queueFull: return .full
        case .tooLarge: return .tooLarge
        case .failed(let failure): throw failure
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

    func attach(_ observer: (any SinkObserver)?) { self.observer = observer }

    func serve(milliseconds: Int) { _ = producer?.poll(milliseconds: milliseconds) }

    /// Waits until the queue is empty; nothing may be sent after it.
    func close() {
        _ = producer?.flush(milliseconds: 10_000)
        producer = nil
    }

    private func deliver(_ delivery: Delivery) {
        if delivery.isDelivered {
            observer?.sinkDidAcknowledge(token: delivery.token)
        } else if let failure = delivery.failure {
            observer?.sinkDidFail(token: delivery.token, error: failure)
        }
    }

    private func report(_ failure: KafkaFailure) {
        logger.warning("kafka producer", metadata: ["reason": "\(failure)"])
        if failure.isFatal { observer?.sinkDidFail(token: 0, error: failure) }
    }
}

/// librdkafka's log lines as Riffle's.
func kafkaLogSink(_ logger: Logger) -> KafkaLogSink {
    { entry in
        let level: Logger.Level =
            entry.level <= 3 ? .warning : entry.level <= 4 ? .notice : entry.level <= 6 ? .info : .debug
        logger.log(level: level, "librdkafka \(entry.facility)", metadata: ["reason": "\(entry.message)"])
    }
}
