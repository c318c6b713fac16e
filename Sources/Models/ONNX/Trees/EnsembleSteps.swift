/// An ensemble that the packed kernels take: sums of float32.
struct ForestStep: RowStep {
    let input: Operand
    let predictor: ForestPredictor
    /// What explanations are made from; `nil`: its trees hold nothing for them.
    let forest: Forest?
    var operands: [Operand] { [input] }

    /// `isSum`: of trees that operators outside of them have given their leaves.
    init(_ forest: Forest, input: Operand, isSum: Bool = false) {
        self.input = input
        predictor = ForestPredictor(forest)
        let hasCovers = forest.trees.allSatisfy { $0.depth == 0 || !$0.nodes.covers.isEmpty }
        self.forest = hasCovers || isSum ? forest : nil
    }

    func run(_ block: RowBlock, into output: UnsafeMutablePointer<Double>) {
        predictor.predict(
            rows: block.start(input), rowCount: block.rowCount, stride: input.width, raw: nil, predictions: output)
    }
}

/// Any ensemble: rows walk the trees. Sums are float32 behind float32 inputs, else float64.
struct EnsembleStep: RowStep {
    struct Node: BitwiseCopyable, Sendable {
        var threshold: Double
        /// Of a leaf: where its weights begin and end; else the children. Of a set, `feature` is followed by where it
        /// begins and ends in `members`.
        var yes: UInt32
        var no: UInt32
        var feature: UInt32
        var mode: UInt8
        var missingIsYes: Bool
        var members: UInt32
        var membersEnd: UInt32
    }

    struct Weight: BitwiseCopyable, Sendable {
        let score: Int
        let value: Double
    }

    let input: Operand
    let isSingle: Bool
    let width: Int
    private let aggregate: EnsembleSpec.Aggregate
    private let nodes: FrozenArray<Node>
    private let roots: FrozenArray<UInt32>
    private let weights: FrozenArray<Weight>
    private let members: FrozenArray<Double>
    /// All comparisons are `<=`.
    private let isUniform: Bool
    var operands: [Operand] { [input] }
    /// Whether a score was given, for the least and the greatest.
    var extraWidth: Int { width }

    /// `groups`: the target of each score.
    init(_ spec: EnsembleSpec, input: Operand, groups: [Int], isSingle: Bool) {
        self.input = input
        self.isSingle = isSingle
        width = groups.count
        aggregate = spec.aggregate
        var scores: [Int: Int] = [:]
        for (score, target) in groups.enumerated() { scores[target] = score }
        var nodes: [Node] = []
        var weights: [Weight] = []
        var members: [Double] = []
        for (number, node) in spec.nodes.enumerated() {
            // Nodes that no tree reaches are not checked: whatever they say, it is not read.
            var one = Node(
                threshold: isSingle ? Double(Float(node.threshold)) : node.threshold,
                yes: UInt32(max(0, node.yes)), no: UInt32(max(0, node.no)),
                feature: UInt32(truncatingIfNeeded: node.feature),
                mode: node.mode.rawValue, missingIsYes: node.missingIsYes, members: UInt32(members.count), membersEnd: 0
            )
            members += spec.members[number] ?? []
            one.membersEnd = UInt32(members.count)
            if node.mode == .leaf {
                one.yes = UInt32(weights.count)
                for weight in spec.weights[number] ?? [] {
                    guard let score = scores[weight.target] else { continue }
                    weights.append(Weight(score: score, value: isSingle ? Double(Float(weight.value)) : weight.value))
                }
                one.no = UInt32(weights.count)
            }
            nodes.append(one)
        }
        self.nodes = FrozenArray(nodes)
        self.weights = FrozenArray(weights)
        self.members = FrozenArray(members)
        roots = FrozenArray(spec.roots.map { UInt32($0) })
        isUniform = spec.nodes.allSatisfy {
            $0.mode == .leaf || $0.mode == .lessOrEqual && !$0.missingIsYes
        }
    }

    func run(_ block: RowBlock, into output: UnsafeMutablePointer<Double>) {
        let source = block.start(input)
        let given = output + block.rowCount &* width
        for index in 0..<2 &* block.rowCount &* width { output[index] = 0 }
        for tree in 0..<roots.count {
            for row in 0..<block.rowCount {
                let x = source + row &* input.stride
                let leaf = nodes.start[isUniform ? uniformLeaf(roots.start[tree], x) : leaf(roots.start[tree], x)]
                add(leaf, to: output + row &* width, given + row &* width)
            }
        }
    }

    @inline(__always)
    private func uniformLeaf(_ root: UInt32, _ x: UnsafePointer<Double>) -> Int {
        var at = Int(root)
        while nodes.start[at].mode != EnsembleSpec.Mode.leaf.rawValue {
            let node = nodes.start[at]
            at = Int(x[Int(node.feature)] <= node.threshold ? node.yes : node.no)
        }
        return at
    }

    private func leaf(_ root: UInt32, _ x: UnsafePointer<Double>) -> Int {
        var at = Int(root)
        while true {
            let node = nodes.start[at]
            guard let mode = EnsembleSpec.Mode(rawValue: node.mode), mode != .leaf else { return at }
            let value = x[Int(node.feature)]
            let isYes = value.isNaN && node.missingIsYes || holds(mode, value, node)
            at = Int(isYes ? node.yes : node.no)
        }
    }

    @inline(__always)
    private func holds(_ mode: EnsembleSpec.Mode, _ x: Double, _ node: Node) -> Bool {
        switch mode {
        case .lessOrEqual: return x <= node.threshold
        case .less: return x < node.threshold
        case .greaterOrEqual: return x >= node.threshold
        case .greater: return x > node.threshold
        case .equal: return x == node.threshold
        case .notEqual: return x != node.threshold
        case .member:
            for place in Int(node.members)..<Int(node.membersEnd) where members.start[place] == x { return true }
            return false
        case .leaf: return false
        }
    }

    @inline(__always)
    private func add(
        _ leaf: Node, to scores: UnsafeMutablePointer<Double>, _ given: UnsafeMutablePointer<Double>
    ) {
        for place in Int(leaf.yes)..<Int(leaf.no) {
            let weight = weights.start[place]
            let old = scores[weight.score]
            switch aggregate {
            case .sum, .average:
                let sum = old + weight.value
                scores[weight.score] = isSingle ? Double(Float(sum)) : sum
            case .minimum:
                scores[weight.score] = given[weight.score] == 0 ? weight.value : min(old, weight.value)
            case .maximum:
                scores[weight.score] = given[weight.score] == 0 ? weight.value : max(old, weight.value)
            }
            given[weight.score] = 1
        }
    }
}
