/// A checked tree ensemble, neutral as to the format it came from; every kernel is packed from it.
///
/// A row goes left where `x < threshold` in float32, or where x is not one of the split's categories; a missing value
/// (NaN) follows the split's default. A group's
/// margin is a float32 sum that starts at its base margin and takes the trees in order: the order is part of the
/// result.
public struct Forest: Hashable, Sendable {
    /// One tree whose nodes are reachable, once each, from the root at 0.
    public struct Tree: Hashable, Sendable {
        public let nodes: TreeSpec
        /// Splits on the way to the deepest leaf.
        public let depth: Int
        /// Nodes that a row can reach.
        public let reachableCount: Int
        public let leafCount: Int

        @inline(__always)
        func isLeaf(_ node: Int) -> Bool { nodes.left[node] == TreeSpec.noChild }

        var hasCategories: Bool { !nodes.categorySets.isEmpty }
    }

    public let featureCount: Int
    /// Empty where the file has none.
    public let featureNames: [String]
    public let trees: [Tree]
    public let baseMargins: [Float]
    public let transform: OutputTransform

    public var groupCount: Int { baseMargins.count }
    public var outputCount: Int { transform.outputCount(groupCount: groupCount) }
    public var nodeCount: Int { trees.reduce(0) { $0 + $1.reachableCount } }
    public var depth: Int { trees.reduce(0) { max($0, $1.depth) } }

    /// Checks everything that the kernels rely on, so that they need not.
    ///
    /// Complexity: O(nodes).
    public init(checking spec: ForestSpec, limits: ForestLimits = ForestLimits()) throws(ModelFailure) {
        try Self.checkShape(spec, limits: limits)
        var nodeCount = 0
        var trees: [Tree] = []
        trees.reserveCapacity(spec.trees.count)
        for (number, tree) in spec.trees.enumerated() {
            nodeCount += tree.left.count
            guard nodeCount <= limits.nodesMax else {
                throw ModelFailure(
                    .tooManyNodes, "more than \(limits.nodesMax) nodes up to here", at: "tree \(number)",
                    suggestion: "train fewer or shallower trees")
            }
            guard spec.baseMargins.indices.contains(tree.group) else {
                throw ModelFailure(
                    .groupOutOfRange, "group \(tree.group), where the model has \(spec.baseMargins.count)",
                    at: "tree \(number)")
            }
            var check = TreeCheck(tree, number: number, featureCount: spec.featureCount, limits: limits)
            trees.append(try check.run())
        }
        featureCount = spec.featureCount
        featureNames = spec.featureNames
        self.trees = trees
        baseMargins = spec.baseMargins
        transform = spec.transform
    }

    private static func checkShape(_ spec: ForestSpec, limits: ForestLimits) throws(ModelFailure) {
        guard spec.featureCount >= 0, spec.featureCount <= limits.featuresMax else {
            throw ModelFailure(
                .tooManyFeatures, "\(spec.featureCount) features, where 0 to \(limits.featuresMax) are accepted")
        }
        guard spec.featureNames.isEmpty || spec.featureNames.count == spec.featureCount else {
            throw ModelFailure(
                .wrongLength, "\(spec.featureNames.count) feature names for \(spec.featureCount) features")
        }
        guard spec.trees.count <= limits.treesMax else {
            throw ModelFailure(
                .tooManyTrees, "\(spec.trees.count) trees, where at most \(limits.treesMax) are accepted")
        }
        guard !spec.baseMargins.isEmpty, spec.baseMargins.count <= limits.groupsMax else {
            throw ModelFailure(
                .tooManyOutputs,
                "\(spec.baseMargins.count) classes or targets, where 1 to \(limits.groupsMax) are accepted")
        }
        guard spec.baseMargins.allSatisfy(\.isFinite) else {
            throw ModelFailure(.baseScoreOutOfRange, "a base margin that is not finite")
        }
    }
}

/// Walks one tree from its root and checks each node once.
private struct TreeCheck {
    private let tree: TreeSpec
    private let number: Int
    private let featureCount: Int
    private let limits: ForestLimits
    private var seen: [Bool]

