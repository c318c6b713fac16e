public import Engine
public import Events
import Features
public import Models
import Workers

/// What a forest was trained on, and what came of it.
public struct TrainingOutcome: Sendable {
    /// Rows that the samples were drawn from.
    public let rowCount: Int
    public let inputCount: Int
    public let forest: IsolationForest
    public let fileBytes: Int
    /// Of the replay that computed the features; `nil`: they were in a table.
    public let summary: ReplaySummary?
    /// Sentences for whoever asked: what is odd about files that were read without a failure.
    public internal(set) var cautions: [String] = []
}

/// What a command line says of a training.
public struct TrainingOptions: Sendable {
    /// As for a replay: `FILE` or `SOURCE=FILE`.
    public var inputs: [String]
    public var output: String
    /// The model's inputs; none: those of the pipeline's model, or all columns of the table.
    public var features: [String] = []
    /// Which of the pipeline's models is trained, where it has several.
    public var model: String?
    public var inputFormat: RecordFormat?
    public var rows = ReplayRows()
    public var workers: Int
    public var parameters = IsolationForestParameters()
    /// As `ReplaySettings.present`.
    public var present: EventTime?
    /// Whether a model that stands at `output` may be replaced.
    public var mayReplace = false

    public init(inputs: [String], output: String, workers: Int = 1) {
        self.inputs = inputs
        self.output = output
        self.workers = workers
    }
}

/// `riffle train isolation-forest`: a forest from the features that a pipeline computes over history, with the code that
/// computes them live.
public final class IsolationForestTraining {
    /// To be discarded by whoever ends the process while `run` is under way.
    public let target: ReplayTarget
    private let features: PipelineFeatures
    private let options: TrainingOptions
    private let inputs: [FeatureIndex]
    private let files: ReplayFiles
    private let selection: RowSelection?
    private var rows: TrainingRows
    private var faultsShown = 0
    private weak var observer: (any ReplayProgressObserver)?

    /// Checks what is asked for, and opens inputs and output.
    ///
    /// - Throws: a usage failure before anything is opened, or why a file cannot be read or written.
    public init(_ features: PipelineFeatures, options: TrainingOptions) throws(ReplayFailure) {
        guard (1...WorkerPool.workersMax).contains(options.workers) else {
            throw ReplayFailure(.usage, "--workers is from 1 to \(WorkerPool.workersMax)")
        }
        self.features = features
        self.options = options
        let plan = features.scoring
        let model = try features.model(named: options.model)
        inputs = try features.inputs(named: options.features, of: model)
        rows = try TrainingRows(
            names: inputs.map { plan.features.names[$0.rawValue] }, missing: features.missing(of: model),
            parameters: options.parameters)
        selection = try options.rows.selection(plan) { source throws(ReplayFailure) in
            let files = try ReplayFiles(options.inputs, of: plan, output: nil).files.filter { $0.source == source }
            if files.contains(where: { $0.path == ReplayOptions.standardStream }) {
                throw ReplayFailure(.usage, "--labelled-only reads labels twice, which standard input cannot be")
            }
            return files.map { ReplayFiles.input($0, format: options.inputFormat, bytes: $0.bytes) }
        }
        files = try ReplayFiles(options.inputs, of: plan, output: options.output)
        if !options.mayReplace { try ModelInTheWay.refuse(options.output) }
        target = try ReplayTarget(path: options.output)
    }

    /// Computes the features, trains and writes the model; call it once.
    ///
    /// - Throws: `ReplayFailure`; no file is left behind then.
    public func run(observer: (any ReplayProgressObserver)? = nil) throws(ReplayFailure) -> TrainingOutcome {
        self.observer = observer
        let pool = WorkerPool(workerCount: options.workers)
        defer { pool.shutDown() }
        let ahead = files.files.map { AheadByteSource($0.bytes) }
        defer { for input in ahead { input.stop() } }
        var settings = ReplaySettings()
        settings.selection = selection
        settings.present = options.present
        do {
            let engine = ReplayEngine(
                plan: features.scoring,
                inputs: zip(files.files, ahead).map {
                    ReplayFiles.input($0, format: options.inputFormat, bytes: $1)
                }, outputFormat: .csv, pool: pool, settings: settings)
            let summary = try engine.run(to: nil, observer: self)
            let what =
                "\(summary.rows) rows read, \(summary.scored) of them asked for and usable"
                + ReplayCautions.span(summary)
            var outcome = try Self.finish(rows, of: what, into: target, summary: summary)
            outcome.cautions = ReplayCautions(plan: features.scoring, files: files, rows: options.rows)
                .lines(summary, isHistory: true)
            return outcome
        } catch {
            target.discard()
            switch error {
            case let failure as ReplayFailure: throw failure
            case let error as ReplayInputError:
                throw ReplayFailure(.environment, "\(files.files[error.input].bytes.name): \(error)")
            default: throw ReplayFailure(.environment, "\(error)")
            }
        }
    }

