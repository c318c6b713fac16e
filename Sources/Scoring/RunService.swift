import Configuration
public import Engine
import Features
import Foundation
public import Kafka
public import Logging
import Synchronization
import Workers

/// `riffle run`: one pipeline between Kafka topics, until it is told to stop.
// SAFETY: `run` is called once, by one thread; `requestStop` reaches only the engine behind the mutex.
public final class RunService: @unchecked Sendable {
    private let assembly: PipelineAssembly
    private let options: RunOptions
    private let logger: Logger
    private let engine = Mutex<StreamEngine?>(nil)
    private let isStopRequested = Atomic<Bool>(false)
    public let brokers: String
    private let properties: KafkaProperties
    private weak var observer: (any StreamObserver)?

    /// - Parameter brokers: where the cluster is; see `BrokerChoice`.
    public init(
        assembly: PipelineAssembly, brokers: String, options: RunOptions, logger: Logger,
        observer: (any StreamObserver)? = nil
    ) {
        self.assembly = assembly
        self.brokers = brokers
        self.options = options
        properties = assembly.properties.withDefaults(options.propertyDefaults)
        self.logger = logger
        self.observer = observer
    }

    /// Ends `run` after what is in flight is finished and committed; from any thread.
    public func requestStop() {
        isStopRequested.store(true, ordering: .sequentiallyConsistent)
        engine.withLock { $0 }?.requestStop()
    }

    /// Runs the pipeline; blocks.
    ///
    /// - Throws: what cannot be gone on from. What was acknowledged is committed before.
    public func run() throws -> StreamSummary {
        let spec = assembly.spec
        let topic = spec.sources[0].topic.value
        let endOffsets = try prepareTopics(source: topic)
        let consumer = try KafkaConsumer(
            brokers: brokers, group: spec.kafka.group, properties: properties, onLog: kafkaLogSink(logger))
        let source = KafkaSourcePort(
            consumer: consumer, start: startPosition, hasState: !assembly.scoring.features.entities.isEmpty,
            logger: logger)
        let sink = try KafkaSinkPort(
            brokers: brokers, properties: properties, scoreTopic: spec.output.topic.value,
            deadLetterTopic: spec.deadLetter.topic.value, logger: logger)
        let pool = WorkerPool(workerCount: workerCount)
        defer { pool.shutDown() }
        let engine = StreamEngine(
            plan: assembly.scoring, settings: settings(endOffsets: endOffsets), source: source, sink: sink, pool: pool,
            inlineRowsMax: options.inlineRowsMax ?? ScoringPipeline.inlineRowsMaxDefault)
        engine.observer = observer
        self.engine.withLock { $0 = engine }
        if isStopRequested.load(ordering: .sequentiallyConsistent) { engine.requestStop() }
        try consumer.subscribe([topic])
        defer {
            self.engine.withLock { $0 = nil }
            sink.close()
        }
        let summary: StreamSummary
        do {
            summary = try engine.run()
        } catch {
            try? source.close(engine)
            throw error
        }
        try source.close(engine)
        return summary
    }

    private var startPosition: StartPosition {
        switch assembly.spec.kafka.start {
        case .earliest: .earliest
        case .latest: .latest
        case .back(let span): .duration(microseconds: span.microseconds)
        }
    }

    private var workerCount: Int {
        if let workers = options.workers { return workers }
        switch assembly.spec.workers {
        case .auto: return min(WorkerPool.workersMax, ProcessInfo.processInfo.activeProcessorCount)
        case .count(let count): return count
        }
    }

    private func settings(endOffsets: [Int32: Int64]?) -> StreamSettings {
        var settings = StreamSettings()
        settings.batchRowsMax = assembly.spec.limits.batchEventsMax
        settings.inFlightBatchesMax = assembly.spec.limits.inFlightBatchesMax
        settings.mergeWaitMicroseconds = assembly.spec.merge.waitMicroseconds
        if let endOffsets {
            settings.endOffsets = { _, partition in endOffsets[partition] }
        }
        return settings
    }

    /// Checks that the source is there, makes output topics that are not, and notes where the source ends now if that
    /// is asked for.
    private func prepareTopics(source: String) throws -> [Int32: Int64]? {
        let admin = try KafkaAdmin(brokers: brokers, properties: properties, onLog: kafkaLogSink(logger))
        guard let metadata = try admin.metadata(of: source, milliseconds: 30_000) else {
            throw RunFailure(
                "topic \"\(source)\" does not exist on \(brokers); create it, or check \"sources.*.topic\"")
        }
        for (topic, partitions) in [
            (assembly.spec.output.topic.value, metadata.partitions.count), (assembly.spec.deadLetter.topic.value, 1),
        ] where try admin.metadata(of: topic, milliseconds: 30_000) == nil {
            try admin.createTopic(topic, partitions: partitions, milliseconds: 30_000)
            logger.notice("topic created", metadata: ["topic": "\(topic)", "partitions": "\(partitions)"])
        }
        guard options.untilEnd else { return nil }
        let ends = try admin.endOffsets(of: source, milliseconds: 30_000)
        return Dictionary(uniqueKeysWithValues: ends.enumerated().map { (Int32($0), $1) })
    }
}

/// A run that cannot begin: what, and what to do.
public struct RunFailure: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String

    public init(_ description: String) { self.description = description }
}

/// The cluster of a run: an address, or one inside this process.
public struct BrokerChoice: Sendable {
    /// The embedded cluster sleeps through the whole `fetch.wait.max.ms` of an empty fetch, so that is made short.
    public static let embeddedDefaults = ["fetch.wait.max.ms": "5"]
    public let address: String
    /// Lives as long as this value; `nil` for a cluster elsewhere.
    public let embedded: EmbeddedCluster?

    /// Takes the command line's brokers, else the pipeline's; starts the embedded cluster and makes the pipeline's
    /// topics there.
    public init(_ assembly: PipelineAssembly, options: RunOptions, logger: Logger) throws {
        let spec = assembly.spec
        if let brokers = options.brokers {
            (address, embedded) = (brokers, nil)
            return
        }
        if case .addresses(let brokers) = spec.kafka.brokers.value {
            (address, embedded) = (brokers, nil)
            return
        }
        let cluster = try EmbeddedCluster(onLog: kafkaLogSink(logger))
        for source in spec.sources {
            try cluster.createTopic(source.topic.value, partitions: options.embeddedPartitions)
        }
        try cluster.createTopic(spec.output.topic.value, partitions: options.embeddedPartitions)
        try cluster.createTopic(spec.deadLetter.topic.value, partitions: 1)
        (address, embedded) = (cluster.bootstrapServers, cluster)
    }
}
