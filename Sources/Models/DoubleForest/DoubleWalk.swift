/// Trees in float64 as packed nodes that a row walks from the root: the kernel for single rows, and for trees with more
/// leaves than a mask holds.
///
/// A split's right child follows its left one. A leaf's threshold is infinite, so that no value lies above it, and its
/// left child is the leaf itself: a step from a leaf stays on it, and walks of different lengths go together.
struct DoubleWalk: Sendable {
    struct Node: BitwiseCopyable, Sendable {
        /// With `categories`: the first word of the set and how many there are.
        var threshold: Double
        /// Where the left child stands; the right one follows it.
        var left: UInt32
        /// The feature above `flagBits` bits of flags.
        var featureAndFlags: UInt32
    }

    struct Tree: BitwiseCopyable, Sendable {
        var root: UInt32
        var depth: Int32
    }

    private static let flagBits: UInt32 = 3
    /// A missing value goes right.
    private static let missingRight: UInt32 = 1
    private static let zeroIsMissing: UInt32 = 2
    private static let categories: UInt32 = 4
    /// Walks of so many rows or trees go side by side: a single one waits for its own loads most of the time.
    private static let lanes = 8
    private static let stepsBetweenLooks: Int32 = 4

    private let nodes: FrozenArray<Node>
    /// What a leaf adds; 0 at a split.
    private let outputs: FrozenArray<Double>
    /// Each leaf's number in the file.
    private let numbers: FrozenArray<Int32>
    private let trees: FrozenArray<Tree>
    private let words: FrozenArray<UInt32>
    /// No split needs more than a comparison and a bit.
    private let isPlain: Bool
    private let linear: DoubleLinearLeaves?

    var byteCount: Int {
        nodes.byteCount + outputs.byteCount + numbers.byteCount + trees.byteCount + words.byteCount
            + (linear?.byteCount ?? 0)
    }

    init(_ forest: DoubleForest) {
        var builder = Builder()
        for tree in forest.trees { builder.add(tree) }
        nodes = FrozenArray(builder.nodes)
        outputs = FrozenArray(builder.outputs)
        numbers = FrozenArray(builder.numbers)
        trees = FrozenArray(builder.trees)
        words = FrozenArray(builder.words)
        isPlain = builder.isPlain
        linear =
            forest.isLinear
            ? DoubleLinearLeaves(forest, numbers: builder.numbers, roots: builder.trees.map { Int($0.root) }) : nil
    }

    /// The threshold beyond which a value goes right, where values that count as 0 are left as they are.
    static func plainThreshold(_ threshold: Double) -> Double {
        if threshold >= 0 { return max(threshold, DoubleSplit.zeroMax) }
        return threshold >= -DoubleSplit.zeroMax ? (-DoubleSplit.zeroMax).nextDown : threshold
    }

    private struct Builder {
        var nodes: [Node] = []
        var outputs: [Double] = []
        var numbers: [Int32] = []
        var trees: [Tree] = []
        var words: [UInt32] = []
        var isPlain = true

        /// Breadth first, so that the levels that every row visits lie together.
        mutating func add(_ tree: DoubleForest.Tree) {
            trees.append(Tree(root: UInt32(nodes.count), depth: Int32(tree.depth)))
            let firstWord = words.count
            words += tree.spec.categoryWords
            var queue = [tree.root]
            let start = nodes.count
            var next = 0
            while next < queue.count {
                let child = queue[next]
                next += 1
                guard child >= 0 else {
                    nodes.append(Node(threshold: .infinity, left: UInt32(nodes.count), featureAndFlags: 0))
                    outputs.append(tree.spec.leafValues[Int(~child)])
                    numbers.append(~child)
                    continue
                }
                let split = tree.spec.splits[Int(child)]
                nodes.append(node(split, left: UInt32(start + queue.count), firstWord: firstWord))
                outputs.append(0)
                numbers.append(-1)
                queue.append(split.left)
                queue.append(split.right)
            }
        }

