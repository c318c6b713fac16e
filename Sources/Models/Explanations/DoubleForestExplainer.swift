/// Path-dependent TreeSHAP for forests in float64.
final class DoubleForestExplainer: Explaining {
    private let predictor: DoubleForestPredictor
    private let contributions: TreeContributions
    /// The nodes that are splits, tree after tree, and where each tree's begin.
    private let nodes: FrozenArray<UInt32>
    private let bounds: FrozenArray<Int>

    var featureCount: Int { predictor.featureCount }
    var rawCount: Int { predictor.groupCount }

    init(_ predictor: DoubleForestPredictor) throws(ModelFailure) {
        let forest = predictor.forest
        guard !forest.isLinear else {
            throw ModelFailure(.unsupportedConstruct, "explanations of linear trees are not supported")
        }
        var trees: [ExplainedTree] = []
        trees.reserveCapacity(forest.trees.count)
        var nodes: [UInt32] = []
        var bounds = [0]
        for (number, tree) in forest.trees.enumerated() {
            let spec = tree.spec
            guard spec.splits.isEmpty || !spec.splitCounts.isEmpty && !spec.leafCounts.isEmpty else {
                throw ModelFailure(
                    .missingField, "no training counts above 0, which explanations are made from",
                    at: "tree \(number)")
            }
            let explained = Self.explained(tree)
            nodes += TreeContributions.splitNodes(explained).map { UInt32($0) }
            bounds.append(nodes.count)
            trees.append(explained)
        }
        self.predictor = predictor
        self.nodes = FrozenArray(nodes)
        self.bounds = FrozenArray(bounds)
        contributions = TreeContributions(trees, bases: [Double](repeating: 0, count: forest.groupCount))
    }

    /// In the order of `DoubleWalk`, so that its splits can be asked by number.
    static func explained(_ tree: DoubleForest.Tree) -> ExplainedTree {
        let spec = tree.spec
        var result = ExplainedTree(group: spec.group)
        var queue: [(child: Int32, parent: Int32)] = [(tree.root, -1)]
        while result.nodes.count < queue.count {
            let (child, parent) = queue[result.nodes.count]
            guard child >= 0 else {
                result.nodes.append(
                    .init(
                        parent: parent, output: spec.leafValues[Int(~child)], isLeaf: true, feature: 0,
                        cover: spec.leafCounts.isEmpty ? 1 : spec.leafCounts[Int(~child)]))
                continue
            }
            let split = spec.splits[Int(child)]
            queue.append((split.left, Int32(result.nodes.count)))
            queue.append((split.right, Int32(result.nodes.count)))
            result.nodes.append(
                .init(
                    parent: parent, output: 0, isLeaf: false, feature: split.feature,
                    cover: spec.splitCounts[Int(child)]))
        }
        return result
    }

    func explain(
        rows: UnsafePointer<Double>, rowCount: Int, stride: Int, scratch: ExplanationScratch,
        into target: UnsafeMutablePointer<Double>
    ) {
        precondition(stride >= featureCount, "rows \(stride) apart of \(featureCount) features")
        let work = scratch.bytes(contributions.scratchBytes, for: .trees)
        let rowsAtOnce = RowBlocks.count(width: featureCount + rawCount * (featureCount + 1))
        let (nodes, bounds, walk) = (nodes.start, bounds.start, predictor.walk)
        var start = 0
        while start < rowCount {
            let first = rows + start &* stride
            contributions.explain(
                rowCount: min(rowsAtOnce, rowCount &- start), featureCount: featureCount, scratch: work,
                into: target + start &* rawCount &* (featureCount &+ 1)
            ) { tree, row, codes in
                let values = first + row &* stride
                let nodes = nodes + bounds[tree]
                for split in 0..<bounds[tree &+ 1] &- bounds[tree] {
                    codes[split] = walk.goesRight(tree: tree, node: Int(nodes[split]), row: values) ? 1 : 0
                }
            }
            start &+= rowsAtOnce
        }
    }
}
