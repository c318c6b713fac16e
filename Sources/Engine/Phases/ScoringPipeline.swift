import Events
public import Features
public import Workers

/// The phases from decoded events to encoded scores, spread over a pool: the one piece of code behind `run`, `replay`
/// and `bench`.
///
/// Bits do not depend on the number of workers, on batch boundaries, or on whether a batch ran inline.
// SAFETY: used by one thread; what it shares with workers is split by the phases.
public final class ScoringPipeline: @unchecked Sendable {
    public let plan: ScoringPlan
    public let features: FeatureEngine
    /// What models have learned; empty where none learns.
    public let onlineModels: OnlineModels
    public let pool: WorkerPool
    /// Batches up to this many rows run on the calling thread alone: waking a helper costs more than they do.
    public let inlineRowsMax: Int
    public static let inlineRowsMaxDefault = 256

    private let prepare: PreparePhase
    private let window: WindowPhase
    private let score: ScorePhase
    private let explanations: Explanations?
    /// Time spent in the steps since the start.
    public private(set) var times = PhaseTimes()
    private let clock: (any EngineClock)?

    /// - Parameter clock: measures the phases; `nil`: they are not measured.
    public init(
        plan: ScoringPlan, pool: WorkerPool, inlineRowsMax: Int = ScoringPipeline.inlineRowsMaxDefault,
        clock: (any EngineClock)? = nil
    ) {
        self.plan = plan
        self.pool = pool
        self.inlineRowsMax = inlineRowsMax
        self.clock = clock
        features = FeatureEngine(plan: plan.features, limits: plan.featureLimits)
        onlineModels = OnlineModels(plan, workerCount: pool.workerCount)
        let scratches = (0..<pool.workerCount).map { _ in ExpressionScratch(registerCount: plan.registerCount) }
        prepare = PreparePhase(features: features, scratches: scratches)
        window = WindowPhase(features: features)
        explanations = Explanations(plan, workerCount: pool.workerCount)
        score = ScorePhase(plan: plan, features: features, scratches: scratches, explanations: explanations)
    }

    /// What was explained since the start.
    var explanationCounts: ExplanationCounts { explanations?.counts ?? ExplanationCounts() }

    public func makeContext(capacity: Int) -> BatchContext {
        BatchContext(plan: plan, engine: features, capacity: capacity)
    }

    /// Computes features, scores and decisions of a filled context, whose dispositions are set; and encodes the scores.
    ///
    /// - Parameter origin: names events in their scores; `nil`: scores are not encoded (the caller writes rows of its
    ///   own).
    func process(_ context: BatchContext, origin: OriginText?) {
        if context.batch.count == 0 { return }
        let isInline = context.batch.count <= inlineRowsMax
        let slices = BatchContext.sliceCount(context.batch.count)
        let start = clock?.nanoseconds ?? 0
        if !plan.features.entities.isEmpty {
            prepare.context = context
            pool.run(prepare, tasks: slices, isInline: isInline)
            features.partition(context.batch, context.frame)
            window.context = context
            pool.run(window, tasks: features.shardTaskCount, isInline: isInline)
        }
        let middle = clock?.nanoseconds ?? 0
        score.context = context
        score.origin = nil
        score.marksExplanations = origin != nil
        if !onlineModels.isEmpty {
            score.step = .features
            pool.run(score, tasks: slices, isInline: isInline)
            onlineModels.process(context, pool: pool, isInline: isInline)
            score.step = .decisions
        }
        pool.run(score, tasks: slices, isInline: isInline)
        let scored = clock?.nanoseconds ?? 0
        if let origin {
            explanations?.spend(context)
            score.origin = origin
            pool.run(score, tasks: slices, isInline: isInline)
        }
        guard let clock else { return }
        times.features += middle - start
        times.score += scored - middle
        times.encode += clock.nanoseconds - scored
    }

    /// Forgets all state, as before the first event.
    public func removeState() {
        features.removeAll()
        onlineModels.removeAll()
    }

    /// Keeps from shards and models what they have taken already, while a stream is read again: see
    /// `FeatureEngine.setReplayGuard`.
    ///
    /// - Parameter guards: one for each shard, then one for each model that learns.
    func setReplayGuard(_ guards: [ShardGuard]?) {
        features.setReplayGuard(guards.map { Array($0.prefix(features.shardTaskCount)) })
        onlineModels.setReplayGuard(guards.map { Array($0.dropFirst(features.shardTaskCount)) })
    }

    /// Features, scores and decisions without encoding, for callers that write rows of their own.
    public func process(_ context: BatchContext) { process(context, origin: nil) }

    /// Features, scores, decisions and encoded records, named after `file` and the rows' offsets.
    public func process(_ context: BatchContext, encodingAs file: String) {
        process(context, origin: OriginText(file: file))
    }
}

/// Nanoseconds spent in the phases of a pipeline, by the clock on the wall: workers side by side count once.
public struct PhaseTimes: Hashable, Sendable {
    /// Taking records and decoding them; where the pipeline is only given rows, 0.
    public var decode: Int64 = 0
    public var features: Int64 = 0
    public var score: Int64 = 0
    public var encode: Int64 = 0
    /// Handing outputs to the sink, its waits for room included, and with transactions their commits; where there is no
    /// sink, 0.
    public var send: Int64 = 0

    public init() {}
}

/// Hashes keys and computes what windows will remember; a task a slice.
final class PreparePhase: ParallelPhase {
    let features: FeatureEngine
    let scratches: [ExpressionScratch]
    var context: BatchContext?

    init(features: FeatureEngine, scratches: [ExpressionScratch]) {
        self.features = features
        self.scratches = scratches
    }

    func perform(task: Int, worker: Int) {
        guard let context else { preconditionFailure("a phase without a batch") }
        features.prepare(context.batch, context.frame, rows: context.rows(ofSlice: task), scratch: scratches[worker])
    }
}

/// Takes events into their windows; a task an entity and shard.
final class WindowPhase: ParallelPhase {
    let features: FeatureEngine
    var context: BatchContext?

    init(features: FeatureEngine) { self.features = features }

    func perform(task: Int, worker: Int) {
        guard let context else { preconditionFailure("a phase without a batch") }
        features.runShard(task, context.batch, context.frame)
    }
}
