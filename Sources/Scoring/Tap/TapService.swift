import Configuration
import Engine
public import Events
import Foundation
public import Kafka
public import Logging
import Synchronization

/// Where following begins.
public enum TapStart: Hashable, Sendable {
    case earliest, latest
    /// The first record that was written then or later.
    case time(EventTime)
}

/// What is followed, and which records of it.
public struct TapOptions: Sendable {
    public var kind = TapKind.scores
    public var start = TapStart.latest
    /// Only records with this key.
    public var key: [UInt8]?
    /// So many records, then an end; `nil`: no end.
    public var limit: Int?
    /// Up to where the partitions end now.
    public var untilEnd = false

    public init() {}
}

/// One record, borrowed for the call.
public struct TapRecord {
    public let partition: Int32
    public let record: KafkaRecord
    /// The record's JSON: of a dead letter what its headers say.
    public let json: UnsafeRawBufferPointer
    /// Set where it is a dead letter.
    public let letter: DeadLetter?
}

/// `riffle tap`: follows what a pipeline or its monitor writes. No group is joined, nothing is remembered on the brokers,
/// and of transactions only what was committed is seen.
///
/// Records of one partition come in its order; those of several as they arrive.
// SAFETY: one thread runs it; others only set the flag, which is atomic, and wake the consumer.
public final class TapService: @unchecked Sendable {
    private let options: TapOptions
    private let filter: TapFilter?
    private let topic: String
    private let consumer: KafkaConsumer
    private let starts: [Int64]
    private let ends: [Int64]
    private let watcher: BrokerWatch
    private let isStopped = Atomic<Bool>(false)
    private var given = 0
    private static let answerMilliseconds = 30_000
    private static let recordsPerTakeMax = 512
    private static let bytesPerTakeMax = 4 << 20
    private static let prefetch = KafkaPrefetch(bytesMax: 16 << 20, recordsMax: 10_000, partitions: 8)

    /// Asks the brokers where the topic begins and ends; blocks for that.
    ///
    /// - Throws: `RunFailure` where there is no such topic, and `KafkaFailure`.
    public init(
        assembly: PipelineAssembly, brokers: String, options: TapOptions, filter: TapFilter?, logger: Logger
    ) throws {
        self.options = options
        self.filter = filter
        let spec = assembly.spec
        switch options.kind {
        case .scores: topic = spec.output.topic.value
        case .deadLetters: topic = spec.deadLetter.topic.value
        case .alerts:
            guard let monitor = spec.monitor else {
                throw RunFailure("the pipeline has no \"monitor\", so that there is no topic of alerts")
            }
            topic = monitor.topic.value
        }
        let onLog = kafkaLogSink(logger)
        watcher = BrokerWatch { logger.warning("kafka", metadata: ["reason": "\($0)"]) }
        let admin = try KafkaAdmin(brokers: brokers, properties: assembly.properties, onLog: onLog)
        guard let metadata = try admin.metadata(of: topic, milliseconds: Self.answerMilliseconds),
            !metadata.partitions.isEmpty
        else { throw RunFailure("topic \"\(topic)\" does not exist on \(brokers)") }
        consumer = try KafkaConsumer(
            brokers: brokers, group: spec.kafka.group, properties: assembly.properties, prefetch: Self.prefetch,
            onLog: onLog)
        let names = metadata.partitions.map { TopicPartition(topic: metadata.name, partition: $0.id) }
        let marks = try consumer.watermarks(of: names, milliseconds: Self.answerMilliseconds)
        ends = marks.map(\.high)
        switch options.start {
        case .earliest: starts = marks.map(\.low)
        case .latest: starts = ends
        case .time(let time):
            starts = try consumer.offsets(
                atRecordTimeMilliseconds: time.microseconds / 1_000, of: names, milliseconds: Self.answerMilliseconds)
        }
        _ = try consumer.read(names, from: starts)
    }

    /// Ends `run`; from any thread.
    public func requestStop() {
        isStopped.store(true, ordering: .sequentiallyConsistent)
        consumer.wake()
    }

    /// Hands out records until it is told to stop, the limit or the end is reached, or something fails.
    ///
    /// - Parameter onPause: nothing is there at the moment: what is held back may be shown.
    public func run(_ body: (TapRecord) throws -> Void, onPause: () throws -> Void) throws {
        let scratch = UnsafeMutableBufferPointer<KafkaRecord>.allocate(capacity: Self.recordsPerTakeMax)
        defer { scratch.deallocate() }
        while !isStopped.load(ordering: .relaxed) {
            try consumer.poll(watcher)
            if let fatal = watcher.fatal { throw fatal }
            var taken = 0
            for partition in consumer.partitions {
                let found = consumer.take(
                    partition, max: Self.recordsPerTakeMax, bytesMax: Self.bytesPerTakeMax, into: scratch)
                taken += found.count
                defer { consumer.release(UnsafeBufferPointer(rebasing: scratch[..<found.count])) }
                for record in scratch[..<found.count] {
                    if try !give(record, partition.partition, body) { return try onPause() }
                }
                if let failure = found.failure, !failure.isRetriable { throw failure }
            }
            if taken > 0 { continue }
            try onPause()
            if options.untilEnd && zip(consumer.partitions, ends).allSatisfy({ $0.position >= $1 }) { return }
            _ = consumer.wait(milliseconds: 100)
        }
        try onPause()
    }

    /// - Returns: whether more is wanted.
    private func give(_ record: KafkaRecord, _ partition: Int32, _ body: (TapRecord) throws -> Void) throws -> Bool {
        if isStopped.load(ordering: .relaxed) { return false }
        // What came behind the end meanwhile is not asked for.
        if options.untilEnd && record.offset >= ends[Int(partition)] { return true }
        if let key = options.key, record.keyBytes.map({ $0.elementsEqual(key) }) != true { return true }
        if options.kind == .deadLetters {
            let letter = DeadLetter(partition: partition, record)
            var text = DeadLetterText.json(letter, withPayload: false).dropLast()
            text += ",\"topic\":\(CaseText.quoted(letter.origin?.topic ?? ""))}"
            return try Array(text.utf8).withUnsafeBytes { json in
                try give(TapRecord(partition: partition, record: record, json: json, letter: letter), body)
            }
        }
        let json = record.valueBytes ?? UnsafeRawBufferPointer(start: nil, count: 0)
        return try give(TapRecord(partition: partition, record: record, json: json, letter: nil), body)
    }

    private func give(_ record: TapRecord, _ body: (TapRecord) throws -> Void) throws -> Bool {
        if let filter, !filter.matches(record.json, time: record.record.timestampMicroseconds) { return true }
        try body(record)
        given += 1
        return options.limit.map { given < $0 } ?? true
    }
}