        private mutating func node(_ split: DoubleSplit, left: UInt32, firstWord: Int) -> Node {
            let feature = UInt32(split.feature) << DoubleWalk.flagBits
            var threshold = DoubleWalk.plainThreshold(split.threshold)
            var flags: UInt32 = 0
            switch split.rule {
            case .missingIsZero: flags = split.threshold < 0 ? DoubleWalk.missingRight : 0
            case .zeroLeft: flags = DoubleWalk.zeroIsMissing
            case .zeroRight: flags = DoubleWalk.zeroIsMissing | DoubleWalk.missingRight
            case .missingLeft: break
            case .missingRight: flags = DoubleWalk.missingRight
            case .categories:
                flags = DoubleWalk.categories
                threshold = Double(
                    bitPattern: UInt64(firstWord + Int(split.firstWord)) << 32 | UInt64(split.wordCount))
            }
            if flags & ~DoubleWalk.missingRight != 0 { isPlain = false }
            return Node(threshold: threshold, left: left, featureAndFlags: feature | flags)
        }
    }

    // MARK: steps

    /// Whether a value is in a set of categories.
    @inline(__always)
    static func contains(_ x: Double, _ words: UnsafePointer<UInt32>, _ wordCount: Int) -> Bool {
        // Cut to an integer first: -0.5 is category 0. What no category can be, NaN too, fails the comparison. A set may
        // be empty, so that the bound on x alone does not do.
        guard x > -1, x < Double(wordCount &* 32) else { return false }
        let category = Int(x)
        guard category < wordCount &* 32 else { return false }
        return words[category &>> 5] &>> UInt32(category & 31) & 1 != 0
    }

    /// `plain`, and `complete`, of rows without a missing value: known when this is compiled, so that the rest falls away.
    @inline(__always)
    private func step(
        _ nodes: UnsafePointer<Node>, _ at: UInt32, _ row: UnsafePointer<Double>, plain: Bool, complete: Bool = false
    ) -> UInt32 {
        let node = nodes[Int(at)]
        let x = row[Int(node.featureAndFlags &>> Self.flagBits)]
        let above: UInt32 = x > node.threshold ? 1 : 0
        if plain && complete { return node.left &+ above }
        let missing: UInt32 = x != x ? 1 : 0
        if plain { return node.left &+ (above | missing & node.featureAndFlags) }
        if node.featureAndFlags & Self.categories != 0 {
            let set = node.threshold.bitPattern
            let isIn = Self.contains(x, words.start + Int(set &>> 32), Int(set & 0xFFFF_FFFF))
            return node.left &+ (isIn ? 0 : 1)
        }
        let isZero = node.featureAndFlags & Self.zeroIsMissing != 0 && abs(x) <= DoubleSplit.zeroMax
        if isZero || missing != 0 { return node.left &+ node.featureAndFlags & Self.missingRight }
        return node.left &+ above
    }

    private typealias Eight<Value> = (Value, Value, Value, Value, Value, Value, Value, Value)

    @inline(__always)
    private func walk(
        _ nodes: UnsafePointer<Node>, _ at: inout Eight<UInt32>, depth: Int32,
        _ rows: Eight<UnsafePointer<Double>>, plain: Bool, complete: Bool = false
    ) {
        var left = depth
        while left > 0 {
            var steps = min(left, Self.stepsBetweenLooks)
            left &-= steps
            let before = at
            while steps > 0 {
                at.0 = step(nodes, at.0, rows.0, plain: plain, complete: complete)
                at.1 = step(nodes, at.1, rows.1, plain: plain, complete: complete)
                at.2 = step(nodes, at.2, rows.2, plain: plain, complete: complete)
                at.3 = step(nodes, at.3, rows.3, plain: plain, complete: complete)
                at.4 = step(nodes, at.4, rows.4, plain: plain, complete: complete)
                at.5 = step(nodes, at.5, rows.5, plain: plain, complete: complete)
                at.6 = step(nodes, at.6, rows.6, plain: plain, complete: complete)
                at.7 = step(nodes, at.7, rows.7, plain: plain, complete: complete)
                steps &-= 1
            }
            // Children stand behind their parent: who has not moved has arrived.
            let moved =
                (at.0 ^ before.0) | (at.1 ^ before.1) | (at.2 ^ before.2) | (at.3 ^ before.3)
                | (at.4 ^ before.4) | (at.5 ^ before.5) | (at.6 ^ before.6) | (at.7 ^ before.7)
            if moved == 0 { return }
        }
    }

