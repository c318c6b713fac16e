/// A forest in float64 packed for scoring: exact, deterministic, without allocation or locks.
final class DoubleForestPredictor: Predictor {
    /// How trees are evaluated; all give the same bits.
    enum Kernel: String, Hashable, Sendable, CaseIterable {
        /// Leaf masks over ranks for blocks of rows, walks for few rows and for trees that do not fit.
        case automatic
        /// Each row walks each tree.
        case walk
        /// Leaf masks however few the rows are (walks only for trees that do not fit).
        case leafMasks = "leaf-masks"
    }

    /// Below so many rows the ranks and masks cost more than the walks that they save (measured): trees of one plane
    /// are found in masks even for a single row.
    private static let blockRowsMin = 4
    /// The same where masks hold trees of more than 64 leaves: they cost as much for one row as for sixteen.
    private static let largeBlockRowsMin = 8
    private static let planesOfSingleRowsMax = 1
    /// The most rows whose ranks are held at once.
    private static let blockRowsMax = 256
    /// Beyond this the masks leave the cache, and walks are faster.
    private static let splitsMax = 131_072
    private static let completeFeaturesMax = 256

    let featureCount: Int
    let groupCount: Int
    let forest: DoubleForest
    let treeCount: Int
    private let transform: DoubleTransform
    private let divisor: Double
    private let groups: FrozenArray<Int32>
    let walk: DoubleWalk
    let blocks: Blocks?
    let rowsMin: Int

    /// What blocks of rows need; a forest with very many thresholds or splits has none.
    struct Blocks: Sendable {
        let ranks: DoubleRanks
        let bits: BitKernel
        /// What the leaves add, from left to right, tree after tree.
        let outputs: FrozenArray<Double>
        let firstLeaves: FrozenArray<Int32>
        let rows: Int
    }

    /// Ranks of a block and the leaves of its rows in four trees, on the stack.
    private typealias Scratch = InlineArray<640, SIMD16<Int8>>
    private static let rankBytes = 640 * 16 - 4 * blockRowsMax

    var rawCount: Int { groupCount }
    var outputCount: Int { groupCount }
    var precision: Precision { .double }

    /// Complexity: O(nodes) time and memory.
    init(_ forest: DoubleForest, kernel: Kernel = .automatic) {
        self.forest = forest
        featureCount = forest.featureCount
        groupCount = forest.groupCount
        treeCount = forest.trees.count
        transform = forest.transform
        divisor = forest.divisor
        groups = FrozenArray(forest.trees.map { Int32($0.spec.group) })
        walk = DoubleWalk(forest)
        blocks = kernel == .walk ? nil : Self.blocks(forest)
        let leaves = forest.trees.reduce(0) { max($0, $1.leafCount) }
        let isShallow = leaves <= BitKernel.leavesPerPlane * Self.planesOfSingleRowsMax
        rowsMin =
            kernel == .leafMasks || isShallow ? 1 : leaves > 64 ? Self.largeBlockRowsMin : Self.blockRowsMin
    }

    private static func blocks(_ forest: DoubleForest) -> Blocks? {
        // Linear leaves are summed row by row, which outweighs finding them.
        guard !forest.isLinear, forest.splitCount <= splitsMax else { return nil }
        var allPlaces: [[FeatureRanks.Place]] = []
        let ranks = DoubleRanks(forest, places: &allPlaces)
        guard ranks.columnCount > 0 else { return nil }
        let fitting = rankBytes / ranks.columnCount / BitKernel.lanes * BitKernel.lanes
        guard fitting >= BitKernel.lanes else { return nil }
        let rows = min(fitting, blockRowsMax)
        var outputs: [Double] = []
        var firstLeaves: [Int32] = []
        var shapes: [BitKernel.Shape] = []
        for (tree, places) in zip(forest.trees, allPlaces) {
            firstLeaves.append(Int32(outputs.count))
            var shape = BitKernel.Shape()
            if tree.leafCount <= BitKernel.leavesMax {
                collect(tree, places, tree.root, &shape, &outputs)
            } else {
                shape.leafCount = tree.leafCount
            }
            shapes.append(shape)
        }
        return Blocks(
            ranks: ranks, bits: BitKernel(shapes: shapes, columnStride: rows), outputs: FrozenArray(outputs),
            firstLeaves: FrozenArray(firstLeaves), rows: rows)
    }

    /// Depth is below the number of leaves, 256: recursion is bounded.
    private static func collect(
        _ tree: DoubleForest.Tree, _ places: [FeatureRanks.Place], _ child: Int32, _ shape: inout BitKernel.Shape,
        _ outputs: inout [Double]
    ) {
        guard child >= 0 else {
            shape.leafCount += 1
            outputs.append(tree.spec.leafValues[Int(~child)])
            return
        }
        let split = tree.spec.splits[Int(child)]
        let before = shape.leafCount
        collect(tree, places, split.left, &shape, &outputs)
        shape.splits.append(.init(place: places[Int(child)], leaves: before..<shape.leafCount))
        collect(tree, places, split.right, &shape, &outputs)
    }

    func predict(
        rows: UnsafePointer<Double>, rowCount: Int, stride: Int, raw: UnsafeMutablePointer<Double>?,
        predictions: UnsafeMutablePointer<Double>?
    ) {
        guard let target = raw ?? predictions, rowCount > 0 else { return }
        precondition(stride >= featureCount, "rows \(stride) apart of \(featureCount) features")
        sum(rows, rowCount, stride, into: target)
        guard let predictions else { return }
        let count = rowCount &* groupCount
        if let raw { predictions.update(from: raw, count: count) }
        if divisor != 1 {
            for index in 0..<count { predictions[index] /= divisor }
        }
        transform.apply(predictions, rowCount: rowCount, groupCount: groupCount)
    }

