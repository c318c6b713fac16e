/// Adds the mass that a tree gives to each of some rows to their sums.
struct HalfSpaceScorer {
    let columns: HalfSpaceColumns
    let nodes: UnsafePointer<HalfSpaceNode>
    let sums: UnsafeMutablePointer<UInt64>

    /// Goes on from a node with rows that came there, above 0 of them.
    func descend(_ node: Int, rows: HalfSpaceRows, start: Int, count: Int) {
        let found = nodes[node]
        if found.isLeaf {
            add(found.mass, to: rows.now + start, count: count)
            return
        }
        if count == 1 {
            walk(found, row: Int(rows.now[start]))
            return
        }
        let column = columns.column(Int(found.input))
        let left = Int(found.left)
        if nodes[left].isLeaf && nodes[left &+ 1].isLeaf {
            addEither(
                nodes[left].mass, or: nodes[left &+ 1].mass, by: column, at: found.threshold, to: rows.now + start,
                count: count)
            return
        }
        let lefts = rows.split(column, at: found.threshold, start: start, count: count)
        if lefts > 0 { descend(left, rows: rows.swapped, start: start, count: lefts) }
        if lefts < count {
            descend(left &+ 1, rows: rows.swapped, start: start &+ lefts, count: count &- lefts)
        }
    }

    @inline(__always)
    private func add(_ mass: UInt64, to rows: UnsafePointer<UInt16>, count: Int) {
        var index = 0
        while index < count {
            sums[Int(rows[index])] &+= mass
            index &+= 1
        }
    }

    @inline(__always)
    private func addEither(
        _ leftMass: UInt64, or rightMass: UInt64, by column: UnsafePointer<Int32>, at threshold: Int32,
        to rows: UnsafePointer<UInt16>, count: Int
    ) {
        let difference = leftMass &- rightMass
        var index = 0
        while index < count {
            let row = Int(rows[index])
            let isLeft = HalfSpacePlace.isLeft(column[row], of: threshold)
            sums[row] &+= rightMass &+ (difference & (0 &- UInt64(truncatingIfNeeded: isLeft)))
            index &+= 1
        }
    }

    private func walk(_ first: HalfSpaceNode, row: Int) {
        var node = first
        while !node.isLeaf {
            let isLeft = HalfSpacePlace.isLeft(columns.column(Int(node.input))[row], of: node.threshold)
            node = nodes[Int(node.left) &+ 1 &- isLeft]
        }
        sums[row] &+= node.mass
    }
}
