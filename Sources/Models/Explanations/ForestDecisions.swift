/// The splits of a forest in float32 as they are asked one by one; as `WalkKernel` has them without what they lead to.
struct ForestDecisions: Sendable {
    private struct Decision: BitwiseCopyable, Sendable {
        /// Of a split by categories the bits of its set's place in the words.
        var threshold: Float
        /// The feature above, in the lowest bit 1 where a missing value goes right, in the highest bit 1 at a split by
        /// categories.
        var featureAndDefault: UInt32
    }

    private struct Tree: BitwiseCopyable, Sendable {
        var first: Int
        var count: Int
        var hasCategories: Bool
    }

    private static let categoryFlag: UInt32 = 1 << 31

    private let decisions: FrozenArray<Decision>
    private let trees: FrozenArray<Tree>
    private let words: FrozenArray<UInt32>

    /// `forest` and its trees as explanations see them. Complexity: O(nodes).
    init(_ forest: Forest) {
        var trees: [Tree] = []
        var decisions: [Decision] = []
        var sets = PackedSets()
        for tree in forest.trees {
            let first = decisions.count
            for (node, _) in Self.order(tree) where !tree.isLeaf(node) {
                decisions.append(Self.decision(tree.nodes, node, &sets))
            }
            trees.append(Tree(first: first, count: decisions.count - first, hasCategories: tree.hasCategories))
        }
        self.decisions = FrozenArray(decisions)
        self.trees = FrozenArray(trees)
        words = FrozenArray(sets.words)
    }

    /// A tree's nodes breadth first, with the place of each one's parent.
    static func order(_ tree: Forest.Tree) -> [(node: Int, parent: Int32)] {
        var order: [(node: Int, parent: Int32)] = [(0, -1)]
        order.reserveCapacity(tree.reachableCount)
        var place = 0
        while place < order.count {
            let node = order[place].node
            if !tree.isLeaf(node) {
                order.append((Int(tree.nodes.left[node]), Int32(place)))
                order.append((Int(tree.nodes.right[node]), Int32(place)))
            }
            place += 1
        }
        return order
    }

    private static func decision(_ spec: TreeSpec, _ node: Int, _ sets: inout PackedSets) -> Decision {
        let featureAndDefault = UInt32(spec.feature[node]) << 1 | (spec.defaultLeft[node] == 0 ? 1 : 0)
        guard let set = spec.categories(of: node) else {
            return Decision(threshold: spec.value[node], featureAndDefault: featureAndDefault)
        }
        return Decision(
            threshold: Float(bitPattern: sets.place(of: set)), featureAndDefault: featureAndDefault | categoryFlag)
    }

    /// Writes 1 for each split of a tree, breadth first, where a row goes right, else 0. Complexity: O(splits).
    @inline(__always)
    func decide(tree: Int, row: UnsafePointer<Float>, into codes: UnsafeMutablePointer<UInt8>) {
        let tree = trees.start[tree]
        let decisions = decisions.start + tree.first
        if tree.hasCategories {
            for split in 0..<tree.count { codes[split] = code(decisions[split], row) }
            return
        }
        for split in 0..<tree.count { codes[split] = Self.plainCode(decisions[split], row) }
    }

    /// Whether one split of a tree sends a row right.
    @inline(__always)
    func goesRight(tree: Int, split: Int, row: UnsafePointer<Float>) -> Bool {
        code(decisions.start[trees.start[tree].first &+ split], row) != 0
    }

    @inline(__always)
    private static func plainCode(_ decision: Decision, _ row: UnsafePointer<Float>) -> UInt8 {
        let x = row[Int(decision.featureAndDefault &>> 1)]
        let notLess: UInt8 = x >= decision.threshold ? 1 : 0
        let missing: UInt8 = x != x ? 1 : 0
        return notLess | missing & UInt8(truncatingIfNeeded: decision.featureAndDefault)
    }

    private func code(_ decision: Decision, _ row: UnsafePointer<Float>) -> UInt8 {
        guard decision.featureAndDefault & Self.categoryFlag != 0 else { return Self.plainCode(decision, row) }
        let x = row[Int((decision.featureAndDefault & ~Self.categoryFlag) &>> 1)]
        if x != x { return UInt8(truncatingIfNeeded: decision.featureAndDefault & 1) }
        let set = words.start + Int(decision.threshold.bitPattern)
        return UInt8(truncatingIfNeeded: CategorySet.bit(x, set + 1, count: Int(set.pointee)))
    }
}

extension ExplainedTree {
    /// A tree of float32, breadth first; `number` is for messages. A tree that is one leaf needs no cover.
    init(_ tree: Forest.Tree, number: Int) throws(ModelFailure) {
        let spec = tree.nodes
        let order = ForestDecisions.order(tree)
        guard order.count == 1 || !spec.covers.isEmpty else {
            throw ModelFailure(
                .missingField, "no cover (sum_hessian), which explanations are made from", at: "tree \(number)",
                suggestion: "save the model with save_model(\"model.json\") of XGBoost 3.2 or later")
        }
        group = spec.group
        nodes.reserveCapacity(order.count)
        for (node, parent) in order {
            let cover = spec.covers.isEmpty ? 1 : spec.covers[node]
            guard cover >= 0 else {
                throw ModelFailure(.badNumber, "a cover below 0", at: "tree \(number), node \(node)")
            }
            nodes.append(
                .init(
                    parent: parent, output: Double(spec.value[node]), isLeaf: tree.isLeaf(node),
                    feature: spec.feature[node], cover: Double(cover)))
        }
    }
}
