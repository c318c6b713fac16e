/// Explains a graph that is one linear layer or one forest with what belongs before and behind it, in terms of the
/// graph's inputs.
///
/// What the model reads are columns, each made from one input alone (scaled, imputed, one of its categories, or as it
/// is): a column's contribution is its input's. A column that is a constant counts to the base value.
final class GraphExplainer: Explaining {
    let featureCount: Int
    let rawCount: Int
    /// Makes the columns.
    private let columns: GraphPredictor
    private let columnCount: Int
    private let inner: any Explaining
    /// The input of each column; -1: none.
    private let inputs: FrozenArray<Int32>
    private let outputs: FrozenArray<Output>

    private struct Output: BitwiseCopyable, Sendable {
        let sum: Int
        let scale: Double
        let addend: Double
    }

    init(_ graph: GraphPredictor) throws(ModelFailure) {
        let margin = try GraphMargin(graph)
        featureCount = graph.featureCount
        rawCount = graph.outputCount
        columnCount = margin.input.width
        columns = GraphPredictor(
            graph.draft, inputTypes: graph.inputTypes, result: margin.input, precision: .double)
        let used: Set<Int>
        switch margin.source {
        case .linear(let layer):
            let linear = LinearLayerExplainer(layer)
            (inner, used) = (linear, linear.usedColumns)
        case .forest(let step):
            guard let forest = step.forest else { throw Self.withoutCounts }
            inner = try Self.explainer(of: forest)
            used = forest.usedFeatures
        }
        let sources = Self.sources(of: margin.input, in: graph)
        if let column = used.sorted().first(where: { sources[$0] == .several }) {
            throw GraphMargin.unsupported("a model whose column \(column) is made from several inputs")
        }
        inputs = FrozenArray(
            sources.map { source -> Int32 in if case .input(let input) = source { Int32(input) } else { -1 } })
        outputs = FrozenArray(margin.outputs.map { Output(sum: $0.sum, scale: $0.scale, addend: $0.addend) })
    }

    private static var withoutCounts: ModelFailure {
        ModelFailure(
            .missingField, "its trees hold no training counts (nodes_hitrates), which explanations are made from",
            suggestion: "use the file that the library itself saves (XGBoost, LightGBM), or write each node's training "
                + "rows into nodes_hitrates")
    }

    private static func explainer(of forest: Forest) throws(ModelFailure) -> any Explaining {
        if forest.trees.allSatisfy({ $0.depth == 0 || !$0.nodes.covers.isEmpty }) { return try ForestExplainer(forest) }
        // The sum of trees to which the graph gave their leaves: an isolation forest, or something unknown.
        guard let trees = PathLengths.covered(forest) else { throw withoutCounts }
        let covered = try Forest(
            checking: ForestSpec(
                featureCount: forest.featureCount, trees: trees, baseMargins: forest.baseMargins))
        return try ForestExplainer(pathLengths: covered)
    }

    /// What each number of a value is made from.
    private static func sources(of operand: Operand, in graph: GraphPredictor) -> [ColumnSource] {
        var known: [Int: [ColumnSource]] = [0: (0..<graph.featureCount).map { .input($0) }]
        for buffer in graph.draft.needed(result: operand).map({ $0 + 1 }) {
            let step = graph.draft.steps[buffer - 1]
            let width = graph.draft.widths[buffer] - step.extraWidth
            known[buffer] =
                step.sources { operand in
                    operand.buffer.flatMap { known[$0] } ?? Array(repeating: .constant, count: operand.width)
                } ?? Array(repeating: .several, count: width)
        }
        return operand.buffer.flatMap { known[$0] } ?? []
    }

    func explain(
        rows: UnsafePointer<Double>, rowCount: Int, stride: Int, scratch: ExplanationScratch,
        into target: UnsafeMutablePointer<Double>
    ) {
        precondition(stride >= featureCount, "rows \(stride) apart of \(featureCount) features")
        let partCount = inner.rawCount * (columnCount + 1)
        let rowsAtOnce = RowBlocks.count(width: columnCount + partCount)
        let values = scratch.bytes(rowsAtOnce * columnCount * 8, for: .columns).assumingMemoryBound(to: Double.self)
        let parts = scratch.bytes(rowsAtOnce * partCount * 8, for: .parts).assumingMemoryBound(to: Double.self)
        let width = rawCount &* (featureCount &+ 1)
        var start = 0
        while start < rowCount {
            let count = min(rowsAtOnce, rowCount &- start)
            columns.predict(
                rows: rows + start &* stride, rowCount: count, stride: stride, raw: nil, predictions: values)
            inner.explain(rows: values, rowCount: count, stride: columnCount, scratch: scratch, into: parts)
            for row in 0..<count { collect(parts + row &* partCount, into: target + (start &+ row) &* width) }
            start &+= count
        }
    }

    /// From one row's contributions of columns to sums, to those of inputs to outputs.
    private func collect(_ parts: UnsafePointer<Double>, into target: UnsafeMutablePointer<Double>) {
        for number in 0..<rawCount {
            let output = outputs.start[number]
            let from = parts + output.sum &* (columnCount &+ 1)
            let here = target + number &* (featureCount &+ 1)
            here.update(repeating: 0, count: featureCount)
            here[featureCount] = output.scale * from[columnCount] + output.addend
            for column in 0..<columnCount {
                let input = Int(inputs.start[column])
                here[input < 0 ? featureCount : input] += output.scale * from[column]
            }
        }
    }
}

/// A linear layer: each column's weight times its value, and the bias. What a column of 0 says is the base: behind a
/// scaler that takes the mean away, the mean of the training data.
private final class LinearLayerExplainer: Explaining {
    private let layer: Dense.Layer

    var featureCount: Int { layer.depth }
    var rawCount: Int { layer.width }

    init(_ layer: Dense.Layer) { self.layer = layer }

    var usedColumns: Set<Int> {
        Set((0..<layer.depth).filter { column in (0..<layer.width).contains { weight(column, $0) != 0 } })
    }

    private func weight(_ column: Int, _ sum: Int) -> Double { layer.weights.start[column &* layer.width &+ sum] }

    func explain(
        rows: UnsafePointer<Double>, rowCount: Int, stride: Int, scratch: ExplanationScratch,
        into target: UnsafeMutablePointer<Double>
    ) {
        let width = featureCount &+ 1
        for row in 0..<rowCount {
            for sum in 0..<rawCount {
                let here = target + (row &* rawCount &+ sum) &* width
                for column in 0..<featureCount { here[column] = weight(column, sum) * rows[row &* stride &+ column] }
                here[featureCount] = layer.bias.map { $0.start[sum] } ?? 0
            }
        }
    }
}

extension Forest {
    /// The features that some split compares.
    fileprivate var usedFeatures: Set<Int> {
        var used: Set<Int> = []
        for tree in trees {
            for node in tree.nodes.left.indices where !tree.isLeaf(node) { used.insert(Int(tree.nodes.feature[node])) }
        }
        return used
    }
}
