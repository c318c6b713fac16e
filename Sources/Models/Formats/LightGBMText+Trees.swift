extension LightGBMText {
    /// Bits of a split's `decision_type`.
    private enum Decision {
        static let categorical: Int32 = 1
        static let defaultLeft: Int32 = 2
        static let missingTypeShift: Int32 = 2
        static let missingZero: Int32 = 1
        static let missingNaN: Int32 = 2
    }

    static func tree(_ fields: LightGBMFields, group: Int) throws(ModelFailure) -> DoubleTreeSpec {
        let leafCount = try fields.integer("num_leaves")
        guard leafCount >= 1 else { throw fields.failure(.badNumber, "\(leafCount) leaves") }
        var tree = DoubleTreeSpec(
            splits: [], leafValues: try fields.doubles("leaf_value", count: leafCount), group: group)
        let splitCount = leafCount - 1
        if splitCount > 0 { try readSplits(fields, count: splitCount, into: &tree) }
        if fields.has("is_linear"), try fields.integer("is_linear") != 0 {
            tree.linear = try linearLeaves(fields, leafCount: leafCount)
        }
        tree.leafCounts = fields.counts("leaf_count", count: leafCount)
        tree.splitCounts = fields.counts("internal_count", count: splitCount)
        return tree
    }

    private static func readSplits(
        _ fields: LightGBMFields, count: Int, into tree: inout DoubleTreeSpec
    ) throws(ModelFailure) {
        let features = try fields.int32s("split_feature", count: count)
        let thresholds = try fields.doubles("threshold", count: count)
        let left = try fields.int32s("left_child", count: count)
        let right = try fields.int32s("right_child", count: count)
        let decisions =
            fields.has("decision_type")
            ? try fields.int32s("decision_type", count: count) : [Int32](repeating: 0, count: count)
        let sets = try categorySets(fields, into: &tree)
        tree.splits.reserveCapacity(count)
        for number in 0..<count {
            let decision = decisions[number]
            guard (0...127).contains(decision) else {
                throw fields.failure(.badNumber, "split \(number): a decision type of \(decision)")
            }
            var split = DoubleSplit(
                feature: features[number], left: left[number], right: right[number], threshold: thresholds[number],
                rule: .missingIsZero)
            // Without any category set the library compares numbers whatever the bit says.
            if decision & Decision.categorical != 0, !sets.isEmpty {
                let set = thresholds[number]
                guard set >= 0, set < Double(sets.count) else {
                    throw fields.failure(
                        .wrongLength, "split \(number): category set \(set), where the tree has \(sets.count)")
                }
                let range = sets[Int(set)]
                split.rule = .categories
                split.threshold = 0
                split.firstWord = Int32(range.lowerBound)
                split.wordCount = Int32(range.count)
            } else {
                split.rule = try rule(decision, fields, number)
            }
            tree.splits.append(split)
        }
    }

    private static func rule(
        _ decision: Int32, _ fields: LightGBMFields, _ number: Int
    ) throws(ModelFailure) -> DoubleSplit.Rule {
        let goesLeft = decision & Decision.defaultLeft != 0
        switch decision >> Decision.missingTypeShift & 3 {
        case 0: return .missingIsZero
        case Decision.missingZero: return goesLeft ? .zeroLeft : .zeroRight
        case Decision.missingNaN: return goesLeft ? .missingLeft : .missingRight
        default:
            throw fields.failure(
                .unsupportedConstruct, "split \(number): a missing type that LightGBM does not have")
        }
    }

    /// Where each set's words stand; none in a tree without categories.
    private static func categorySets(
        _ fields: LightGBMFields, into tree: inout DoubleTreeSpec
    ) throws(ModelFailure) -> [Range<Int>] {
        let count = try fields.integer("num_cat")
        guard count > 0 else { return [] }
        guard count < Int(Int32.max) else { throw fields.failure(.badNumber, "\(count) category sets") }
        let bounds = try fields.int32s("cat_boundaries", count: count + 1)
        guard bounds[0] >= 0, zip(bounds, bounds.dropFirst()).allSatisfy({ $0 <= $1 }) else {
            throw fields.failure(.wrongLength, "category sets whose bounds do not rise")
        }
        tree.categoryWords = try fields.uint32s("cat_threshold", count: Int(bounds[count]))
        return (0..<count).map { Int(bounds[$0])..<Int(bounds[$0 + 1]) }
    }

    private static func linearLeaves(
        _ fields: LightGBMFields, leafCount: Int
    ) throws(ModelFailure) -> LinearLeaves {
        var bounds: [Int32] = [0]
        for count in try fields.int32s("num_features", count: leafCount) {
            let (end, overflow) = bounds[bounds.count - 1].addingReportingOverflow(count)
            guard count >= 0, !overflow else { throw fields.failure(.badNumber, "a leaf of \(count) features") }
            bounds.append(end)
        }
        let total = Int(bounds[leafCount])
        return LinearLeaves(
            constants: try fields.doubles("leaf_const", count: leafCount), bounds: bounds,
            features: try fields.int32s("leaf_features", count: total),
            coefficients: try fields.doubles("leaf_coeff", count: total))
    }
}