    /// Writes the number (in the file) of the leaf that one row reaches in each tree.
    func leafNumbers(row: UnsafePointer<Double>, into leaves: UnsafeMutablePointer<Int32>) {
        for tree in 0..<treeCount { leaves[tree] = walk.leafNumber(tree: tree, row: row) }
    }

    private func sum(
        _ rows: UnsafePointer<Double>, _ rowCount: Int, _ stride: Int, into margins: UnsafeMutablePointer<Double>
    ) {
        margins.update(repeating: 0, count: rowCount &* groupCount)
        guard let blocks, rowCount >= rowsMin else {
            walkAll(rows, rowCount, stride, margins)
            return
        }
        // Rows that fill up the last vector are found too and never looked at.
        var scratch = Scratch(repeating: SIMD16(repeating: 0))
        withUnsafeMutableBytes(of: &scratch) { scratch in
            let ranks = scratch.baseAddress!
            let leaves = (ranks + Self.rankBytes).assumingMemoryBound(to: UInt8.self)
            var start = 0
            while start < rowCount {
                let count = min(blocks.rows, rowCount &- start)
                let first = rows + start &* stride
                blocks.ranks.fill(
                    ranks.assumingMemoryBound(to: Int8.self), columnStride: blocks.rows, rows: first,
                    rowCount: count, stride: stride)
                let block = Block(
                    rows: first, count: count, stride: stride, margins: margins + start &* groupCount,
                    ranks: UnsafePointer(ranks.assumingMemoryBound(to: BitKernel.Vector.self)), leaves: leaves)
                add(block, blocks)
                start &+= count
            }
        }
    }

    private struct Block {
        let rows: UnsafePointer<Double>
        let count: Int
        let stride: Int
        let margins: UnsafeMutablePointer<Double>
        let ranks: UnsafePointer<BitKernel.Vector>
        let leaves: UnsafeMutablePointer<UInt8>
    }

    /// Trees outside, rows inside: a tree's masks are loaded once for a block whose ranks stay in the first cache.
    private func add(_ block: Block, _ blocks: Blocks) {
        var tree = 0
        while tree < treeCount {
            if groupCount == 1, blocks.bits.handlesFour(from: tree) {
                for place in 0..<4 { find(tree &+ place, at: place, block, blocks) }
                addFour(tree, block, blocks)
                tree &+= 4
                continue
            }
            let margins = block.margins + Int(groups.start[tree])
            if blocks.bits.handles(tree: tree) {
                find(tree, at: 0, block, blocks)
                let outputs = blocks.outputs.start + Int(blocks.firstLeaves.start[tree])
                for row in 0..<block.count { margins[row &* groupCount] += outputs[Int(block.leaves[row])] }
            } else {
                walk.add(
                    tree: tree, rows: block.rows, rowCount: block.count, stride: block.stride, to: margins,
                    marginStride: groupCount)
            }
            tree &+= 1
        }
    }

    @inline(__always)
    private func find(_ tree: Int, at place: Int, _ block: Block, _ blocks: Blocks) {
        let leaves = UnsafeMutableRawPointer(block.leaves + place &* Self.blockRowsMax)
        blocks.bits.find(
            tree: tree, ranks: block.ranks, rowCount: block.count,
            leaves: leaves.assumingMemoryBound(to: BitKernel.Vector.self))
    }

    /// Margins are read and written once for four trees.
    private func addFour(_ tree: Int, _ block: Block, _ blocks: Blocks) {
        let (outputs, first) = (blocks.outputs.start, blocks.firstLeaves.start + tree)
        let outputs0 = outputs + Int(first[0])
        let outputs1 = outputs + Int(first[1])
        let outputs2 = outputs + Int(first[2])
        let outputs3 = outputs + Int(first[3])
        let leaves = block.leaves
        let leaves1 = leaves + Self.blockRowsMax
        let leaves2 = leaves1 + Self.blockRowsMax
        let leaves3 = leaves2 + Self.blockRowsMax
        let margins = block.margins
        for row in 0..<block.count {
            var margin = margins[row] + outputs0[Int(leaves[row])]
            margin += outputs1[Int(leaves1[row])]
            margin += outputs2[Int(leaves2[row])]
            margin += outputs3[Int(leaves3[row])]
            margins[row] = margin
        }
    }

    private func walkAll(
        _ rows: UnsafePointer<Double>, _ rowCount: Int, _ stride: Int, _ margins: UnsafeMutablePointer<Double>
    ) {
        guard rowCount >= Self.blockRowsMin else {
            for row in 0..<rowCount {
                let start = rows + row &* stride
                walk.addAll(
                    row: start, isComplete: isComplete(start), groups: groups.start, groupCount: groupCount,
                    to: margins + row &* groupCount)
            }
            return
        }
        var start = 0
        while start < rowCount {
            let count = min(Self.blockRowsMax, rowCount &- start)
            for tree in 0..<treeCount {
                walk.add(
                    tree: tree, rows: rows + start &* stride, rowCount: count, stride: stride,
                    to: margins + (start &* groupCount &+ Int(groups.start[tree])), marginStride: groupCount)
            }
            start &+= count
        }
    }

    /// Whether no value is missing; of a very wide row it is not asked, for the look itself would cost more than it saves.
    private func isComplete(_ row: UnsafePointer<Double>) -> Bool {
        guard featureCount <= Self.completeFeaturesMax else { return false }
        var missing = 0
        for feature in 0..<featureCount {
            let x = row[feature]
            missing |= x != x ? 1 : 0
        }
        return missing == 0
    }
}
