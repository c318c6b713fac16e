/// A checked tree ensemble in float64, neutral as to the format it came from; every kernel is packed from it.
///
/// A group's margin is a float64 sum that starts at 0 and takes the trees in order: the order is part of the result.
struct DoubleForest: Hashable, Sendable {
    /// One tree in which what can be reached is reached once.
    struct Tree: Hashable, Sendable {
        let spec: DoubleTreeSpec
        /// Splits on the way to the deepest leaf.
        let depth: Int
        /// Leaves that a row can reach.
        let leafCount: Int

        /// How the root is written where a child would be.
        var root: Int32 { spec.splits.isEmpty ? -1 : 0 }
    }

    let featureCount: Int
    let trees: [Tree]
    let groupCount: Int
    let transform: DoubleTransform
    let divisor: Double

    var depth: Int { trees.reduce(0) { max($0, $1.depth) } }
    var splitCount: Int { trees.reduce(0) { $0 + $1.spec.splits.count } }
    var isLinear: Bool { trees.contains { $0.spec.linear != nil } }

    /// Checks everything that the kernels rely on, so that they need not.
    ///
    /// Complexity: O(nodes).
    init(checking spec: DoubleForestSpec, limits: ForestLimits = ForestLimits()) throws(ModelFailure) {
        guard spec.featureCount >= 1, spec.featureCount <= limits.featuresMax else {
            throw ModelFailure(
                .tooManyFeatures, "\(spec.featureCount) features, where 1 to \(limits.featuresMax) are accepted")
        }
        guard spec.trees.count <= limits.treesMax else {
            throw ModelFailure(
                .tooManyTrees, "\(spec.trees.count) trees, where at most \(limits.treesMax) are accepted")
        }
        guard spec.groupCount >= 1, spec.groupCount <= limits.groupsMax else {
            throw ModelFailure(
                .tooManyOutputs, "\(spec.groupCount) classes, where 1 to \(limits.groupsMax) are accepted")
        }
        var nodeCount = 0
        var trees: [Tree] = []
        trees.reserveCapacity(spec.trees.count)
        for (number, tree) in spec.trees.enumerated() {
            nodeCount += tree.splits.count + tree.leafValues.count
            guard nodeCount <= limits.nodesMax else {
                throw ModelFailure(
                    .tooManyNodes, "more than \(limits.nodesMax) nodes up to here", at: "tree \(number)",
                    suggestion: "train fewer or smaller trees")
            }
            guard (0..<spec.groupCount).contains(tree.group) else {
                throw ModelFailure(
                    .groupOutOfRange, "group \(tree.group), where the model has \(spec.groupCount)",
                    at: "tree \(number)")
            }
            var check = DoubleTreeCheck(tree, number: number, featureCount: spec.featureCount, limits: limits)
            trees.append(try check.run())
        }
        featureCount = spec.featureCount
        groupCount = spec.groupCount
        transform = spec.transform
        divisor = spec.divisor
        self.trees = trees
    }
}

/// Walks one tree from its root and checks each node once.
private struct DoubleTreeCheck {
    private let tree: DoubleTreeSpec
    private let number: Int
    private let featureCount: Int
    private let limits: ForestLimits
    private var seenSplits: [Bool]
    private var seenLeaves: [Bool]

    init(_ tree: DoubleTreeSpec, number: Int, featureCount: Int, limits: ForestLimits) {
        self.tree = tree
        self.number = number
        self.featureCount = featureCount
        self.limits = limits
        seenSplits = [Bool](repeating: false, count: tree.splits.count)
        seenLeaves = [Bool](repeating: false, count: tree.leafValues.count)
    }

    mutating func run() throws(ModelFailure) -> DoubleForest.Tree {
        guard tree.leafValues.count == tree.splits.count + 1 else {
            throw failure(.wrongLength, "\(tree.leafValues.count) leaves for \(tree.splits.count) splits")
        }
        try checkLinear()
        var depth = 0
        var leaves = 0
        // A list instead of recursion: the depth is the file's.
        var pending: [(child: Int32, depth: Int)] = [(tree.splits.isEmpty ? -1 : 0, 0)]
        while let (child, level) = pending.popLast() {
            depth = max(depth, level)
            if child < 0 {
                try visitLeaf(Int(~child))
                leaves += 1
                continue
            }
            try visitSplit(Int(child))
            guard level < limits.depthMax else {
                throw failure(.treeTooDeep, "deeper than \(limits.depthMax) splits", node: "split \(child)")
            }
            pending.append((tree.splits[Int(child)].right, level + 1))
            pending.append((tree.splits[Int(child)].left, level + 1))
        }
        return DoubleForest.Tree(spec: tree, depth: depth, leafCount: leaves)
    }

    private mutating func visitLeaf(_ leaf: Int) throws(ModelFailure) {
        let place = "leaf \(leaf)"
        guard leaf < seenLeaves.count else {
            throw failure(.childOutOfRange, "a child outside the tree's \(seenLeaves.count) leaves", node: place)
        }
        guard !seenLeaves[leaf] else { throw failure(.nodeReachedTwice, "reached a second time", node: place) }
        seenLeaves[leaf] = true
        guard tree.leafValues[leaf].isFinite else {
            throw failure(.leafNotFinite, "a leaf of \(tree.leafValues[leaf])", node: place)
        }
    }

    private mutating func visitSplit(_ number: Int) throws(ModelFailure) {
        let place = "split \(number)"
        guard number < seenSplits.count else {
            throw failure(.childOutOfRange, "a child outside the tree's \(seenSplits.count) splits", node: place)
        }
        guard !seenSplits[number] else { throw failure(.nodeReachedTwice, "reached a second time", node: place) }
        seenSplits[number] = true
        let split = tree.splits[number]
        guard split.feature >= 0, Int(split.feature) < featureCount else {
            throw failure(
                .featureOutOfRange, "feature \(split.feature), where the model has \(featureCount)", node: place)
        }
        if split.rule == .categories {
            let end = Int(split.firstWord) + Int(split.wordCount)
            guard split.firstWord >= 0, split.wordCount >= 0, end <= tree.categoryWords.count else {
                throw failure(.wrongLength, "a category set outside the tree's", node: place)
            }
        } else if split.threshold.isNaN {
            throw failure(.thresholdNotANumber, "a threshold that is not a number", node: place)
        }
    }

    private func checkLinear() throws(ModelFailure) {
        guard let linear = tree.linear else { return }
        let bounds = linear.bounds
        guard linear.constants.count == tree.leafValues.count, bounds.count == tree.leafValues.count + 1,
            bounds.first == 0, Int(bounds[bounds.count - 1]) == linear.features.count,
            zip(bounds, bounds.dropFirst()).allSatisfy({ $0 <= $1 }),
            linear.features.count == linear.coefficients.count
        else { throw failure(.wrongLength, "linear leaves that do not fit the tree's leaves") }
        guard linear.features.allSatisfy({ $0 >= 0 && Int($0) < featureCount }) else {
            throw failure(.featureOutOfRange, "a linear leaf of a feature that the model does not have")
        }
        guard linear.constants.allSatisfy(\.isFinite), linear.coefficients.allSatisfy(\.isFinite) else {
            throw failure(.leafNotFinite, "a linear leaf that is not finite")
        }
    }

    private func failure(_ code: ModelFailure.Code, _ message: String, node: String? = nil) -> ModelFailure {
        ModelFailure(code, message, at: "tree \(number)" + (node.map { ", \($0)" } ?? ""))
    }
}
