/// Says what each input did to a row's path lengths, in terms of the raw output, which is minus their mean over c: a
/// positive contribution has shortened the paths and made the row look stranger. See `PathContributions`.
final class IsolationForestExplainer: Explaining {
    private let walk: DoubleWalk
    private let contributions: PathContributions

    let featureCount: Int
    let rawCount = 1

    init(_ predictor: IsolationForestPredictor) {
        featureCount = predictor.featureCount
        walk = predictor.paths.walk
        let hasPaths = predictor.divisor != 0
        contributions = PathContributions(
            predictor.paths.forest.trees.map(DoubleForestExplainer.explained),
            factor: hasPaths ? 1 / predictor.divisor : 0, base: hasPaths ? 0 : -1)
    }

    func explain(
        rows: UnsafePointer<Double>, rowCount: Int, stride: Int, scratch: ExplanationScratch,
        into target: UnsafeMutablePointer<Double>
    ) {
        precondition(stride >= featureCount, "rows \(stride) apart of \(featureCount) features")
        contributions.explain(rowCount: rowCount, featureCount: featureCount, into: target) { tree, node, _, row in
            walk.goesRight(tree: tree, node: node, row: rows + row &* stride)
        }
    }
}
