import Configuration
public import Engine
import Events
import Features
import Foundation
import Kafka
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
    private let reloader = Mutex<ModelReloader?>(nil)
    private let isReloadRequested = Atomic<Bool>(false)
    public let brokers: String
    private let properties: KafkaProperties
    private weak var observer: (any StreamObserver)?
    private let figures: LiveFigures?
    private let modelSlot: ModelSlot
    private let questions = QuestionQueue()
    /// Those that score the next batch; from any thread.
    public var models: ModelSet { modelSlot.models }
    /// What the run counts; to be exposed by whoever starts it.
    public let metrics: RunMetrics

    /// - Parameters:
    ///   - brokers: where the cluster is; see `BrokerChoice`.
    ///   - figures: shows what the run does to whoever looks; `nil`: nobody does.
    public init(
        assembly: PipelineAssembly, brokers: String, options: RunOptions, logger: Logger,
        observer: (any StreamObserver)? = nil, figures: LiveFigures? = nil
    ) {
        self.figures = figures
        modelSlot = ModelSlot(assembly.scoring.models)
        self.assembly = assembly
        self.brokers = brokers
        self.options = options
        properties = assembly.properties.withDefaults(options.propertyDefaults)
        metrics = RunMetrics(
            pipeline: assembly.spec.name.value, topics: assembly.scoring.sources.map(\.topic),
            statisticsMilliseconds: options.statisticsMilliseconds)
        self.logger = logger
        self.observer = observer
    }

    /// Ends `run` after what is in flight is finished and committed; from any thread.
    public func requestStop() {
        isStopRequested.store(true, ordering: .sequentiallyConsistent)
        figures?.willStop()
        engine.withLock { $0 }?.requestStop()
    }

    /// Asks the engine about its state; it answers between two batches.
    ///
    /// While nothing runs the answer is `busy`. A task that is cancelled gets `abandoned` at once.
    public func ask(_ question: StateQuestion) async -> StateAnswer {
        if engine.withLock({ $0 == nil }) { return .busy("the engine does not run yet") }
        // Whoever waits for an answer does not keep the engine, whose end belongs to the thread that runs it.
        return await questions.ask(question) { self.engine.withLock { $0 }?.wake() }
    }

    /// Has all model files read again that may be, whether or not they have changed; from any thread.
    public func requestReload() {
        isReloadRequested.store(true, ordering: .sequentiallyConsistent)
        reloader.withLock { reloader in
            guard let reloader, isReloadRequested.exchange(false, ordering: .sequentiallyConsistent) else { return }
            reloader.ask()
        }
    }

    /// Runs the pipeline; blocks.
    ///
    /// - Throws: what cannot be gone on from. What was acknowledged is committed before.
    public func run() throws -> StreamSummary {
        do {
            let summary = try runToEnd()
            metrics.didStop(nil)
            return summary
        } catch is StoppedBeforeStart {
            metrics.didStop(nil)
            return StreamSummary()
        } catch {
            metrics.didStop(error)
            throw error
        }
    }

    private func runToEnd() throws -> StreamSummary {
        let spec = assembly.spec
        let topics = assembly.scoring.sources.map(\.topic)
        let prepared = try prepareTopics(sources: topics)
        let consumer = try KafkaConsumer(
            brokers: brokers, group: spec.kafka.group, instance: spec.kafka.instance, properties: properties,
            prefetch: KafkaPrefetch(partitions: prepared.sourcePartitions),
            onLog: kafkaLogSink(logger), statistics: metrics.consumer)
        let source = KafkaSourcePort(consumer: consumer, start: startPosition, logger: logger, metrics: metrics)
        let outputs = OutputTopics(
            scores: spec.output.topic.value, deadLetters: spec.deadLetter.topic.value, order: orderTopic,
            scorePartitions: prepared.scorePartitions, deadLetterPartitions: prepared.deadLetterPartitions)
        let sink = try KafkaSinkPort(
            brokers: brokers, properties: properties, topics: outputs,
            bounds: try TopicBounds(of: outputs, brokers: brokers, properties: properties, logger: logger),
            transactionalID: transactionalID, logger: logger, metrics: metrics)
        let order = orderTopic.map { topic in
            KafkaOrderPort(
                brokers: brokers, group: spec.kafka.group, properties: properties, topic: topic,
                pipeline: spec.name.value, logger: logger, metrics: metrics)
        }
        let inFlight = try mapInFlight()
        defer { CrashMark.remove() }
        let pool = WorkerPool(workerCount: options.workers ?? assembly.workerCount)
        defer { pool.shutDown() }
        startReloading(into: modelSlot)
        defer { stopReloading() }
        let engine = StreamEngine(
            plan: assembly.scoring, settings: settings(endOffsets: prepared.endOffsets), source: source, sink: sink,
            pool: pool,
            order: order, snapshots: try snapshots(), inFlight: inFlight, models: modelSlot, questions: questions,
            inlineRowsMax: options.inlineRowsMax ?? ScoringPipeline.inlineRowsMaxDefault)
        let journal = RunJournal(
            logger, metrics: metrics,
            ends: { [weak consumer] in consumer?.endHeard(topic: $0, partition: $1) }, passingOnTo: observer,
            figures: figures)
        engine.observer = journal
        self.engine.withLock { $0 = engine }
        if isStopRequested.load(ordering: .sequentiallyConsistent) { engine.requestStop() }
        try consumer.subscribe(topics)
        logger.info(
            "joining the group",
            metadata: ["group": "\(spec.kafka.group)", "topics": "\(topics.joined(separator: " "))"])
        defer {
            self.engine.withLock { $0 = nil }
            questions.close()
            sink.close()
        }
        let summary: StreamSummary
        do {
            summary = try withExtendedLifetime(journal) { try engine.run() }
        } catch {
            try? source.close(engine)
            throw error
        }
        try source.close(engine)
        return summary
    }

    /// From here on new model files are noticed.
    private func startReloading(into models: ModelSlot) {
        let watch = ModelWatch(assembly, into: models, logger: logger, metrics: metrics)
        if !watch.isNeeded { return }
        reloader.withLock { reloader in
            let started = ModelReloader(watch)
            if isReloadRequested.exchange(false, ordering: .sequentiallyConsistent) { started.ask() }
            reloader = started
        }
    }

    private func stopReloading() {
        let running = reloader.withLock { reloader in
            defer { reloader = nil }
            return reloader
        }
        running?.stop()
    }

    private var startPosition: StartPosition {
        switch assembly.spec.kafka.start {
        case .earliest: .earliest
        case .latest: .latest
        case .back(let span): .duration(microseconds: span.microseconds)
        }
    }

    /// `nil`: no pipeline without windows has an order, and none without a second partition.
    private var orderTopic: String? {
        assembly.scoring.hasState ? assembly.plan.orderTopic : nil
    }

    private var transactionalID: String? {
        guard assembly.spec.kafka.delivery == .exactlyOnce else { return nil }
        let instance = assembly.spec.kafka.instance ?? ProcessInfo.processInfo.hostName
        return "riffle-\(assembly.spec.kafka.group)-\(instance)"
    }

    /// What the embedded cluster holds is gone with this process: state that outlived it would be another stream's.
    private var stateDirectory: String? {
        if options.keepsNoState { return nil }
        if options.brokers == nil, case .embedded = assembly.spec.kafka.brokers.value { return nil }
        return options.stateDirectory ?? assembly.spec.state.directory
    }

    /// Where the events in work are noted, so that one that kills the process is found.
    private func mapInFlight() throws -> InFlightRecord? {
        guard let directory = stateDirectory else { return nil }
        let record = try InFlightRecord.map(
            "\(directory)/\(assembly.spec.name.value).in-flight", directory: directory)
        CrashMark.install(record)
        return record
    }

    /// Offsets mean something in one cluster only, so that its name belongs to the state's.
    private func snapshots() throws -> SnapshotStore? {
        guard let directory = stateDirectory else { return nil }
        let admin = try KafkaAdmin(brokers: brokers, properties: properties, onLog: kafkaLogSink(logger))
        let cluster = try admin.clusterID(milliseconds: 30_000)
        return SnapshotStore(
            directory: directory, pipeline: assembly.spec.name.value,
            statePlanHash: assembly.statePlanHash(cluster: cluster),
            keep: assembly.spec.state.keep)
    }

    private func settings(endOffsets: [String: [Int64]]?) -> StreamSettings {
        let spec = assembly.spec
        var settings = StreamSettings()
        settings.batchRowsMax = spec.limits.batchEventsMax
        settings.inFlightBatchesMax = spec.limits.inFlightBatchesMax
        settings.mergeWaitMicroseconds = spec.merge.waitMicroseconds
        settings.commitEveryMilliseconds = Int(spec.kafka.commitEveryMicroseconds / 1_000)
        settings.transactions.commitEveryMilliseconds = settings.commitEveryMilliseconds
        settings.refusesIncompleteState = spec.state.incomplete == .refuse
        settings.snapshots.everyNanoseconds = spec.state.snapshotEvery.microseconds.map { $0 * 1_000 }
        settings.snapshots.everyEvents = spec.state.snapshotEvery.events.map { UInt64($0) }
        settings.snapshots.wallMilliseconds = { Int64(Date().timeIntervalSince1970 * 1_000) }
        if let interval = properties.milliseconds(of: "max.poll.interval.ms") {
            settings.drainMilliseconds = interval / 5
            settings.keepAliveMilliseconds = max(1, interval / 10)
        }
        if let endOffsets {
            settings.endOffsets = { topic, partition in
                endOffsets[topic].flatMap { Int(partition) < $0.count ? $0[Int(partition)] : nil }
            }
        }
        return settings
    }

    /// Asks again and again for half a minute, but no longer than anybody wants it.
    private func metadata(of topic: String, _ admin: KafkaAdmin) throws -> TopicMetadata? {
        let clock = MonotonicClock()
        let start = clock.nanoseconds
        while true {
            do throws(KafkaFailure) {
                return try admin.metadata(of: topic, milliseconds: Self.askMilliseconds)
            } catch {
                if !error.isRetriable || error.isFatal { throw error }
                if isStopRequested.load(ordering: .sequentiallyConsistent) { throw StoppedBeforeStart() }
                if clock.nanoseconds - start > Self.answerNanoseconds { throw error }
            }
        }
    }

    private static let askMilliseconds = 1_500
    private static let answerNanoseconds: Int64 = 28_500_000_000

    /// Checks that the sources are there, makes output topics that are not, and notes where the sources end now if that
    /// is asked for.
    private func prepareTopics(sources: [String]) throws -> PreparedTopics {
        let admin = try KafkaAdmin(brokers: brokers, properties: properties, onLog: kafkaLogSink(logger))
        var partitions: [Int] = []
        for source in sources {
            guard let metadata = try metadata(of: source, admin) else {
                throw RunFailure(
                    "topic \"\(source)\" does not exist on \(brokers); create it, or check \"sources.*.topic\"")
            }
            partitions.append(metadata.partitions.count)
        }
        var outputs = [
            (assembly.spec.output.topic.value, partitions[0]), (assembly.spec.deadLetter.topic.value, 1),
        ]
        if let orderTopic { outputs.append((orderTopic, 1)) }
        var prepared = PreparedTopics(sourcePartitions: partitions.reduce(0, +), scorePartitions: partitions[0])
        for (topic, partitions) in outputs {
            if let found = try metadata(of: topic, admin) {
                if topic == orderTopic && found.partitions.count != 1 {
                    throw RunFailure(
                        "topic \"\(topic)\" has \(found.partitions.count) partitions, and one order has one; name another with "
                            + "\"order.topic\"")
                }
                if topic == outputs[0].0 { prepared.scorePartitions = found.partitions.count }
                if topic == outputs[1].0 { prepared.deadLetterPartitions = found.partitions.count }
                continue
            }
            do {
                try admin.createTopic(topic, partitions: partitions, milliseconds: 30_000)
            } catch {
                throw RunFailure(
                    "topic \"\(topic)\" is not there, and cannot be made: \(error). Make it with your own tools, with "
                        + "\(partitions) partition\(partitions == 1 ? "" : "s"); on `riffle cluster` with --topic \(topic):\(partitions)"
                )
            }
            logger.notice("topic created", metadata: ["topic": "\(topic)", "partitions": "\(partitions)"])
        }
        guard options.untilEnd else { return prepared }
        var ends: [String: [Int64]] = [:]
        for source in sources { ends[source] = try admin.endOffsets(of: source, milliseconds: 30_000) }
        prepared.endOffsets = ends
        return prepared
    }
}

/// What is known of a pipeline's topics before anything is read.
private struct PreparedTopics {
    /// Of all sources together: one instance may come to own them all.
    var sourcePartitions: Int
    var scorePartitions: Int
    var deadLetterPartitions = 1
    /// Where to stop, by topic; `nil`: run until told to stop.
    var endOffsets: [String: [Int64]]?
}

/// A stop was asked for before anything was read.
private struct StoppedBeforeStart: Error {}

/// A run that cannot begin: what, and what to do.
public struct RunFailure: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String

    public init(_ description: String) { self.description = description }
}
