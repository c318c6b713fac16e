/// Points of which a block is worked on at once.
private protocol PointBlock: SIMD where Scalar == Double {
    static func points(_ rule: TreeContributions.Rule) -> (t: Self, weight: Self)
    var total: Double { get }
    static func + (left: Self, right: Self) -> Self
    static func - (left: Self, right: Self) -> Self
    static func * (left: Self, right: Self) -> Self
    static func / (left: Self, right: Self) -> Self
}

extension SIMD2<Double>: PointBlock {
    @inline(__always)
    fileprivate static func points(_ rule: TreeContributions.Rule) -> (t: Self, weight: Self) {
        (rule.t.lowHalf, rule.weight.lowHalf)
    }

    @inline(__always)
    fileprivate var total: Double { self[0] + self[1] }
}

extension SIMD4<Double>: PointBlock {
    @inline(__always)
    fileprivate static func points(_ rule: TreeContributions.Rule) -> (t: Self, weight: Self) { (rule.t, rule.weight) }

    @inline(__always)
    fileprivate var total: Double { (lowHalf + highHalf).total }
}

extension TreeContributions {
    /// Of a split for one row: goes right, and follows no longer what the row was asked above of the same feature.
    private static let right: UInt8 = 1
    private static let hasLeft: UInt8 = 2

    private static let blockBytes = MemoryLayout<SIMD4<Double>>.stride

    /// Two blocks of points a node, one and a code a split.
    var scratchBytes: Int { nodesMax * (3 * Self.blockBytes + 1) }

    private struct Work {
        /// U of each node; a leaf's value stays while rows pass by.
        let values: UnsafeMutableRawPointer
        /// D of each node.
        let products: UnsafeMutableRawPointer
        /// Each split's part of its feature, but for D.
        let parts: UnsafeMutableRawPointer
        let codes: UnsafeMutablePointer<UInt8>

        init(_ scratch: UnsafeMutableRawPointer, nodesMax: Int) {
            let bytes = nodesMax &* blockBytes
            values = scratch
            products = scratch + bytes
            parts = products + bytes
            codes = (parts + bytes).assumingMemoryBound(to: UInt8.self)
        }
    }

    /// Writes some rows' contributions: for each group `featureCount` of them and the base value.
    ///
    /// `decide` writes for one row and each split of a tree (by `splitNodes`) 1 where the row goes right, else 0.
    /// Complexity: O(nodes x points) a row, no allocation.
    @inline(__always)
    func explain(
        rowCount: Int, featureCount: Int, scratch: UnsafeMutableRawPointer, into target: UnsafeMutablePointer<Double>,
        decide: (_ tree: Int, _ row: Int, _ codes: UnsafeMutablePointer<UInt8>) -> Void
    ) {
        let width = featureCount &+ 1
        let stride = width &* bases.count
        start(target, rowCount: rowCount, width: width)
        let work = Work(scratch, nodesMax: nodesMax)
        // Trees outside, rows inside: a tree stays in the first cache while a block of rows passes.
        for number in 0..<trees.count {
            let tree = trees.start[number]
            if tree.splits.count == 0 { continue }
            prepare(tree, work)
            for row in 0..<rowCount {
                decide(number, row, work.codes)
                mark(tree, work.codes)
                add(tree, work, to: target + (row &* stride &+ tree.group &* width))
            }
        }
    }

    private func start(_ target: UnsafeMutablePointer<Double>, rowCount: Int, width: Int) {
        for place in 0..<rowCount &* bases.count {
            let here = target + place &* width
            here.update(repeating: 0, count: width &- 1)
            here[width &- 1] = bases.start[place % bases.count]
        }
    }

    private func prepare(_ tree: Tree, _ work: Work) {
        let leaves = leaves.start + tree.leaves.first
        if tree.isNarrow {
            let values = work.values.assumingMemoryBound(to: SIMD2<Double>.self)
            for index in 0..<tree.leaves.count { values[leaves[index].node] = .init(repeating: leaves[index].value) }
        } else {
            let values = work.values.assumingMemoryBound(to: SIMD4<Double>.self)
            for index in 0..<tree.leaves.count { values[leaves[index].node] = .init(repeating: leaves[index].value) }
        }
    }

    /// Marks the splits whose feature was asked above with another outcome than the one that leads to them.
    private func mark(_ tree: Tree, _ codes: UnsafeMutablePointer<UInt8>) {
        let splits = splits.start + tree.splits.first
        let repeated = repeated.start + tree.repeated.first
        for index in 0..<tree.repeated.count {
            let number = Int(repeated[index])
            let above = splits[number].above &- 1
            let code = codes[Int(above &>> 1)]
            let isOther = (code ^ UInt8(truncatingIfNeeded: above)) & Self.right != 0
            codes[number] |= isOther ? Self.hasLeft : code & Self.hasLeft
        }
    }

    private func add(_ tree: Tree, _ work: Work, to target: UnsafeMutablePointer<Double>) {
        let splits = splits.start + tree.splits.first
        let rules = rules.start + tree.rules.first
        if tree.isNarrow {
            Self.pass(SIMD2<Double>.self, rules[0], splits, tree.splits.count, work, target)
            return
        }
        for block in 0..<tree.rules.count {
            Self.pass(SIMD4<Double>.self, rules[block], splits, tree.splits.count, work, target)
        }
    }

    /// The share on the side that a row does not take.
    @inline(__always)
    private static func coldShare(_ split: UnsafePointer<Split>, _ right: Int) -> Double {
        right == 0 ? split.pointee.shares.right : split.pointee.shares.left
    }

    @inline(__always)
    private static func pass<Points: PointBlock>(
        _: Points.Type, _ rule: Rule, _ splits: UnsafePointer<Split>, _ count: Int, _ work: Work,
        _ target: UnsafeMutablePointer<Double>
    ) {
        let (t, weight) = Points.points(rule)
        let rest = Points(repeating: 1) - t
        let values = work.values.assumingMemoryBound(to: Points.self)
        let products = work.products.assumingMemoryBound(to: Points.self)
        let parts = work.parts.assumingMemoryBound(to: Points.self)
        var number = count &- 1
        while number >= 0 {
            let split = splits + number
            let code = work.codes[number]
            let right = Int(code & Self.right)
            let children = values + Int(split.pointee.left)
            let hot = children[right]
            let difference = hot - children[1 &- right]
            let share = Points(repeating: coldShare(split, right))
            if split.pointee.above == 0 {
                let part = share * difference
                parts[number] = part
                values[Int(split.pointee.node)] = hot - rest * part
            } else if code & Self.hasLeft == 0 {
                let above = Points(repeating: split.pointee.aboveShare)
                let inverse = Points(repeating: 1) / (t + rest * above)
                let part = share * above * inverse * difference
                parts[number] = part * inverse
                values[Int(split.pointee.node)] = hot - rest * part
            } else {
                parts[number] = .zero
                values[Int(split.pointee.node)] = hot - share * difference
            }
            number &-= 1
        }
        products[0] = weight
        for number in 0..<count {
            let split = splits + number
            let code = work.codes[number]
            let right = Int(code & Self.right)
            let product = products[Int(split.pointee.node)]
            target[Int(split.pointee.feature)] += (product * parts[number]).total
            var share = Points(repeating: coldShare(split, right))
            if split.pointee.above == 0 {
                share = rest * share
            } else if code & Self.hasLeft == 0 {
                let above = Points(repeating: split.pointee.aboveShare)
                share = rest * share * above / (t + rest * above)
            }
            let cold = product * share
            let children = products + Int(split.pointee.left)
            children[1 &- right] = cold
            children[right] = product - cold
        }
    }
}
