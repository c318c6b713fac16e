/// One tree of an XGBoost file.
struct XGBoostTree {
    /// What the trees of a file may still take, so that a few bytes cannot stand for much memory.
    struct Budget {
        fileprivate var nodes: Int
        fileprivate var categoryWords: Int
        fileprivate let limits: ForestLimits

        init(_ limits: ForestLimits) {
            self.limits = limits
            nodes = limits.nodesMax
            categoryWords = limits.categoryWordsMax
        }
    }

    let field: ModelField
    let number: Int
    let groupCount: Int

    private var place: String { "tree \(number)" }

    /// One tree, or with vectors in the leaves one for each of their elements.
    func read(group: Int, budget: inout Budget) throws(ModelFailure) -> [TreeSpec] {
        let parameters = try field.required("tree_param")
        let leafSize = max(1, try parameters.required("size_leaf_vector").integer())
        guard leafSize == 1 || leafSize == groupCount else {
            throw ModelFailure(
                .wrongLength, "leaves of \(leafSize) values, where the model has \(groupCount) classes or targets",
                at: place)
        }
        let left = try field.required("left_children").int32s()
        let stated = try parameters.required("num_nodes").integer()
        guard left.count == stated else {
            throw ModelFailure(.wrongLength, "\(left.count) nodes, where \(stated) are stated", at: place)
        }
        let (values, overflow) = left.count.multipliedReportingOverflow(by: leafSize)
        budget.nodes -= overflow ? budget.nodes + 1 : values
        guard budget.nodes >= 0 else {
            throw ModelFailure(
                .tooManyNodes, "more than \(budget.limits.nodesMax) nodes up to here", at: place,
                suggestion: "train fewer or shallower trees")
        }
        var tree = TreeSpec(
            left: left, right: try field.required("right_children").int32s(),
            feature: try field.required("split_indices").int32s(),
            value: try field.required("split_conditions").floats(),
            defaultLeft: try field.required("default_left").bytes(), group: group)
        try readCategories(into: &tree, budget: &budget)
        tree.covers = try statistics("sum_hessian", count: left.count)
        tree.gains = try statistics("loss_changes", count: left.count)
        return leafSize == 1 ? [tree] : try vectorTrees(tree, leafSize: leafSize)
    }

    /// A number for each node that scores do not depend on. The library writes NaN for what it could not compute, which
    /// would make a forest differ from itself.
    private func statistics(_ name: String, count: Int) throws(ModelFailure) -> [Float] {
        guard var numbers = try field.member(name)?.floats() else { return [] }
        guard numbers.count == count else {
            throw ModelFailure(
                .wrongLength, "\(numbers.count) numbers in \"\(name)\" for \(count) nodes", at: place)
        }
        for node in numbers.indices where !numbers[node].isFinite { numbers[node] = 0 }
        return numbers
    }

    /// Copies share all but the values: what they cost is their leaves.
    private func vectorTrees(_ tree: TreeSpec, leafSize: Int) throws(ModelFailure) -> [TreeSpec] {
        var tree = tree
        let count = tree.left.count
        guard tree.right.count == count, tree.value.count == count else {
            throw ModelFailure(
                .wrongLength, "\(tree.right.count) right children and \(tree.value.count) values for \(count) nodes",
                at: place)
        }
        // Since 3.2 the leaves' vectors stand by themselves, and a leaf's right child is its number among them; before,
        // every node had a vector.
        let leafWeights = try field.member("leaf_weights")?.floats()
        let weights: [Float]
        if let leafWeights { weights = leafWeights } else { weights = try field.required("base_weights").floats() }
        guard leafWeights != nil || weights.count == count * leafSize, weights.count % leafSize == 0 else {
            throw ModelFailure(
                .wrongLength, "\(weights.count) weights for \(count) nodes of \(leafSize) values", at: place)
        }
        var rows: [(node: Int, row: Int)] = []
        for node in 0..<count where tree.left[node] == TreeSpec.noChild {
            let row = leafWeights == nil ? node : Int(tree.right[node])
            guard row >= 0, row < weights.count / leafSize else {
                throw ModelFailure(
                    .wrongLength, "leaf \(row), where there are \(weights.count / leafSize)",
                    at: "\(place), node \(node)")
            }
            rows.append((node, row))
            tree.right[node] = TreeSpec.noChild
        }
        var trees: [TreeSpec] = []
        for group in 0..<leafSize {
            tree.group = group
            for (node, row) in rows { tree.value[node] = weights[row * leafSize + group] }
            trees.append(tree)
        }
        return trees
    }

    private func readCategories(into tree: inout TreeSpec, budget: inout Budget) throws(ModelFailure) {
        guard let kinds = try field.member("split_type")?.bytes() else { return }
        guard kinds.count == tree.left.count else {
            throw ModelFailure(
                .wrongLength, "\(kinds.count) split types for \(tree.left.count) nodes", at: place)
        }
        let splits = kinds.indices.filter { kinds[$0] != 0 && tree.left[$0] != TreeSpec.noChild }
        guard !splits.isEmpty else { return }
        if let other = splits.first(where: { kinds[$0] != 1 }) {
            throw ModelFailure(
                .unsupportedConstruct, "a split of type \(kinds[other]) is not supported", at: "\(place), node \(other)"
            )
        }
        let sets = try segments()
        tree.setOfNode = Array(repeating: TreeSpec.noSet, count: tree.left.count)
        let categories = try field.required("categories").int32s()
        for node in splits {
            guard let (start, size) = sets[Int32(node)] else {
                throw ModelFailure(
                    .missingField, "a categorical split without categories", at: "\(place), node \(node)")
            }
            guard start >= 0, size > 0, start <= categories.count, size <= categories.count - start else {
                throw ModelFailure(
                    .wrongLength,
                    "categories \(start) to \(start + size) of \(categories.count)", at: "\(place), node \(node)")
            }
            let members = categories[start..<start + size]
            guard let greatest = members.max(), let least = members.min(), least >= 0, greatest < CategorySet.codesMax
            else {
                throw ModelFailure(
                    .badNumber, "a category beyond 0 to \(CategorySet.codesMax - 1)", at: "\(place), node \(node)")
            }
            budget.categoryWords -= Int(greatest) / 32 + 1
            guard budget.categoryWords >= 0 else {
                throw ModelFailure(
                    .tooManyNodes,
                    "sets of categories of more than \(budget.limits.categoryWordsMax * 32) bits up to here",
                    at: place, suggestion: "number the categories from 0 without gaps")
            }
            // Files of 1.7 have NaN here, which would make a forest differ from itself.
            if node < tree.value.count { tree.value[node] = 0 }
            tree.setOfNode[node] = Int32(tree.categorySets.count)
            tree.categorySets.append(CategorySet(members))
        }
    }

    /// Where each node's categories stand.
    private func segments() throws(ModelFailure) -> [Int32: (start: Int, size: Int)] {
        let nodes = try field.required("categories_nodes").int32s()
        let starts = try field.required("categories_segments").int32s()
        let sizes = try field.required("categories_sizes").int32s()
        guard starts.count == nodes.count, sizes.count == nodes.count else {
            throw ModelFailure(
                .wrongLength, "\(starts.count) and \(sizes.count) segments for \(nodes.count) nodes with categories",
                at: place)
        }
        var result: [Int32: (start: Int, size: Int)] = [:]
        for (index, node) in nodes.enumerated() { result[node] = (Int(starts[index]), Int(sizes[index])) }
        return result
    }
}
