/// Says what each input added to each raw output of a model; immutable, shared by all workers.
public protocol Explaining: AnyObject, Sendable {
    var featureCount: Int { get }
    var rawCount: Int { get }

    /// Writes the contributions of some rows; from any thread, with targets and a scratch of its own.
    ///
    /// For each row and each raw output there stand `featureCount` contributions and then the base value: together they
    /// are the raw output, up to rounding. No allocation after the first call with a scratch, no locks.
    ///
    /// - Parameters:
    ///   - rows: row-major, `stride` (at least `featureCount`) numbers from row to row; NaN is a missing value.
    ///   - contributions: room for `rawCount * (featureCount + 1)` numbers a row.
    func explain(
        rows: UnsafePointer<Double>, rowCount: Int, stride: Int, scratch: ExplanationScratch,
        into contributions: UnsafeMutablePointer<Double>)
}

extension Model {
    /// What explains this model's raw outputs, or a failure that says why nothing can.
    ///
    /// Complexity: O(nodes) time and memory: ask once.
    public func makeExplainer() throws(ModelFailure) -> any Explaining {
        if let predictor = predictor as? DoubleForestPredictor { return try DoubleForestExplainer(predictor) }
        throw ModelFailure(
            .unsupportedConstruct, "explanations of \(format.rawValue) models are not supported",
            suggestion: "supported: LightGBM text")
    }
}

/// What one thread at a time works in while it explains; it fits every model and grows on first use.
public final class ExplanationScratch {
    private var storage: UnsafeMutableRawBufferPointer

    public init() { storage = .allocate(byteCount: 1 << 12, alignment: 32) }

    deinit { storage.deallocate() }

    func bytes(_ count: Int) -> UnsafeMutableRawPointer {
        if storage.count < count {
            storage.deallocate()
            storage = .allocate(byteCount: count, alignment: 32)
        }
        return storage.baseAddress!
    }
}
