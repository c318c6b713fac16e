import Events
import Features
import Models
import Workers

/// The models of a pipeline that learn as they score, with what they have learned.
///
/// They take the events that are scored, in merge order: after their features are complete and before anything reads a
/// score. What they have learned is state, as windows are: it depends on all events since the beginning.
// SAFETY: used by the engine's thread; what it shares with workers is split by `HalfSpaceTrees`.
public final class OnlineModels: @unchecked Sendable {
    private struct Member {
        let name: String
        /// Among the plan's models.
        let place: Int
        var trees: HalfSpaceTrees
        let inputs: [Int32]
        var replayGuard: ShardGuard?
    }

    private var members: [Member] = []
    /// Where several models' scores are kept beside the one score.
    private let hasOwnScores: Bool
    private let phase = OnlineModelPhase()
    private let workerCount: Int
    /// Rows of a block.
    private let indices: UnsafeMutablePointer<UInt32>

    init(_ plan: ScoringPlan, workerCount: Int) {
        self.workerCount = workerCount
        hasOwnScores = plan.models.hasOwnScores
        indices = .allocate(capacity: HalfSpaceTrees.blockRows)
        for (place, model) in plan.models.models.enumerated() {
            guard case .halfSpaceTrees(let parameters) = model.kind else { continue }
            members.append(
                Member(
                    name: model.name, place: place, trees: HalfSpaceTrees(parameters, partsMax: workerCount),
                    inputs: model.inputs.map { Int32($0.rawValue) }))
        }
    }

    deinit { indices.deallocate() }

    public var isEmpty: Bool { members.isEmpty }
    public var names: [String] { members.map(\.name) }

    func removeAll() {
        for index in members.indices {
            members[index].trees.removeAll()
            members[index].replayGuard = nil
        }
    }

    /// Scores and learns a batch whose features are complete.
    func process(_ context: BatchContext, pool: WorkerPool, isInline: Bool) {
        for index in members.indices { process(index, context, pool: pool, isInline: isInline) }
    }

    private func process(_ index: Int, _ context: BatchContext, pool: WorkerPool, isInline: Bool) {
        let scores = hasOwnScores ? context.scores(ofModel: members[index].place) : context.scores
        var row = 0
        var count = 0
        var wantsScores = false
        while row < context.batch.count {
            if learns(index, row, context) {
                indices[count] = UInt32(truncatingIfNeeded: row)
                count &+= 1
                wantsScores = wantsScores || context.frame.dispositions[row] == .score
            }
            row &+= 1
            if count == HalfSpaceTrees.blockRows || (row == context.batch.count && count > 0) {
                run(index, context, count: count, wantsScores: wantsScores, pool: isInline ? nil : pool, scores)
                count = 0
                wantsScores = false
            }
        }
    }

    /// What is scored is learned, and what was scored before and is only read again.
    @inline(__always)
    private func learns(_ index: Int, _ row: Int, _ context: BatchContext) -> Bool {
        let disposition = context.frame.dispositions[row]
        if disposition == .score { return true }
        guard disposition == .muted, context.batch.sources[row] == 0 else { return false }
        guard let offsets = members[index].replayGuard?.offsets else { return true }
        let lane = Int(context.batch.lanes[row])
        return lane >= offsets.count || context.batch.offsets[row] >= offsets[lane]
    }

    private func run(
        _ index: Int, _ context: BatchContext, count: Int, wantsScores: Bool, pool: WorkerPool?,
        _ scores: UnsafeMutablePointer<Double>
    ) {
        let trees = members[index].trees
        members[index].inputs.withUnsafeBufferPointer { inputs in
            guard let inputs = inputs.baseAddress else { return }
            trees.begin(
                HalfSpaceTreesRows(
                    rows: UnsafePointer(context.frame.features), stride: context.frame.featureCount, indices: indices,
                    inputs: inputs),
                count: count, wantsScores: wantsScores)
            phase.trees = trees
            phase.parts = pool == nil ? 1 : workerCount
            perform(.prepare, pool)
            perform(.run, pool)
            if wantsScores { trees.finish(rows: 0..<count, into: scores) }
            trees.end()
        }
    }

    private func perform(_ step: OnlineModelPhase.Step, _ pool: WorkerPool?) {
        phase.step = step
        guard let pool else {
            phase.perform(task: 0, worker: 0)
            return
        }
        pool.run(phase, tasks: phase.parts)
    }

    // MARK: - State in and out

    /// Gives an image room for any of the models.
    func reserve(_ image: ShardImage) {
        image.reserve(byteCountMax: members.map(\.trees.imageByteCountMax).max() ?? 0)
    }

    /// Copies what a model has learned; between batches, when all shards are copied.
    func copy(_ index: Int, into image: ShardImage) {
        let trees = members[index].trees
        image.fill(byteCountMax: trees.imageByteCountMax) { trees.copy(to: $0) }
    }

    /// Makes a model's state out of the bytes of its copy, whoever wrote them; from any thread.
    func decode(
        _ index: Int, from bytes: UnsafeRawBufferPointer
    ) throws(HalfSpaceTreesImageError) -> OnlineModelState {
        let trees = HalfSpaceTrees(members[index].trees.parameters, partsMax: workerCount)
        try trees.restore(bytes)
        return OnlineModelState(trees: trees)
    }

    /// Replaces what all models have learned.
    func install(_ states: [OnlineModelState]) {
        precondition(states.count == members.count, "\(states.count) states of \(members.count) models")
        for (index, state) in states.enumerated() {
            members[index].trees = state.trees
            members[index].replayGuard = nil
        }
    }

    /// Takes over what the models of another engine of the same plan have learned; that engine stays as it is.
    func take(from other: OnlineModels, _ image: ShardImage) throws(HalfSpaceTreesImageError) {
        for index in members.indices {
            other.copy(index, into: image)
            members[index].trees = try decode(index, from: image.bytes).trees
        }
    }

    /// From now on each model passes over the events that it has learned already; `nil`: over none.
    func setReplayGuard(_ guards: [ShardGuard]?) {
        for index in members.indices { members[index].replayGuard = guards?[index] }
    }
}

/// What one model had learned, decoded and checked.
struct OnlineModelState: Sendable {
    let trees: HalfSpaceTrees
}

/// Parts of a model's step; a task a part.
// SAFETY: set by the engine's thread between runs.
private final class OnlineModelPhase: ParallelPhase, @unchecked Sendable {
    enum Step { case prepare, run }

    var trees: HalfSpaceTrees?
    var step = Step.prepare
    var parts = 1

    func perform(task: Int, worker: Int) {
        switch step {
        case .prepare: trees?.prepare(part: task, of: parts)
        case .run: trees?.run(part: task, of: parts)
        }
    }
}
