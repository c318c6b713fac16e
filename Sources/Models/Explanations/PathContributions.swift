/// What each feature does to the length of a row's paths through an isolation forest, or to any mean of trees.
///
/// A node's expected length is the mean over the training rows below it. At each split on a row's path the expectation
/// goes from the node's to the child's, one step behind it: the difference is its feature's. So a tree's
/// contributions are its leaf's length less the expectation at the root, exactly, and the base value is the sum of the
/// roots' expectations. (That is Saabas's decomposition; unlike Shapley values it depends on the order of splits, which
/// in an isolation forest is random and averages out, and it costs no more than finding the leaf.)
struct PathContributions: Sendable {
    private struct Node: BitwiseCopyable, Sendable {
        /// 0: a leaf. The right child follows.
        var left: UInt32
        var feature: UInt32
        /// The node's number among the splits of its tree.
        var split: UInt32
        /// What going left and going right adds.
        var steps: (left: Double, right: Double)
    }

    private let nodes: FrozenArray<Node>
    private let firsts: FrozenArray<Int>
    private let base: Double

    /// - Parameters:
    ///   - forest: a leaf's output is the length of the path to it with what its rows would still take (c of their
    ///     number); covers are training rows.
    ///   - factor: what lengths are multiplied with: 1 over the number of trees for a mean.
    ///   - base: what the sum starts from.
    ///
    /// Complexity: O(nodes).
    init(_ forest: [ExplainedTree], factor: Double, base: Double = 0) {
        var nodes: [Node] = []
        var firsts: [Int] = []
        var sum = base
        for tree in forest {
            firsts.append(nodes.count)
            let means = tree.means(shares: tree.shares)
            sum += factor * means[0]
            var left = 1
            var splits: UInt32 = 0
            for (number, node) in tree.nodes.enumerated() {
                guard !node.isLeaf else {
                    nodes.append(Node(left: 0, feature: 0, split: 0, steps: (0, 0)))
                    continue
                }
                let steps = (factor * (means[left] - means[number]), factor * (means[left + 1] - means[number]))
                nodes.append(Node(left: UInt32(left), feature: UInt32(node.feature), split: splits, steps: steps))
                left += 2
                splits += 1
            }
        }
        self.nodes = FrozenArray(nodes)
        self.firsts = FrozenArray(firsts)
        self.base = sum
    }

    /// Writes some rows' contributions: `featureCount` of them and then the base value.
    ///
    /// `goesRight` tells of a node of a tree, breadth first, which is the tree's split with the given number, where a
    /// row goes. Complexity: O(trees x depth) a row, no allocation.
    @inline(__always)
    func explain(
        rowCount: Int, featureCount: Int, into target: UnsafeMutablePointer<Double>,
        goesRight: (_ tree: Int, _ node: Int, _ split: Int, _ row: Int) -> Bool
    ) {
        for row in 0..<rowCount {
            let here = target + row &* (featureCount &+ 1)
            here.update(repeating: 0, count: featureCount)
            here[featureCount] = base
            for tree in 0..<firsts.count {
                let nodes = nodes.start + firsts.start[tree]
                var at = 0
                while nodes[at].left != 0 {
                    let node = nodes[at]
                    let isRight = goesRight(tree, at, Int(node.split), row)
                    here[Int(node.feature)] += isRight ? node.steps.right : node.steps.left
                    at = Int(node.left) &+ (isRight ? 1 : 0)
                }
            }
        }
    }
}
