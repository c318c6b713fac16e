/// A value that counts as missing beside NaN.
struct MissingValue: Sendable {
    private let value: Double
    private let single: Float
    private let isSingle: Bool

    /// A model of single precision compares in float32.
    init(_ value: Double, precision: Precision) {
        self.value = value
        single = Float(value)
        isSingle = precision == .single
    }

    /// Copies rows of `width` numbers, one behind the other, with NaN in the value's place.
    func replace(
        _ rows: UnsafePointer<Double>, _ rowCount: Int, _ stride: Int, width: Int,
        in inputs: UnsafeMutablePointer<Double>
    ) {
        for row in 0..<rowCount {
            for feature in 0..<width {
                let x = rows[row &* stride &+ feature]
                let isMissing = isSingle ? Float(x) == single : x == value
                inputs[row &* width &+ feature] = isMissing ? .nan : x
            }
        }
    }
}

/// A predictor in front of which one more value counts as missing.
final class MissingValuePredictor: Predictor {
    let inner: any Predictor
    let missing: MissingValue
    private let rowsAtOnce: Int

    private typealias Inputs = InlineArray<2_048, Double>
    private static let inputCount = 2_048

    init(_ inner: any Predictor, missing: Double) {
        self.inner = inner
        self.missing = MissingValue(missing, precision: inner.precision)
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
                missing.replace(rows + row &* stride, 1, stride, width: featureCount, in: inputs)
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
                missing.replace(rows + start &* stride, count, stride, width: featureCount, in: inputs)
                inner.predict(
                    rows: inputs, rowCount: count, stride: featureCount, raw: raw.map { $0 + start &* rawCount },
                    predictions: predictions.map { $0 + start &* outputCount })
                start &+= count
            }
        }
    }
}
