/// Trees of up to 64 leaves as leaf masks, sixteen rows at a time: the kernel for batches.
///
/// A tree's leaves are numbered from left to right. Each split that sends a row right rules out the leaves of its left
/// subtree; the row's leaf is the lowest that no split has ruled out, whatever the order in which splits are looked at.
/// So a tree is a flat list of (column, rank, mask) without branches or dependent loads. The masks are handled eight
/// leaves (a plane) at a time, a byte a row; a split is listed once for each plane in which it can rule out anything.
///
/// After QuickScorer (Lucchese et al., SIGIR 2015) and RapidScorer (Ye et al., KDD 2018).
struct BitKernel: Sendable {
    static let leavesMax = 64
    static let leavesPerPlane = 8
    /// Rows in one vector.
    static let lanes = 16

    typealias Vector = SIMD16<Int8>

    /// One split in one plane.
    struct Entry: BitwiseCopyable, Sendable {
        /// Rows whose rank is greater go right.
        var rank: Vector
        /// The plane's leaves that are then ruled out.
        var ruledOut: Vector
    }

    struct Tree: BitwiseCopyable, Sendable {
        /// In `planes`; 0 planes: the tree is not for this kernel.
        var firstPlane: Int32
        var planeCount: Int32
        var firstLeaf: Int32
    }

    private let entries: FrozenArray<Entry>
    /// Each entry's column, in vectors from the block's start.
    private let columns: FrozenArray<UInt32>
    /// Where each plane's entries begin; the next plane's begin is its end.
    private let planes: FrozenArray<UInt32>
    private let trees: FrozenArray<Tree>
    private let outputs: FrozenArray<Float>

    var byteCount: Int {
        entries.byteCount + columns.byteCount + planes.byteCount + trees.byteCount + outputs.byteCount
    }

    /// Trees that this kernel scores.
    var handledCount: Int { (0..<trees.count).count { handles(tree: $0) } }
}

extension BitKernel {
    /// A tree without its outputs: leaves are numbered from left to right.
    struct Shape {
        var leafCount = 0
        /// In any order.
        var splits: [RangeSplit] = []
    }

    /// A split with the range of leaves that it rules out when a row goes right.
    struct RangeSplit {
        let place: FeatureRanks.Place
        let leaves: Range<Int>
    }

    /// A kernel that only finds leaves: what they add is kept by who asks.
    init(shapes: [Shape], columnStride: Int) {
        var builder = Builder(places: [:], vectorsPerColumn: columnStride / Self.lanes)
        for shape in shapes { builder.add(shape, firstLeaf: 0) }
        self.init(builder)
    }

    /// `columnStride` is the length of a column of ranks in bytes; a multiple of `lanes`.
    init(_ forest: Forest, places: [FeatureRanks.Split: FeatureRanks.Place], columnStride: Int) {
        var builder = Builder(places: places, vectorsPerColumn: columnStride / Self.lanes)
        for tree in forest.trees { builder.add(tree) }
        self.init(builder)
    }

    private init(_ builder: Builder) {
        entries = FrozenArray(builder.entries)
        columns = FrozenArray(builder.columns)
        planes = FrozenArray(builder.planes + [UInt32(builder.entries.count)])
        trees = FrozenArray(builder.trees)
        outputs = FrozenArray(builder.outputs)
    }

    private struct Builder {
        let places: [FeatureRanks.Split: FeatureRanks.Place]
        let vectorsPerColumn: Int
        var entries: [Entry] = []
        var columns: [UInt32] = []
        var planes: [UInt32] = []
        var trees: [Tree] = []
        var outputs: [Float] = []

        init(places: [FeatureRanks.Split: FeatureRanks.Place], vectorsPerColumn: Int) {
            self.places = places
            self.vectorsPerColumn = vectorsPerColumn
        }

        mutating func add(_ tree: Forest.Tree) {
            guard tree.leafCount <= BitKernel.leavesMax, isRanked(tree) else {
                trees.append(Tree(firstPlane: 0, planeCount: 0, firstLeaf: 0))
                return
            }
            let firstLeaf = outputs.count
            var splits: [RangeSplit] = []
            // Depth is below the number of leaves: recursion is bounded.
            collect(tree, node: 0, firstLeaf: firstLeaf, into: &splits)
            add(Shape(leafCount: tree.leafCount, splits: splits), firstLeaf: firstLeaf)
        }

