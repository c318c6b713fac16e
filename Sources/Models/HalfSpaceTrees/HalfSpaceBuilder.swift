/// Says how many events of a node lie left of its division.
protocol HalfSpaceCounts {
    /// - Parameters:
    ///   - start: where the node's events stand among the tree's.
    ///   - count: how many they are.
    /// - Returns: up to `count`; `nil`: that is not known, and the tree cannot be made.
    mutating func lefts(_ place: HalfSpaceDivision, start: Int, count: Int) -> Int?
}

/// Where a tree is divided.
struct HalfSpaceDivision {
    let input: Int
    let threshold: Int32
    /// Of the node, which is the right one of its parent's or the left one.
    let depth: Int
    let isRight: Bool
}

/// Makes a tree's nodes: the mass of each part of space, as far down as it can matter.
///
/// Where a node is divided is a function of the tree and the node's place; how many events lie on either side is for
/// `counts` to say.
struct HalfSpaceBuilder<Counts: HalfSpaceCounts> {
    let inputCount: Int
    let height: Int
    /// Parts with less are not divided.
    let sizeLimit: Int
    let nodes: UnsafeMutablePointer<HalfSpaceNode>
    /// How many events were left of each division, in the order in which the tree is built: all that is to be known of
    /// it.
    let divisions: UnsafeMutablePointer<UInt32>
    /// The part of each input's range that the present node covers.
    let lows: UnsafeMutablePointer<Int32>
    let highs: UnsafeMutablePointer<Int32>
    var counts: Counts
    private(set) var nodeCount = 0
    private(set) var divisionCount = 0

    init(
        _ parameters: HalfSpaceTreesParameters, sizeLimit: Int, nodes: UnsafeMutablePointer<HalfSpaceNode>,
        divisions: UnsafeMutablePointer<UInt32>, scratch: HalfSpaceScratch, counts: Counts
    ) {
        inputCount = parameters.inputCount
        height = parameters.height
        self.sizeLimit = sizeLimit
        self.nodes = nodes
        self.divisions = divisions
        lows = scratch.lows
        highs = scratch.highs
        self.counts = counts
    }

    /// Builds the tree anew over `count` events; false where `counts` did not know.
    mutating func build(root: UInt64, count: Int) -> Bool {
        setWorkRange(root: root)
        nodeCount = 1
        divisionCount = 0
        return divide(0, draw: root, depth: 0, isRight: false, above: 0, start: 0, count: count)
    }

    /// A tree divides a range of its own of each input, at least twice as wide as the input's, about a middle that is
    /// drawn: so no two trees divide at the same places.
    private func setWorkRange(root: UInt64) {
        for input in 0..<inputCount {
            let middle = HalfSpaceRandom.middle(root: root, input: input)
            let half = 2 &* max(middle, HalfSpacePlace.one &- middle)
            lows[input] = middle &- half
            highs[input] = middle &+ half
        }
    }

    /// - Parameter above: what the nodes on the way here add to an event's mass.
    private mutating func divide(
        _ node: Int, draw: UInt64, depth: Int, isRight: Bool, above: UInt64, start: Int, count: Int
    ) -> Bool {
        let mass = above &+ (UInt64(count) << UInt64(depth))
        if count < sizeLimit || depth == height {
            nodes[node] = .leaf(mass: mass)
            return true
        }
        let input = HalfSpaceRandom.input(of: draw, count: inputCount)
        let low = lows[input]
        let high = highs[input]
        let middle = (low &+ high) >> 1
        let place = HalfSpaceDivision(input: input, threshold: middle, depth: depth, isRight: isRight)
        guard let lefts = counts.lefts(place, start: start, count: count) else { return false }
        divisions[divisionCount] = UInt32(truncatingIfNeeded: lefts)
        divisionCount &+= 1
        let left = nodeCount
        nodeCount &+= 2
        nodes[node] = .split(input: input, at: middle, left: left)
        highs[input] = middle
        let isWhole = divide(
            left, draw: HalfSpaceRandom.child(of: draw, isRight: false), depth: depth &+ 1, isRight: false, above: mass,
            start: start, count: lefts)
        highs[input] = high
        if !isWhole { return false }
        lows[input] = middle
        defer { lows[input] = low }
        return divide(
            left &+ 1, draw: HalfSpaceRandom.child(of: draw, isRight: true), depth: depth &+ 1, isRight: true,
            above: mass, start: start &+ lefts, count: count &- lefts)
    }
}
