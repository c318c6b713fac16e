/// What each input adds in a linear booster: its weight times its value, 0 where it is missing, as the library has it.
/// Behind them stand bias and base margin.
final class XGBoostLinearExplainer: Explaining {
    private let linear: XGBoostLinear

    var featureCount: Int { linear.featureCount }
    var rawCount: Int { linear.rawCount }

    init(_ linear: XGBoostLinear) { self.linear = linear }

    func explain(
        rows: UnsafePointer<Double>, rowCount: Int, stride: Int, scratch: ExplanationScratch,
        into target: UnsafeMutablePointer<Double>
    ) {
        precondition(stride >= featureCount, "rows \(stride) apart of \(featureCount) features")
        let width = featureCount &+ 1
        for row in 0..<max(0, rowCount) {
            let values = rows + row &* stride
            let here = target + row &* rawCount &* width
            for feature in 0..<featureCount {
                let x = Float(values[feature])
                for group in 0..<rawCount {
                    let weight = linear.weights.start[feature &* rawCount &+ group]
                    here[group &* width &+ feature] = x != x ? 0 : Double(x * weight)
                }
            }
            for group in 0..<rawCount { here[group &* width &+ featureCount] = Double(linear.starts.start[group]) }
        }
    }
}
