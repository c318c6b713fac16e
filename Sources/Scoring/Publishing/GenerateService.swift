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
    /// How long after its event a label is known, where labels go to a source of their own.
    public var labelDelayMicroseconds = GenerateOptions.labelDelayDefault
    /// A day less than the windows of the card pipeline wait for labels: what is known just in time is known too late
    /// where it has to pass another topic first.
    public static let labelDelayDefault: Int64 = 6 * 86_400_000_000

    public init() {}
}

/// What a generator did, for its last line.
public struct GenerateSummary: Hashable, Sendable {
    public var events = 0
    /// Labels that went to a source of their own.
    public var labels = 0
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
        let topics = try assembly.scoring.sources.map { source in
            try TopicPublisher(
                brokers: brokers, topic: source.topic, properties: assembly.properties,
                follower: followsGroup ? TopicPublisher.Follower(group: spec.kafka.group) : nil, logger: logger)
        }
        return try publish(
            with: TransactionPublisher(
                events: topics[0], labels: topics.count > 1 ? topics[1] : nil,
                labelDelayMicroseconds: options.labelDelayMicroseconds))
    }

    func publish(with topic: TopicPublisher) throws -> GenerateSummary {
        try publish(with: TransactionPublisher(events: topic))
    }

    private func publish(with publisher: TransactionPublisher) throws -> GenerateSummary {
        var summary = GenerateSummary()
        let start = stream.clock.nanoseconds
        let isPaced = options.eventsPerSecond != nil
        try stream.run(
            eventsPerSecond: options.eventsPerSecond, until: TransactionStream.Bounds(eventsMax: options.eventsMax),
            serve: { try publisher.serve() },
            emit: { transaction, intended in
                let isQueued = try publisher.publish(
                    transaction, timestampMilliseconds: isPaced ? (intended + 500) / 1_000 : nil, stream: stream)
                if isQueued && transaction.isFraud { summary.frauds += 1 }
                return isQueued
            })
        // A stop does not cut the flush short: what was queued is delivered or known to have failed.
        let labels = publisher.labels?.finish()
        var counts = publisher.events.finish()
        summary.events = counts.delivered
        summary.labels = labels?.delivered ?? 0
        counts.failed += labels?.failed ?? 0
        counts.firstFailure = counts.firstFailure ?? labels?.firstFailure
        summary.failed = counts.failed
        summary.firstFailure = counts.firstFailure.map { "\($0)" }
        summary.nanoseconds = stream.clock.nanoseconds - start
        return summary
    }

    /// Writes a file: csv or ndjson by its name, compressed if that ends in `.gz`; `-` is ndjson on standard output.
    ///
    /// The files stand in their places only when they are whole; a stop makes them whole early.
    /// - Parameter labelPath: labels go to this file, as the last of them known before the last event; `nil`: events
    ///   carry their labels.
    /// - Throws: `ReplayFailure`.
    public func write(to path: String, labels labelPath: String? = nil) throws -> GenerateSummary {
        var files: [GeneratedFile] = []
        do {
            for path in [path, labelPath].compactMap(\.self) { files.append(try GeneratedFile(path)) }
            let summary = try write(to: files[0], labels: files.count > 1 ? files[1] : nil)
            for file in files { try file.target?.commit() }
            return summary
        } catch {
            for file in files { file.target?.discard() }
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
        try write(to: GeneratedFile(sink, as: format), labels: nil)
    }

    private func write(to events: GeneratedFile, labels: GeneratedFile?) throws -> GenerateSummary {
        var summary = GenerateSummary()
        let start = stream.clock.nanoseconds
        let hasLabel = labels == nil
        events.begin(CardTransactionWriter.header(of: options.transactions, hasLabel: hasLabel))
        labels?.begin(CardTransactionWriter.labelHeader)
        var pending = PendingLabels(delayMicroseconds: options.labelDelayMicroseconds)
        // At a rate somebody is watching the rows come.
        let isPaced = options.eventsPerSecond != nil
        try stream.run(
            eventsPerSecond: options.eventsPerSecond, until: TransactionStream.Bounds(eventsMax: options.eventsMax),
            serve: { if isPaced { try events.flush() } },
            emit: { transaction, _ in
                if let labels {
                    while let label = pending.next(at: transaction.time) {
                        try labels.append(
                            csv: { CardTransactionWriter.appendCSV(label, to: &$0) },
                            json: { CardTransactionWriter.appendJSON(label, to: &$0) })
                        pending.removeFirst()
                        summary.labels += 1
                    }
                    pending.add(transaction)
                }
                try events.append(
                    csv: { CardTransactionWriter.appendCSV(transaction, hasLabel: hasLabel, to: &$0) },
                    json: { CardTransactionWriter.appendJSON(transaction, hasLabel: hasLabel, to: &$0) })
                summary.events += 1
                if transaction.isFraud { summary.frauds += 1 }
                return true
            })
        try events.finish()
        try labels?.finish()
        summary.nanoseconds = stream.clock.nanoseconds - start
        return summary
    }
}
