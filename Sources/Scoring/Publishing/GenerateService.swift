import Configuration
public import Engine
import Events
public import Generation
public import Logging

/// What `riffle generate` is to make, and how fast.
public struct GenerateOptions: Sendable {
    public var transactions = CardTransactionOptions()
    /// `nil`: as many as the days hold.
    public var eventsMax: Int?
    /// `nil`: as fast as it goes.
    public var eventsPerSecond: Double?

    public init() {}
}

/// What a generator did, for its last line.
public struct GenerateSummary: Hashable, Sendable {
    public var events = 0
    /// Events that were planted as fraud.
    public var frauds = 0
    /// Not delivered; the rest is in the topic.
    public var failed = 0
    public var firstFailure: String?
    public var nanoseconds: Int64 = 0
}

/// `riffle generate`: card transactions to a pipeline's topic or to a file.
public final class GenerateService: Sendable {
    private let options: GenerateOptions
    private let stream: TransactionStream
    private static let blockBytes = 64 << 10

    /// The options must have no problems, see `CardTransactionOptions.problems`.
    public init(_ options: GenerateOptions) {
        self.options = options
        stream = TransactionStream(options.transactions)
    }

    public var progress: StreamProgress { stream.progress }

    /// Ends the run after the event that is being sent; what was sent is flushed. From any thread.
    public func requestStop() { stream.requestStop() }

    /// Publishes to a pipeline's source topic, keyed by customer; blocks.
    ///
    /// With a rate a record's timestamp is when it was meant to be sent, so that latency measured from it has every
    /// delay in it.
    /// - Parameter followsGroup: wait for the pipeline's group, since the brokers keep little (an embedded cluster).
    public func publish(
        to brokers: String, of assembly: PipelineAssembly, followsGroup: Bool, logger: Logger
    ) throws -> GenerateSummary {
        let spec = assembly.spec
        let publisher = try TopicPublisher(
            brokers: brokers, topic: spec.sources[0].topic.value, properties: assembly.properties,
            follower: followsGroup ? TopicPublisher.Follower(group: spec.kafka.group) : nil, logger: logger)
        return try publish(with: publisher)
    }

    func publish(with publisher: TopicPublisher) throws -> GenerateSummary {
        var summary = GenerateSummary()
        let start = stream.clock.nanoseconds
        var bytes = EventBytes()
        let isPaced = options.eventsPerSecond != nil
        try stream.run(
            eventsPerSecond: options.eventsPerSecond, until: TransactionStream.Bounds(eventsMax: options.eventsMax),
            serve: { try publisher.serve() },
            emit: { transaction, intended in
                bytes.encode(transaction)
                let isQueued = try bytes.publish(
                    with: publisher, timestampMilliseconds: isPaced ? (intended + 500) / 1_000 : nil, stream: stream)
                if isQueued && transaction.isFraud { summary.frauds += 1 }
                return isQueued
            })
        // A stop does not cut the flush short: what was queued is delivered or known to have failed.
        let counts = publisher.finish()
        summary.events = counts.delivered
        summary.failed = counts.failed
        summary.firstFailure = counts.firstFailure.map { "\($0)" }
        summary.nanoseconds = stream.clock.nanoseconds - start
        return summary
    }

    /// Writes a file: csv or ndjson by its name, compressed if that ends in `.gz`; `-` is ndjson on standard output.
    ///
    /// The file stands in its place only when it is whole; a stop makes it whole early.
    /// - Throws: `ReplayFailure`.
    public func write(to path: String) throws -> GenerateSummary {
        let format = try Self.format(of: path)
        let target = try ReplayTarget(path: path)
        do {
            let file = FileByteSink(descriptor: target.descriptor, name: target.name)
            let sink: any ByteSink = path.hasSuffix(".gz") ? GzipByteSink(into: file) : file
            let summary = try write(to: sink, as: format)
            try target.commit()
            return summary
        } catch {
            target.discard()
            throw error
        }
    }

    /// The format that a file's name stands for.
    public static func format(of path: String) throws(ReplayFailure) -> RecordFormat {
        if path == ReplayOptions.standardStream { return .ndjson }
        let name = path.hasSuffix(".gz") ? String(path.dropLast(3)) : path
        if name.hasSuffix(".csv") { return .csv }
        if name.hasSuffix(".ndjson") || name.hasSuffix(".jsonl") { return .ndjson }
        throw ReplayFailure(.usage, "\(path): the name must end in .csv, .ndjson, .csv.gz or .ndjson.gz")
    }

    func write(to sink: any ByteSink, as format: RecordFormat) throws -> GenerateSummary {
        var summary = GenerateSummary()
        let start = stream.clock.nanoseconds
        var block: [UInt8] = []
        block.reserveCapacity(Self.blockBytes + CardTransactionWriter.eventBytesMax)
        func flush() throws {
            try block.withUnsafeBytes { try sink.write($0) }
            block.removeAll(keepingCapacity: true)
        }
        if format == .csv { block += Array(CardTransactionWriter.csvHeader.utf8) + [UInt8(ascii: "\n")] }
        // At a rate somebody is watching the rows come.
        let isPaced = options.eventsPerSecond != nil
        try stream.run(
            eventsPerSecond: options.eventsPerSecond, until: TransactionStream.Bounds(eventsMax: options.eventsMax),
            serve: { if isPaced && !block.isEmpty { try flush() } },
            emit: { transaction, _ in
                switch format {
                case .csv: CardTransactionWriter.appendCSV(transaction, to: &block)
                case .ndjson: CardTransactionWriter.appendJSON(transaction, to: &block)
                }
                block.append(UInt8(ascii: "\n"))
                if block.count >= Self.blockBytes { try flush() }
                summary.events += 1
                if transaction.isFraud { summary.frauds += 1 }
                return true
            })
        if !block.isEmpty { try flush() }
        try sink.finish()
        summary.nanoseconds = stream.clock.nanoseconds - start
        return summary
    }
}

/// The key and value of one record; used again for the next.
struct EventBytes {
    var key: [UInt8] = []
    var value: [UInt8] = []

    mutating func encode(_ transaction: CardTransaction) {
        key.removeAll(keepingCapacity: true)
        value.removeAll(keepingCapacity: true)
        CardTransactionWriter.appendKey(transaction, to: &key)
        CardTransactionWriter.appendJSON(transaction, to: &value)
    }

    func publish(
        with publisher: TopicPublisher, timestampMilliseconds: Int64?, stream: TransactionStream,
        onWait: () -> Void = {}
    ) throws -> Bool {
        try key.withUnsafeBytes { key in
            try value.withUnsafeBytes { value in
                try publisher.publish(
                    key: key, value: value, timestampMilliseconds: timestampMilliseconds,
                    onWait: {
                        stream.progress.noteWait()
                        onWait()
                    }, while: { stream.isWanted })
            }
        }
    }
}
