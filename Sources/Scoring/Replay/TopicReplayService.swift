import Configuration
import Engine
import Features
import Kafka
public import Logging
import Workers

/// Is told of the advance of a replay from topics, on the thread that runs it.
public protocol TopicReplayObserver: AnyObject {
    /// After each batch, also of those that only fill windows.
    func replayDidAdvance(_ progress: ReplayProgress)
    /// One of the first events that cannot be used; `message` holds no value from the data.
    func replayDidFind(origin: String, code: String, message: String)
}

/// `riffle replay --from-topics`: what a pipeline's topic holds, in the order in which it was scored.
///
/// Reads without a group: nothing is committed and nothing is written to the brokers. The recorded order is followed
/// where there is one; what no order tells of is merged, however long a partition has to be waited for.
public final class TopicReplayService {
    /// To be discarded by whoever ends the process while `run` is under way.
    public let target: ReplayTarget?
    private let assembly: PipelineAssembly
    private let options: TopicReplayOptions
    private let logger: Logger
    private let outputFormat: RecordFormat
    private let isCompressed: Bool
    private let metrics: ReplayMetrics?
    private let comparison: ScoreComparison?
    private let selection: RowSelection?
    private let lanes: [AssignedLane]
    private let source: TopicReplaySource
    private let order: OpenedOrder?
    /// Every partition comes to its end or fails, so that order need not depend on how fast one answers.
    private static let mergeWaitMicroseconds: Int64 = 86_400_000_000

    /// Checks what is asked for, asks the brokers where the partitions begin and end, and opens the output.
    ///
    /// What is written to the topic after this is not read.
    ///
    /// - Throws: a usage failure before anybody is asked, or why topic or output cannot be used.
    public init(
        assembly: PipelineAssembly, brokers: String, options: TopicReplayOptions, logger: Logger
    ) throws(ReplayFailure) {
        self.assembly = assembly
        self.options = options
        self.logger = logger
        try ReplayService.checkOutput(assembly.scoring, options.asOfFile)
        (outputFormat, isCompressed) = try ReplayService.outputFormat(options.asOfFile)
        if let label = options.metricsLabel {
            metrics = try ReplayMetrics(plan: assembly.scoring, label: label, key: options.metricsKey)
        } else {
            metrics = nil
        }
        selection = try options.rows.selection(assembly.scoring) { _ throws(ReplayFailure) in
            throw ReplayFailure(.usage, "--labelled-only of labels from another source needs files")
        }
        comparison = try ReplayService.comparison(assembly.scoring, options.comparedFile, rows: options.rows)
        do {
            let topics = TopicReplayTopics(assembly, brokers: brokers, options: options, logger: logger)
            // Before the ends are asked for: see `OpenedOrder`.
            order = try options.followsOrder ? topics.openOrder() : nil
            let consumer = try topics.makeConsumer()
            lanes = try topics.lanes(consumer)
            source = TopicReplaySource(consumer: consumer, lanes: lanes, logger: logger)
        } catch {
            throw ReplayFailure(.environment, "\(error)")
        }
        target = try options.output.map { path throws(ReplayFailure) in try ReplayTarget(path: path) }
    }

    /// Replays; call it once.
    ///
    /// - Throws: `ReplayFailure`; no file is left behind then.
    public func run(observer: (any TopicReplayObserver)? = nil) throws(ReplayFailure) -> ReplayOutcome {
        let pool = WorkerPool(workerCount: options.workers)
        defer { pool.shutDown() }
        let output = target.map { target in
            let file = FileByteSink(descriptor: target.descriptor, name: target.name)
            return BehindByteSink(isCompressed ? GzipByteSink(into: file) : file)
        }
        let settings = settings
        let starts = lanes.map {
            LaneStart(topic: $0.topic, partition: $0.partition, offset: $0.begin, mutedUntil: $0.scoresFrom)
        }
        let rows = ReplayStreamRows(
            plan: assembly.scoring, format: outputFormat, lanes: starts, batchRowsMax: settings.batchRowsMax,
            pool: pool)
        let engine = StreamEngine(
            plan: assembly.scoring, settings: settings, source: source, sink: DiscardingSink(), pool: pool,
            order: order)
        let journal = TopicReplayJournal(
            rows: rows, sink: output, metrics: metrics, comparison: comparison, source: source, lanes: lanes,
            engine: engine)
        journal.observer = observer
        engine.observer = journal
        do {
            if let output { try rows.begin(output) }
            let stream = try withExtendedLifetime(journal) { try engine.run() }
            if let failure = journal.failure { throw failure }
            let summary = try rows.end(output, stream)
            try target?.commit()
            var outcome = ReplayOutcome(summary: summary, measures: metrics?.results(), warmUp: rows.muted)
            outcome.comparison = comparison?.report()
            return outcome
        } catch {
            output?.stop()
            target?.discard()
            throw error as? ReplayFailure ?? ReplayFailure(.environment, "\(error)")
        }
    }

    private var settings: StreamSettings {
        var settings = StreamSettings()
        settings.batchRowsMax = assembly.spec.limits.batchEventsMax
        settings.inFlightBatchesMax = assembly.spec.limits.inFlightBatchesMax
        settings.mergeWaitMicroseconds = Self.mergeWaitMicroseconds
        // Nothing is sent, so that a thread for it would only cost.
        settings.sendsInline = true
        let ends = Dictionary(
            uniqueKeysWithValues: lanes.map { (TopicPartition(topic: $0.topic, partition: $0.partition), $0.high) })
        settings.endOffsets = { ends[TopicPartition(topic: $0, partition: $1)] }
        settings.selection = selection
        return settings
    }
}