        /// No tree where it has too many leaves.
        mutating func add(_ shape: Shape, firstLeaf: Int) {
            guard shape.leafCount <= BitKernel.leavesMax else {
                trees.append(Tree(firstPlane: 0, planeCount: 0, firstLeaf: 0))
                return
            }
            let perPlane = BitKernel.leavesPerPlane
            let planeCount = (shape.leafCount + perPlane - 1) / perPlane
            trees.append(
                Tree(firstPlane: Int32(planes.count), planeCount: Int32(planeCount), firstLeaf: Int32(firstLeaf)))
            for plane in 0..<planeCount {
                planes.append(UInt32(entries.count))
                let leaves = plane * perPlane..<(plane + 1) * perPlane
                for split in shape.splits where split.leaves.overlaps(leaves) { append(split, in: leaves) }
            }
        }

        /// Whether all splits by categories have columns; a tree has all its thresholds ranked or none.
        private func isRanked(_ tree: Forest.Tree) -> Bool {
            var pending: [Int32] = [0]
            while let node = pending.popLast().map(Int.init) {
                if tree.isLeaf(node) { continue }
                if places[FeatureRanks.split(tree.nodes, node)] == nil { return false }
                pending.append(tree.nodes.left[node])
                pending.append(tree.nodes.right[node])
            }
            return true
        }

        private mutating func append(_ split: RangeSplit, in plane: Range<Int>) {
            var mask: UInt8 = 0
            for leaf in split.leaves.clamped(to: plane) { mask |= 1 << (leaf - plane.lowerBound) }
            entries.append(
                Entry(rank: Vector(repeating: split.place.rank), ruledOut: Vector(repeating: Int8(bitPattern: mask))))
            columns.append(UInt32(split.place.column * vectorsPerColumn))
        }

        private mutating func collect(_ tree: Forest.Tree, node: Int, firstLeaf: Int, into splits: inout [RangeSplit]) {
            let nodes = tree.nodes
            if tree.isLeaf(node) {
                outputs.append(nodes.value[node])
                return
            }
            let before = outputs.count - firstLeaf
            collect(tree, node: Int(nodes.left[node]), firstLeaf: firstLeaf, into: &splits)
            let place = places[FeatureRanks.split(nodes, node)]!
            splits.append(RangeSplit(place: place, leaves: before..<outputs.count - firstLeaf))
            collect(tree, node: Int(nodes.right[node]), firstLeaf: firstLeaf, into: &splits)
        }
    }
}

extension BitKernel {
    @inline(__always)
    func handles(tree: Int) -> Bool { trees.start[tree].planeCount > 0 }

    @inline(__always)
    func handlesFour(from tree: Int) -> Bool {
        tree &+ 4 <= trees.count && handles(tree: tree) && handles(tree: tree &+ 1) && handles(tree: tree &+ 2)
            && handles(tree: tree &+ 3)
    }

    /// Writes the leaf that each of `rowCount` rows reaches in one tree, a byte a row, to a whole number of vectors.
    ///
    /// `ranks` are the block's columns. Complexity: O(rows x splits / 16), no allocation.
    func find(
        tree: Int, ranks: UnsafePointer<Vector>, rowCount: Int, leaves: UnsafeMutablePointer<Vector>
    ) {
        let tree = trees.start[tree]
        let vectorCount = (rowCount &+ Self.lanes &- 1) / Self.lanes
        var vector = 0
        while vector &+ 4 <= vectorCount {
            findFour(tree, ranks + vector, leaves + vector)
            vector &+= 4
        }
        while vector < vectorCount {
            findOne(tree, ranks + vector, leaves + vector)
            vector &+= 1
        }
    }

    /// Adds one tree's leaves to the margins of `rowCount` rows; margins stand `marginStride` floats apart.
    func add(
        tree: Int, leaves: UnsafePointer<UInt8>, rowCount: Int, to margins: UnsafeMutablePointer<Float>,
        marginStride: Int
    ) {
        let outputs = outputs.start + Int(trees.start[tree].firstLeaf)
        for row in 0..<rowCount { margins[row &* marginStride] += outputs[Int(leaves[row])] }
    }

    /// Adds the leaves of four trees to the margins of `rowCount` rows, in the trees' order: the margins are read and
    /// written once. The second tree's leaves stand `leavesStride` bytes behind the first one's, and so on.
    func addFour(
        from tree: Int, leaves: UnsafePointer<UInt8>, leavesStride: Int, rowCount: Int,
        to margins: UnsafeMutablePointer<Float>
    ) {
        let outputs0 = outputs.start + Int(trees.start[tree].firstLeaf)
        let outputs1 = outputs.start + Int(trees.start[tree &+ 1].firstLeaf)
        let outputs2 = outputs.start + Int(trees.start[tree &+ 2].firstLeaf)
        let outputs3 = outputs.start + Int(trees.start[tree &+ 3].firstLeaf)
        let leaves1 = leaves + leavesStride
        let leaves2 = leaves1 + leavesStride
        let leaves3 = leaves2 + leavesStride
        for row in 0..<rowCount {
            var margin = margins[row] + outputs0[Int(leaves[row])]
            margin += outputs1[Int(leaves1[row])]
            margin += outputs2[Int(leaves2[row])]
            margin += outputs3[Int(leaves3[row])]
            margins[row] = margin
        }
    }

