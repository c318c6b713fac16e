/// A forest packed for scoring: exact, deterministic, without allocation or locks.
///
/// Any number of threads may use one predictor at once, each with outputs of its own. Results do not depend on how rows
/// are split into calls.
public final class ForestPredictor: Sendable {
    /// How trees are evaluated; all give the same bits.
    public enum Kernel: String, Hashable, Sendable, CaseIterable {
        /// Leaf masks over ranks for blocks of rows, walks for single rows and for trees that do not fit.
        case automatic
        /// Each row walks each tree.
        case walk
        /// Leaf masks however few the rows are (walks only for trees with too many leaves).
        case leafMasks = "leaf-masks"
    }

    /// Below so many rows the ranks cost more than the walks that they save.
    private static let blockRowsMin = 4
    /// The most rows whose ranks are held at once.
    static let blockRowsMax = 256
    /// Beyond this the masks leave the cache, and walks are faster.
    private static let splitsMax = 131_072
    private static let completeFeaturesMax = 256

    public let groupCount: Int
    public let outputCount: Int
    public let featureCount: Int
    public let treeCount: Int
    private let transform: OutputTransform
    private let baseMargins: FrozenArray<Float>
    private let groups: FrozenArray<Int32>
    let walk: WalkKernel
    let blocks: Blocks?
    let rowsMin: Int

    /// What blocks of rows need; a forest with very many thresholds or splits has none.
    struct Blocks: Sendable {
        let ranks: FeatureRanks
        let bits: BitKernel
        let rows: Int
    }

    /// Ranks of a block and the leaves of its rows in four trees, on the stack: a call owns it and nothing is
    /// allocated.
    private typealias Scratch = InlineArray<640, SIMD16<Int8>>
    private static let rankBytes = 640 * 16 - 4 * blockRowsMax

    /// Complexity: O(nodes) time and memory.
    public init(_ forest: Forest, kernel: Kernel = .automatic) {
        groupCount = forest.groupCount
        outputCount = forest.outputCount
        featureCount = forest.featureCount
        treeCount = forest.trees.count
        transform = forest.transform
        baseMargins = FrozenArray(forest.baseMargins)
        groups = FrozenArray(forest.trees.map { Int32($0.nodes.group) })
        walk = WalkKernel(forest)
        blocks = kernel == .walk ? nil : Self.blocks(forest)
        rowsMin = kernel == .leafMasks ? 1 : Self.blockRowsMin
    }

    private static func blocks(_ forest: Forest) -> Blocks? {
        guard forest.nodeCount <= 2 * splitsMax else { return nil }
        var places: [FeatureRanks.Split: FeatureRanks.Place] = [:]
        let ranks = FeatureRanks(forest, leavesMax: BitKernel.leavesMax, places: &places)
        guard ranks.columnCount > 0 else { return nil }
        let fitting = rankBytes / ranks.columnCount / BitKernel.lanes * BitKernel.lanes
        guard fitting >= 4 * BitKernel.lanes else { return nil }
        let rows = min(fitting, blockRowsMax)
        return Blocks(ranks: ranks, bits: BitKernel(forest, places: places, columnStride: rows), rows: rows)
    }

    /// Writes the margins of `rowCount` rows: for each row `groupCount` floats, one after the other.
    ///
    /// `rows` is row-major, `stride` (at least `featureCount`) floats from row to row; NaN is a missing value.
    /// `margins` must not overlap `rows`.
    ///
    /// Complexity: O(rows x trees x depth), no allocation.
    public func predictMargins(
        rows: UnsafePointer<Float>, rowCount: Int, stride: Int, into margins: UnsafeMutablePointer<Float>
    ) {
        precondition(stride >= featureCount, "rows \(stride) apart of \(featureCount) features")
        for row in 0..<max(0, rowCount) {
            for group in 0..<groupCount { margins[row &* groupCount &+ group] = baseMargins.start[group] }
        }
        guard let blocks, rowCount >= rowsMin else {
            walkAll(rows, rowCount, stride, margins)
            return
        }
        var scratch = Scratch(repeating: SIMD16(repeating: 0))
        withUnsafeMutableBytes(of: &scratch) { bytes in
            let ranks = bytes.baseAddress!
            let leaves = ranks + Self.rankBytes
            var start = 0
            while start < rowCount {
                let count = min(blocks.rows, rowCount &- start)
                let block = Block(
                    rows: rows + start &* stride, count: count, stride: stride,
                    margins: margins + start &* groupCount, ranks: ranks, leaves: leaves)
                add(block, blocks)
                start &+= count
            }
        }
    }

    /// Predictions from margins, where they stand: `outputCount` floats a row afterwards.
    public func transform(_ margins: UnsafeMutablePointer<Float>, rowCount: Int) {
        transform.apply(margins, rowCount: rowCount, groupCount: groupCount)
    }

