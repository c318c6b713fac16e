/// Bounds on a tree ensemble; beyond them the model is refused.
public struct ForestLimits: Hashable, Sendable {
    public var treesMax: Int
    /// Nodes of all trees, leaves included.
    public var nodesMax: Int
    /// Splits between a tree's root and its deepest leaf.
    public var depthMax: Int
    public var featuresMax: Int
    /// Groups (classes or targets), each with a margin of its own.
    public var groupsMax: Int

    /// 32-bit words of all sets of categories.
    public var categoryWordsMax: Int

    public init(
        treesMax: Int = 1_000_000, nodesMax: Int = 20_000_000, depthMax: Int = 512, featuresMax: Int = 65_536,
        groupsMax: Int = 4_096, categoryWordsMax: Int = 1 << 24
    ) {
        self.treesMax = treesMax
        self.nodesMax = nodesMax
        self.depthMax = depthMax
        self.featuresMax = featuresMax
        self.groupsMax = groupsMax
        self.categoryWordsMax = categoryWordsMax
    }
}
