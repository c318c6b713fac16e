/// Path-dependent TreeSHAP: what each feature adds to the outputs of a forest (Lundberg et al., Nature Machine
/// Intelligence 2020), a pass up and a pass down each tree.
///
/// A leaf with value v is reached along features j, each with the share z_j of training rows that go on where the
/// feature is unknown, and o_j, 1 where the row itself goes on and else 0. The Shapley value of feature i is
///
///     v (o_i - z_i) ∫ ∏ j≠i (t o_j + (1 - t) z_j) dt   over t from 0 to 1
///
/// since ∫ t^s (1 - t)^(d-1-s) dt = s! (d-1-s)! / d!. The integrand is a polynomial, so that Gauss and Legendre's n
/// points are exact up to 2 n features on a path. What is left are sums of products along paths at each point t, which
/// leaves share from the root down (as edges do in Linear TreeSHAP, Yu et al., NeurIPS 2022). For one split with z of
/// the training rows on the side that the row does not take, let
///
///     U    the sum over the leaves below a node of v times the factors (t o_j + (1 - t) z_j) behind the node,
///     D    the product of the factors before it (at the root, the point's weight).
///
/// The factors of the two sides are (1 - t) z and, the rest of 1, 1 - (1 - t) z. So with the side taken h and the other
/// c, and Δ = z (U_h - U_c): the split's U is U_h - (1 - t) Δ, D goes on as (1 - t) z D and the rest of D, and its
/// feature's part of the Shapley value is the sum of D Δ over the points. Where the feature was asked before, on the
/// same path with the share z', the same holds with z z' / (t + (1 - t) z') in the place of z, and the part is divided
/// by t + (1 - t) z' once more; where the row has left that path already, the row's side means nothing: the feature's
/// part is 0 and both sides go on by their shares. Ten operations a split and point, and nothing cancels.
struct TreeContributions: Sendable {
    struct Split: BitwiseCopyable, Sendable {
        var node: UInt32
        /// The left child's node; the right one follows it.
        var left: UInt32
        var feature: UInt32
        /// 0: no split above asks for the same feature; else 1 more than `number << 1 | side` of the nearest one.
        var above: UInt32
        /// The share of training rows that follow all edges of this feature down to here.
        var aboveShare: Double
    }

    struct Leaf: BitwiseCopyable, Sendable {
        var node: Int
        var value: Double
    }

    struct Tree: BitwiseCopyable, Sendable {
        var splits: Range
        var leaves: Range
        /// Splits whose feature is asked before.
        var repeated: Range
        var rules: Range
        var group: Int
        /// One block of two points does.
        var isNarrow: Bool
    }

    struct Range: BitwiseCopyable, Sendable {
        var first: Int
        var count: Int
    }

    /// Four points and their weights; a narrow tree's in the lower half.
    struct Rule: BitwiseCopyable, Sendable {
        var t: SIMD4<Double>
        var weight: SIMD4<Double>
    }

    let splits: FrozenArray<Split>
    /// For each split of the training rows there the share on the other side: than left, than right.
    let otherShares: FrozenArray<Double>
    let leaves: FrozenArray<Leaf>
    let repeated: FrozenArray<UInt32>
    let trees: FrozenArray<Tree>
    let rules: FrozenArray<Rule>
    let bases: FrozenArray<Double>
    let nodesMax: Int

    /// `bases` is what each group's outputs start from. Complexity: O(nodes x depth).
    init(_ forest: [ExplainedTree], bases: [Double]) {
        var packing = Packing(bases: bases)
        for tree in forest { packing.add(tree) }
        splits = FrozenArray(packing.splits)
        otherShares = FrozenArray(packing.otherShares)
        leaves = FrozenArray(packing.leaves)
        repeated = FrozenArray(packing.repeated)
        trees = FrozenArray(packing.trees)
        rules = FrozenArray(packing.rules)
        self.bases = FrozenArray(packing.bases)
        nodesMax = forest.reduce(1) { max($0, $1.nodes.count) }
    }

    /// A tree's splits in the order in which `decide` is asked for them: by node, breadth first.
    static func splitNodes(_ tree: ExplainedTree) -> [Int] { tree.nodes.indices.filter { !tree.nodes[$0].isLeaf } }
}

