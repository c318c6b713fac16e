extension EnsembleSpec {
    /// Up to so many targets a leaf may add to, and so many leaves a tree may have, for copies of trees (one for each
    /// target) to be faster than one walk.
    private static let copiesMax = 8
    private static let copiedLeavesMax = 64

    /// The same ensemble as the packed kernels know it, where they can: comparisons by order, sums in float32.
    ///
    /// In float32 `x <= t` is `x < t.nextUp`; the opposite comparisons have their children exchanged.
    func forest(featureCount: Int, groups: [Int], limits: ForestLimits) throws(ModelFailure) -> Forest? {
        guard aggregate == .sum || aggregate == .average, featureCount <= limits.featuresMax else { return nil }
        let ordered: Set<Mode> = [.lessOrEqual, .less, .greaterOrEqual, .greater, .leaf]
        guard nodes.allSatisfy({ ordered.contains($0.mode) && Double(Float($0.threshold)) == $0.threshold }) else {
            return nil
        }
        var trees: [TreeSpec] = []
        let isCounted = isCounted
        for root in roots {
            guard let copies = copies(root, groups: groups, isCounted: isCounted) else { return nil }
            trees += copies
        }
        let spec = ForestSpec(
            featureCount: featureCount, trees: trees, baseMargins: groups.map { _ in 0 }, transform: .identity)
        return try Forest(checking: spec, limits: limits)
    }

    /// Whether hit rates are training rows: above 0, and at each split those of its children together.
    private var isCounted: Bool {
        guard hitRates.count == nodes.count else { return false }
        return nodes.indices.allSatisfy { number in
            let (node, rate) = (nodes[number], hitRates[number])
            guard rate > 0, rate.isFinite else { return false }
            // Nodes that no tree reaches may say anything.
            guard node.mode != .leaf, nodes.indices.contains(node.yes), nodes.indices.contains(node.no) else {
                return true
            }
            return abs(hitRates[node.yes] + hitRates[node.no] - rate) <= 1e-3 * rate
        }
    }

    /// One tree as one for each target that its leaves add to; `nil`: too many.
    private func copies(_ root: Int, groups: [Int], isCounted: Bool) -> [TreeSpec]? {
        var order = [root]
        var next = 0
        while next < order.count {
            let node = nodes[order[next]]
            if node.mode != .leaf { order += [node.yes, node.no] }
            next += 1
        }
        let leaves = order.filter { nodes[$0].mode == .leaf }
        var targets: Set<Int> = []
        for leaf in leaves {
            let list = weights[leaf] ?? []
            // Two weights for one target would be added one by one.
            guard Set(list.map(\.target)).count == list.count else { return nil }
            for weight in list { targets.insert(weight.target) }
        }
        guard targets.count <= 1 || targets.count <= Self.copiesMax && leaves.count <= Self.copiedLeavesMax else {
            return nil
        }
        return groups.indices.filter { targets.contains(groups[$0]) }.map { group in
            tree(order, group: group, target: groups[group], isCounted: isCounted)
        }
    }

    /// `order` is breadth first: children stand in it in the order of their parents.
    private func tree(_ order: [Int], group: Int, target: Int, isCounted: Bool) -> TreeSpec {
        var tree = TreeSpec(left: [], right: [], feature: [], value: [], defaultLeft: [], group: group)
        var next: Int32 = 1
        if isCounted { tree.covers = order.map { Float(hitRates[$0]) } }
        for number in order {
            let node = nodes[number]
            if node.mode == .leaf {
                tree.left.append(TreeSpec.noChild)
                tree.right.append(TreeSpec.noChild)
                tree.feature.append(0)
                tree.value.append(Float(weights[number]?.first { $0.target == target }?.value ?? 0))
                tree.defaultLeft.append(0)
                continue
            }
            let (threshold, yesIsLeft) = Self.split(node)
            tree.left.append(yesIsLeft ? next : next + 1)
            tree.right.append(yesIsLeft ? next + 1 : next)
            tree.feature.append(Int32(node.feature))
            tree.value.append(threshold)
            tree.defaultLeft.append(node.missingIsYes == yesIsLeft ? 1 : 0)
            next += 2
        }
        return tree
    }

    /// The threshold below which a row goes left, and whether left is where the comparison holds.
    private static func split(_ node: Node) -> (threshold: Float, yesIsLeft: Bool) {
        let threshold = Float(node.threshold)
        switch node.mode {
        case .less: return (threshold, true)
        case .greaterOrEqual: return (threshold, false)
        // No number is above infinity, and none below its opposite: all go right.
        case .lessOrEqual where threshold == .infinity: return (-.infinity, false)
        case .greater where threshold == .infinity: return (-.infinity, true)
        case .lessOrEqual: return (threshold.nextUp, true)
        default: return (threshold.nextUp, false)
        }
    }
}
