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

    var nodes: [Node] = []
    var group = 0

    /// The share of each node among the training rows of its parent; 1 at the root. The children's shares are 1
    /// together, whatever a file says of their parent; halves where no row came by.
    ///
    /// Complexity: O(nodes).
    var shares: [Double] {
        var shares = [Double](repeating: 1, count: nodes.count)
        for left in stride(from: 1, to: nodes.count - 1, by: 2) {
            let both = nodes[left].cover + nodes[left + 1].cover
            shares[left] = both > 0 ? nodes[left].cover / both : 0.5
            shares[left + 1] = both > 0 ? nodes[left + 1].cover / both : 0.5
        }
        return shares
    }

    /// The mean output over the training rows below each node. Complexity: O(nodes).
    func means(shares: [Double]) -> [Double] {
        var means = [Double](repeating: 0, count: nodes.count)
        // Children stand behind their parent.
        for (number, node) in nodes.enumerated().reversed() {
            if node.isLeaf { means[number] = node.output }
            if node.parent >= 0 { means[Int(node.parent)] += means[number] * shares[number] }
        }
        return means
    }
}
