#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Path lengths of isolation forests (Liu, Ting and Zhou, ICDM 2008).
enum PathLengths {
    private static let eulerGamma = 0.5772156649015329
    private static let sizesMax = 1 << 24
    /// Lengths were added up in float32.
    private static let tolerance = 1e-4

    /// c(n): how long the path to one of n rows is on average in a tree that goes on until rows are alone.
    static func expected(_ size: Int) -> Double {
        if size <= 1 { return 0 }
        if size == 2 { return 1 }
        let n = Double(size)
        return 2 * (log(n - 1) + eulerGamma) - 2 * (n - 1) / n
    }

    /// The number of training rows in a leaf that stands for such a rest; `nil`: none does.
    static func size(expected rest: Double) -> Int? {
        guard rest > -tolerance, rest < expected(sizesMax) else { return nil }
        if rest < 0.5 { return rest < tolerance ? 1 : nil }
        var (low, high) = (2, sizesMax)
        while low < high {
            let middle = (low + high) / 2
            if expected(middle) < rest { low = middle + 1 } else { high = middle }
        }
        let nearest = [max(2, low - 1), low].min { abs(expected($0) - rest) < abs(expected($1) - rest) }!
        return abs(expected(nearest) - rest) <= tolerance ? nearest : nil
    }

    /// Covers of an isolation forest whose file has none, from its leaves: a leaf's length is its depth and c of its
    /// rows' number. `nil`: these are no such lengths, or trees of different numbers of rows.
    static func covered(_ forest: Forest) -> [TreeSpec]? {
        // Some count the root as a step.
        covered(forest, shift: 0) ?? covered(forest, shift: 1)
    }

    private static func covered(_ forest: Forest, shift: Double) -> [TreeSpec]? {
        var trees: [TreeSpec] = []
        var totals: (least: Float, most: Float) = (.infinity, 0)
        for tree in forest.trees {
            var spec = tree.nodes
            var covers = [Float](repeating: 0, count: spec.left.count)
            var pending: [(node: Int, depth: Double)] = [(0, 0)]
            var order: [Int] = []
            while let (node, depth) = pending.popLast() {
                order.append(node)
                if tree.isLeaf(node) {
                    guard let size = size(expected: Double(spec.value[node]) - depth - shift) else { return nil }
                    covers[node] = Float(size)
                } else {
                    pending.append((Int(spec.right[node]), depth + 1))
                    pending.append((Int(spec.left[node]), depth + 1))
                }
            }
            for node in order.reversed() where !tree.isLeaf(node) {
                covers[node] = covers[Int(spec.left[node])] + covers[Int(spec.right[node])]
            }
            totals = (min(totals.least, covers[0]), max(totals.most, covers[0]))
            spec.covers = covers
            trees.append(spec)
        }
        return totals.most <= 1.01 * totals.least ? trees : nil
    }
}
