/// A tree ensemble as ONNX describes it, whatever the operator's version: nodes of all trees in one list.
struct EnsembleSpec {
    enum Mode: UInt8 {
        case lessOrEqual, less, greaterOrEqual, greater, equal, notEqual, member, leaf

        static let names: [String: Mode] = [
            "BRANCH_LEQ": .lessOrEqual, "BRANCH_LT": .less, "BRANCH_GTE": .greaterOrEqual, "BRANCH_GT": .greater,
            "BRANCH_EQ": .equal, "BRANCH_NEQ": .notEqual, "LEAF": .leaf,
        ]
    }

    enum Aggregate: String {
        case sum = "SUM"
        case average = "AVERAGE"
        case minimum = "MIN"
        case maximum = "MAX"
    }

    struct Node {
        var mode: Mode
        var threshold: Double
        var feature: Int
        /// Where a row goes for which the comparison holds, and where another one.
        var yes: Int
        var no: Int
        /// A missing value goes to `yes`.
        var missingIsYes: Bool
    }

    struct Weight {
        let target: Int
        let value: Double
    }

    var nodes: [Node] = []
    var roots: [Int] = []
    /// What each leaf adds, in the file's order; by node.
    var weights: [Int: [Weight]] = [:]
    /// Of nodes with the mode `member`: their values; by node.
    var members: [Int: [Double]] = [:]
    var targetCount = 1
    var aggregate = Aggregate.sum
    var transform = PostTransform.none
    /// Training rows that came by each node; empty where the file has none. Converters write 1 everywhere.
    var hitRates: [Double] = []
    /// What is added to the scores at the end.
    var addends: [Double] = []

    /// Targets that any leaf adds to.
    var usedTargets: Set<Int> {
        weights.values.reduce(into: []) { set, list in list.forEach { set.insert($0.target) } }
    }

    /// Walks every tree once: children exist, nothing is reached twice, depth is bounded. Complexity: O(nodes).
    func check(featureCount: Int, limits: ForestLimits, _ place: String) throws(ModelFailure) {
        guard !nodes.isEmpty, nodes.count <= limits.nodesMax, roots.count <= limits.treesMax else {
            throw ModelFailure(.tooManyNodes, "\(nodes.count) nodes in \(roots.count) trees", at: place)
        }
        guard targetCount > 0, targetCount <= limits.groupsMax else {
            throw ModelFailure(.tooManyOutputs, "\(targetCount) targets", at: place)
        }
        var seen = [Bool](repeating: false, count: nodes.count)
        for root in roots {
            var pending = [(node: root, depth: 0)]
            while let (number, depth) = pending.popLast() {
                guard nodes.indices.contains(number) else {
                    throw ModelFailure(.childOutOfRange, "child \(number) of \(nodes.count) nodes", at: place)
                }
                guard !seen[number] else {
                    throw ModelFailure(.nodeReachedTwice, "node \(number) is reached a second time", at: place)
                }
                seen[number] = true
                let node = nodes[number]
                if node.mode == .leaf { continue }
                guard depth < limits.depthMax else {
                    throw ModelFailure(.treeTooDeep, "deeper than \(limits.depthMax) splits", at: place)
                }
                guard node.feature >= 0, node.feature < featureCount else {
                    throw ModelFailure(
                        .featureOutOfRange, "feature \(node.feature), where the input has \(featureCount)", at: place)
                }
                guard !node.threshold.isNaN else {
                    throw ModelFailure(.thresholdNotANumber, "node \(number) has no threshold", at: place)
                }
                pending.append((node.no, depth + 1))
                pending.append((node.yes, depth + 1))
            }
        }
        for (node, list) in weights {
            guard list.allSatisfy({ $0.value.isFinite }) else {
                throw ModelFailure(.leafNotFinite, "a weight of node \(node) is not finite", at: place)
            }
            guard list.allSatisfy({ (0..<targetCount).contains($0.target) }) else {
                throw ModelFailure(.groupOutOfRange, "a target of node \(node) of \(targetCount)", at: place)
            }
        }
        guard addends.allSatisfy(\.isFinite) else {
            throw ModelFailure(.baseScoreOutOfRange, "a base value that is not finite", at: place)
        }
    }
}

