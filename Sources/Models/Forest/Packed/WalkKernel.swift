/// Trees as packed nodes that a row walks from the root: the kernel for single rows, and for whatever shape of tree.
///
/// A split's right child follows its left one. A leaf's threshold is NaN, which no value reaches, and its left child is
/// the leaf itself: a step from a leaf stays on it. So a walk takes as many steps as the tree is deep and has no branch
/// that depends on the row.
///
/// A split by categories has, in the place of its threshold, where its set stands among the words: their number, then
/// the words. Trees with such splits are walked by steps of their own, which look what kind each split is.
struct WalkKernel: Sendable {
    struct Node: BitwiseCopyable, Sendable {
        /// NaN at a leaf; the bits of a place in the words at a split by categories.
        var threshold: Float
        /// Where the left child stands; the right one follows it.
        var left: UInt32
        /// The feature above, in the lowest bit 1 where a missing value goes right, in the highest bit 1 at a split by
        /// categories; 0 at a leaf.
        var featureAndDefault: UInt32
        /// What a leaf adds; 0 at a split.
        var output: Float
    }

    struct Tree: BitwiseCopyable, Sendable {
        var root: UInt32
        /// Splits to the deepest leaf.
        var depth: Int32
        var hasCategories: Bool
    }

    /// What a step knows when it is compiled, so that the rest falls away.
    private enum Rows {
        /// No split by categories, and no value is missing.
        case complete
        /// No split by categories.
        case plain
        case any
    }

    /// Up to this depth all steps are taken; beyond, a walk looks at each step whether it has arrived.
    private static let fixedStepsMax: Int32 = 12

    private let nodes: FrozenArray<Node>
    /// Each node's number in its tree in the file.
    private let numbers: FrozenArray<Int32>
    private let trees: FrozenArray<Tree>
    private let words: FrozenArray<UInt32>
    private static let categoryFlag: UInt32 = 1 << 31

    var byteCount: Int { nodes.byteCount + numbers.byteCount + trees.byteCount + words.byteCount }

    init(_ forest: Forest) {
        var nodes: [Node] = []
        var numbers: [Int32] = []
        nodes.reserveCapacity(forest.nodeCount)
        numbers.reserveCapacity(forest.nodeCount)
        var trees: [Tree] = []
        var sets = PackedSets()
        for tree in forest.trees {
            trees.append(
                Tree(root: UInt32(nodes.count), depth: Int32(tree.depth), hasCategories: tree.hasCategories))
            Self.pack(tree, into: &nodes, &numbers, &sets)
        }
        words = FrozenArray(sets.words)
        self.nodes = FrozenArray(nodes)
        self.numbers = FrozenArray(numbers)
        self.trees = FrozenArray(trees)
    }

    /// Breadth first, so that the levels that every row visits lie together.
    private static func pack(
        _ tree: Forest.Tree, into nodes: inout [Node], _ numbers: inout [Int32], _ sets: inout PackedSets
    ) {
        let spec = tree.nodes
        let root = nodes.count
        numbers.append(0)
        // `numbers` is the queue too: it runs ahead of `nodes` by the children that wait for their turn.
        while nodes.count < numbers.count {
            let source = Int(numbers[nodes.count])
            if tree.isLeaf(source) {
                let here = UInt32(nodes.count)
                nodes.append(Node(threshold: .nan, left: here, featureAndDefault: 0, output: spec.value[source]))
                continue
            }
            var featureAndDefault = UInt32(spec.feature[source]) << 1 | (spec.defaultLeft[source] == 0 ? 1 : 0)
            var threshold = spec.value[source]
            if let set = spec.categories(of: source) {
                featureAndDefault |= categoryFlag
                threshold = Float(bitPattern: sets.place(of: set))
            }
            nodes.append(
                Node(
                    threshold: threshold, left: UInt32(numbers.count), featureAndDefault: featureAndDefault, output: 0))
            numbers.append(spec.left[source])
            numbers.append(spec.right[source])
        }
        assert(nodes.count - root == tree.reachableCount, "\(nodes.count - root) nodes packed")
    }

    @inline(__always)
    private static func step(
        _ node: Node, _ row: UnsafePointer<Float>, _ words: UnsafePointer<UInt32>, _ rows: Rows
    ) -> UInt32 {
        if case .any = rows, node.featureAndDefault & categoryFlag != 0 {
            let x = row[Int((node.featureAndDefault & ~categoryFlag) &>> 1)]
            if x != x { return node.left &+ (node.featureAndDefault & 1) }
            let set = words + Int(node.threshold.bitPattern)
            return node.left &+ CategorySet.bit(x, set + 1, count: Int(set.pointee))
        }
        let x = row[Int(node.featureAndDefault &>> 1)]
        let notLess: UInt32 = x >= node.threshold ? 1 : 0
        if case .complete = rows { return node.left &+ notLess }
        let missing: UInt32 = x != x ? 1 : 0
        return node.left &+ (notLess | missing & node.featureAndDefault)
    }

