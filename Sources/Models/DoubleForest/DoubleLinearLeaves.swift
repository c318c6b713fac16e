/// The leaves of a forest that are linear in some features, by the place of the leaf among the packed nodes.
struct DoubleLinearLeaves: Sendable {
    struct Leaf: BitwiseCopyable, Sendable {
        var constant: Double
        var firstTerm: UInt32
        var termCount: UInt32
    }

    struct Term: BitwiseCopyable, Sendable {
        var coefficient: Double
        var feature: UInt32
    }

    /// Each node's leaf here, -1 where it has none.
    private let places: FrozenArray<Int32>
    private let leaves: FrozenArray<Leaf>
    private let terms: FrozenArray<Term>

    var byteCount: Int { places.byteCount + leaves.byteCount + terms.byteCount }

    /// `numbers` are the packed nodes' leaf numbers, tree after tree; `roots` where each tree begins.
    init(_ forest: DoubleForest, numbers: [Int32], roots: [Int]) {
        var places = [Int32](repeating: -1, count: numbers.count)
        var leaves: [Leaf] = []
        var terms: [Term] = []
        for (index, tree) in forest.trees.enumerated() {
            guard let linear = tree.spec.linear else { continue }
            let end = index + 1 < roots.count ? roots[index + 1] : numbers.count
            for node in roots[index]..<end where numbers[node] >= 0 {
                let number = Int(numbers[node])
                let range = Int(linear.bounds[number])..<Int(linear.bounds[number + 1])
                places[node] = Int32(leaves.count)
                leaves.append(
                    Leaf(
                        constant: linear.constants[number], firstTerm: UInt32(terms.count),
                        termCount: UInt32(range.count)))
                for term in range {
                    terms.append(
                        Term(coefficient: linear.coefficients[term], feature: UInt32(linear.features[term])))
                }
            }
        }
        self.places = FrozenArray(places)
        self.leaves = FrozenArray(leaves)
        self.terms = FrozenArray(terms)
    }

    /// What a leaf adds for a row; `plain`, what it would without its terms, where one of their values is missing.
    ///
    /// Complexity: O(terms), no allocation.
    func value(node: Int, row: UnsafePointer<Double>, plain: Double) -> Double {
        let place = places.start[node]
        guard place >= 0 else { return plain }
        let leaf = leaves.start[Int(place)]
        var sum = leaf.constant
        for index in 0..<Int(leaf.termCount) {
            let term = terms.start[Int(leaf.firstTerm) &+ index]
            let x = row[Int(term.feature)]
            if x != x { return plain }
            sum += term.coefficient * (abs(x) <= DoubleSplit.zeroMax ? 0 : x)
        }
        return sum
    }
}