extension EnsembleSpec {
    /// TreeEnsembleClassifier and TreeEnsembleRegressor, versions 1 and 3. `leaves` is "class" or "target".
    init(_ node: ONNXNode, leaves: String, targetCount: Int) throws(ModelFailure) {
        self.targetCount = targetCount
        transform = try PostTransform(node)
        addends = Self.numbers(node, "base_values")
        let features = node.ints("nodes_featureids")
        let modes = node.attributes["nodes_modes"]?.texts ?? []
        let ids = node.ints("nodes_nodeids")
        let trees = node.ints("nodes_treeids")
        let yes = node.ints("nodes_truenodeids")
        let no = node.ints("nodes_falsenodeids")
        let values = Self.numbers(node, "nodes_values")
        let missing = node.ints("nodes_missing_value_tracks_true")
        let counts = [modes.count, ids.count, trees.count, yes.count, no.count, values.count]
        guard counts.allSatisfy({ $0 == features.count }), missing.isEmpty || missing.count == features.count else {
            throw ModelFailure(.wrongLength, "lists of nodes of different lengths", at: node.place)
        }
        var places: [Key: Int] = [:]
        places.reserveCapacity(ids.count)
        for index in ids.indices {
            guard places.updateValue(index, forKey: Key(tree: trees[index], node: ids[index])) == nil else {
                throw ModelFailure(
                    .nodeReachedTwice, "node \(ids[index]) twice", at: "\(node.place), tree \(trees[index])")
            }
        }
        nodes.reserveCapacity(ids.count)
        var seen: Set<Int> = []
        for index in ids.indices {
            let place = "\(node.place), tree \(trees[index]), node \(ids[index])"
            if index == 0 || trees[index] != trees[index - 1] {
                guard seen.insert(trees[index]).inserted else {
                    throw ModelFailure(.unsupportedConstruct, "a tree in two pieces", at: place)
                }
                roots.append(index)
            }
            guard let mode = Mode.names[modes[index]] else {
                throw ModelFailure(.unsupportedConstruct, "the mode \"\(modes[index])\"", at: place)
            }
            var one = Node(
                mode: mode, threshold: values[index], feature: features[index], yes: -1, no: -1,
                missingIsYes: !missing.isEmpty && missing[index] == 1)
            if mode != .leaf {
                guard let left = places[Key(tree: trees[index], node: yes[index])],
                    let right = places[Key(tree: trees[index], node: no[index])]
                else { throw ModelFailure(.childOutOfRange, "a child that is not there", at: place) }
                (one.yes, one.no) = (left, right)
            }
            nodes.append(one)
        }
        try readWeights(node, leaves, places)
        hitRates = Self.numbers(node, "nodes_hitrates")
    }

    private struct Key: Hashable { let tree: Int, node: Int }

    private mutating func readWeights(
        _ node: ONNXNode, _ leaves: String, _ places: [Key: Int]
    ) throws(ModelFailure) {
        let targets = node.ints("\(leaves)_ids")
        let nodeIds = node.ints("\(leaves)_nodeids")
        let treeIds = node.ints("\(leaves)_treeids")
        let values = Self.numbers(node, "\(leaves)_weights")
        guard [nodeIds.count, treeIds.count, values.count].allSatisfy({ $0 == targets.count }) else {
            throw ModelFailure(.wrongLength, "lists of weights of different lengths", at: node.place)
        }
        for index in targets.indices {
            guard let leaf = places[Key(tree: treeIds[index], node: nodeIds[index])], nodes[leaf].mode == .leaf else {
                throw ModelFailure(
                    .childOutOfRange, "a weight of a leaf that is not there",
                    at: "\(node.place), tree \(treeIds[index]), node \(nodeIds[index])")
            }
            weights[leaf, default: []].append(Weight(target: targets[index], value: values[index]))
        }
    }

    /// A list of floats, or the tensor that may stand in its place.
    static func numbers(_ node: ONNXNode, _ name: String) -> [Double] {
        if let tensor = node.attributes["\(name)_as_tensor"]?.tensor { return tensor.numbers }
        return node.floats(name)
    }

