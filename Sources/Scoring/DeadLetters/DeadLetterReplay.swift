import Configuration
import Kafka
public import Logging
import Synchronization

/// Why a dead letter is not put back.
public enum DeadLetterRefusal: Hashable, Sendable, CustomStringConvertible {
    case noOrigin
    /// It came from a topic that the pipeline does not read.
    case otherTopic(String)
    /// What is missing was never kept.
    case truncated
    case attempts(Int, max: Int)
    case tooLarge(bytes: Int)

    public var description: String {
        switch self {
        case .noOrigin: "it does not say where it came from"
        case .otherTopic(let topic): "it came from topic \"\(topic)\", which the pipeline does not read"
        case .truncated: "it was too large to be kept whole; its origin may still hold it"
        case .attempts(let count, let most): "it was tried \(count) times, and \(most) are the most (--attempts-max)"
        case .tooLarge(let bytes): "it has \(bytes) bytes, more than \"message.max.bytes\""
        }
    }
}

/// What a replay did.
public struct DeadLetterReplaySummary: Hashable, Sendable {
    /// Acknowledged by the brokers; in a trial, those that would be sent.
    public var replayed = 0
    public var refused = 0
    /// Everything up to here is done with: go on after it. Replaying from before it doubles events.
    public var position = DeadLetterPosition()

    public init() {}
}

/// Puts dead letters back on the topic that they came from.
///
/// An event goes back with its key, value, own headers and timestamp, to the partition that it came from where that
/// still exists, so that the order of a key's letters is kept; `riffle-attempts` counts on. Nothing is remembered of
/// what was put back: who replays the same letters twice has them twice.
// SAFETY: `run` is called once, by one thread, which alone serves deliveries; `requestStop` touches an atomic.
public final class DeadLetterReplay: @unchecked Sendable {
    public static let attemptsMaxDefault = 5
    /// Letters that are sent before they are waited for, and their bytes.
    private static let windowLetters = 1_000
    private static let windowBytes = 16 << 20
    private static let pollMilliseconds = 100

    private let attemptsMax: Int
    private let producer: KafkaProducer
    private let topics: [String: (topic: KafkaTopic, partitions: Int)]
    private let deliveries: Deliveries
    private let isStopRequested = Atomic<Bool>(false)

    /// What became of the letters of one window, by token. The producer's callbacks write it on the polling thread.
    private final class Deliveries {
        var failures: [KafkaFailure?] = []
        var pending = 0
        var fatal: KafkaFailure?
    }

    /// - Throws: `RunFailure` where a topic does not exist, and `KafkaFailure`.
    public init(
        brokers: String, of assembly: PipelineAssembly, attemptsMax: Int = DeadLetterReplay.attemptsMaxDefault,
        logger: Logger
    ) throws {
        self.attemptsMax = attemptsMax
        let deliveries = Deliveries()
        self.deliveries = deliveries
        producer = try KafkaProducer(
            brokers: brokers, properties: assembly.properties,
            onDelivery: { delivery in
                deliveries.failures[Int(delivery.token)] = delivery.failure
                deliveries.pending -= 1
            },
            onFailure: { failure in
                logger.warning("kafka producer", metadata: ["reason": "\(failure)"])
                if failure.isFatal { deliveries.fatal = failure }
            },
            onLog: kafkaLogSink(logger))
        let admin = try KafkaAdmin(brokers: brokers, properties: assembly.properties, onLog: kafkaLogSink(logger))
        var topics: [String: (topic: KafkaTopic, partitions: Int)] = [:]
        for source in assembly.spec.sources {
            let name = source.topic.value
            guard let metadata = try admin.metadata(of: name, milliseconds: 30_000) else {
                throw RunFailure("topic \"\(name)\" does not exist on \(brokers); check \"sources.*.topic\"")
            }
            topics[name] = (try producer.topic(name), metadata.partitions.count)
        }
        self.topics = topics
    }

    /// Ends `run` after the letters that are under way; from any thread.
    public func requestStop() { isStopRequested.store(true, ordering: .relaxed) }

    /// Sends all letters of `log` and waits until they are acknowledged.
    ///
    /// - Parameters:
    ///   - isTrial: look at every letter and send none.
    ///   - onRefusal: called for each letter that is left where it is, in order.
    ///   - summary: holds what was done even where this throws; its position is one to go on from.
    /// - Throws: what keeps letters from being read or sent. Letters behind the position may be sent nevertheless.
    public func run(
        _ log: inout DeadLetterLog, isTrial: Bool = false, into summary: inout DeadLetterReplaySummary,
        onRefusal: (DeadLetter, DeadLetterRefusal) -> Void
    ) throws {
        summary.position = log.position
        while !isStopRequested.load(ordering: .relaxed) {
            var window: [DeadLetter] = []
            var bytes = 0
            var hasEnded = false
            while window.count < Self.windowLetters, bytes < Self.windowBytes {
                guard let letter = try log.next() else {
                    hasEnded = true
                    break
                }
                bytes += (letter.value?.count ?? 0) + (letter.key?.count ?? 0)
                window.append(letter)
            }
            try send(window, isTrial: isTrial, into: &summary, onRefusal: onRefusal)
            if hasEnded {
                // Letters that do not match were passed as well.
                summary.position = log.position
                return
            }
        }
    }

