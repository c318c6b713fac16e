import Engine
import Features
import Models

/// Models without the engine: they are given one event after the other, in the order in which events were taken.
struct OracleModels {
    private struct Learning {
        let version: String
        let trees: HalfSpaceTrees
    }

    private let files: [ModelPlan]
    private let learning: [Learning]

    init(_ models: [ModelPlan]) {
        files = models.filter { !$0.isOnline }
        learning = models.compactMap { model in
            guard case .halfSpaceTrees(let parameters) = model.kind else { return nil }
            return Learning(version: model.version, trees: HalfSpaceTrees(parameters))
        }
    }

    /// What each of them says of an event, by its version, as it reads back; and what learns has learned it then.
    func scores(of features: [Double]) -> [String: Double] {
        var scores: [String: Double] = [:]
        for plan in files {
            guard let model = plan.model else { continue }
            let row = plan.inputs.map { features[$0.rawValue] }
            var score = Double.nan
            model.score(rows: row, rowCount: 1, stride: row.count, into: &score)
            scores[plan.version] = plan.precision == .double ? score : Double("\(Float(score))")
        }
        for model in learning {
            var score = Double.nan
            model.trees.score(rows: features, rowCount: 1, stride: features.count, into: &score)
            if !score.isNaN { scores[model.version] = score }
        }
        return scores
    }
}