extension TreeContributions {
    fileprivate struct Packing {
        var bases: [Double]
        var splits: [Split] = []
        var otherShares: [Double] = []
        var leaves: [Leaf] = []
        var repeated: [UInt32] = []
        var trees: [Tree] = []
        var rules: [Rule] = []
        private var ruleRanges: [Int: Range] = [:]

        init(bases: [Double]) { self.bases = bases }

        mutating func add(_ tree: ExplainedTree) {
            let nodes = tree.nodes
            let shares = tree.shares
            var paths = Paths(tree, shares: shares)
            let first = (splits: splits.count, leaves: leaves.count, repeated: repeated.count)
            var left: UInt32 = 1
            for (number, node) in nodes.enumerated() {
                guard !node.isLeaf else {
                    leaves.append(Leaf(node: number, value: node.output))
                    continue
                }
                let above = paths.visit(number)
                if above.edge != 0 { repeated.append(UInt32(splits.count - first.splits)) }
                splits.append(
                    Split(
                        node: UInt32(number), left: left, feature: UInt32(node.feature), above: above.edge,
                        aboveShare: above.share))
                otherShares += [shares[Int(left) + 1], shares[Int(left)]]
                left += 2
            }
            bases[tree.group] += tree.means(shares: shares)[0]
            // So many points are exact for the longest path.
            let points = max(1, (paths.featuresMax + 1) / 2)
            trees.append(
                Tree(
                    splits: Range(first: first.splits, count: splits.count - first.splits),
                    leaves: Range(first: first.leaves, count: leaves.count - first.leaves),
                    repeated: Range(first: first.repeated, count: repeated.count - first.repeated),
                    rules: rules(points: points), group: tree.group, isNarrow: points <= 2))
        }

        private mutating func rules(points wanted: Int) -> Range {
            let count = wanted <= 2 ? 2 : (wanted + 3) / 4 * 4
            if let range = ruleRanges[count] { return range }
            let (points, weights) = GaussLegendre.rule(count)
            let range = Range(first: rules.count, count: (count + 3) / 4)
            for block in 0..<range.count {
                var rule = Rule(t: .init(repeating: 1), weight: .zero)
                for lane in 0..<min(4, count) {
                    rule.t[lane] = points[4 * block + lane]
                    rule.weight[lane] = weights[4 * block + lane]
                }
                rules.append(rule)
            }
            ruleRanges[count] = range
            return range
        }
    }

    /// What the way from the root says of each split.
    private struct Paths {
        private let nodes: [ExplainedTree.Node]
        private let shares: [Double]
        /// Each split's number among the splits, by node.
        private var numbers: [UInt32]
        /// Different features that were asked on the way to and at each split, by node.
        private var features: [Int]
        /// The share that is left of a split's feature before it is asked, by node.
        private var aboveShares: [Double]
        private var count: UInt32 = 0
        private(set) var featuresMax = 0

        init(_ tree: ExplainedTree, shares: [Double]) {
            nodes = tree.nodes
            self.shares = shares
            numbers = [UInt32](repeating: 0, count: nodes.count)
            features = [Int](repeating: 0, count: nodes.count)
            aboveShares = [Double](repeating: 1, count: nodes.count)
        }

        /// The nearest edge above of the split's feature, as in `Split.above`, and the share down to it; parents come
        /// before their children.
        mutating func visit(_ number: Int) -> (edge: UInt32, share: Double) {
            numbers[number] = count
            count += 1
            let feature = nodes[number].feature
            var (edge, share): (UInt32, Double) = (0, 1)
            var at = number
            while edge == 0, nodes[at].parent >= 0 {
                let parent = Int(nodes[at].parent)
                if nodes[parent].feature == feature {
                    // The left child stands first.
                    let isRight = nodes[at - 1].parent == nodes[at].parent
                    edge = (numbers[parent] << 1 | (isRight ? 1 : 0)) + 1
                    share = shares[at] * aboveShares[parent]
                }
                at = parent
            }
            let parent = nodes[number].parent
            features[number] = (parent < 0 ? 0 : features[Int(parent)]) + (edge == 0 ? 1 : 0)
            featuresMax = max(featuresMax, features[number])
            aboveShares[number] = share
            return (edge, share)
        }
    }
}
