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
    ///
    /// - Parameter file: its name, where there are several; `nil`: there is but one.
    func replayDidFind(file: String?, line: Int64, code: String, message: String)
}

/// What a replay has done.
public struct ReplayOutcome: Sendable {
    public let summary: ReplaySummary
    /// `nil`: none were asked for.
    public let measures: ReplayMeasures?
    /// `nil`: nothing was compared.
    public internal(set) var comparison: ComparisonReport?
    /// Events that stand before the first row and only filled windows; a file has none.
    public internal(set) var warmUp: UInt64 = 0
    /// Sentences for whoever asked: what is odd about files that were read without a failure.
    public internal(set) var cautions: [String] = []
}

/// `riffle replay`: files through the code that scores live events.
public final class ReplayService {
    /// Rows that cannot be used and are shown; all are counted.
    public static let faultsShownMax = 10

    /// To be discarded by whoever ends the process while `run` is under way.
    public let target: ReplayTarget?
    private let plan: ScoringPlan
    private let options: ReplayOptions
    private let outputFormat: RecordFormat
    private let isCompressed: Bool
    private let metrics: ReplayMetrics?
    private let comparison: ScoreComparison?
    private let files: ReplayFiles
    private let selection: RowSelection?
    private var faultsShown = 0
    private weak var observer: (any ReplayProgressObserver)?

    /// Checks what is asked for, and opens input and output.
    ///
    /// - Throws: a usage failure before anything is opened, or why a file cannot be read or written.
    public init(plan: ScoringPlan, options: ReplayOptions) throws(ReplayFailure) {
        self.plan = plan
        self.options = options
        try Self.checkOutput(plan, options)
        (outputFormat, isCompressed) = try Self.outputFormat(options)
        if let label = options.metricsLabel {
            metrics = try ReplayMetrics(plan: plan, label: label, key: options.metricsKey)
        } else {
            metrics = nil
        }
        selection = try options.rows.selection(plan) { source throws(ReplayFailure) in
            let files = try ReplayFiles(options.inputs, of: plan, output: nil).files.filter { $0.source == source }
            if files.contains(where: { $0.path == ReplayOptions.standardStream }) {
                throw ReplayFailure(.usage, "--labelled-only reads labels twice, which standard input cannot be")
            }
            return files.map { ReplayFiles.input($0, format: options.inputFormat, bytes: $0.bytes) }
        }
        files = try ReplayFiles(options.inputs, of: plan, output: options.output)
        comparison = try Self.comparison(plan, options.comparedFile, rows: options.rows)
        target = try options.output.map { path throws(ReplayFailure) in try ReplayTarget(path: path) }
    }

    /// Reads what is to be compared with.
    static func comparison(
        _ plan: ScoringPlan, _ path: String?, rows: ReplayRows
    ) throws(ReplayFailure) -> ScoreComparison? {
        guard let path else { return nil }
        return try ScoreComparison(plan: plan, path: path, rows: rows)
    }

    /// What every replay has to keep to, wherever its events come from.
    static func checkOutput(_ plan: ScoringPlan, _ options: ReplayOptions) throws(ReplayFailure) {
        guard (1...WorkerPool.workersMax).contains(options.workers) else {
            throw ReplayFailure(.usage, "--workers is from 1 to \(WorkerPool.workersMax)")
        }
        if options.output == nil && options.comparedFile == nil {
            throw ReplayFailure(.usage, "expected --output, --compare or both")
        }
        if options.metricsKey != nil && options.metricsLabel == nil {
            throw ReplayFailure(.usage, "--metrics-key needs --metrics")
        }
        // In NDJSON the fields that a score carries stand in a member of this name.
        var seen: Set<String> = plan.outputFields.isEmpty ? [] : ["fields"]
        for column in ReplayEngine.columns(of: plan) where !seen.insert(column).inserted {
            throw ReplayFailure(
                .usage, "two columns of the output would be called \"\(column)\": rename the feature or the model")
        }
    }

    static func outputFormat(
        _ options: ReplayOptions
    ) throws(ReplayFailure) -> (format: RecordFormat, isCompressed: Bool) {
        guard let output = options.output else { return (.ndjson, false) }
        let named = RecordFormat.named(output)
        if output == ReplayOptions.standardStream { return (options.outputFormat ?? .ndjson, false) }
        guard let format = options.outputFormat ?? named.format else {
            throw ReplayFailure(
                .usage,
                "--output: the name \"\(output)\" tells no format: end it in .csv, .csv.gz, .ndjson or "
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
        let ahead = files.files.map { file in
            AheadByteSource(options.isWanted.map { StoppableByteSource(file.bytes, while: $0) } ?? file.bytes)
        }
        let inputs = zip(files.files, ahead).map { file, bytes in
            ReplayFiles.input(file, format: options.inputFormat, bytes: bytes)
        }
        var settings = options.settings
        settings.selection = selection
        let engine = ReplayEngine(
            plan: plan, inputs: inputs, outputFormat: outputFormat, pool: pool, settings: settings)
        let output = target.map { target in
            let file = FileByteSink(descriptor: target.descriptor, name: target.name)
            return BehindByteSink(isCompressed ? GzipByteSink(into: file) : file)
        }
        defer { for input in ahead { input.stop() } }
        do {
            let summary = try engine.run(to: output, observer: self)
            try target?.commit()
            var outcome = ReplayOutcome(summary: summary, measures: metrics?.results())
            outcome.comparison = comparison?.report()
            outcome.cautions = ReplayCautions(plan: plan, files: files, rows: options.rows)
                .lines(summary, isHistory: target != nil)
            return outcome
        } catch {
            output?.stop()
            target?.discard()
            throw failure(error)
        }
    }

    private func failure(_ error: any Error) -> ReplayFailure {
        switch error {
        case let failure as ReplayFailure: failure
        case let error as ReplayInputError:
            ReplayFailure(.environment, "\(files.files[error.input].bytes.name): \(error)")
        default: ReplayFailure(.environment, "\(error)")
        }
    }
}

extension ReplayService: ReplayObserver {
    public func replayDidFind(_ fault: ReplayFault) {
        if faultsShown == Self.faultsShownMax { return }
        faultsShown += 1
        let file = files.files.count > 1 ? files.files[fault.input].bytes.name : nil
        observer?.replayDidFind(
            file: file, line: fault.line, code: fault.fault.code.name, message: fault.fault.message(schema: plan.schema)
        )
    }

    public func replayDidScore(_ context: BatchContext, _ summary: ReplaySummary) {
        metrics?.add(context)
        comparison?.add(context, plan: plan)
        observer?.replayDidAdvance(
            ReplayProgress(summary: summary, inputRead: files.bytesRead, inputTotal: files.byteCount))
    }
}
