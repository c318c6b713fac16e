import Events
import Features
import Workers

/// A few events through the engine that runs live, over ports in memory: for pipeline tests that users write.
///
/// Events are taken one at a time and in the order of the steps, so that a trial gives the same rows on every machine.
/// A restart is one: an engine ends as it does in production, and a new one builds its state from what that one left.
// SAFETY: engines run on the thread of `run`; they call back on it.
public final class TrialRun: @unchecked Sendable {
    private let plan: ScoringPlan
    private let recordsOrder: Bool
    private let steps: [TrialStep]
    /// Records whose windows are to be looked at, and how many events of each window are shown.
    private let inspected: Set<Int>
    private let shownEventsMax: Int
    private let pool = WorkerPool(workerCount: 1)
    private let source: TrialSource
    private let sink = TrialSink()
    private var store: SnapshotStore
    private lazy var bench = FeatureEngine(plan: plan.features, limits: plan.featureLimits)
    private let image = ShardImage()
    private weak var engine: StreamEngine?
    private var result = TrialResult()
    private var place = 0
    private var lateBefore: UInt64 = 0
    private var failure: (any Error)?
    /// Set: the engine that ends is followed by another one.
    private var restart: TrialRestart?

    /// - Parameters:
    ///   - recordsOrder: whether the pipeline records the order that it took.
    ///   - inspected: records, by their places among all, whose windows are to be looked at.
    ///   - shownEventsMax: so many events of each window are shown; all are counted.
    public init(
        plan: ScoringPlan, steps: [TrialStep], recordsOrder: Bool, inspected: Set<Int> = [], shownEventsMax: Int = 10
    ) {
        self.plan = plan
        self.steps = steps
        self.recordsOrder = recordsOrder
        self.inspected = inspected
        self.shownEventsMax = shownEventsMax
        source = TrialSource(plan, steps)
        store = Self.makeStore(plan)
    }

    private static func makeStore(_ plan: ScoringPlan) -> SnapshotStore {
        SnapshotStore(directory: "trial", pipeline: plan.pipeline, statePlanHash: "trial", files: TrialDisk(), keep: 1)
    }

    /// Runs all steps; call it once.
    ///
    /// - Throws: what stops an engine: a defect, or an `IncompleteState` after a restart from the log.
    public func run() throws -> TrialResult {
        defer { pool.shutDown() }
        source.onIdle = { [unowned self] in advance() }
        var kind: TrialRestart?
        source.onAssign = { [unowned self] in noteStart(kind) }
        repeat {
            restart = nil
            lateBefore = 0
            source.restart()
            let engine = makeEngine(kind)
            self.engine = engine
            engine.observer = self
            _ = try engine.run()
            if let failure { throw failure }
            kind = restart
        } while kind != nil
        return result
    }

    private func makeEngine(_ kind: TrialRestart?) -> StreamEngine {
        var settings = StreamSettings()
        settings.batchRowsMax = 1
        settings.sendsInline = true
        settings.snapshots.everyNanoseconds = nil
        settings.snapshots.everyEvents = nil
        let next = steps[place...].lazy.compactMap { if case .restart(let kind) = $0 { kind } else { nil } }.first
        // Whoever is to read the log finds no snapshot.
        if kind != .snapshot { store = Self.makeStore(plan) }
        return StreamEngine(
            plan: plan, settings: settings, source: source, sink: sink, pool: pool, order: recordsOrder ? sink : nil,
            snapshots: kind == .snapshot || next == .snapshot ? store : nil, clock: StillClock())
    }

    /// A restart that took its state from elsewhere than it was told to would prove nothing.
    private func noteStart(_ kind: TrialRestart?) {
        guard let kind, plan.hasState, let from = engine?.restoration?.source else { return }
        result.restarts.append(from)
        let isSnapshot = if case .snapshot = from { true } else { false }
        if isSnapshot != (kind == .snapshot) && hasTaken {
            failure = TrialFailure("the restart took its state from \(from)")
        }
    }

    private var hasTaken: Bool { !result.rows.isEmpty }

    /// All that was revealed is dealt with: the next step.
    private func advance() {
        guard let engine else { return }
        guard place < steps.count, failure == nil else {
            engine.requestStop()
            return
        }
        let step = steps[place]
        place += 1
        switch step {
        case .records(let records): source.reveal(records)
        case .restart(let kind):
            restart = kind
            engine.requestStop()
        case .ask(let question):
            do { result.answers.append(try answer(question, engine)) } catch { failure = error }
        }
    }

    private func answer(_ question: TrialQuestion, _ engine: StreamEngine) throws -> [Double] {
        var features = [Double](repeating: .nan, count: plan.features.names.count)
        defer { bench.forgetKeys() }
        for (index, entity) in plan.features.entities.enumerated()
        where plan.schema.fields[entity.queryKeyField.rawValue].name == question.entity {
            // A key has an address, however short it is.
            let values = try (question.key + [0]).withUnsafeBytes { bytes in
                try bench.readKey(
                    UnsafeRawBufferPointer(rebasing: bytes.dropLast()), entity: index, from: engine.pipeline.features,
                    image, at: question.time)
            }
            for aggregate in entity.aggregates {
                let feature = aggregate.feature.rawValue
                features[feature] = values?[feature] ?? aggregate.emptyValue
            }
        }
        return features
    }
}

extension TrialRun: StreamObserver {
    public func didScore(_ context: BatchContext, plan: ScoringPlan) {
        guard let engine else { return }
        let late = engine.accounts.reduce(0) { $0 + $1.late }
        let isLate = late > lateBefore
        lateBefore = late
        for row in 0..<context.batch.count where context.frame.dispositions[row].isAnswered {
            result.rows.append(makeRow(row, context, engine, isLate: isLate))
        }
    }

    public func didNotice(_ notice: EngineNotice) {
        switch notice {
        case .snapshotRefused(let name, let reason): failure = TrialFailure("snapshot \(name): \(reason)")
        case .snapshotFailed(let reason): failure = TrialFailure("no snapshot could be written: \(reason)")
        default: break
        }
    }

    private func makeRow(_ row: Int, _ context: BatchContext, _ engine: StreamEngine, isLate: Bool) -> TrialRow {
        let batch = context.batch
        let number = source.number(lane: Int(batch.lanes[row]), offset: batch.offsets[row])
        let isScored = context.frame.dispositions[row] == .score
        let count = context.frame.featureCount
        let score = context.models.isEmpty ? .nan : context.scores[row]
        var windows: [WindowContent] = []
        if isScored && inspected.contains(number) {
            windows = engine.pipeline.features.windows(ofRow: row, batch, context.frame, shownMax: shownEventsMax)
        }
        return TrialRow(
            record: number, source: Int(batch.sources[row]), disposition: context.frame.dispositions[row],
            fault: batch.faults[row], isLate: isLate,
            time: EventTime(microseconds: batch.eventTimes[row]),
            available: EventTime(microseconds: batch.orderTimes[row]),
            features: isScored ? (0..<count).map { context.frame.features[row * count + $0] } : [],
            score: isScored && !score.isNaN ? score.printed(context.models.precision) : nil,
            modelScores: isScored && context.models.hasOwnScores
                ? context.models.models.indices.map {
                    context.scores(ofModel: $0)[row].printed(context.models.precisions[$0])
                } : [],
            rule: isScored && context.decisions[row] >= 0 ? Int(context.decisions[row]) : nil,
            output: isScored ? String(decoding: context.output(row), as: UTF8.self) : nil, windows: windows)
    }
}

/// Why a trial could not go on.
public struct TrialFailure: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String

    init(_ description: String) { self.description = description }
}
