/// How fast a model scores on one core: what `riffle bench models` prints.
public enum ModelBench {
    /// One batch size's figure.
    public struct Figure: Hashable, Sendable, CustomStringConvertible {
        /// Rows a call.
        public let batch: Int
        /// The fastest pass over all rows: what is slower has met something else on the machine.
        public let nanosecondsPerRow: Double

        public var rowsPerSecond: Double { 1e9 / nanosecondsPerRow }

        public var description: String {
            "batch \(batch): \(Int(nanosecondsPerRow.rounded())) ns a row, \(Int(rowsPerSecond.rounded())) rows/s"
        }
    }

    /// Times predictions of all rows in calls of each batch size, over and over for about `seconds` a size.
    ///
    /// `rows` is row-major, at least one, `stride` (at least the model's features) numbers apart; NaN is a missing
    /// value. The last call of a pass may be shorter.
    public static func run(
        _ model: Model, rows: [Double], rowCount: Int, stride: Int, batches: [Int] = [1, 256, 4_096],
        seconds: Double = 1
    ) -> [Figure] {
        precondition(rowCount > 0 && stride >= model.featureCount, "\(rowCount) rows, \(stride) apart")
        precondition(rows.count >= (rowCount - 1) * stride + model.featureCount, "\(rows.count) numbers")
        var predictions = [Double](repeating: 0, count: rowCount * model.outputCount)
        return batches.map { batch in
            var fastest = Duration.seconds(3_600)
            let clock = ContinuousClock()
            let end = clock.now + .seconds(seconds)
            repeat {
                fastest = min(
                    fastest,
                    clock.measure {
                        predict(model.predictor, rows, rowCount, stride, max(1, batch), &predictions)
                    })
            } while clock.now < end
            return Figure(batch: batch, nanosecondsPerRow: fastest / .nanoseconds(1) / Double(rowCount))
        }
    }

    private static func predict(
        _ predictor: any Predictor, _ rows: [Double], _ rowCount: Int, _ stride: Int, _ batch: Int,
        _ predictions: inout [Double]
    ) {
        rows.withUnsafeBufferPointer { rows in
            predictions.withUnsafeMutableBufferPointer { target in
                for start in Swift.stride(from: 0, to: rowCount, by: batch) {
                    predictor.predict(
                        rows: rows.baseAddress! + start * stride, rowCount: min(batch, rowCount - start),
                        stride: stride, raw: nil, predictions: target.baseAddress! + start * predictor.outputCount)
                }
            }
        }
    }
}