    private func send(
        _ window: [DeadLetter], isTrial: Bool, into summary: inout DeadLetterReplaySummary,
        onRefusal: (DeadLetter, DeadLetterRefusal) -> Void
    ) throws {
        deliveries.failures = Array(repeating: nil, count: window.count)
        var isSent = Array(repeating: false, count: window.count)
        var problem: KafkaFailure?
        var reached = window.count
        for (index, letter) in window.enumerated() {
            do throws(KafkaFailure) {
                if let refusal = try send(letter, token: index, isTrial: isTrial) {
                    summary.refused += 1
                    onRefusal(letter, refusal)
                } else {
                    isSent[index] = true
                }
            } catch {
                problem = error
                reached = index
                break
            }
        }
        // Every record is delivered or given up after `delivery.timeout.ms`.
        while deliveries.pending > 0 && deliveries.fatal == nil {
            _ = producer.poll(milliseconds: Self.pollMilliseconds)
        }
        if let fatal = deliveries.fatal { throw fatal }
        for index in 0..<reached {
            if let failure = deliveries.failures[index] { throw failure }
            if isSent[index] { summary.replayed += 1 }
            summary.position.pass(window[index].offset, in: window[index].partition)
        }
        if let problem { throw problem }
    }

    /// Queues a letter; returns why not where it is to stay.
    private func send(_ letter: DeadLetter, token: Int, isTrial: Bool) throws(KafkaFailure) -> DeadLetterRefusal? {
        guard let origin = letter.origin else { return .noOrigin }
        guard let target = topics[origin.topic] else { return .otherTopic(origin.topic) }
        if letter.truncated != nil { return .truncated }
        if letter.attempts >= attemptsMax { return .attempts(letter.attempts, max: attemptsMax) }
        if isTrial { return nil }
        while true {
            switch produce(letter, to: target.topic, partition: partition(of: origin, target.partitions), token: token)
            {
            case .queued:
                deliveries.pending += 1
                return nil
            case .queueFull:
                _ = producer.poll(milliseconds: Self.pollMilliseconds)
                if let fatal = deliveries.fatal { throw fatal }
            case .tooLarge(let bytes, _): return .tooLarge(bytes: bytes)
            case .failed(let failure): throw failure
            }
        }
    }

    /// `nil`: the key chooses, since the topic has lost that partition.
    private func partition(of origin: DeadLetterOrigin, _ count: Int) -> Int32? {
        Int(origin.partition) < count ? origin.partition : nil
    }

    private func produce(_ letter: DeadLetter, to topic: KafkaTopic, partition: Int32?, token: Int) -> ProduceOutcome {
        let attempts = "\(min(letter.attempts, DeadLetter.attemptsMax))"
        let own = [KafkaHeaderCopy(name: "\(DeadLetter.attemptsHeader)", value: Array(attempts.utf8))]
        let headers = letter.headers + own
        // One run of bytes, so that the headers point into memory that stays.
        var bytes: [UInt8] = []
        for header in headers { bytes += Array(header.name.utf8) + (header.value ?? []) }
        return bytes.withUnsafeBytes { bytes in
            var start = 0
            func next(_ count: Int) -> UnsafeRawBufferPointer {
                defer { start += count }
                return UnsafeRawBufferPointer(rebasing: bytes[start..<start + count])
            }
            let lent = headers.map { header in
                KafkaHeader(name: next(header.name.utf8.count), value: header.value.map { next($0.count) })
            }
            return lent.withUnsafeBufferPointer { lent in
                withBytes(letter.key) { key in
                    withBytes(letter.value) { value in
                        producer.produce(
                            to: topic, partition: partition, key: key, value: value, headers: lent,
                            timestampMilliseconds: letter.eventTimestampMilliseconds
                                ?? letter.timeMicroseconds.map { $0 / 1_000 },
                            token: UInt64(token))
                    }
                }
            }
        }
    }

    private func withBytes<Result>(_ bytes: [UInt8]?, _ body: (UnsafeRawBufferPointer?) -> Result) -> Result {
        guard let bytes else { return body(nil) }
        return bytes.withUnsafeBytes { body($0) }
    }
}
