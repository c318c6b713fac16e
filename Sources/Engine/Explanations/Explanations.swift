import Events
import Features

/// What becomes of a row's reasons.
enum ExplanationMark: UInt8 {
    case none
    /// They are computed when the score is written.
    case wanted
    /// They were wanted, and the budget was spent.
    case skipped
}

/// How many scores were to come with reasons.
public struct ExplanationCounts: Hashable, Sendable {
    public var explained: UInt64 = 0
    /// Without reasons, since the budget was spent.
    public var skipped: UInt64 = 0

    public init() {}
}

/// A batch's explanations:
///
/// ```
///  scored slices ─▶ mark (a slice each) ─▶ spend the budget (in merge order) ─▶ explain and write (a slice each)
/// ```
final class Explanations {
    private let plan: ExplanationPlan
    /// One a worker.
    private let explainers: [RowExplainer]
    private var budget: ExplanationBudget?
    private(set) var counts = ExplanationCounts()

    /// `nil` where the plan asks for none.
    init?(_ plan: ScoringPlan, workerCount: Int) {
        guard let explanation = plan.explanation else { return nil }
        let model = plan.models.models[explanation.model]
        self.plan = explanation
        let text = ReasonText(explanation, inputs: model.inputs, names: plan.features.names)
        explainers = (0..<workerCount).map { _ in RowExplainer(explanation, inputs: model.inputs, text: text) }
        budget = explanation.budget.map { ExplanationBudget($0) }
    }

    /// Says which rows of a scored slice are to be explained; from any worker.
    ///
    /// - Parameter values: room for a number a row.
    func mark(
        _ context: BatchContext, rows: Range<Int>, inputs: ExpressionInputs, scratch: ExpressionScratch,
        values: UnsafeMutablePointer<Double>
    ) {
        if let condition = plan.condition {
            condition.evaluate(inputs, rows: rows, scratch: scratch, into: values)
        } else {
            values.update(repeating: 1, count: rows.count)
        }
        let scores = context.models.hasOwnScores ? context.scores(ofModel: plan.model) : context.scores
        for row in rows {
            // A score that is missing has no reasons.
            let isWanted = values[row &- rows.lowerBound] == 1 && scores[row].isFinite
            context.explanations[row] = isWanted ? .wanted : .none
        }
    }

    /// Counts what is wanted in merge order, and withdraws what is above the budget; on the engine's thread.
    ///
    /// Complexity: O(rows).
    func spend(_ context: BatchContext) {
        let (dispositions, marks) = (context.frame.dispositions, context.explanations)
        for row in 0..<context.batch.count where dispositions[row] == .score && marks[row] == .wanted {
            if budget?.admits(context.batch.eventTimes[row]) ?? true {
                counts.explained &+= 1
            } else {
                marks[row] = .skipped
                counts.skipped &+= 1
            }
        }
    }

    /// For a worker that writes the scores of a slice, which these models have scored.
    func begin(_ rows: Range<Int>, of models: ModelSet, worker: Int) -> RowExplainer {
        guard let explainer = models.models[plan.model].explainer else {
            preconditionFailure("reasons of a model that nothing explains")
        }
        explainers[worker].begin(rows, explainer)
        return explainers[worker]
    }
}
