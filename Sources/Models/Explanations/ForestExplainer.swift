/// Explains forests in float32: XGBoost's, with dart's weights, categories and missing values, and those of graphs.
final class ForestExplainer: Explaining {
    private enum Method {
        /// Path-dependent TreeSHAP of the groups' margins.
        case shapley(TreeContributions)
        /// Of one group, the steps on each row's paths.
        case paths(PathContributions)
    }

    let featureCount: Int
    let rawCount: Int
    private let method: Method
    private let decisions: ForestDecisions

    /// Complexity: O(nodes x depth).
    init(_ forest: Forest) throws(ModelFailure) {
        featureCount = forest.featureCount
        rawCount = forest.groupCount
        method = .shapley(TreeContributions(try Self.trees(forest), bases: forest.baseMargins.map { Double($0) }))
        decisions = ForestDecisions(forest)
    }

    /// An isolation forest: leaves are path lengths, and what is explained is their sum. Complexity: O(nodes).
    init(pathLengths forest: Forest) throws(ModelFailure) {
        precondition(forest.groupCount == 1, "\(forest.groupCount) groups")
        featureCount = forest.featureCount
        rawCount = 1
        method = .paths(PathContributions(try Self.trees(forest), factor: 1, base: Double(forest.baseMargins[0])))
        decisions = ForestDecisions(forest)
    }

    private static func trees(_ forest: Forest) throws(ModelFailure) -> [ExplainedTree] {
        var trees: [ExplainedTree] = []
        trees.reserveCapacity(forest.trees.count)
        for (number, tree) in forest.trees.enumerated() { trees.append(try ExplainedTree(tree, number: number)) }
        return trees
    }

    func explain(
        rows: UnsafePointer<Double>, rowCount: Int, stride: Int, scratch: ExplanationScratch,
        into target: UnsafeMutablePointer<Double>
    ) {
        precondition(stride >= featureCount, "rows \(stride) apart of \(featureCount) features")
        let width = featureCount
        let rowsAtOnce = RowBlocks.count(width: width + rawCount * (width + 1))
        let inputs = scratch.bytes(rowsAtOnce * width * 4, for: .inputs).assumingMemoryBound(to: Float.self)
        var start = 0
        while start < rowCount {
            let count = min(rowsAtOnce, rowCount &- start)
            for row in 0..<count {
                let source = rows + (start &+ row) &* stride
                for feature in 0..<width { inputs[row &* width &+ feature] = Float(source[feature]) }
            }
            let here = target + start &* rawCount &* (width &+ 1)
            switch method {
            case .shapley(let contributions):
                let work = scratch.bytes(contributions.scratchBytes, for: .trees)
                contributions.explain(rowCount: count, featureCount: width, scratch: work, into: here) {
                    decisions.decide(tree: $0, row: inputs + $1 &* width, into: $2)
                }
            case .paths(let contributions):
                contributions.explain(rowCount: count, featureCount: width, into: here) { tree, _, split, row in
                    decisions.goesRight(tree: tree, split: split, row: inputs + row &* width)
                }
            }
            start &+= count
        }
    }
}
