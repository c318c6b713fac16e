/// A grown tree as its file holds it: an entry a node, the root first and every child behind its parent.
struct IsolationTree: Hashable, Sendable {
    /// -1 at a leaf.
    var features: [Int32] = []
    /// Left where x <= threshold; 0 at a leaf.
    var thresholds: [Double] = []
    /// 1 where a missing value goes right.
    var missingRight: [UInt8] = []
    /// -1 at a leaf.
    var lefts: [Int32] = []
    var rights: [Int32] = []
    /// Rows of the sample that came by.
    var rows: [Int32] = []

    var nodeCount: Int { features.count }

    /// Adds a leaf, which `split` may turn into a split, and returns its number.
    mutating func appendLeaf(rows count: Int) -> Int {
        features.append(-1)
        thresholds.append(0)
        missingRight.append(0)
        lefts.append(-1)
        rights.append(-1)
        rows.append(Int32(count))
        return features.count - 1
    }

    /// Splits on the way to each node. Children have to stand behind their parents. Complexity: O(nodes).
    func depths() -> [Int] {
        var depths = [Int](repeating: 0, count: nodeCount)
        for node in 0..<nodeCount where features[node] >= 0 {
            depths[Int(lefts[node])] = depths[node] + 1
            depths[Int(rights[node])] = depths[node] + 1
        }
        return depths
    }

    /// How long a path counts that ends at a leaf: the splits, and what those would have been that were not grown.
    func pathLength(leaf: Int, depth: Int) -> Double { Double(depth) + PathLengths.expected(Int(rows[leaf])) }

    /// Up to how many splits deep a tree of `sample` rows is grown: ceil(log2(sample)). Rows that lie deeper are no
    /// anomalies, whatever more would be known of them.
    static func depthMax(sample: Int) -> Int {
        sample <= 1 ? 0 : Int.bitWidth - (sample - 1).leadingZeroBitCount
    }
}
