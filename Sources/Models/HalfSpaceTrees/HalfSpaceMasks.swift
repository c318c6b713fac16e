/// Trees with few divisions as masks of their leaves, sixteen rows at a time.
///
/// Leaves are numbered from left to right. Each division that does not send a row left rules out the leaves to its left;
/// the row's leaf is the lowest that no division rules out, in whatever order they are looked at. So a tree is a list of
/// comparisons, without branches and without a load that waits for another.
///
/// After QuickScorer (Lucchese et al., SIGIR 2015), as `BitKernel` has it for trees that stay.
struct HalfSpaceMasks {
    typealias Four = SIMD4<Int32>

    private struct Entry: BitwiseCopyable {
        let threshold: Four
        /// The leaves of a plane that are left where a row does not go left.
        let kept: Four
        /// Where the input's column begins.
        let column: Int
    }

    /// Leaves whose masks are found together; a tree has up to two such planes.
    private static let planeLeaves = 32
    private static let divisionsMax = 2 * planeLeaves - 1
    private static let lanes = 4
    /// Fewer rows are better off walking: sixteen cost as much as one.
    static let rowsMin = 4

    /// Entries of a plane at most, and leaves of a tree.
    private let entriesMax: Int
    /// `entries[(2 * tree + plane) * entriesMax + entry]`
    private let entries: UnsafeMutablePointer<Entry>
    /// `counts[2 * tree + plane]`; -1: the tree has too many divisions.
    private let counts: UnsafeMutablePointer<Int32>
    /// By tree.
    private let leafCounts: UnsafeMutablePointer<Int32>
    /// `masses[tree * (divisionsMax + 1) + leaf]`
    private let masses: UnsafeMutablePointer<UInt64>

    init(_ parameters: HalfSpaceTreesParameters) {
        entriesMax = Self.entriesMax(parameters)
        entries = .allocate(capacity: 2 * parameters.trees * entriesMax)
        counts = .allocate(capacity: 2 * parameters.trees)
        counts.initialize(repeating: -1, count: 2 * parameters.trees)
        leafCounts = .allocate(capacity: parameters.trees)
        leafCounts.initialize(repeating: 0, count: parameters.trees)
        masses = .allocate(capacity: parameters.trees * (Self.divisionsMax + 1))
    }

    func deallocate() {
        entries.deallocate()
        counts.deallocate()
        leafCounts.deallocate()
        masses.deallocate()
    }

    private static func entriesMax(_ parameters: HalfSpaceTreesParameters) -> Int {
        min(divisionsMax, parameters.divisionsPerTreeMax)
    }

    static func byteCount(_ parameters: HalfSpaceTreesParameters) -> Int {
        parameters.trees
            * (2 * entriesMax(parameters) * MemoryLayout<Entry>.stride + 8 * (divisionsMax + 1) + 12)
    }

    /// Whether a tree is one for masks.
    @inline(__always)
    func handles(_ tree: Int) -> Bool { counts[2 &* tree] >= 0 }

    // MARK: - Making

    /// Takes over a tree that was built.
    ///
    /// Complexity: O(divisions), no allocation.
    func set(_ tree: Int, nodes: UnsafePointer<HalfSpaceNode>, divisionCount: Int) {
        counts[2 &* tree] = -1
        if divisionCount > Self.divisionsMax { return }
        counts[2 &* tree] = 0
        counts[2 &* tree &+ 1] = 0
        var leafCount = 0
        collect(tree, nodes, 0, &leafCount)
        leafCounts[tree] = Int32(truncatingIfNeeded: leafCount)
    }

    private func collect(_ tree: Int, _ nodes: UnsafePointer<HalfSpaceNode>, _ node: Int, _ leafCount: inout Int) {
        let found = nodes[node]
        if found.isLeaf {
            masses[tree &* (Self.divisionsMax &+ 1) &+ leafCount] = found.mass
            leafCount &+= 1
            return
        }
        let first = leafCount
        collect(tree, nodes, Int(found.left), &leafCount)
        // Up to 63 leaves are to the left.
        let lefts = (1 as UInt64) &<< UInt64(leafCount) &- (1 as UInt64) &<< UInt64(first)
        append(found, plane: 2 &* tree, lefts: UInt32(truncatingIfNeeded: lefts))
        append(found, plane: 2 &* tree &+ 1, lefts: UInt32(truncatingIfNeeded: lefts &>> 32))
        collect(tree, nodes, Int(found.left) &+ 1, &leafCount)
    }

    private func append(_ node: HalfSpaceNode, plane: Int, lefts: UInt32) {
        if lefts == 0 { return }
        entries[plane &* entriesMax &+ Int(counts[plane])] = Entry(
            threshold: Four(repeating: node.threshold), kept: Four(repeating: Int32(bitPattern: ~lefts)),
            column: Int(node.input) &* HalfSpaceTrees.blockRows)
        counts[plane] &+= 1
    }

