extension XGBoostJSON {
    /// The part of a booster that holds trees.
    struct Booster {
        let model: JSONField
        /// Of dart: a factor for each tree's leaves.
        let treeWeights: [Float]?
    }

    static func booster(of learner: JSONField) throws(ModelFailure) -> Booster {
        let field = try learner.required("gradient_booster")
        let name = try field.required("name")
        switch try name.string() {
        case "gbtree": return Booster(model: try field.required("model"), treeWeights: nil)
        case "dart":
            let weights = try field.required("weight_drop").floats()
            return Booster(model: try field.required("gbtree").required("model"), treeWeights: weights)
        case let other:
            throw ModelFailure(
                .unsupportedConstruct, "booster \"\(other)\" is not supported", at: name.place,
                suggestion: "supported: gbtree, dart")
        }
    }

    /// The trees as the file describes them, in its order, with dart's weights in their leaves.
    static func trees(
        of booster: Booster, header: Header, limits: ForestLimits
    ) throws(ModelFailure) -> [TreeSpec] {
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
        var trees: [TreeSpec] = []
        trees.reserveCapacity(fields.count)
        for (number, field) in fields.enumerated() {
            var tree = try tree(field, number: number, group: Int(groups[number]))
            if let weights = booster.treeWeights { scaleLeaves(of: &tree, by: weights[number]) }
            trees.append(tree)
        }
        return trees
    }

    private static func tree(_ field: JSONField, number: Int, group: Int) throws(ModelFailure) -> TreeSpec {
        let parameters = try field.required("tree_param")
        let leafSize = try parameters.required("size_leaf_vector").integer()
        guard leafSize <= 1 else {
            throw ModelFailure(
                .unsupportedConstruct, "leaves of \(leafSize) values (multi_output_tree) are not supported",
                at: "tree \(number)", suggestion: "train with multi_strategy=one_output_per_tree")
        }
        let left = try field.required("left_children").int32s()
        let stated = try parameters.required("num_nodes").integer()
        guard left.count == stated else {
            throw ModelFailure(
                .wrongLength, "\(left.count) nodes, where \(stated) are stated", at: "tree \(number)")
        }
        let tree = TreeSpec(
            left: left, right: try field.required("right_children").int32s(),
            feature: try field.required("split_indices").int32s(),
            value: try field.required("split_conditions").floats(),
            defaultLeft: try field.required("default_left").bytes(), group: group)
        try refuseCategories(field, tree: tree, number: number)
        return tree
    }

    private static func refuseCategories(
        _ field: JSONField, tree: TreeSpec, number: Int
    ) throws(ModelFailure) {
        guard let kinds = try field.member("split_type")?.bytes() else { return }
        guard kinds.count == tree.left.count else {
            throw ModelFailure(
                .wrongLength, "\(kinds.count) split types for \(tree.left.count) nodes", at: "tree \(number)")
        }
        let categorical = kinds.indices.first { kinds[$0] != 0 && tree.left[$0] != TreeSpec.noChild }
        if let node = categorical {
            throw ModelFailure(
                .unsupportedConstruct, "a categorical split is not supported", at: "tree \(number), node \(node)",
                suggestion: "train on encoded categories, without enable_categorical")
        }
    }

    /// Rounded to float32 before it is added to a margin, as the library does.
    private static func scaleLeaves(of tree: inout TreeSpec, by weight: Float) {
        for node in tree.value.indices where tree.isLeaf(node) { tree.value[node] *= weight }
    }
}

extension TreeSpec {
    /// False also where the right children are too few: `Forest` refuses such a tree.
    fileprivate func isLeaf(_ node: Int) -> Bool {
        node < left.count && left[node] == Self.noChild
    }
}