    private static func finish(
        _ rows: TrainingRows, of what: String, into target: ReplayTarget, summary: ReplaySummary?
    ) throws -> TrainingOutcome {
        let forest = try rows.train(of: what)
        let bytes = forest.fileBytes()
        let sink = FileByteSink(descriptor: target.descriptor, name: target.name)
        try bytes.withUnsafeBytes { try sink.write($0) }
        try sink.finish()
        try target.commit()
        return TrainingOutcome(
            rowCount: rows.rowCount, inputCount: rows.names.count, forest: forest, fileBytes: bytes.count,
            summary: summary)
    }

    // MARK: - Tables

    /// Trains on a table whose header names the inputs; an empty cell and `nan` are missing values.
    ///
    /// - Throws: `ReplayFailure`; no file is left behind then.
    public static func train(
        table path: String, output: String, features: [String], parameters: IsolationForestParameters,
        mayReplace: Bool = false
    ) throws(ReplayFailure) -> TrainingOutcome {
        if ReplayTarget.isSameFile(path, output) {
            throw ReplayFailure(.usage, "--table and --output are the same file")
        }
        if !mayReplace { try ModelInTheWay.refuse(output) }
        do {
            let table = try NumberTableReader(path: path)
            let columns = try columns(features, of: table)
            table.read(only: Set(columns))
            var rows = try TrainingRows(
                names: columns.map { table.columns[$0] }, missing: nil, parameters: parameters)
            let target = try ReplayTarget(path: output)
            do {
                var cells: [Double] = []
                while try table.next(into: &cells) { rows.add { cells[columns[$0]] } }
                return try finish(rows, of: "the table \(path) has none", into: target, summary: nil)
            } catch {
                target.discard()
                throw error
            }
        } catch {
            throw error as? ReplayFailure ?? ReplayFailure(.environment, "\(error)")
        }
    }

    private static func columns(_ names: [String], of table: NumberTableReader) throws(ReplayFailure) -> [Int] {
        var seen: Set<String> = []
        let wanted = names.isEmpty ? table.columns : names
        if let twice = wanted.first(where: { !seen.insert($0).inserted }) {
            throw ReplayFailure(
                .usage,
                names.isEmpty
                    ? "\(table.path): two columns are called \"\(twice)\"" : "--features: \"\(twice)\" is there twice")
        }
        var columns: [Int] = []
        for name in wanted {
            guard let column = table.columns.firstIndex(of: name) else {
                let known = table.columns.prefix(8).joined(separator: ", ") + (table.columns.count > 8 ? ", ..." : "")
                throw ReplayFailure(.usage, "--features: \(table.path) has no column \"\(name)\": it has \(known)")
            }
            columns.append(column)
        }
        return columns
    }
}

extension IsolationForestTraining: ReplayObserver {
    public func replayDidFind(_ fault: ReplayFault) {
        if faultsShown == ReplayService.faultsShownMax { return }
        faultsShown += 1
        let file = files.files.count > 1 ? files.files[fault.input].bytes.name : nil
        observer?.replayDidFind(
            file: file, line: fault.line, code: fault.fault.code.name,
            message: fault.fault.message(schema: features.scoring.schema))
    }

    public func replayDidScore(_ context: BatchContext, _ summary: ReplaySummary) {
        let frame = context.frame
        for row in 0..<context.batch.count where frame.dispositions[row] == .score {
            let values = frame.features + row * frame.featureCount
            rows.add { values[inputs[$0].rawValue] }
        }
        observer?.replayDidAdvance(
            ReplayProgress(summary: summary, inputRead: files.bytesRead, inputTotal: files.byteCount))
    }
}
