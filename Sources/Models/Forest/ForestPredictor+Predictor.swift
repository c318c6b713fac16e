extension ForestPredictor: Predictor {
    /// Inputs and margins of a block of rows as float32, on the stack.
    private typealias Inputs = InlineArray<4_096, Float>
    private typealias Margins = InlineArray<2_048, Float>
    /// The same for few rows: clearing the larger ones would take a third of a single row's time.
    private typealias FewInputs = InlineArray<128, Float>
    private typealias FewMargins = InlineArray<16, Float>

    public var rawCount: Int { groupCount }
    public var precision: Precision { .single }

    public func predict(
        rows: UnsafePointer<Double>, rowCount: Int, stride: Int, raw: UnsafeMutablePointer<Double>?,
        predictions: UnsafeMutablePointer<Double>?
    ) {
        let rowsAtOnce = min(Self.blockRowsMax, 4_096 / max(1, featureCount), 2_048 / groupCount)
        if rowsAtOnce == 0 {
            // Wider than the stack should hold; what such a model computes dwarfs an allocation.
            let inputs = UnsafeMutablePointer<Float>.allocate(capacity: featureCount)
            let margins = UnsafeMutablePointer<Float>.allocate(capacity: groupCount)
            predict(
                Rows(start: rows, count: rowCount, stride: stride), atOnce: 1, inputs: inputs, margins: margins, raw,
                predictions)
            inputs.deallocate()
            margins.deallocate()
            return
        }
        let rows = Rows(start: rows, count: rowCount, stride: stride)
        if rowCount &* featureCount <= 128, rowCount &* groupCount <= 16 {
            var inputs = FewInputs(repeating: 0)
            var margins = FewMargins(repeating: 0)
            withUnsafeMutableBytes(of: &inputs) { inputs in
                withUnsafeMutableBytes(of: &margins) { margins in
                    predict(rows, atOnce: rowsAtOnce, inputs: inputs, margins: margins, raw, predictions)
                }
            }
            return
        }
        var inputs = Inputs(repeating: 0)
        var margins = Margins(repeating: 0)
        withUnsafeMutableBytes(of: &inputs) { inputs in
            withUnsafeMutableBytes(of: &margins) { margins in
                predict(rows, atOnce: rowsAtOnce, inputs: inputs, margins: margins, raw, predictions)
            }
        }
    }

    private func predict(
        _ rows: Rows, atOnce: Int, inputs: UnsafeMutableRawBufferPointer, margins: UnsafeMutableRawBufferPointer,
        _ raw: UnsafeMutablePointer<Double>?, _ predictions: UnsafeMutablePointer<Double>?
    ) {
        predict(
            rows, atOnce: atOnce, inputs: inputs.baseAddress!.assumingMemoryBound(to: Float.self),
            margins: margins.baseAddress!.assumingMemoryBound(to: Float.self), raw, predictions)
    }

    private struct Rows {
        let start: UnsafePointer<Double>
        let count: Int
        let stride: Int
    }

    private func predict(
        _ rows: Rows, atOnce: Int, inputs: UnsafeMutablePointer<Float>, margins: UnsafeMutablePointer<Float>,
        _ raw: UnsafeMutablePointer<Double>?, _ predictions: UnsafeMutablePointer<Double>?
    ) {
        var start = 0
        while start < rows.count {
            let count = min(atOnce, rows.count &- start)
            for row in 0..<count {
                let source = rows.start + (start &+ row) &* rows.stride
                let target = inputs + row &* featureCount
                for feature in 0..<featureCount { target[feature] = Float(source[feature]) }
            }
            predictMargins(rows: inputs, rowCount: count, stride: featureCount, into: margins)
            if let raw {
                let target = raw + start &* groupCount
                for index in 0..<count &* groupCount { target[index] = Double(margins[index]) }
            }
            if let predictions {
                transform(margins, rowCount: count)
                let target = predictions + start &* outputCount
                for index in 0..<count &* outputCount { target[index] = Double(margins[index]) }
            }
            start &+= count
        }
    }
}
