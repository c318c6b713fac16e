/// A tree as explanations see it, whatever its format: in breadth-first order, the right child behind the left one.
struct ExplainedTree: Sendable {
    struct Node: Sendable {
        /// -1 at the root.
        var parent: Int32
        /// Of a leaf what it adds; else of no meaning.
        var output: Double
        var isLeaf: Bool
        /// The feature of a split.
        var feature: Int32
        /// Training rows (or their weight) that came by.
        var cover: Double
    }

    var nodes: [Node]
    var group: Int
}

/// Path-dependent TreeSHAP: what each feature adds to the outputs of a forest (Lundberg et al., Nature Machine
/// Intelligence 2020), a pass down and a pass up each tree.
///
/// A leaf with value v is reached along features j, each with the share z_j of training rows that go on where the
/// feature is unknown, and o_j, 1 where the row itself goes on and else 0. The Shapley value of feature i is
///
///     v (o_i - z_i) ∫ ∏ j≠i (t o_j + (1 - t) z_j) dt   over t from 0 to 1
///
/// since ∫ t^s (1 - t)^(d-1-s) dt = s! (d-1-s)! / d!. The integrand is a polynomial, so that Gauss and Legendre's n
/// points are exact up to 2 n features on a path. At a point t the product over a path is carried down the tree, the
/// leaves' values times their products are summed on the way up, and each edge takes its feature's part: work is
/// O(nodes x points) where the usual recursion takes O(leaves x depth^2). All factors are positive: nothing cancels.
/// (The sharing of edges is that of Linear TreeSHAP, Yu et al., NeurIPS 2022.)
struct TreeContributions: Sendable {
    typealias Points = SIMD4<Double>

    struct Edge: BitwiseCopyable, Sendable {
        var parent: UInt32
        /// The nearest edge above of the same feature, 0: none (the root has no edge).
        var above: UInt32
        /// That of the split above.
        var feature: UInt32
        /// 1 for a right child, 0 for a left one, and 2 more at a leaf.
        var flags: UInt32
        /// The share of training rows that follow all edges of this feature down to here.
        var share: Double
        var output: Double
    }

    struct Tree: BitwiseCopyable, Sendable {
        var first: UInt32
        var count: UInt32
        var group: UInt32
        /// How many blocks of points its longest path needs, and where they begin.
        var firstRule: UInt32
        var ruleCount: UInt32
    }

    struct Rule: BitwiseCopyable, Sendable {
        var t: Points
        var weight: Points
    }

    /// What is worked out at an edge.
    private struct Work {
        /// On the way down the product over the path, on the way up the sum over the leaves below.
        var value: Points
        /// 1 / (t o + (1 - t) z).
        var inverse: Points
    }

    /// A share of 0 is possible where weights were 0; its products are then next to nothing instead of 0 / 0.
    private static let shareMin = 1e-100

    private let edges: FrozenArray<Edge>
    private let trees: FrozenArray<Tree>
    private let rules: FrozenArray<Rule>
    private let bases: FrozenArray<Double>
    private let nodesMax: Int

    /// `bases` is what each group's outputs start from.
    init(_ forest: [ExplainedTree], bases: [Double]) {
        var builder = Builder(bases: bases)
        for tree in forest { builder.add(tree) }
        edges = FrozenArray(builder.edges)
        trees = FrozenArray(builder.trees)
        rules = FrozenArray(builder.rules)
        self.bases = FrozenArray(builder.bases)
        nodesMax = forest.reduce(1) { max($0, $1.nodes.count) }
    }

    var scratchBytes: Int { nodesMax * (MemoryLayout<Work>.stride + 8) }

    private struct Builder {
        var bases: [Double]
        var edges: [Edge] = []
        var trees: [Tree] = []
        var rules: [Rule] = []
        private var ruleStarts: [Int: Int] = [:]

        init(bases: [Double]) { self.bases = bases }

        mutating func add(_ tree: ExplainedTree) {
            let first = edges.count
            var means = [Double](repeating: 0, count: tree.nodes.count)
            var features = [Int](repeating: 0, count: tree.nodes.count)
            var featuresMax = 1
            for (number, node) in tree.nodes.enumerated() {
                var edge = Edge(
                    parent: 0, above: 0, feature: 0, flags: node.isLeaf ? 2 : 0, share: 1, output: node.output)
                if node.parent >= 0 {
                    let parent = Int(node.parent)
                    edge.parent = UInt32(parent)
                    edge.feature = UInt32(tree.nodes[parent].feature)
                    // The left child stands first.
                    if number > 0, tree.nodes[number - 1].parent == node.parent { edge.flags |= 1 }
                    edge.above = above(parent, edge.feature, first)
                    let cover = tree.nodes[parent].cover
                    let part = cover > 0 ? node.cover / cover : 0
                    edge.share = max(TreeContributions.shareMin, part * edges[first + Int(edge.above)].share)
                    features[number] = features[parent] + (edge.above == 0 ? 1 : 0)
                    featuresMax = max(featuresMax, features[number])
                }
                edges.append(edge)
            }
            // The mean output: children stand behind their parent.
            for (number, node) in tree.nodes.enumerated().reversed() {
                if node.isLeaf { means[number] = node.output }
                if node.parent >= 0, tree.nodes[Int(node.parent)].cover > 0 {
                    means[Int(node.parent)] += means[number] * node.cover / tree.nodes[Int(node.parent)].cover
                }
            }
            bases[tree.group] += means[0]
            let (start, count) = rules(features: featuresMax)
            trees.append(
                Tree(
                    first: UInt32(first), count: UInt32(tree.nodes.count), group: UInt32(tree.group),
                    firstRule: UInt32(start), ruleCount: UInt32(count)))
        }

