/// Adds up what the splits of a forest say of its inputs.
struct SplitTotals {
    private struct Total {
        var splits = 0
        var gain = 0.0
        var cover = 0.0
    }

    private var totals: [Int: Total] = [:]
    private(set) var hasGain = true
    private(set) var hasCover = true

    /// `nil`: the file has no such number for a split.
    mutating func add(input: Int, gain: Double?, cover: Double?) {
        var total = totals[input] ?? Total()
        total.splits += 1
        if let gain { total.gain += gain } else { hasGain = false }
        if let cover { total.cover += cover } else { hasCover = false }
        totals[input] = total
    }

    /// The greatest gain first, else the most splits; of equal ones the first input.
    func importance(name: (Int) -> String) -> [ModelSummary.Importance] {
        let all = totals.map { input, total in
            let count = Double(total.splits)
            return ModelSummary.Importance(
                input: input, name: name(input), splits: total.splits, totalGain: hasGain ? total.gain : nil,
                gain: hasGain ? total.gain / count : nil, totalCover: hasCover ? total.cover : nil,
                cover: hasCover ? total.cover / count : nil)
        }
        return all.sorted { left, right in
            let (first, second) = (left.totalGain ?? 0, right.totalGain ?? 0)
            // Files may hold NaN here: those come last.
            if first != second, !(first.isNaN && second.isNaN) { return second.isNaN || first > second }
            return left.splits != right.splits ? left.splits > right.splits : left.input < right.input
        }
    }
}

/// The size of trees, from whatever a file calls their nodes.
struct TreeSizes {
    private(set) var trees = ModelSummary.Trees()
    private var depths = 0

    /// Walks a tree from its root. `children` gives a node's two children, `nil` for a leaf; `seen` has a place for each
    /// node that any tree may have, for trees that share a list of nodes.
    ///
    /// A tree with a circle, or with children that are not there, is counted and not measured: the loader says what is
    /// wrong with it.
    ///
    /// Complexity: O(nodes).
    mutating func add(root: Int, seen: inout [Bool], children: (Int) -> (left: Int, right: Int)?) {
        trees.count += 1
        defer { trees.depthMean = Double(depths) / Double(trees.count) }
        guard seen.indices.contains(root), !seen[root] else { return }
        var pending = [(node: root, depth: 0)]
        var depth = 0
        var leaves = 0
        var splits = 0
        seen[root] = true
        while let (node, level) = pending.popLast() {
            depth = max(depth, level)
            guard let (left, right) = children(node) else {
                leaves += 1
                continue
            }
            splits += 1
            for child in [left, right] {
                guard seen.indices.contains(child), !seen[child] else { return }
                seen[child] = true
                pending.append((child, level + 1))
            }
        }
        depths += depth
        trees.depthMax = max(trees.depthMax, depth)
        trees.leaves += leaves
        trees.leavesMax = max(trees.leavesMax, leaves)
        trees.splits += splits
    }

    /// Walks a tree that has its nodes for itself; see `add(root:seen:children:)`.
    mutating func add(root: Int, nodeCount: Int, children: (Int) -> (left: Int, right: Int)?) {
        var seen = [Bool](repeating: false, count: nodeCount)
        add(root: root, seen: &seen, children: children)
    }

    mutating func countCategorySplit() { trees.categorySplits += 1 }

    mutating func countLinear() { trees.linear += 1 }
}
