/// Counts by dividing the rows of a window: as sets of bits while many of them are in a part, then as lists.
struct HalfSpaceRowCounts: HalfSpaceCounts {
    private let columns: HalfSpaceColumns
    private let rowCount: Int
    private let sets: HalfSpaceRowSets
    private let lists: HalfSpaceRows
    /// Of the node from which on rows are listed; `max`: of none.
    private var listDepth = Int.max

    /// What a set costs goes by all rows, what a list costs by those in it, and is so many times as much.
    private static let listCost = 16

    init(_ columns: HalfSpaceColumns, rowCount: Int, sets: HalfSpaceRowSets, lists: HalfSpaceRows) {
        self.columns = columns
        self.rowCount = rowCount
        self.sets = sets
        self.lists = lists
    }

    @inline(__always)
    mutating func lefts(_ place: HalfSpaceDivision, start: Int, count: Int) -> Int? {
        // What is not below the node with the list has come out of it.
        if place.depth <= listDepth { listDepth = .max }
        let column = columns.column(place.input)
        if listDepth == .max && count &* Self.listCost >= rowCount {
            return sets.split(column, place)
        }
        let own = place.depth & 1 == 0 ? lists : lists.swapped
        if listDepth == .max {
            listDepth = place.depth
            sets.list(place, into: own.now + start)
        }
        return own.split(column, at: place.threshold, start: start, count: count)
    }
}

/// Sets of a window's rows, a bit a row, of the nodes on the way to the present one and of their siblings.
///
/// Rows are compared four at a time, and what comes of it is shifted into 32 bits for each of the four: so a group is of
/// 128 rows. The even fours fill the upper halves, the odd ones the lower halves.
struct HalfSpaceRowSets {
    typealias Group = SIMD4<UInt32>

    private static let groupRows = 128
    private static let lanes = 4

    private let words: UnsafeMutablePointer<Group>
    private let rowCount: Int
    private let groupCount: Int

    static func groups(rowCount: Int) -> Int { (rowCount + groupRows - 1) / groupRows }

    /// Groups of a tree's sets.
    static func groupsMax(height: Int, rowCount: Int) -> Int { 2 * (height + 1) * groups(rowCount: rowCount) }

    /// The root has all rows.
    ///
    /// - Parameter words: room for `groupsMax`.
    init(_ words: UnsafeMutablePointer<Group>, rowCount: Int) {
        self.words = words
        self.rowCount = rowCount
        groupCount = Self.groups(rowCount: rowCount)
        for group in 0..<groupCount {
            let fours = fours(group)
            var bits = Group(repeating: .max)
            if fours &* Self.lanes > rowCount &- group &* Self.groupRows || fours < 32 {
                for lane in 0..<Self.lanes {
                    let rows = (rowCount &- group &* Self.groupRows &+ Self.lanes &- 1 &- lane) / Self.lanes
                    let even = Self.highest((rows &+ 1) / 2, of: (fours &+ 1) / 2)
                    bits[lane] = even &<< 16 | Self.highest(rows / 2, of: fours / 2)
                }
            }
            words[group] = bits
        }
    }

    /// The highest so many of some lowest bits, up to 16.
    private static func highest(_ count: Int, of bits: Int) -> UInt32 {
        UInt32(truncatingIfNeeded: 1 &<< bits &- 1 &<< (bits &- count))
    }

    /// Fours of rows in a group.
    @inline(__always)
    private func fours(_ group: Int) -> Int {
        min(Self.groupRows, rowCount &- group &* Self.groupRows &+ Self.lanes &- 1) / Self.lanes
    }

    @inline(__always)
    private func set(depth: Int, isRight: Bool) -> UnsafeMutablePointer<Group> {
        words + (2 &* depth &+ (isRight ? 1 : 0)) &* groupCount
    }

    /// Rows of a column below a threshold.
    @inline(__always)
    private static func below(_ threshold: SIMD4<Int32>, _ column: UnsafeRawPointer, fours: Int) -> Group {
        @inline(__always)
        func isBelow(_ four: Int) -> Group {
            let values = column.load(fromByteOffset: 16 &* four, as: SIMD4<Int32>.self)
            return unsafeBitCast(values .< threshold, to: Group.self)
        }
        var even = Group(repeating: 0)
        var odd = Group(repeating: 0)
        var four = 0
        while four &+ 2 <= fours {
            // Where it is below, -1 is taken away.
            even = even &+ even &- isBelow(four)
            odd = odd &+ odd &- isBelow(four &+ 1)
            four &+= 2
        }
        if four < fours { even = even &+ even &- isBelow(four) }
        return even &<< 16 | odd
    }

    /// Divides a node's set into those of its children; returns how many rows are left.
    ///
    /// - Parameter column: 16 bytes aligned, and readable up to a multiple of 4 rows.
    func split(_ column: UnsafePointer<Int32>, _ place: HalfSpaceDivision) -> Int {
        let own = set(depth: place.depth, isRight: place.isRight)
        let left = set(depth: place.depth &+ 1, isRight: false)
        let right = set(depth: place.depth &+ 1, isRight: true)
        let threshold = SIMD4(repeating: place.threshold)
        var count = 0
        for group in 0..<groupCount {
            let below = Self.below(threshold, column + group &* Self.groupRows, fours: fours(group))
            let lefts = own[group] & below
            left[group] = lefts
            right[group] = own[group] ^ lefts
            let halves = unsafeBitCast(lefts, to: SIMD2<UInt64>.self)
            count &+= halves[0].nonzeroBitCount &+ halves[1].nonzeroBitCount
        }
        return count
    }

    /// Writes the rows of a node, in no order that matters.
    func list(_ node: HalfSpaceDivision, into rows: UnsafeMutablePointer<UInt16>) {
        let own = set(depth: node.depth, isRight: node.isRight)
        var count = 0
        for group in 0..<groupCount {
            let fours = fours(group)
            for lane in 0..<Self.lanes {
                var bits = own[group][lane]
                while bits != 0 {
                    let bit = bits.trailingZeroBitCount
                    bits &= bits &- 1
                    // The last of each half has its lowest bit.
                    let four = bit < 16 ? 2 &* (fours / 2 &- bit) &- 1 : 2 &* ((fours &+ 1) / 2 &- 1 &- (bit &- 16))
                    let row = group &* Self.groupRows &+ four &* Self.lanes &+ lane
                    rows[count] = UInt16(truncatingIfNeeded: row)
                    count &+= 1
                }
            }
        }
    }
}
