extension XGBoostReader {
    /// The part of a booster that holds trees.
    struct Booster {
        let model: ModelField
        /// Of dart: a factor for each tree's leaves.
        let treeWeights: [Float]?
    }

    static func booster(_ field: ModelField) throws(ModelFailure) -> Booster {
        let name = try field.required("name")
        switch try name.string() {
        case "gbtree":
            // Since 3.4 a booster is gbtree whether or not it drops trees.
            return Booster(model: try field.required("model"), treeWeights: try field.member("weight_drop")?.floats())
        case "dart":
            let weights = try field.required("weight_drop").floats()
            return Booster(model: try field.required("gbtree").required("model"), treeWeights: weights)
        case let other:
            throw ModelFailure(
                .unsupportedConstruct, "booster \"\(other)\" is not supported", at: name.place,
                suggestion: "supported: gbtree, dart, gblinear")
        }
    }

    /// The trees as the file describes them, in its order, with dart's weights in their leaves; a tree with vectors in
    /// its leaves becomes one tree for each of the vectors' elements.
    static func trees(
        of booster: Booster, header: Header, limits: ForestLimits
    ) throws(ModelFailure) -> [[TreeSpec]] {
        let model = booster.model
        let fields = try model.required("trees").elements()
        let groups = try model.required("tree_info").int32s()
        let stated = try model.required("gbtree_model_param").required("num_trees").integer()
        guard fields.count == stated, groups.count == stated else {
            throw ModelFailure(
                .wrongLength, "\(fields.count) trees and \(groups.count) groups, where \(stated) trees are stated",
                at: model.place)
        }
        guard fields.count <= limits.treesMax else {
            throw ModelFailure(
                .tooManyTrees, "\(fields.count) trees, where at most \(limits.treesMax) are accepted", at: model.place)
        }
        if let weights = booster.treeWeights, weights.count != stated {
            throw ModelFailure(
                .wrongLength, "\(weights.count) weights for \(stated) trees",
                at: "learner.gradient_booster.weight_drop")
        }
        var trees: [[TreeSpec]] = []
        trees.reserveCapacity(fields.count)
        var budget = XGBoostTree.Budget(limits)
        for (number, field) in fields.enumerated() {
            let tree = XGBoostTree(field: field, number: number, groupCount: header.groupCount)
            var specs = try tree.read(group: Int(groups[number]), budget: &budget)
            if let weights = booster.treeWeights {
                for index in specs.indices { specs[index].scaleLeaves(by: weights[number]) }
            }
            trees.append(specs)
        }
        return trees
    }
}

extension TreeSpec {
    /// Rounded to float32 before it is added to a margin, as the library does.
    fileprivate mutating func scaleLeaves(by weight: Float) {
        // A tree with too few left children is refused by `Forest`.
        for node in value.indices where node < left.count && left[node] == Self.noChild { value[node] *= weight }
    }
}
