/// Says what each input added to each output of a model; immutable, shared by all workers.
///
/// What is explained of an output is its *margin*: the raw output of XGBoost and LightGBM; of a graph the sum that its
/// output is made from by what bends it (logistic, softmax), which a raw output of a graph is not.
public protocol Explaining: AnyObject, Sendable {
    var featureCount: Int { get }
    /// As many as the model's predictor has raw outputs.
    var rawCount: Int { get }

    /// Writes the contributions of some rows; from any thread, with targets and a scratch of its own.
    ///
    /// For each row and each raw output there stand `featureCount` contributions and then the base value: together they
    /// are its margin, up to rounding. A positive one has raised the output. No allocation after the first calls, no
    /// locks.
    ///
    /// - Parameters:
    ///   - rows: row-major, `stride` (at least `featureCount`) numbers from row to row; NaN is a missing value.
    ///   - contributions: room for `rawCount * (featureCount + 1)` numbers a row.
    func explain(
        rows: UnsafePointer<Double>, rowCount: Int, stride: Int, scratch: ExplanationScratch,
        into contributions: UnsafeMutablePointer<Double>)
}

extension Model {
    /// What explains this model's outputs, or a failure that says why nothing can.
    ///
    /// Complexity: O(nodes x depth) time and O(nodes) memory: ask once.
    public func makeExplainer() throws(ModelFailure) -> any Explaining { try makeExplainer(of: predictor) }

    private func makeExplainer(of predictor: any Predictor) throws(ModelFailure) -> any Explaining {
        switch predictor {
        case let predictor as MissingValuePredictor:
            return MissingValueExplainer(try makeExplainer(of: predictor.inner), missing: predictor.missing)
        case let predictor as DoubleForestPredictor: return try DoubleForestExplainer(predictor)
        case is ForestPredictor:
            if let forest { return try ForestExplainer(forest) }
        case let graph as GraphPredictor: return try GraphExplainer(graph)
        case let linear as XGBoostLinear: return XGBoostLinearExplainer(linear)
        case let forest as IsolationForestPredictor: return IsolationForestExplainer(forest)
        default: break
        }
        throw ModelFailure(
            .unsupportedConstruct, "explanations of \(format.rawValue) models are not supported",
            suggestion:
                "supported: XGBoost, LightGBM, isolation forests, ONNX graphs of one tree ensemble or linear model")
    }
}
