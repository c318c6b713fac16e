/// How fast a model scores, or is explained, on one core: what `riffle bench models` prints.
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
        let predictor = model.predictor
        var predictions = [Double](repeating: 0, count: rowCount * model.outputCount)
        return predictions.withUnsafeMutableBufferPointer { target in
            measure(rows, rowCount, stride, batches: batches, seconds: seconds) { rows, start, count in
                predictor.predict(
                    rows: rows, rowCount: count, stride: stride, raw: nil,
                    predictions: target.baseAddress! + start * predictor.outputCount)
            }
        }
    }

    /// The same of explanations.
    public static func run(
        _ explainer: any Explaining, rows: [Double], rowCount: Int, stride: Int, batches: [Int] = [1, 256, 4_096],
        seconds: Double = 1
    ) -> [Figure] {
        precondition(rowCount > 0 && stride >= explainer.featureCount, "\(rowCount) rows, \(stride) apart")
        precondition(rows.count >= (rowCount - 1) * stride + explainer.featureCount, "\(rows.count) numbers")
        let scratch = ExplanationScratch()
        // One call's: all rows' would leave every cache.
        let callRows = min(rowCount, batches.max() ?? 1)
        let width = explainer.rawCount * (explainer.featureCount + 1)
        var contributions = [Double](repeating: 0, count: callRows * width)
        return contributions.withUnsafeMutableBufferPointer { target in
            measure(rows, rowCount, stride, batches: batches, seconds: seconds) { rows, _, count in
                explainer.explain(
                    rows: rows, rowCount: count, stride: stride, scratch: scratch, into: target.baseAddress!)
            }
        }
    }

    private static func measure(
        _ rows: [Double], _ rowCount: Int, _ stride: Int, batches: [Int], seconds: Double,
        _ call: (_ rows: UnsafePointer<Double>, _ start: Int, _ count: Int) -> Void
    ) -> [Figure] {
        batches.map { batch in
            var fastest = Duration.seconds(3_600)
            let clock = ContinuousClock()
            let end = clock.now + .seconds(seconds)
            repeat {
                let pass = clock.measure {
                    rows.withUnsafeBufferPointer { rows in
                        for start in Swift.stride(from: 0, to: rowCount, by: max(1, batch)) {
                            call(rows.baseAddress! + start * stride, start, min(max(1, batch), rowCount - start))
                        }
                    }
                }
                fastest = min(fastest, pass)
            } while clock.now < end
            return Figure(batch: batch, nanosecondsPerRow: fastest / .nanoseconds(1) / Double(rowCount))
        }
    }
}