    // MARK: - Scoring

    /// The leaves of sixteen rows that a plane leaves.
    @inline(__always)
    private func leaves(_ plane: Int, _ columns: UnsafePointer<Int32>) -> (Four, Four, Four, Four) {
        let entries = entries + plane &* entriesMax
        let count = Int(counts[plane])
        var (a, b, c, d) = (Four(repeating: -1), Four(repeating: -1), Four(repeating: -1), Four(repeating: -1))
        var index = 0
        while index < count {
            let threshold = entries[index].threshold
            let kept = entries[index].kept
            let values = UnsafeRawPointer(columns + entries[index].column).assumingMemoryBound(to: Four.self)
            a &= unsafeBitCast(values[0] .< threshold, to: Four.self) | kept
            b &= unsafeBitCast(values[1] .< threshold, to: Four.self) | kept
            c &= unsafeBitCast(values[2] .< threshold, to: Four.self) | kept
            d &= unsafeBitCast(values[3] .< threshold, to: Four.self) | kept
            index &+= 1
        }
        return (a, b, c, d)
    }

    /// Adds the mass that a tree gives to each of some rows of a block to their sums.
    ///
    /// Complexity: O(rows x divisions), no allocation.
    func score(
        tree: Int, columns: UnsafePointer<Int32>, rows: Range<Int>, into sums: UnsafeMutablePointer<UInt64>
    ) {
        // Known when each is compiled, so that the smaller trees pay nothing for the larger ones.
        if counts[2 &* tree &+ 1] > 0 || leafCounts[tree] > Self.planeLeaves {
            score(tree, columns, rows, sums, hasUpper: true)
        } else {
            score(tree, columns, rows, sums, hasUpper: false)
        }
    }

    @inline(__always)
    private func score(
        _ tree: Int, _ columns: UnsafePointer<Int32>, _ rows: Range<Int>, _ sums: UnsafeMutablePointer<UInt64>,
        hasUpper: Bool
    ) {
        let masses = masses + tree &* (Self.divisionsMax &+ 1)
        let none = Four(repeating: 0)
        var row = rows.lowerBound & ~15
        while row < rows.upperBound {
            let lower = leaves(2 &* tree, columns + row)
            let upper = hasUpper ? leaves(2 &* tree &+ 1, columns + row) : (none, none, none, none)
            if row >= rows.lowerBound && row &+ 16 <= rows.upperBound {
                add(masses, lower.0, upper.0, sums + row)
                add(masses, lower.1, upper.1, sums + row + 4)
                add(masses, lower.2, upper.2, sums + row + 8)
                add(masses, lower.3, upper.3, sums + row + 12)
            } else {
                addPart(masses, lower, upper, row, rows, sums)
            }
            row &+= 16
        }
    }

    /// What the lowest leaf that is left gives to a row.
    @inline(__always)
    private static func mass(_ masses: UnsafePointer<UInt64>, _ lower: Int32, _ upper: Int32) -> UInt64 {
        let left = UInt64(UInt32(bitPattern: lower)) | UInt64(UInt32(bitPattern: upper)) &<< 32
        // One is always left; the highest bit is set so that this is known here.
        return masses[(left | 1 &<< 63).trailingZeroBitCount]
    }

    @inline(__always)
    private func add(
        _ masses: UnsafePointer<UInt64>, _ lower: Four, _ upper: Four, _ sums: UnsafeMutablePointer<UInt64>
    ) {
        sums[0] &+= Self.mass(masses, lower[0], upper[0])
        sums[1] &+= Self.mass(masses, lower[1], upper[1])
        sums[2] &+= Self.mass(masses, lower[2], upper[2])
        sums[3] &+= Self.mass(masses, lower[3], upper[3])
    }

    /// At the ends of a segment, some of sixteen rows.
    private func addPart(
        _ masses: UnsafePointer<UInt64>, _ lower: (Four, Four, Four, Four), _ upper: (Four, Four, Four, Four),
        _ first: Int, _ rows: Range<Int>, _ sums: UnsafeMutablePointer<UInt64>
    ) {
        withUnsafeBytes(of: lower) { lower in
            withUnsafeBytes(of: upper) { upper in
                for row in max(first, rows.lowerBound)..<min(first &+ 16, rows.upperBound) {
                    let offset = 4 &* (row &- first)
                    sums[row] &+= Self.mass(
                        masses, lower.load(fromByteOffset: offset, as: Int32.self),
                        upper.load(fromByteOffset: offset, as: Int32.self))
                }
            }
        }
    }
}
