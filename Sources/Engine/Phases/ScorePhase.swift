import Events
import Features
import Models
import Workers

/// Completes features, scores and decides; then, in a run of its own, encodes. A task a slice.
///
/// Models that learn score between the completion of features and the rest, which are then runs of their own.
final class ScorePhase: ParallelPhase {
    private let plan: ScoringPlan
    private let features: FeatureEngine
    private let scratches: [ExpressionScratch]
    /// One a worker: the value of a rule for each row of a slice.
    private let ruleValues: [UnsafeMutablePointer<Double>]
    private let encoder: ScoreEncoder
    private let explanations: Explanations?
    /// Set: reasons are wanted, since the scores will be encoded.
    var marksExplanations = false
    var context: BatchContext?
    /// What is done where nothing is encoded.
    enum Step { case whole, features, decisions }
    var step = Step.whole
    /// Set: encode; else compute.
    var origin: OriginText?

    init(
        plan: ScoringPlan, features: FeatureEngine, scratches: [ExpressionScratch], explanations: Explanations?
    ) {
        self.plan = plan
        self.features = features
        self.scratches = scratches
        self.explanations = explanations
        encoder = ScoreEncoder(plan)
        ruleValues = scratches.map { _ in .allocate(capacity: BatchContext.sliceRows) }
    }

    deinit {
        for buffer in ruleValues { buffer.deallocate() }
    }

    func perform(task: Int, worker: Int) {
        guard let context else { preconditionFailure("a phase without a batch") }
        let rows = context.rows(ofSlice: task)
        if let origin {
            encode(context, slice: task, rows: rows, origin: origin, worker: worker)
            return
        }
        let dispositions = context.frame.dispositions
        var hasScores = false
        if step == .features {
            // What a muted event was is learned, too.
            features.finish(context.batch, context.frame, rows: rows, scratch: scratches[worker])
            return
        }
        for row in rows where dispositions[row] == .score { hasScores = true }
        // A muted stretch of the log only rebuilds state.
        if !hasScores { return }
        if step == .whole {
            features.finish(context.batch, context.frame, rows: rows, scratch: scratches[worker])
        }
        score(context, rows: rows, worker: worker)
        decide(context, rows: rows, worker: worker)
        if marksExplanations, let explanations {
            explanations.mark(
                context, rows: rows, inputs: expressionInputs(context), scratch: scratches[worker],
                values: ruleValues[worker])
        }
    }

    private func score(_ context: BatchContext, rows: Range<Int>, worker: Int) {
        let models = context.models
        guard let combination = plan.combination else {
            if !models.isEmpty { score(context, rows: rows, by: 0, of: models, into: context.scores) }
            return
        }
        for index in models.models.indices {
            score(context, rows: rows, by: index, of: models, into: context.scores(ofModel: index))
        }
        combination.evaluate(
            expressionInputs(context), rows: rows, scratch: scratches[worker], into: context.scores + rows.lowerBound)
    }

    private func score(
        _ context: BatchContext, rows: Range<Int>, by index: Int, of models: ModelSet,
        into scores: UnsafeMutablePointer<Double>
    ) {
        let featureCount = context.frame.featureCount
        var inputs = UnsafePointer(context.frame.features) + rows.lowerBound &* featureCount
        var stride = featureCount
        if let gathered = models.gatheredInputs[index] {
            stride = gathered.count
            let modelRows = context.modelRows + rows.lowerBound &* context.modelRowsStride
            for input in gathered.indices {
                let feature = gathered[input].rawValue
                for row in rows {
                    modelRows[(row &- rows.lowerBound) &* stride &+ input] =
                        context.frame.features[row &* featureCount &+ feature]
                }
            }
            inputs = UnsafePointer(modelRows)
        }
        switch models.models[index].kind {
        case .file(let model):
            model.score(rows: inputs, rowCount: rows.count, stride: stride, into: scores + rows.lowerBound)
        // `OnlineModels` has scored.
        case .halfSpaceTrees: break
        }
    }

    /// What rules, and expressions over the models' scores, read.
    private func expressionInputs(_ context: BatchContext) -> ExpressionInputs {
        var inputs = ExpressionInputs(batch: context.batch)
        inputs.features = UnsafePointer(context.frame.features)
        inputs.featureRowStride = context.frame.featureCount
        inputs.featureSlotStride = 1
        inputs.scores = UnsafePointer(context.scores)
        inputs.modelScores = UnsafePointer(context.modelScores)
        inputs.modelScoreStride = context.capacity
        return inputs
    }

    private func decide(_ context: BatchContext, rows: Range<Int>, worker: Int) {
        if plan.rules.isEmpty { return }
        let decisions = context.decisions
        for row in rows { decisions[row] = -1 }
        let inputs = expressionInputs(context)
        let values = ruleValues[worker]
        // From the last rule to the first, so that the first that holds is what stays.
        for index in stride(from: plan.rules.count - 1, through: 0, by: -1) {
            plan.rules[index].condition.evaluate(inputs, rows: rows, scratch: scratches[worker], into: values)
            for row in rows where values[row &- rows.lowerBound] == 1 {
                decisions[row] = Int16(truncatingIfNeeded: index)
            }
        }
    }

    private func encode(
        _ context: BatchContext, slice: Int, rows: Range<Int>, origin: OriginText, worker: Int
    ) {
        let reasons = explanations?.begin(rows, of: context.models, worker: worker)
        let output = context.slices[slice]
        let models = context.models
        output.arena.removeAll()
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: origin.bytesMax) { text in
            guard let start = text.baseAddress else { return }
            for row in rows {
                output.starts[row &- rows.lowerBound] = UInt32(truncatingIfNeeded: output.arena.count)
                if context.frame.dispositions[row] != .score { continue }
                let length = origin.write(
                    lane: Int(context.batch.lanes[row]), offset: context.batch.offsets[row], to: start)
                encoder.encode(
                    context, models, row: row, origin: UnsafeBufferPointer(start: start, count: length),
                    reasons: reasons, into: &output.arena)
            }
        }
        output.starts[rows.count] = UInt32(truncatingIfNeeded: output.arena.count)
    }
}
