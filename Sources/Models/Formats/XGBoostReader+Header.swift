extension XGBoostReader {
    /// The learner's parameters, without the booster.
    struct Header {
        let objective: XGBoostObjective
        let featureCount: Int
        let featureNames: [String]
        /// As the file has them: "c" is a categorical feature. Empty, or one a feature.
        let featureTypes: [String]
        let baseMargins: [Float]

        var groupCount: Int { baseMargins.count }

        init(_ learner: ModelField, version: Version, limits: ForestLimits) throws(ModelFailure) {
            let parameters = try learner.required("learner_model_param")
            objective = try Self.objective(learner)
            featureCount = try Self.featureCount(parameters, limits: limits)
            featureNames = try learner.member("feature_names")?.strings() ?? []
            featureTypes = try learner.member("feature_types")?.strings() ?? []
            guard featureNames.isEmpty || featureNames.count == featureCount else {
                throw ModelFailure(
                    .wrongLength, "\(featureNames.count) names for \(featureCount) features",
                    at: "learner.feature_names")
            }
            let groupCount = try Self.groupCount(parameters, limits: limits)
            baseMargins = try Self.baseMargins(
                parameters, objective: objective, version: version, groupCount: groupCount)
        }

        private static func objective(_ learner: ModelField) throws(ModelFailure) -> XGBoostObjective {
            let field = try learner.required("objective").required("name")
            let name = try field.string()
            guard let objective = XGBoostObjective.all.first(where: { $0.name == name }) else {
                throw ModelFailure(
                    .unsupportedConstruct, "objective \"\(name)\" is not supported", at: field.place,
                    suggestion: "supported: " + XGBoostObjective.all.map(\.name).joined(separator: ", "))
            }
            return objective
        }

        static func featureCount(
            _ parameters: ModelField, limits: ForestLimits
        ) throws(ModelFailure) -> Int {
            let field = try parameters.required("num_feature")
            let count = try field.integer()
            guard count >= 0, count <= limits.featuresMax else {
                throw ModelFailure(
                    .tooManyFeatures, "\(count) features, where 0 to \(limits.featuresMax) are accepted",
                    at: field.place)
            }
            return count
        }

        static func groupCount(
            _ parameters: ModelField, limits: ForestLimits
        ) throws(ModelFailure) -> Int {
            let classes = try parameters.required("num_class").integer()
            // Files before 1.6 know no targets.
            let targets = try parameters.member("num_target")?.integer() ?? 1
            guard classes <= 1 || targets <= 1 else {
                throw ModelFailure(
                    .unsupportedConstruct, "several classes of several targets are not supported",
                    at: parameters.place)
            }
            let count = max(classes, targets, 1)
            guard count <= limits.groupsMax else {
                throw ModelFailure(
                    .tooManyOutputs, "\(count) classes or targets, where at most \(limits.groupsMax) are accepted",
                    at: parameters.place)
            }
            return count
        }

        /// `"5E-1"` up to 3.0, `"[9.06E-2]"` or one number a class or target since.
        private static func baseMargins(
            _ parameters: ModelField, objective: XGBoostObjective, version: Version, groupCount: Int
        ) throws(ModelFailure) -> [Float] {
            let field = try parameters.required("base_score")
            let text = try field.string()
            let isList = text.hasPrefix("[")
            guard !isList || text.hasSuffix("]") else {
                throw ModelFailure(.badNumber, "a list without its end", at: field.place)
            }
            let parts =
                isList
                ? text.dropFirst().dropLast().split(separator: ",", omittingEmptySubsequences: false) : [text[...]]
            guard parts.count == 1 || parts.count == groupCount else {
                throw ModelFailure(
                    .wrongLength, "\(parts.count) base scores for \(groupCount) classes or targets", at: field.place)
            }
            var margins: [Float] = []
            for part in parts {
                guard let score = number(part), score.isFinite else {
                    throw ModelFailure(.badNumber, "a base score that is not a number", at: field.place)
                }
                margins.append(try objective.margin(of: score, version: version, at: field.place))
            }
            guard margins.allSatisfy(\.isFinite) else {
                throw ModelFailure(
                    .baseScoreOutOfRange, "a base score whose margin is not finite", at: field.place)
            }
            return margins.count == groupCount ? margins : Array(repeating: margins[0], count: groupCount)
        }

        /// What the user of the model has to know about its inputs.
        func notes(of model: ModelField) -> [String] {
            let categorical = featureTypes.indices.filter { featureTypes[$0] == "c" }
            guard !categorical.isEmpty else { return [] }
            let names = categorical.prefix(20).map { $0 < featureNames.count ? featureNames[$0] : "\($0)" }
            let more = categorical.count > 20 ? " and \(categorical.count - 20) more" : ""
            var notes = [
                "categorical inputs: \(names.joined(separator: ", "))\(more); each is a category's code (0, 1, 2, ...)"
            ]
            let encoded = (try? model.member("cats")?.member("feature_segments")?.int32s().last ?? 0) ?? 0
            if encoded > 0 {
                notes.append(
                    "the file names its categories; inputs are their codes in the training data's order, not names")
            }
            return notes
        }

        /// Decimal text only: Swift's own reader also takes hexadecimal and words.
        private static func number(_ text: Substring) -> Float? {
            let isDecimal = text.utf8.allSatisfy { byte in
                (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || "+-.eE".utf8.contains(byte)
            }
            return isDecimal ? Float(text) : nil
        }
    }
}
