import Configuration
import Features
public import Engine
public import Events
import Workers

/// What is to be explained, and what of.
public struct ExplainOptions: Sendable {
    /// `FILE`, or `SOURCE=FILE`: what came before and around the event. Sources without one are empty.
    public var inputs: [String] = []
    /// `nil`: by the name's suffix, else by the first character.
    public var inputFormat: RecordFormat?
    /// A file with one event of the scored source, which takes its place among the others; `-` is standard input.
    public var event: String?
    /// The events of the inputs that are meant; `nil`: `event` is.
    public var wish: ExplainWish?
    /// So many events of each window are shown.
    public var shownEventsMax = 10
    public var workers = 1
    /// As `ReplaySettings.present`.
    public var present: EventTime?

    public init() {}
}

/// Which of the inputs' events is meant.
public enum ExplainWish: Hashable, Sendable {
    case id(String)
    /// The line of the scored source's file on which the event begins, counted from 1.
    case line(Int64)
}

/// What came of it.
public struct ExplainOutcome: Sendable {
    /// The first events that were meant, in the order in which they were taken.
    public let accounts: [EventAccount]
    /// All that were meant.
    public let count: Int
    /// What the inputs are called, by the accounts' lanes.
    public let names: [String]
}

/// `riffle explain`: history through the code that scores live, up to the event that somebody asks for, and what the
/// engine knew and did there.
public struct ExplainService {
    private let assembly: PipelineAssembly
    private let options: ExplainOptions

    public init(assembly: PipelineAssembly, options: ExplainOptions) {
        self.assembly = assembly
        self.options = options
    }

    /// - Throws: `ReplayFailure`.
    public func run() throws(ReplayFailure) -> ExplainOutcome {
        let plan = EventAccountant.plan(of: assembly.scoring)
        guard (1...WorkerPool.workersMax).contains(options.workers) else {
            throw ReplayFailure(.usage, "--workers is from 1 to \(WorkerPool.workersMax)")
        }
        var files = try ReplayFiles(options.inputs, of: plan, output: nil, mayLack: true).files
        let eventLane = files.count
        if let event = options.event {
            files.append(ReplayFiles.File(source: 0, path: event, bytes: try FileByteSource(path: event)))
        }
        let accountant = EventAccountant(
            plan: plan, wish: try wish(files, eventLane: eventLane), shownEventsMax: options.shownEventsMax)
        accountant.reasonsCondition = assembly.scoring.explanation?.condition
        let pool = WorkerPool(workerCount: options.workers)
        defer { pool.shutDown() }
        let ahead = files.map { AheadByteSource($0.bytes) }
        defer { for input in ahead { input.stop() } }
        let inputs = zip(files, ahead).enumerated().map { number, input in
            ReplayFiles.input(
                input.0, format: number == eventLane ? .ndjson : options.inputFormat, bytes: input.1)
        }
        var settings = ReplaySettings()
        settings.present = options.present
        let engine = ReplayEngine(
            plan: plan, inputs: inputs, outputFormat: .ndjson, pool: pool, settings: settings, accountant: accountant)
        do {
            _ = try engine.run(to: nil)
        } catch let error as ReplayInputError {
            throw ReplayFailure(.environment, "\(files[error.input].bytes.name): \(error)")
        } catch {
            throw error as? ReplayFailure ?? ReplayFailure(.environment, "\(error)")
        }
        return ExplainOutcome(
            accounts: accountant.accounts, count: accountant.count, names: files.map { ReplayFiles.name($0.path) })
    }

    private func wish(_ files: [ReplayFiles.File], eventLane: Int) throws(ReplayFailure) -> EventWish {
        switch options.wish {
        case nil: return .lane(eventLane)
        case .id(let id): return .id(id)
        case .line(let line):
            let scored = files.indices.filter { files[$0].source == 0 }
            guard let lane = scored.first, scored.count == 1 else {
                throw ReplayFailure(
                    .usage, "--line needs one --input of the scored source, and there are \(scored.count)")
            }
            return .place(lane: lane, position: line)
        }
    }
}