    @inline(__always)
    private func leaf(_ tree: Tree, _ row: UnsafePointer<Double>) -> Int {
        let nodes = nodes.start
        var at = tree.root
        while nodes[Int(at)].left != at { at = step(nodes, at, row, plain: false) }
        return Int(at)
    }

    /// Whether a split sends a row right; `node` counts the tree's nodes breadth first.
    @inline(__always)
    func goesRight(tree: Int, node: Int, row: UnsafePointer<Double>) -> Bool {
        let at = trees.start[tree].root &+ UInt32(truncatingIfNeeded: node)
        return step(nodes.start, at, row, plain: false) != nodes.start[Int(at)].left
    }

    // MARK: rows

    /// The number in the file of the leaf that a row reaches in one tree. Complexity: O(depth).
    func leafNumber(tree: Int, row: UnsafePointer<Double>) -> Int32 { numbers.start[leaf(trees.start[tree], row)] }

    /// Adds one tree's leaves to the margins of `rowCount` rows. Complexity: O(rows x depth), no allocation.
    func add(
        tree: Int, rows: UnsafePointer<Double>, rowCount: Int, stride: Int, to margins: UnsafeMutablePointer<Double>,
        marginStride: Int
    ) {
        if isPlain, linear == nil {
            add(trees.start[tree], rows, rowCount, stride, margins, marginStride, plain: true)
        } else {
            add(trees.start[tree], rows, rowCount, stride, margins, marginStride, plain: false)
        }
    }

    @inline(__always)
    private func add(
        _ tree: Tree, _ rows: UnsafePointer<Double>, _ rowCount: Int, _ stride: Int,
        _ margins: UnsafeMutablePointer<Double>, _ marginStride: Int, plain: Bool
    ) {
        let (nodes, outputs) = (nodes.start, outputs.start)
        let root = tree.root
        var row = 0
        while row &+ Self.lanes <= rowCount {
            let a = rows + row &* stride
            let b = a + 4 &* stride
            var at = (root, root, root, root, root, root, root, root)
            walk(
                nodes, &at, depth: tree.depth,
                (a, a + stride, a + 2 &* stride, a + 3 &* stride, b, b + stride, b + 2 &* stride, b + 3 &* stride),
                plain: plain)
            let target = margins + row &* marginStride
            if !plain, let linear {
                addLinear(linear, at, a, stride, target, marginStride)
                row &+= Self.lanes
                continue
            }
            target[0] += outputs[Int(at.0)]
            target[marginStride] += outputs[Int(at.1)]
            target[2 &* marginStride] += outputs[Int(at.2)]
            target[3 &* marginStride] += outputs[Int(at.3)]
            target[4 &* marginStride] += outputs[Int(at.4)]
            target[5 &* marginStride] += outputs[Int(at.5)]
            target[6 &* marginStride] += outputs[Int(at.6)]
            target[7 &* marginStride] += outputs[Int(at.7)]
            row &+= Self.lanes
        }
        while row < rowCount {
            margins[row &* marginStride] += output(leaf(tree, rows + row &* stride), rows + row &* stride)
            row &+= 1
        }
    }

    private func addLinear(
        _ linear: DoubleLinearLeaves, _ at: Eight<UInt32>, _ rows: UnsafePointer<Double>, _ stride: Int,
        _ margins: UnsafeMutablePointer<Double>, _ marginStride: Int
    ) {
        withUnsafeBytes(of: at) { bytes in
            let nodes = bytes.assumingMemoryBound(to: UInt32.self)
            for lane in 0..<Self.lanes {
                margins[lane &* marginStride] += output(Int(nodes[lane]), rows + lane &* stride)
            }
        }
    }

    /// What a leaf adds for a row.
    @inline(__always)
    private func output(_ node: Int, _ row: UnsafePointer<Double>) -> Double {
        let plain = outputs.start[node]
        guard let linear else { return plain }
        return linear.value(node: node, row: row, plain: plain)
    }

