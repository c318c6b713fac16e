/// Reads the text that LightGBM 2.1 to 4.x writes with `save_model`.
///
/// A header of `key=value` lines, a block of such lines for each tree with an empty line behind it, `end of trees`, and
/// statistics and parameters that scoring does not need. The library writes the rounds up to the best iteration only:
/// all of the file scores.
enum LightGBMText {
    static func looksLike(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bytes.starts(with: "tree\n".utf8) || bytes.starts(with: "tree\r\n".utf8)
    }

    static func load(_ bytes: UnsafeRawBufferPointer, limits: ForestLimits) throws(ModelFailure) -> LoadedModel {
        var lines = LightGBMLines(bytes)
        var fields = LightGBMFields(lines, place: nil)
        _ = lines.next()
        var line = lines.next()
        while let this = line, !lines.starts(this, with: "Tree="), !isEnd(this, lines) {
            if !this.isEmpty { try fields.add(this) }
            line = lines.next()
        }
        let header = try Header(fields, limits: limits)
        var trees: [DoubleTreeSpec] = []
        while let this = line, lines.starts(this, with: "Tree=") {
            guard trees.count < limits.treesMax else {
                throw ModelFailure(.tooManyTrees, "more than \(limits.treesMax) trees")
            }
            var block = LightGBMFields(lines, place: "tree \(trees.count)")
            while let next = lines.next(), !next.isEmpty { try block.add(next) }
            trees.append(try tree(block, group: trees.count % header.groupCount))
            line = lines.next()
            while let blank = line, blank.isEmpty { line = lines.next() }
        }
        guard let end = line else {
            throw ModelFailure(.malformed, "the file ends within its trees", at: "tree \(trees.count)")
        }
        guard isEnd(end, lines) else {
            throw ModelFailure(.malformed, "neither a tree nor the end of the trees", at: "tree \(trees.count)")
        }
        return try model(header, trees, limits)
    }

    /// Files before `end of trees` was written go on with the importances.
    static func isEnd(_ line: Range<Int>, _ lines: LightGBMLines) -> Bool {
        lines.starts(line, with: "end of trees") || lines.starts(line, with: "feature importances")
            || lines.starts(line, with: "feature_importances")
    }

    private static func model(
        _ header: Header, _ trees: [DoubleTreeSpec], _ limits: ForestLimits
    ) throws(ModelFailure) -> LoadedModel {
        if let stated = header.treeCount, stated != trees.count {
            throw ModelFailure(
                .wrongLength, "\(trees.count) trees, where \(stated) are stated", at: "tree_sizes")
        }
        let (rounds, rest) = trees.count.quotientAndRemainder(dividingBy: header.groupCount)
        guard rest == 0 else {
            throw ModelFailure(
                .badIteration, "\(trees.count) trees are no whole number of rounds of \(header.groupCount)")
        }
        let forest = try DoubleForest(
            checking: DoubleForestSpec(
                featureCount: header.featureNames.count, trees: trees, groupCount: header.groupCount,
                transform: header.objective.transform,
                divisor: header.isAveraged ? Double(max(1, rounds)) : 1),
            limits: limits)
        return LoadedModel(
            format: .lightgbmText, predictor: DoubleForestPredictor(forest), objective: header.objective.name,
            libraryVersion: header.version, featureNames: header.featureNames, roundCount: rounds, roundsUsed: rounds)
    }

    struct Header {
        let version: String
        let objective: LightGBMObjective
        let groupCount: Int
        let featureNames: [String]
        let isAveraged: Bool
        /// `nil`: the file does not say.
        let treeCount: Int?

        init(_ fields: LightGBMFields, limits: ForestLimits) throws(ModelFailure) {
            version = fields.string("version") ?? ""
            guard ["v2", "v3", "v4"].contains(version) else {
                let what = version.isEmpty ? "no version" : "version \"\(version.prefix(32))\""
                throw ModelFailure(
                    .unsupportedFormat, "\(what), where LightGBM's v2, v3 and v4 are read", at: "version",
                    suggestion: "load the model with LightGBM 3 or 4 and save it again")
            }
            let classes = try fields.integer("num_class")
            groupCount = fields.has("num_tree_per_iteration") ? try fields.integer("num_tree_per_iteration") : classes
            guard groupCount >= 1, groupCount <= limits.groupsMax else {
                throw ModelFailure(
                    .tooManyOutputs, "\(groupCount) classes, where 1 to \(limits.groupsMax) are accepted",
                    at: "num_tree_per_iteration")
            }
            objective = try LightGBMObjective(fields.string("objective"))
            if let wanted = objective.groupCount, wanted != groupCount {
                throw ModelFailure(
                    .wrongLength, "\(groupCount) trees a round, where \(objective.name) wants \(wanted)",
                    at: "num_tree_per_iteration")
            }
            let last = try fields.integer("max_feature_idx")
            guard last >= 0, last < limits.featuresMax else {
                throw ModelFailure(
                    .tooManyFeatures, "a last feature of \(last), where 0 to \(limits.featuresMax - 1) are accepted",
                    at: "max_feature_idx")
            }
            _ = try fields.required("feature_names")
            featureNames = fields.words("feature_names")
            guard featureNames.count == last + 1 else {
                throw ModelFailure(
                    .wrongLength, "\(featureNames.count) names for \(last + 1) features", at: "feature_names")
            }
            isAveraged = fields.has("average_output")
            treeCount = fields.has("tree_sizes") ? fields.words("tree_sizes").count : nil
        }
    }
}
