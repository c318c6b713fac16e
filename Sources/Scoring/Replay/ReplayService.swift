public import Engine
import Events
import Workers

/// Where a replay stands.
public struct ReplayProgress: Sendable {
    public let summary: ReplaySummary
    /// How much of the input is read: bytes of a file as it lies on disk, offsets of a topic's partitions.
    public let inputRead: Int64
    /// `nil` for what has no size, such as a pipe.
    public let inputTotal: Int64?
}

/// Is told of a replay's advance, on the thread that runs it.
public protocol ReplayProgressObserver: AnyObject {
    /// After each batch.
    func replayDidAdvance(_ progress: ReplayProgress)
    /// One of the first rows that cannot be used; `message` holds no value from the data.
    func replayDidFind(line: Int64, code: String, message: String)
}

/// What a replay has done.
public struct ReplayOutcome: Sendable {
    public let summary: ReplaySummary
    /// `nil`: none were asked for.
    public let measures: ReplayMeasures?
    /// Events that stand before the first row and only filled windows; a file has none.
    public internal(set) var warmUp: UInt64 = 0
}

/// `riffle replay`: a file through the code that scores live events.
public final class ReplayService {
    /// Rows that cannot be used and are shown; all are counted.
    public static let faultsShownMax = 10

    /// To be discarded by whoever ends the process while `run` is under way.
    public let target: ReplayTarget
    private let plan: ScoringPlan
    private let options: ReplayOptions
    private let inputFormat: RecordFormat?
    private let outputFormat: RecordFormat
    private let isCompressed: Bool
    private let metrics: ReplayMetrics?
    private let source: FileByteSource
    private var faultsShown = 0
    private weak var observer: (any ReplayProgressObserver)?

    /// Checks what is asked for, and opens input and output.
    ///
    /// - Throws: a usage failure before anything is opened, or why a file cannot be read or written.
    public init(plan: ScoringPlan, options: ReplayOptions) throws(ReplayFailure) {
        self.plan = plan
        self.options = options
        try Self.check(plan, options)
        inputFormat = options.inputFormat ?? RecordFormat.named(options.input).format
        (outputFormat, isCompressed) = try Self.outputFormat(options)
        if let label = options.metricsLabel {
            metrics = try ReplayMetrics(plan: plan, label: label, key: options.metricsKey)
        } else {
            metrics = nil
        }
        source = try FileByteSource(path: options.input)
        target = try ReplayTarget(path: options.output)
    }

    /// What every replay has to keep to, wherever its events come from.
    static func checkOutput(_ plan: ScoringPlan, _ options: ReplayOptions) throws(ReplayFailure) {
        guard (1...WorkerPool.workersMax).contains(options.workers) else {
            throw ReplayFailure(.usage, "--workers is from 1 to \(WorkerPool.workersMax)")
        }
        if options.metricsKey != nil && options.metricsLabel == nil {
            throw ReplayFailure(.usage, "--metrics-key needs --metrics")
        }
        var seen: Set<String> = []
        for column in ReplayEngine.columns(of: plan) where !seen.insert(column).inserted {
            throw ReplayFailure(.usage, "two columns of the output would be called \"\(column)\": rename the feature")
        }
    }

    private static func check(_ plan: ScoringPlan, _ options: ReplayOptions) throws(ReplayFailure) {
        try checkOutput(plan, options)
        if plan.schema.time == .record {
            throw ReplayFailure(
                .usage, "the pipeline takes its times from the records' timestamps, and the rows of a file have none")
        }
        if ReplayTarget.isSameFile(options.input, options.output) {
            throw ReplayFailure(.usage, "--input and --output are the same file")
        }
    }

    static func outputFormat(
        _ options: ReplayOptions
    ) throws(ReplayFailure) -> (format: RecordFormat, isCompressed: Bool) {
        let named = RecordFormat.named(options.output)
        if options.output == ReplayOptions.standardStream { return (options.outputFormat ?? .ndjson, false) }
        guard let format = options.outputFormat ?? named.format else {
            throw ReplayFailure(
                .usage,
                "--output: the name \"\(options.output)\" tells no format: end it in .csv, .csv.gz, .ndjson or "
                    + ".ndjson.gz, or say --output-format")
        }
        return (format, named.isCompressed)
    }

    /// Replays; call it once.
    ///
    /// - Throws: `ReplayFailure`; no file is left behind then.
    public func run(observer: (any ReplayProgressObserver)? = nil) throws(ReplayFailure) -> ReplayOutcome {
        self.observer = observer
        let pool = WorkerPool(workerCount: options.workers)
        defer { pool.shutDown() }
        let file = FileByteSink(descriptor: target.descriptor, name: target.name)
        let engine = ReplayEngine(
            plan: plan, inputFormat: inputFormat, outputFormat: outputFormat, file: inputName, pool: pool,
            settings: options.settings)
        let input = AheadByteSource(source)
        let output = BehindByteSink(isCompressed ? GzipByteSink(into: file) : file)
        do {
            let summary = try engine.run(from: input, to: output, observer: self)
            input.stop()
            try target.commit()
            return ReplayOutcome(summary: summary, measures: metrics?.results())
        } catch {
            input.stop()
            output.stop()
            target.discard()
            throw failure(error)
        }
    }

    /// By which events without an id are called: the file's name without its folders.
    private var inputName: String {
        options.input.lastIndex(of: "/").map { String(options.input[options.input.index(after: $0)...]) }
            ?? options.input
    }

    private func failure(_ error: any Error) -> ReplayFailure {
        switch error {
        case let failure as ReplayFailure: failure
        case let error as ReplayInputError: ReplayFailure(.environment, "\(source.name): \(error)")
        default: ReplayFailure(.environment, "\(error)")
        }
    }
}

extension ReplayService: ReplayObserver {
    public func replayDidFind(_ fault: ReplayFault) {
        if faultsShown == Self.faultsShownMax { return }
        faultsShown += 1
        observer?.replayDidFind(
            line: fault.line, code: fault.fault.code.name, message: fault.fault.message(schema: plan.schema))
    }

    public func replayDidScore(_ context: BatchContext, _ summary: ReplaySummary) {
        metrics?.add(context)
        observer?.replayDidAdvance(
            ReplayProgress(summary: summary, inputRead: source.position, inputTotal: source.byteCount))
    }
}
