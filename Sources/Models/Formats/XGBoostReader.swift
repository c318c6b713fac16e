import Events

/// Which boosting rounds of an early-stopped model score.
public enum Iterations: String, Hashable, Sendable, CaseIterable {
    /// The rounds up to the best where the file names one (as the scikit-learn wrapper does), else all.
    case best
    /// Every round in the file (as `Booster.predict` does).
    case all
}

/// Reads the JSON and UBJSON that XGBoost 1.7 to 3.x write with `save_model`: both are the same tree of fields.
///
/// Format: https://xgboost.readthedocs.io/en/stable/tutorials/saving_model.html and the schema named there. What
/// predictions are made of it follows the library's own predictor, to the order of its float32 sums.
enum XGBoostReader {
    /// The version of the library that wrote a file; its rules differ.
    struct Version: Comparable, CustomStringConvertible {
        let major: Int32
        let minor: Int32
        let patch: Int32

        var description: String { "\(major).\(minor).\(patch)" }

        static func < (left: Version, right: Version) -> Bool {
            (left.major, left.minor, left.patch) < (right.major, right.minor, right.patch)
        }
    }

    static func load(
        _ root: ModelField, format: ModelFormat, iterations: Iterations, limits: ForestLimits
    ) throws(ModelFailure) -> LoadedModel {
        let version = try version(root)
        let learner = try root.required("learner")
        let header = try Header(learner, version: version, limits: limits)
        let booster = try learner.required("gradient_booster")
        if try booster.required("name").string() == "gblinear" {
            return try loadLinear(booster, header: header, version: version, format: format)
        }
        let trees = try trees(of: try Self.booster(booster), header: header, limits: limits)
        let model = try Self.booster(booster).model
        let bounds = try roundBounds(model, treeCount: trees.count, groupCount: header.groupCount)
        let roundsUsed = try roundsUsed(learner, iterations: iterations, roundCount: bounds.count - 1)
        let spec = ForestSpec(
            featureCount: header.featureCount, featureNames: header.featureNames,
            trees: trees[..<bounds[roundsUsed]].flatMap { $0 }, baseMargins: header.baseMargins,
            transform: header.objective.transform)
        let forest = try Forest(checking: spec, limits: limits)
        return LoadedModel(
            format: format, predictor: ForestPredictor(forest), objective: header.objective.name,
            libraryVersion: version.description, featureNames: forest.featureNames, roundCount: bounds.count - 1,
            roundsUsed: roundsUsed, forest: forest, notes: header.notes(of: model))
    }

    static func version(_ root: ModelField) throws(ModelFailure) -> Version {
        let field = try root.required("version")
        let parts = try field.int32s()
        guard parts.count == 3 else { throw ModelFailure(.wrongLength, "not three numbers", at: field.place) }
        let version = Version(major: parts[0], minor: parts[1], patch: parts[2])
        // Older files share the layout but not the rules for the base score.
        guard version >= Version(major: 1, minor: 7, patch: 0) else {
            throw ModelFailure(
                .unsupportedFormat, "written by XGBoost \(version), where 1.7 and later are read", at: field.place,
                suggestion: "load the model with a newer XGBoost and save it again")
        }
        return version
    }

    private static func roundsUsed(
        _ learner: ModelField, iterations: Iterations, roundCount: Int
    ) throws(ModelFailure) -> Int {
        guard let field = learner.member("attributes")?.member("best_iteration") else { return roundCount }
        let best = try field.integer()
        guard best >= 0 else { throw ModelFailure(.badIteration, "a negative best iteration", at: field.place) }
        guard iterations == .best else { return roundCount }
        guard best < roundCount else {
            throw ModelFailure(
                .badIteration, "best iteration \(best), where the file has \(roundCount) rounds", at: field.place,
                suggestion: "use `iterations: all`")
        }
        return best + 1
    }

    /// Where each round's trees begin, and behind the last one the number of trees.
    private static func roundBounds(
        _ model: ModelField, treeCount: Int, groupCount: Int
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