    init(_ tree: TreeSpec, number: Int, featureCount: Int, limits: ForestLimits) {
        self.tree = tree
        self.number = number
        self.featureCount = featureCount
        self.limits = limits
        seen = [Bool](repeating: false, count: tree.left.count)
    }

    mutating func run() throws(ModelFailure) -> Forest.Tree {
        try checkLengths()
        var depth = 0
        var reachable = 0
        var leaves = 0
        // A list instead of recursion: the depth is the file's. Children may come before their parent in the file.
        var pending: [(node: Int32, depth: Int)] = [(0, 0)]
        seen[0] = true
        while let (node, level) = pending.popLast() {
            reachable += 1
            depth = max(depth, level)
            let left = tree.left[Int(node)]
            let right = tree.right[Int(node)]
            if left == TreeSpec.noChild, right == TreeSpec.noChild {
                leaves += 1
                try checkLeaf(Int(node))
                continue
            }
            guard left != TreeSpec.noChild, right != TreeSpec.noChild else {
                throw failure(.childOutOfRange, "a node with one child", node: Int(node))
            }
            try checkSplit(Int(node))
            guard level < limits.depthMax else {
                throw failure(.treeTooDeep, "deeper than \(limits.depthMax) splits", node: Int(node))
            }
            for child in [right, left] {
                try visit(child, from: Int(node))
                pending.append((child, level + 1))
            }
        }
        return Forest.Tree(nodes: tree, depth: depth, reachableCount: reachable, leafCount: leaves)
    }

    private func checkLengths() throws(ModelFailure) {
        let count = tree.left.count
        guard count > 0 else { throw failure(.wrongLength, "a tree without nodes") }
        let others = [
            ("right children", tree.right.count), ("features", tree.feature.count), ("values", tree.value.count),
            ("default directions", tree.defaultLeft.count),
        ]
        for (what, length) in others where length != count {
            throw failure(.wrongLength, "\(length) \(what) for \(count) nodes")
        }
        for (what, length) in [("covers", tree.covers.count), ("gains", tree.gains.count)]
        where length != 0 && length != count {
            throw failure(.wrongLength, "\(length) \(what) for \(count) nodes")
        }
        guard tree.setOfNode.isEmpty || tree.setOfNode.count == count else {
            throw failure(.wrongLength, "\(tree.setOfNode.count) numbers of sets for \(count) nodes")
        }
        let sets = TreeSpec.noSet..<Int32(tree.categorySets.count)
        guard tree.setOfNode.allSatisfy({ sets.contains($0) }) else {
            throw failure(.wrongLength, "a set of categories beyond the tree's \(tree.categorySets.count)")
        }
    }

    private mutating func visit(_ child: Int32, from node: Int) throws(ModelFailure) {
        guard child >= 0, Int(child) < seen.count else {
            throw failure(.childOutOfRange, "child \(child) is outside the tree's \(seen.count) nodes", node: node)
        }
        guard !seen[Int(child)] else {
            throw failure(.nodeReachedTwice, "child \(child) is reached a second time", node: node)
        }
        seen[Int(child)] = true
    }

    private func checkSplit(_ node: Int) throws(ModelFailure) {
        let feature = tree.feature[node]
        guard feature >= 0, Int(feature) < featureCount else {
            throw failure(
                .featureOutOfRange, "feature \(feature), where the model has \(featureCount)", node: node)
        }
        guard tree.categories(of: node) != nil || !tree.value[node].isNaN else {
            throw failure(.thresholdNotANumber, "a threshold that is not a number", node: node)
        }
        guard tree.defaultLeft[node] <= 1 else {
            throw failure(.wrongType, "default direction \(tree.defaultLeft[node]) is not 0 or 1", node: node)
        }
    }

    private func checkLeaf(_ node: Int) throws(ModelFailure) {
        guard tree.value[node].isFinite else {
            throw failure(.leafNotFinite, "a leaf of \(tree.value[node])", node: node)
        }
    }

    private func failure(_ code: ModelFailure.Code, _ message: String, node: Int? = nil) -> ModelFailure {
        ModelFailure(code, message, at: "tree \(number)" + (node.map { ", node \($0)" } ?? ""))
    }
}
