/// A predictor in front of which one more value counts as missing.
final class MissingValuePredictor: Predictor {
    let inner: any Predictor
    private let missing: Double
    private let rowsAtOnce: Int

    private typealias Inputs = InlineArray<2_048, Double>
    private static let inputCount = 2_048

    init(_ inner: any Predictor, missing: Double) {
        self.inner = inner
        self.missing = missing
        rowsAtOnce = Self.inputCount / max(1, inner.featureCount)
    }

    var featureCount: Int { inner.featureCount }
    var rawCount: Int { inner.rawCount }
    var outputCount: Int { inner.outputCount }
    var precision: Precision { inner.precision }

    func predict(
        rows: UnsafePointer<Double>, rowCount: Int, stride: Int, raw: UnsafeMutablePointer<Double>?,
        predictions: UnsafeMutablePointer<Double>?
    ) {
        if rowsAtOnce == 0 {
            // Wider than the stack should hold; what such a model computes dwarfs an allocation.
            let inputs = UnsafeMutablePointer<Double>.allocate(capacity: featureCount)
            for row in 0..<max(0, rowCount) {
                replace(rows + row &* stride, 1, stride, in: inputs)
                inner.predict(
                    rows: inputs, rowCount: 1, stride: featureCount, raw: raw.map { $0 + row &* rawCount },
                    predictions: predictions.map { $0 + row &* outputCount })
            }
            inputs.deallocate()
            return
        }
        var inputs = Inputs(repeating: 0)
        withUnsafeMutableBytes(of: &inputs) { bytes in
            let inputs = bytes.baseAddress!.assumingMemoryBound(to: Double.self)
            var start = 0
            while start < rowCount {
                let count = min(rowsAtOnce, rowCount &- start)
                replace(rows + start &* stride, count, stride, in: inputs)
                inner.predict(
                    rows: inputs, rowCount: count, stride: featureCount, raw: raw.map { $0 + start &* rawCount },
                    predictions: predictions.map { $0 + start &* outputCount })
                start &+= count
            }
        }
    }

    private func replace(
        _ rows: UnsafePointer<Double>, _ rowCount: Int, _ stride: Int, in inputs: UnsafeMutablePointer<Double>
    ) {
        let featureCount = featureCount
        let isSingle = inner.precision == .single
        let single = Float(missing)
        for row in 0..<rowCount {
            for feature in 0..<featureCount {
                let x = rows[row &* stride &+ feature]
                let isMissing = isSingle ? Float(x) == single : x == missing
                inputs[row &* featureCount &+ feature] = isMissing ? .nan : x
            }
        }
    }
}
