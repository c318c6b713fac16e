/// One tree as a file describes it: parallel arrays, one element a node, the root at 0. Nothing is checked yet.
public struct TreeSpec: Hashable, Sendable {
    /// A left and right child that mark a leaf.
    public static let noChild: Int32 = -1

    /// The child of rows with `x < value`; `noChild` in both arrays at a leaf.
    public var left: [Int32]
    public var right: [Int32]
    /// The feature that a split compares; of no meaning at a leaf.
    public var feature: [Int32]
    /// The threshold of a split, the output of a leaf.
    public var value: [Float]
    /// Where a missing value (NaN) goes at a split: 1 left, 0 right.
    public var defaultLeft: [UInt8]
    /// The group whose margin the leaves are added to.
    public var group: Int
    /// A node in `setOfNode` whose split compares with its threshold.
    public static let noSet: Int32 = -1
    /// The sets of categories that splits use.
    public var categorySets: [CategorySet] = []
    /// Each node's set, or `noSet`; empty: no split has one. The set's members go right, whatever else is not missing
    /// goes left; the node's value then means nothing.
    public var setOfNode: [Int32] = []
    /// Training rows (their weight, or the sum of their hessians) that came by each node; empty where the file has
    /// none. Explanations are made from them.
    public var covers: [Float] = []
    /// By how much each split lessened the loss in training; of no meaning at a leaf, empty where the file has none.
    public var gains: [Float] = []

    public init(
        left: [Int32], right: [Int32], feature: [Int32], value: [Float], defaultLeft: [UInt8], group: Int = 0
    ) {
        self.left = left
        self.right = right
        self.feature = feature
        self.value = value
        self.defaultLeft = defaultLeft
        self.group = group
    }
}

/// A tree ensemble as a loader describes it, whatever the file's format; `Forest` checks it.
public struct ForestSpec: Hashable, Sendable {
    public var featureCount: Int
    /// As many as there are features, or none.
    public var featureNames: [String]
    /// In the order in which their leaves are added up.
    public var trees: [TreeSpec]
    /// The margin that each group's sum starts from.
    public var baseMargins: [Float]
    public var transform: OutputTransform

    public init(
        featureCount: Int, featureNames: [String] = [], trees: [TreeSpec], baseMargins: [Float],
        transform: OutputTransform = .identity
    ) {
        self.featureCount = featureCount
        self.featureNames = featureNames
        self.trees = trees
        self.baseMargins = baseMargins
        self.transform = transform
    }
}

extension TreeSpec {
    /// The categories that a split sends right; `nil` where it compares with its threshold. O(1).
    public func categories(of node: Int) -> CategorySet? {
        guard !setOfNode.isEmpty, setOfNode[node] != Self.noSet else { return nil }
        return categorySets[Int(setOfNode[node])]
    }
}
