extension XGBoostReader {
    /// gblinear: one weight a feature and group, then the biases; rounds do not count.
    static func loadLinear(
        _ booster: ModelField, header: Header, version: Version, format: ModelFormat
    ) throws(ModelFailure) -> LoadedModel {
        let field = try booster.required("model").required("weights")
        let weights = try field.floats()
        let wanted = (header.featureCount + 1) * header.groupCount
        guard weights.count == wanted else {
            throw ModelFailure(
                .wrongLength, "\(weights.count) weights, where \(header.featureCount) features want \(wanted)",
                at: field.place)
        }
        guard weights.allSatisfy(\.isFinite) else {
            throw ModelFailure(.leafNotFinite, "a weight that is not finite", at: field.place)
        }
        let linear = XGBoostLinear(
            featureCount: header.featureCount, baseMargins: header.baseMargins, weights: weights,
            transform: header.objective.transform)
        return LoadedModel(
            format: format, predictor: linear, objective: header.objective.name, libraryVersion: version.description,
            featureNames: header.featureNames)
    }
}

/// XGBoost's linear booster: a float32 sum of bias, base margin and each feature that is not missing, in that order.
final class XGBoostLinear: Predictor {
    let featureCount: Int
    let rawCount: Int
    let outputCount: Int
    let precision = Precision.single
    private let transform: OutputTransform
    /// Bias plus base margin of each group.
    let starts: FrozenArray<Float>
    /// The groups' weights of the first feature, then those of the second, and so on.
    let weights: FrozenArray<Float>

    private typealias Margins = InlineArray<64, Float>
    private static let marginsMax = 64

    init(featureCount: Int, baseMargins: [Float], weights: [Float], transform: OutputTransform) {
        self.featureCount = featureCount
        rawCount = baseMargins.count
        outputCount = transform.outputCount(groupCount: baseMargins.count)
        self.transform = transform
        // The library takes the first group's base margin for all of them.
        starts = FrozenArray(weights.suffix(baseMargins.count).map { $0 + baseMargins[0] })
        self.weights = FrozenArray(weights)
    }

    func predict(
        rows: UnsafePointer<Double>, rowCount: Int, stride: Int, raw: UnsafeMutablePointer<Double>?,
        predictions: UnsafeMutablePointer<Double>?
    ) {
        if rawCount > Self.marginsMax {
            let margins = UnsafeMutablePointer<Float>.allocate(capacity: rawCount)
            predict(rows, rowCount, stride, margins, raw, predictions)
            margins.deallocate()
            return
        }
        var margins = Margins(repeating: 0)
        withUnsafeMutableBytes(of: &margins) {
            predict(
                rows, rowCount, stride, $0.baseAddress!.assumingMemoryBound(to: Float.self), raw, predictions)
        }
    }

    private func predict(
        _ rows: UnsafePointer<Double>, _ rowCount: Int, _ stride: Int, _ margins: UnsafeMutablePointer<Float>,
        _ raw: UnsafeMutablePointer<Double>?, _ predictions: UnsafeMutablePointer<Double>?
    ) {
        for row in 0..<max(0, rowCount) {
            let values = rows + row &* stride
            for group in 0..<rawCount { margins[group] = starts.start[group] }
            for feature in 0..<featureCount {
                let x = Float(values[feature])
                if x != x { continue }
                let weights = weights.start + feature &* rawCount
                for group in 0..<rawCount { margins[group] += x * weights[group] }
            }
            if let raw {
                for group in 0..<rawCount { raw[row &* rawCount &+ group] = Double(margins[group]) }
            }
            if let predictions {
                transform.apply(margins, rowCount: 1, groupCount: rawCount)
                for output in 0..<outputCount {
                    predictions[row &* outputCount &+ output] = Double(margins[output])
                }
            }
        }
    }
}