        private func above(_ node: Int, _ feature: UInt32, _ first: Int) -> UInt32 {
            var at = node
            while at != 0 {
                if edges[first + at].feature == feature { return UInt32(at) }
                at = Int(edges[first + at].parent)
            }
            return 0
        }

        private mutating func rules(features: Int) -> (start: Int, count: Int) {
            let blocks = (features + 7) / 8
            if let start = ruleStarts[blocks] { return (start, blocks) }
            let (points, weights) = GaussLegendre.rule(4 * blocks)
            ruleStarts[blocks] = rules.count
            for block in 0..<blocks {
                var rule = Rule(t: .zero, weight: .zero)
                for lane in 0..<4 {
                    rule.t[lane] = points[4 * block + lane]
                    rule.weight[lane] = weights[4 * block + lane]
                }
                rules.append(rule)
            }
            return (rules.count - blocks, blocks)
        }
    }

    /// Adds up one row's contributions: for each group `featureCount` of them and the base value.
    ///
    /// `goesRight` tells of a split, by its tree and its number there, where the row goes. Complexity: O(nodes x
    /// points), no allocation.
    @inline(__always)
    func add(
        featureCount: Int, scratch: UnsafeMutableRawPointer, into contributions: UnsafeMutablePointer<Double>,
        goesRight: (_ tree: Int, _ node: Int) -> Bool
    ) {
        let width = featureCount &+ 1
        for group in 0..<bases.count {
            let target = contributions + group &* width
            target.update(repeating: 0, count: featureCount)
            target[featureCount] = bases.start[group]
        }
        let work = scratch.assumingMemoryBound(to: Work.self)
        let hot = (scratch + nodesMax &* MemoryLayout<Work>.stride).assumingMemoryBound(to: Double.self)
        for number in 0..<trees.count {
            let tree = trees.start[number]
            if tree.count <= 1 { continue }
            let edges = edges.start + Int(tree.first)
            for node in 0..<Int(tree.count) { hot[node] = 1 }
            var node = 1
            // Two children at a time: both belong to one split.
            while node < Int(tree.count) {
                let side = goesRight(number, Int(edges[node].parent)) ? 1 : 0
                hot[node &+ (1 &- side)] = 0
                node &+= 2
            }
            for node in 1..<Int(tree.count) { hot[node] *= hot[Int(edges[node].above)] }
            let target = contributions + Int(tree.group) &* width
            for rule in 0..<Int(tree.ruleCount) {
                Self.pass(rules.start[Int(tree.firstRule) &+ rule], edges, Int(tree.count), hot, work, target)
            }
        }
    }

    private static func pass(
        _ rule: Rule, _ edges: UnsafePointer<Edge>, _ count: Int, _ hot: UnsafePointer<Double>,
        _ work: UnsafeMutablePointer<Work>, _ target: UnsafeMutablePointer<Double>
    ) {
        let t = rule.t
        let rest = 1 - t
        work[0] = Work(value: Points(repeating: 1), inverse: Points(repeating: 1))
        for node in 1..<count {
            let edge = edges[node]
            let factor = rest * edge.share + t * hot[node]
            // The root's is 1: an edge without another of its feature above divides by nothing.
            let value = work[Int(edge.parent)].value * factor * work[Int(edge.above)].inverse
            work[node] = Work(value: value, inverse: 1 / factor)
        }
        var node = count &- 1
        while node > 0 {
            let edge = edges[node]
            let isLeaf = edge.flags & 2 != 0
            let sum = isLeaf ? work[node].value * edge.output : work[node].value
            var part = work[node].inverse * (hot[node] - edge.share)
            if edge.above != 0 {
                let above = Int(edge.above)
                part -= work[above].inverse * (hot[above] - edges[above].share)
            }
            target[Int(edge.feature)] += (sum * part * rule.weight).sum()
            // The right child comes first on the way up and replaces what the way down has left.
            let parent = Int(edge.parent)
            work[parent].value = edge.flags & 1 != 0 ? sum : work[parent].value + sum
            node &-= 1
        }
    }
}
