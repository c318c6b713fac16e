/// A node of a tree as far as it was divided: 16 bytes, so that the nodes of a tree stay near.
struct HalfSpaceNode {
    /// The first of the two nodes below; the other is behind it. Negative: there are none.
    var left: Int32
    var input: Int32
    /// Where it is divided its place; else the mass that events here are given.
    private var bits: UInt64

    static func leaf(mass: UInt64) -> HalfSpaceNode { HalfSpaceNode(left: -1, input: 0, bits: mass) }

    static func split(input: Int, at threshold: Int32, left: Int) -> HalfSpaceNode {
        HalfSpaceNode(
            left: Int32(truncatingIfNeeded: left), input: Int32(truncatingIfNeeded: input),
            bits: UInt64(UInt32(bitPattern: threshold)))
    }

    @inline(__always) var isLeaf: Bool { left < 0 }
    @inline(__always) var mass: UInt64 { bits }
    @inline(__always) var threshold: Int32 { Int32(truncatingIfNeeded: bits) }
}

/// Rows of a block by input: `values[input * stride + row]`, places in the ranges of the inputs.
struct HalfSpaceColumns {
    let values: UnsafePointer<Int32>
    let stride: Int

    @inline(__always)
    func column(_ input: Int) -> UnsafePointer<Int32> { values + input &* stride }
}

/// Numbers of rows, divided among the nodes of a tree: two lists that are written in turn.
struct HalfSpaceRows {
    var now: UnsafeMutablePointer<UInt16>
    var next: UnsafeMutablePointer<UInt16>

    @inline(__always) var swapped: HalfSpaceRows { HalfSpaceRows(now: next, next: now) }

    /// Divides the rows from `start` on: those left of the threshold first; returns how many they are.
    ///
    /// Nothing is branched upon: which way a row goes cannot be foretold.
    @inline(__always)
    func split(_ column: UnsafePointer<Int32>, at threshold: Int32, start: Int, count: Int) -> Int {
        let source = now + start
        let target = next + start
        var lefts = 0
        var index = 0
        while index < count {
            let row = source[index]
            target[lefts] = row
            target[count &- 1 &- index &+ lefts] = row
            lefts &+= HalfSpacePlace.isLeft(column[Int(row)], of: threshold)
            index &+= 1
        }
        return lefts
    }
}
