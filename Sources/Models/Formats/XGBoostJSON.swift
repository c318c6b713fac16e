import Events

/// Which boosting rounds of an early-stopped model score.
public enum Iterations: String, Hashable, Sendable, CaseIterable {
    /// The rounds up to the best where the file names one (as the scikit-learn wrapper does), else all.
    case best
    /// Every round in the file (as `Booster.predict` does).
    case all
}

/// Reads the JSON that XGBoost 1.7 to 3.x writes with `save_model`.
///
/// Format: https://xgboost.readthedocs.io/en/stable/tutorials/saving_model.html and the schema named there.
enum XGBoostJSON {
    static func load(
        _ root: JSONField, iterations: Iterations, limits: ForestLimits
    ) throws(ModelFailure) -> LoadedModel {
        let version = try libraryVersion(root)
        let learner = try root.required("learner")
        let header = try Header(learner, limits: limits)
        let booster = try booster(of: learner)
        let trees = try trees(of: booster, header: header, limits: limits)
        let best = try bestIteration(learner)
        let bounds = try roundBounds(booster.model, treeCount: trees.count, groupCount: header.groupCount)
        var roundsUsed = bounds.count - 1
        if iterations == .best, let best {
            guard best < roundsUsed else {
                throw ModelFailure(
                    .badIteration, "best iteration \(best), where the file has \(roundsUsed) rounds",
                    at: "learner.attributes.best_iteration", suggestion: "use `iterations: all`")
            }
            roundsUsed = best + 1
        }
        let spec = ForestSpec(
            featureCount: header.featureCount, featureNames: header.featureNames,
            trees: Array(trees[..<bounds[roundsUsed]]), baseMargins: header.baseMargins,
            transform: header.objective.transform)
        let forest = try Forest(checking: spec, limits: limits)
        return LoadedModel(
            format: .xgboostJSON, predictor: ForestPredictor(forest), objective: header.objective.name,
            libraryVersion: version, featureNames: forest.featureNames, roundCount: bounds.count - 1,
            roundsUsed: roundsUsed, forest: forest)
    }

    private static func libraryVersion(_ root: JSONField) throws(ModelFailure) -> String {
        let field = try root.required("version")
        let parts = try field.int32s()
        guard parts.count == 3 else { throw ModelFailure(.wrongLength, "not three numbers", at: field.place) }
        let version = parts.map(String.init).joined(separator: ".")
        // Older files share the layout but not the rules for the base score.
        guard parts[0] > 1 || parts[0] == 1 && parts[1] >= 7 else {
            throw ModelFailure(
                .unsupportedFormat, "written by XGBoost \(version), where 1.7 and later are read", at: field.place,
                suggestion: "load the model with a newer XGBoost and save it again")
        }
        return version
    }

    private static func bestIteration(_ learner: JSONField) throws(ModelFailure) -> Int? {
        guard let field = learner.member("attributes")?.member("best_iteration") else { return nil }
        let best = try field.integer()
        guard best >= 0 else { throw ModelFailure(.badIteration, "a negative best iteration", at: field.place) }
        return best
    }

    /// Where each round's trees begin, and behind the last one the number of trees.
    private static func roundBounds(
        _ model: JSONField, treeCount: Int, groupCount: Int
    ) throws(ModelFailure) -> [Int] {
        if let field = model.member("iteration_indptr") {
            let bounds = try field.int32s().map(Int.init)
            guard bounds.first == 0, bounds.last == treeCount, zip(bounds, bounds.dropFirst()).allSatisfy({ $0 <= $1 })
            else {
                throw ModelFailure(.badIteration, "rounds that do not cover the \(treeCount) trees", at: field.place)
            }
            return bounds
        }
        // Files before 2.0 do not say; then all rounds are alike.
        let parameters = try model.required("gbtree_model_param")
        let parallel = try parameters.required("num_parallel_tree").integer()
        let (perRound, overflow) = max(1, parallel).multipliedReportingOverflow(by: groupCount)
        guard !overflow, treeCount % perRound == 0 else {
            throw ModelFailure(
                .badIteration,
                "\(treeCount) trees are no whole number of rounds of \(groupCount) groups times \(parallel)",
                at: parameters.place)
        }
        return Array(stride(from: 0, through: treeCount, by: perRound))
    }
}
