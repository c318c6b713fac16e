/// What a pipeline says about half-space trees; see `HalfSpaceTrees`.
public struct HalfSpaceTreesParameters: Hashable, Sendable {
    public var inputCount: Int
    public var trees: Int
    /// Splits on the way from a root to a leaf, at most.
    public var height: Int
    /// Events between two references: the trees compare with the window of events before the present one.
    public var window: Int
    /// A part of space that held fewer events of the reference is not divided further.
    public var sizeLimit: Int
    /// Decides the trees: two models with equal parameters are equal.
    public var seed: UInt64

    public static let treesRange = 1...1_000
    public static let heightRange = 1...24
    public static let windowRange = 16...65_536
    /// Inputs times the window: these numbers are kept.
    public static let windowValuesMax = 1 << 22
    /// Nodes of all trees together; see `nodesPerTreeMax`.
    public static let nodesMax = 1 << 23

    /// - Parameter sizeLimit: `nil`: a tenth of the window, as in the paper.
    public init(
        inputCount: Int, trees: Int = 25, height: Int = 15, window: Int = 250, sizeLimit: Int? = nil, seed: UInt64 = 1
    ) {
        self.inputCount = inputCount
        self.trees = trees
        self.height = height
        self.window = window
        self.sizeLimit = sizeLimit ?? max(1, window / 10)
        self.seed = seed
    }

    /// Divisions of one tree at most: parts of equal depth do not overlap, so that few of them hold `sizeLimit` events.
    var divisionsPerTreeMax: Int {
        var divisions = 0
        for depth in 0..<height { divisions += min(1 << depth, max(1, window / max(1, sizeLimit))) }
        return divisions
    }

    /// Nodes of one tree at most.
    public var nodesPerTreeMax: Int { 2 * divisionsPerTreeMax + 1 }

    /// What keeps a model from being made: the name of the parameter and a sentence; `nil`: nothing does.
    public var problem: (parameter: String, reason: String)? {
        if inputCount < 1 { return ("inputs", "half-space trees need an input") }
        let ranges = [
            ("trees", trees, Self.treesRange), ("height", height, Self.heightRange),
            ("window", window, Self.windowRange), ("size_limit", sizeLimit, 1...max(1, window)),
        ]
        for (name, value, range) in ranges where !range.contains(value) {
            return (name, "\(name) \(value) is not from \(range.lowerBound) to \(range.upperBound)")
        }
        if inputCount > Self.windowValuesMax / window {
            return (
                "window",
                "a window of \(window) events of \(inputCount) inputs is more than \(Self.windowValuesMax) numbers"
            )
        }
        if nodesPerTreeMax > Self.nodesMax / trees {
            return ("trees", "\(trees) trees of up to \(nodesPerTreeMax) nodes are more than \(Self.nodesMax) nodes")
        }
        return nil
    }

    /// Bytes that a model reserves, once.
    ///
    /// - Parameter parts: how many workers share its work.
    public func byteCount(parts: Int = 1) -> Int {
        let block = HalfSpaceTrees.blockRows
        let columns = inputCount * (8 * window + 4 * block + 4 * HalfSpaceBlock.learnRowsMax(window: window))
        let tree = nodesPerTreeMax * MemoryLayout<HalfSpaceNode>.stride + 4 * divisionsPerTreeMax
        let sets =
            MemoryLayout<HalfSpaceRowSets.Group>.stride
            * HalfSpaceRowSets.groupsMax(height: height, rowCount: window)
        return columns + trees * tree + HalfSpaceMasks.byteCount(self)
            + parts * (8 * block + 8 * inputCount + 4 * max(window, block) + sets)
    }
}
