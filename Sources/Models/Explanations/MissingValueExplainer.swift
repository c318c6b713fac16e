/// An explainer in front of which one more value counts as missing.
final class MissingValueExplainer: Explaining {
    private let inner: any Explaining
    private let missing: MissingValue

    var featureCount: Int { inner.featureCount }
    var rawCount: Int { inner.rawCount }

    init(_ inner: any Explaining, missing: MissingValue) {
        self.inner = inner
        self.missing = missing
    }

    func explain(
        rows: UnsafePointer<Double>, rowCount: Int, stride: Int, scratch: ExplanationScratch,
        into contributions: UnsafeMutablePointer<Double>
    ) {
        precondition(stride >= featureCount, "rows \(stride) apart of \(featureCount) features")
        let width = featureCount
        let rowsAtOnce = RowBlocks.count(width: width)
        let inputs = scratch.bytes(rowsAtOnce * width * 8, for: .replaced).assumingMemoryBound(to: Double.self)
        var start = 0
        while start < rowCount {
            let count = min(rowsAtOnce, rowCount &- start)
            missing.replace(rows + start &* stride, count, stride, width: width, in: inputs)
            inner.explain(
                rows: inputs, rowCount: count, stride: width, scratch: scratch,
                into: contributions + start &* rawCount &* (width &+ 1))
            start &+= count
        }
    }
}
