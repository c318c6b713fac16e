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

    /// Two blocks of points a node, two and a code a split.
    var scratchBytes: Int { nodesMax * (4 * Self.blockBytes + 1) }

    private struct Work {
        /// U of each node; a leaf's value stays while rows pass by.
        let values: UnsafeMutableRawPointer
        /// D of each node.
        let products: UnsafeMutableRawPointer
        /// Each split's part of its feature, but for D.
        let parts: UnsafeMutableRawPointer
        /// The factor of each split's side that the row does not take.
        let factors: UnsafeMutableRawPointer
        let codes: UnsafeMutablePointer<UInt8>

        init(_ scratch: UnsafeMutableRawPointer, nodesMax: Int) {
            let bytes = nodesMax &* blockBytes
            values = scratch
            products = scratch + bytes
            parts = products + bytes
            factors = parts + bytes
            codes = (factors + bytes).assumingMemoryBound(to: UInt8.self)
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
            let isOther = (code ^ UInt8(truncatingIfNeeded: above)) & Self.right
            codes[number] |= isOther &<< 1 | code & Self.hasLeft
        }
    }

    private func add(_ tree: Tree, _ work: Work, to target: UnsafeMutablePointer<Double>) {
        let splits = splits.start + tree.splits.first
        let shares = otherShares.start + 2 &* tree.splits.first
        let rules = rules.start + tree.rules.first
        if tree.isNarrow {
            let points = SIMD2<Double>.points(rules[0])
            Self.goUp(points, splits, shares, tree.splits.count, work)
            Self.goDown(points, splits, tree.splits.count, work, target)
            return
        }
        for block in 0..<tree.rules.count {
            let points = SIMD4<Double>.points(rules[block])
            Self.goUp(points, splits, shares, tree.splits.count, work)
            Self.goDown(points, splits, tree.splits.count, work, target)
        }
    }

    /// Without a branch that depends on the row.
    @inline(__always)
    private static func goUp<Points: PointBlock>(
        _ points: (t: Points, weight: Points), _ splits: UnsafePointer<Split>, _ shares: UnsafePointer<Double>,
        _ count: Int, _ work: Work
    ) {
        let t = points.t
        let rest = Points(repeating: 1) - t
        let values = work.values.assumingMemoryBound(to: Points.self)
        let parts = work.parts.assumingMemoryBound(to: Points.self)
        let factors = work.factors.assumingMemoryBound(to: Points.self)
        var number = count &- 1
        while number >= 0 {
            let split = splits[number]
            let code = work.codes[number]
            let right = Int(code & Self.right)
            let children = values + Int(split.left)
            let hot = children[right]
            let difference = hot - children[1 &- right]
            let share = Points(repeating: shares[2 &* number &+ right])
            var factor = rest * share
            var part = share * difference
            if split.above != 0 {
                let above = Points(repeating: split.aboveShare)
                let inverse = Points(repeating: 1) / (t + rest * above)
                let quotient = share * above * inverse
                // 0 where the path is left already: then the factor is the share alone, and the part is nothing.
                let isOn = Points(repeating: Double((code & hasLeft ^ hasLeft) &>> 1))
                factor = share + isOn * (rest * quotient - share)
                part = isOn * quotient * inverse * difference
            }
            factors[number] = factor
            parts[number] = part
            values[Int(split.node)] = hot - factor * difference
            number &-= 1
        }
    }

    @inline(__always)
    private static func goDown<Points: PointBlock>(
        _ points: (t: Points, weight: Points), _ splits: UnsafePointer<Split>, _ count: Int, _ work: Work,
        _ target: UnsafeMutablePointer<Double>
    ) {
        let products = work.products.assumingMemoryBound(to: Points.self)
        let parts = work.parts.assumingMemoryBound(to: Points.self)
        let factors = work.factors.assumingMemoryBound(to: Points.self)
        products[0] = points.weight
        for number in 0..<count {
            let split = splits[number]
            let right = Int(work.codes[number] & Self.right)
            let product = products[Int(split.node)]
            target[Int(split.feature)] += (product * parts[number]).total
            let cold = product * factors[number]
            let children = products + Int(split.left)
            children[1 &- right] = cold
            children[right] = product - cold
        }
    }
}