    /// TreeEnsemble, of operator set 5.
    init(ensemble node: ONNXNode) throws(ModelFailure) {
        targetCount = node.int("n_targets") ?? 1
        guard let transform = PostTransform(number: node.int("post_transform") ?? 0) else {
            throw GraphCompiler.unsupported("this post_transform", node)
        }
        self.transform = transform
        let aggregates: [Aggregate] = [.average, .sum, .minimum, .maximum]
        let aggregate = node.int("aggregate_function") ?? 1
        guard aggregates.indices.contains(aggregate) else {
            throw GraphCompiler.unsupported("this aggregate_function", node)
        }
        self.aggregate = aggregates[aggregate]
        let splits = node.attributes["nodes_splits"]?.tensor?.numbers ?? []
        let modes = node.attributes["nodes_modes"]?.tensor?.numbers ?? []
        let features = node.ints("nodes_featureids")
        let children = [("true", node.ints("nodes_truenodeids")), ("false", node.ints("nodes_falsenodeids"))]
        let areLeaves = [node.ints("nodes_trueleafs"), node.ints("nodes_falseleafs")]
        let missing = node.ints("nodes_missing_value_tracks_true")
        let targets = node.ints("leaf_targetids")
        let values = node.attributes["leaf_weights"]?.tensor?.numbers ?? []
        let counts = [modes.count, features.count, children[0].1.count, children[1].1.count]
        guard (counts + areLeaves.map(\.count)).allSatisfy({ $0 == splits.count }), targets.count == values.count,
            missing.isEmpty || missing.count == splits.count
        else { throw ModelFailure(.wrongLength, "lists of different lengths", at: node.place) }
        // Leaves stand behind the inner nodes. A root that is a leaf alone has two children that are one leaf.
        for index in splits.indices {
            guard let mode = Mode(rawValue: UInt8(exactly: modes[index]) ?? 255), mode != .leaf else {
                throw GraphCompiler.unsupported("mode \(modes[index])", node)
            }
            var ends: [Int] = []
            for side in 0..<2 {
                let child = children[side].1[index]
                let isLeaf = areLeaves[side][index] != 0
                guard child >= 0, child < (isLeaf ? targets.count : splits.count) else {
                    throw ModelFailure(.childOutOfRange, "child \(child)", at: "\(node.place), node \(index)")
                }
                ends.append(isLeaf ? splits.count + child : child)
            }
            nodes.append(
                Node(
                    mode: mode, threshold: splits[index], feature: features[index], yes: ends[0], no: ends[1],
                    missingIsYes: !missing.isEmpty && missing[index] != 0))
        }
        for index in targets.indices {
            weights[nodes.count] = [Weight(target: targets[index], value: values[index])]
            nodes.append(Node(mode: .leaf, threshold: 0, feature: 0, yes: -1, no: -1, missingIsYes: false))
        }
        roots = node.ints("tree_roots")
        try singleLeaves(splits.count)
        try readMembers(node)
    }

    /// A tree of one leaf is written as a split with the same leaf on both sides.
    private mutating func singleLeaves(_ splitCount: Int) throws(ModelFailure) {
        for (tree, root) in roots.enumerated() where (0..<splitCount).contains(root) {
            if nodes[root].yes == nodes[root].no, nodes[root].yes >= splitCount { roots[tree] = nodes[root].yes }
        }
    }

    /// The sets of nodes with the mode `member`, one behind the other with a NaN between them.
    private mutating func readMembers(_ node: ONNXNode) throws(ModelFailure) {
        let owners = nodes.indices.filter { nodes[$0].mode == .member }
        guard !owners.isEmpty else { return }
        let values = node.attributes["membership_values"]?.tensor?.numbers ?? []
        let sets = values.split(whereSeparator: \.isNaN)
        guard sets.count == owners.count else {
            throw ModelFailure(.wrongLength, "\(sets.count) sets for \(owners.count) nodes", at: node.place)
        }
        for (owner, set) in zip(owners, sets) {
            members[owner] = Array(set)
            nodes[owner].threshold = 0
        }
    }
}