    @inline(__always)
    private static func right(_ rank: Vector, _ threshold: Vector, _ ruledOut: Vector) -> Vector {
        unsafeBitCast(rank .> threshold, to: Vector.self) & ruledOut
    }

    /// The leaves of sixteen rows.
    private func findOne(_ tree: Tree, _ ranks: UnsafePointer<Vector>, _ target: UnsafeMutablePointer<Vector>) {
        var result = LowestLeaf()
        var plane = Int(tree.planeCount)
        while plane > 0 {
            plane &-= 1
            var left = Vector(repeating: -1)
            var entry = Int(planes.start[Int(tree.firstPlane) &+ plane])
            let end = Int(planes.start[Int(tree.firstPlane) &+ plane &+ 1])
            while entry < end {
                let this = entries.start[entry]
                left &= ~Self.right(ranks[Int(columns.start[entry])], this.rank, this.ruledOut)
                entry &+= 1
            }
            result.take(left, plane: plane)
        }
        target.pointee = result.leaf
    }

    /// The leaves of sixty-four rows: each entry is loaded once for four vectors.
    private func findFour(_ tree: Tree, _ ranks: UnsafePointer<Vector>, _ target: UnsafeMutablePointer<Vector>) {
        var result0 = LowestLeaf()
        var result1 = LowestLeaf()
        var result2 = LowestLeaf()
        var result3 = LowestLeaf()
        var plane = Int(tree.planeCount)
        while plane > 0 {
            plane &-= 1
            var left0 = Vector(repeating: -1)
            var left1 = left0
            var left2 = left0
            var left3 = left0
            var entry = Int(planes.start[Int(tree.firstPlane) &+ plane])
            let end = Int(planes.start[Int(tree.firstPlane) &+ plane &+ 1])
            while entry < end {
                let this = entries.start[entry]
                let column = ranks + Int(columns.start[entry])
                left0 &= ~Self.right(column[0], this.rank, this.ruledOut)
                left1 &= ~Self.right(column[1], this.rank, this.ruledOut)
                left2 &= ~Self.right(column[2], this.rank, this.ruledOut)
                left3 &= ~Self.right(column[3], this.rank, this.ruledOut)
                entry &+= 1
            }
            result0.take(left0, plane: plane)
            result1.take(left1, plane: plane)
            result2.take(left2, plane: plane)
            result3.take(left3, plane: plane)
        }
        target[0] = result0.leaf
        target[1] = result1.leaf
        target[2] = result2.leaf
        target[3] = result3.leaf
    }

    /// The lowest leaf left in sixteen rows, over planes that are taken from the last to the first.
    ///
    /// Only vector with vector comparisons of signed bytes are used: they are single instructions.
    private struct LowestLeaf {
        private var bits = Vector(repeating: 0)
        private var base = Vector(repeating: 0)

        @inline(__always) init() {}

        @inline(__always)
        private static func isZero(_ vector: Vector) -> Vector {
            unsafeBitCast(vector .== Vector(repeating: 0), to: Vector.self)
        }

        @inline(__always)
        mutating func take(_ left: Vector, plane: Int) {
            let none = Self.isZero(left)
            bits = left | (bits & none)
            let first = Vector(repeating: Int8(truncatingIfNeeded: plane &* BitKernel.leavesPerPlane))
            base = (base & none) | (first & ~none)
        }

        /// The place of the lowest bit, from the three masks of places with that bit set in their number.
        @inline(__always)
        var leaf: Vector {
            let lowest = bits & (Vector(repeating: 0) &- bits)
            let ones = Vector(repeating: 1) & ~Self.isZero(lowest & Vector(repeating: Int8(bitPattern: 0xAA)))
            let twos = Vector(repeating: 2) & ~Self.isZero(lowest & Vector(repeating: Int8(bitPattern: 0xCC)))
            let fours = Vector(repeating: 4) & ~Self.isZero(lowest & Vector(repeating: Int8(bitPattern: 0xF0)))
            return base | ones | twos | fours
        }
    }
}
