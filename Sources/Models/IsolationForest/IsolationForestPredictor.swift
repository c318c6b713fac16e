#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Scores by the mean path length E of a row over the trees, against c, that of a random tree (`PathLengths.expected`): the
/// raw output is -E / c, and the score 2 to that power, from 0 to 1, about 0.5 for what is neither here nor there.
final class IsolationForestPredictor: Predictor {
    let forest: IsolationForest
    /// Path lengths are what its leaves add.
    let paths: DoubleForestPredictor
    /// A row's sum of path lengths over this is its raw output; 0 where the trees have nothing to say.
    let divisor: Double

    var featureCount: Int { paths.featureCount }
    var rawCount: Int { 1 }
    var outputCount: Int { 1 }
    var precision: Precision { .double }

    /// Complexity: O(nodes) time and memory.
    init(_ forest: IsolationForest, limits: ForestLimits) throws(ModelFailure) {
        let spec = DoubleForestSpec(
            featureCount: forest.inputs.count, trees: forest.trees.map(Self.spec), groupCount: 1, transform: .identity)
        paths = DoubleForestPredictor(try DoubleForest(checking: spec, limits: limits))
        self.forest = forest
        divisor = -Double(forest.trees.count) * PathLengths.expected(forest.sample)
    }

    /// Splits and leaves in the order of the nodes; a leaf's value is the length of the path to it. Counts are for
    /// explanations.
    private static func spec(_ tree: IsolationTree) -> DoubleTreeSpec {
        var numbers: [Int32] = []
        var (splits, leaves) = (Int32(0), Int32(0))
        for feature in tree.features {
            if feature == -1 {
                leaves += 1
                numbers.append(-leaves)
            } else {
                numbers.append(splits)
                splits += 1
            }
        }
        let depths = tree.depths()
        var spec = DoubleTreeSpec(splits: [], leafValues: [])
        for node in 0..<tree.nodeCount {
            guard tree.features[node] != -1 else {
                spec.leafValues.append(tree.pathLength(leaf: node, depth: depths[node]))
                spec.leafCounts.append(Double(tree.rows[node]))
                continue
            }
            spec.splitCounts.append(Double(tree.rows[node]))
            spec.splits.append(
                DoubleSplit(
                    feature: tree.features[node], left: numbers[Int(tree.lefts[node])],
                    right: numbers[Int(tree.rights[node])], threshold: tree.thresholds[node],
                    rule: tree.missingRight[node] == 0 ? .missingLeft : .missingRight))
        }
        return spec
    }

    func predict(
        rows: UnsafePointer<Double>, rowCount: Int, stride: Int, raw: UnsafeMutablePointer<Double>?,
        predictions: UnsafeMutablePointer<Double>?
    ) {
        guard let target = raw ?? predictions, rowCount > 0 else { return }
        paths.predict(rows: rows, rowCount: rowCount, stride: stride, raw: target, predictions: nil)
        for row in 0..<rowCount { target[row] = divisor == 0 ? -1 : target[row] / divisor }
        guard let predictions else { return }
        for row in 0..<rowCount { predictions[row] = exp2(target[row]) }
    }
}