    /// Adds all trees' leaves to one row's margins, in the trees' order; `groups` has each tree's group.
    ///
    /// - Parameters:
    ///   - isComplete: no value of the row is missing, which spares a look at each.
    ///   - groupCount: of one group the sum need not be kept in memory.
    ///
    /// Complexity: O(trees x depth), no allocation.
    func addAll(
        row: UnsafePointer<Double>, isComplete: Bool, groups: UnsafePointer<Int32>, groupCount: Int,
        to margins: UnsafeMutablePointer<Double>
    ) {
        if !isPlain || linear != nil {
            addAll(row, groups, margins, plain: false, complete: false)
        } else if !isComplete {
            addAll(row, groups, margins, plain: true, complete: false)
        } else if groupCount > 1 {
            addAll(row, groups, margins, plain: true, complete: true)
        } else {
            margins[0] = sum(row, startingAt: margins[0])
        }
    }

    /// Where the walks of one row in eight trees end.
    @inline(__always)
    private func leaves(
        ofEight first: Int, _ row: UnsafePointer<Double>, plain: Bool, complete: Bool
    ) -> Eight<UInt32> {
        let these = trees.start + first
        var depth: Int32 = 0
        for lane in 0..<Self.lanes { depth = max(depth, these[lane].depth) }
        var at = (
            these[0].root, these[1].root, these[2].root, these[3].root, these[4].root, these[5].root,
            these[6].root, these[7].root
        )
        walk(
            nodes.start, &at, depth: depth, (row, row, row, row, row, row, row, row), plain: plain, complete: complete)
        return at
    }

    /// A complete row's sum over plain trees of one group.
    private func sum(_ row: UnsafePointer<Double>, startingAt start: Double) -> Double {
        let outputs = outputs.start
        var sum = start
        var tree = 0
        while tree &+ Self.lanes <= trees.count {
            let at = leaves(ofEight: tree, row, plain: true, complete: true)
            sum += outputs[Int(at.0)]
            sum += outputs[Int(at.1)]
            sum += outputs[Int(at.2)]
            sum += outputs[Int(at.3)]
            sum += outputs[Int(at.4)]
            sum += outputs[Int(at.5)]
            sum += outputs[Int(at.6)]
            sum += outputs[Int(at.7)]
            tree &+= Self.lanes
        }
        while tree < trees.count {
            sum += outputs[leaf(trees.start[tree], row)]
            tree &+= 1
        }
        return sum
    }

    @inline(__always)
    private func addAll(
        _ row: UnsafePointer<Double>, _ groups: UnsafePointer<Int32>, _ margins: UnsafeMutablePointer<Double>,
        plain: Bool, complete: Bool
    ) {
        let (outputs, trees) = (outputs.start, trees.start)
        var tree = 0
        while tree &+ Self.lanes <= self.trees.count {
            let at = leaves(ofEight: tree, row, plain: plain, complete: complete)
            let group = groups + tree
            if !plain, linear != nil {
                withUnsafeBytes(of: at) { bytes in
                    let nodes = bytes.assumingMemoryBound(to: UInt32.self)
                    for lane in 0..<Self.lanes { margins[Int(group[lane])] += output(Int(nodes[lane]), row) }
                }
                tree &+= Self.lanes
                continue
            }
            margins[Int(group[0])] += outputs[Int(at.0)]
            margins[Int(group[1])] += outputs[Int(at.1)]
            margins[Int(group[2])] += outputs[Int(at.2)]
            margins[Int(group[3])] += outputs[Int(at.3)]
            margins[Int(group[4])] += outputs[Int(at.4)]
            margins[Int(group[5])] += outputs[Int(at.5)]
            margins[Int(group[6])] += outputs[Int(at.6)]
            margins[Int(group[7])] += outputs[Int(at.7)]
            tree &+= Self.lanes
        }
        while tree < self.trees.count {
            margins[Int(groups[tree])] += output(leaf(trees[tree], row), row)
            tree &+= 1
        }
    }
}