    /// Margins and then predictions; `predictions` needs room for `rowCount` x `groupCount` floats.
    public func predict(
        rows: UnsafePointer<Float>, rowCount: Int, stride: Int, into predictions: UnsafeMutablePointer<Float>
    ) {
        predictMargins(rows: rows, rowCount: rowCount, stride: stride, into: predictions)
        transform(predictions, rowCount: rowCount)
    }

    /// Writes the number (in the file) of the leaf that one row reaches in each tree: `treeCount` of them.
    public func leafNumbers(row: UnsafePointer<Float>, into leaves: UnsafeMutablePointer<Int32>) {
        for tree in 0..<treeCount { leaves[tree] = walk.leafNumber(tree: tree, row: row) }
    }

    private struct Block {
        let rows: UnsafePointer<Float>
        let count: Int
        let stride: Int
        let margins: UnsafeMutablePointer<Float>
        let ranks: UnsafeMutableRawPointer
        let leaves: UnsafeMutableRawPointer

        var leafBytes: UnsafeMutablePointer<UInt8> { leaves.assumingMemoryBound(to: UInt8.self) }
    }

    /// Trees outside, rows inside: a tree's masks are loaded once for a block whose ranks stay in the first cache.
    private func add(_ block: Block, _ blocks: Blocks) {
        blocks.ranks.fill(
            block.ranks.assumingMemoryBound(to: Int8.self), columnStride: blocks.rows, rows: block.rows,
            rowCount: block.count, stride: block.stride)
        var tree = 0
        while tree < treeCount {
            if groupCount == 1, blocks.bits.handlesFour(from: tree) {
                for place in 0..<4 { find(tree &+ place, at: place, block, blocks) }
                blocks.bits.addFour(
                    from: tree, leaves: UnsafePointer(block.leafBytes), leavesStride: Self.blockRowsMax,
                    rowCount: block.count, to: block.margins)
                tree &+= 4
                continue
            }
            let margins = block.margins + Int(groups.start[tree])
            if blocks.bits.handles(tree: tree) {
                find(tree, at: 0, block, blocks)
                blocks.bits.add(
                    tree: tree, leaves: UnsafePointer(block.leafBytes), rowCount: block.count, to: margins,
                    marginStride: groupCount)
            } else {
                walk.add(
                    tree: tree,
                    to: WalkKernel.Block(
                        rows: block.rows, count: block.count, stride: block.stride, isComplete: false,
                        margins: margins, marginStride: groupCount))
            }
            tree &+= 1
        }
    }

    @inline(__always)
    private func find(_ tree: Int, at place: Int, _ block: Block, _ blocks: Blocks) {
        let leaves = block.leafBytes + place &* Self.blockRowsMax
        blocks.bits.find(
            tree: tree, ranks: UnsafePointer(block.ranks.assumingMemoryBound(to: BitKernel.Vector.self)),
            rowCount: block.count,
            leaves: UnsafeMutableRawPointer(leaves).assumingMemoryBound(to: BitKernel.Vector.self))
    }

    private func walkAll(
        _ rows: UnsafePointer<Float>, _ rowCount: Int, _ stride: Int, _ margins: UnsafeMutablePointer<Float>
    ) {
        guard rowCount >= Self.blockRowsMin else {
            for row in 0..<max(0, rowCount) {
                let start = rows + row &* stride
                walk.addAll(
                    row: start, isComplete: isComplete(start, 1, stride), groups: groups.start,
                    to: margins + row &* groupCount)
            }
            return
        }
        var start = 0
        while start < rowCount {
            let count = min(Self.blockRowsMax, rowCount &- start)
            let first = rows + start &* stride
            let isComplete = isComplete(first, count, stride)
            for tree in 0..<treeCount {
                let target = margins + (start &* groupCount &+ Int(groups.start[tree]))
                walk.add(
                    tree: tree,
                    to: WalkKernel.Block(
                        rows: first, count: count, stride: stride, isComplete: isComplete, margins: target,
                        marginStride: groupCount))
            }
            start &+= count
        }
    }

    /// Whether no value is missing; of very wide rows it is not asked, for the look itself would cost more than it
    /// saves.
    private func isComplete(_ rows: UnsafePointer<Float>, _ rowCount: Int, _ stride: Int) -> Bool {
        guard featureCount <= Self.completeFeaturesMax else { return false }
        for row in 0..<rowCount {
            var missing = 0
            for feature in 0..<featureCount {
                let x = rows[row &* stride &+ feature]
                missing |= x != x ? 1 : 0
            }
            if missing != 0 { return false }
        }
        return true
    }
}