    /// The leaves of four walks at once: a single walk waits for its own loads most of the time.
    @inline(__always)
    private func leaves(
        from roots: Four<UInt32>, steps: Int32, _ rows: Four<UnsafePointer<Float>>, _ kind: Rows
    ) -> Four<Int> {
        let nodes = nodes.start
        let words = words.start
        var (at0, at1, at2, at3) = roots
        var level = steps
        while level > 0 {
            at0 = Self.step(nodes[Int(at0)], rows.0, words, kind)
            at1 = Self.step(nodes[Int(at1)], rows.1, words, kind)
            at2 = Self.step(nodes[Int(at2)], rows.2, words, kind)
            at3 = Self.step(nodes[Int(at3)], rows.3, words, kind)
            level &-= 1
        }
        return (Int(at0), Int(at1), Int(at2), Int(at3))
    }

    private typealias Four<Value> = (Value, Value, Value, Value)

    @inline(__always)
    private func leaf(_ tree: Tree, _ row: UnsafePointer<Float>) -> Int {
        let nodes = nodes.start
        var at = tree.root
        while true {
            let node = nodes[Int(at)]
            // Children stand behind their parent: only a leaf leads to where it stands.
            if node.left == at { return Int(at) }
            at = Self.step(node, row, words.start, .any)
        }
    }

    /// Where rows and margins of a block stand.
    struct Block {
        let rows: UnsafePointer<Float>
        let count: Int
        let stride: Int
        /// No row has a missing value.
        let isComplete: Bool
        let margins: UnsafeMutablePointer<Float>
        let marginStride: Int
    }

    /// Adds one tree's leaves to the margins of a block's rows. Complexity: O(rows x depth), no allocation.
    func add(tree: Int, to block: Block) {
        let tree = trees.start[tree]
        var row = 0
        if tree.depth <= Self.fixedStepsMax {
            if tree.hasCategories {
                row = addFours(tree, block, .any)
            } else {
                row = block.isComplete ? addFours(tree, block, .complete) : addFours(tree, block, .plain)
            }
        }
        while row < block.count {
            let leaf = leaf(tree, block.rows + row &* block.stride)
            block.margins[row &* block.marginStride] += nodes.start[leaf].output
            row &+= 1
        }
    }

    /// Returns how many rows are done.
    @inline(__always)
    private func addFours(_ tree: Tree, _ block: Block, _ kind: Rows) -> Int {
        let nodes = nodes.start
        let (stride, marginStride) = (block.stride, block.marginStride)
        let roots = (tree.root, tree.root, tree.root, tree.root)
        var row = 0
        while row &+ 4 <= block.count {
            let first = block.rows + row &* stride
            let rows = (first, first + stride, first + 2 &* stride, first + 3 &* stride)
            let leaves = leaves(from: roots, steps: tree.depth, rows, kind)
            block.margins[row &* marginStride] += nodes[leaves.0].output
            block.margins[(row &+ 1) &* marginStride] += nodes[leaves.1].output
            block.margins[(row &+ 2) &* marginStride] += nodes[leaves.2].output
            block.margins[(row &+ 3) &* marginStride] += nodes[leaves.3].output
            row &+= 4
        }
        return row
    }

    /// Adds all trees' leaves to one row's margins, in the trees' order; `groups` has each tree's group.
    ///
    /// Complexity: O(trees x depth), no allocation.
    func addAll(
        row: UnsafePointer<Float>, isComplete: Bool, groups: UnsafePointer<Int32>,
        to margins: UnsafeMutablePointer<Float>
    ) {
        let nodes = nodes.start
        let trees = trees.start
        var tree = 0
        while tree &+ 4 <= self.trees.count {
            let (a, b, c, d) = (trees[tree], trees[tree &+ 1], trees[tree &+ 2], trees[tree &+ 3])
            let depth = max(max(a.depth, b.depth), max(c.depth, d.depth))
            if depth > Self.fixedStepsMax {
                for place in tree..<tree &+ 4 { margins[Int(groups[place])] += nodes[leaf(trees[place], row)].output }
                tree &+= 4
                continue
            }
            let roots = (a.root, b.root, c.root, d.root)
            let rows = (row, row, row, row)
            // Steps beyond a tree's own depth stay on its leaf.
            let leaves: Four<Int>
            if a.hasCategories || b.hasCategories || c.hasCategories || d.hasCategories {
                leaves = self.leaves(from: roots, steps: depth, rows, .any)
            } else if isComplete {
                leaves = self.leaves(from: roots, steps: depth, rows, .complete)
            } else {
                leaves = self.leaves(from: roots, steps: depth, rows, .plain)
            }
            margins[Int(groups[tree])] += nodes[leaves.0].output
            margins[Int(groups[tree &+ 1])] += nodes[leaves.1].output
            margins[Int(groups[tree &+ 2])] += nodes[leaves.2].output
            margins[Int(groups[tree &+ 3])] += nodes[leaves.3].output
            tree &+= 4
        }
        while tree < self.trees.count {
            margins[Int(groups[tree])] += nodes[leaf(trees[tree], row)].output
            tree &+= 1
        }
    }

    /// The number in the file of the leaf that a row reaches in one tree.
    func leafNumber(tree: Int, row: UnsafePointer<Float>) -> Int32 {
        numbers.start[leaf(trees.start[tree], row)]
    }
}
