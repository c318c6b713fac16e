@testable import Models

/// Shapley values from their definition: the value of every set of players.
struct NaiveShapley {
    let playerCount: Int
    /// By set, player i being bit i.
    let values: [Double]

    init(playerCount: Int, value: (_ set: Int) -> Double) {
        self.playerCount = playerCount
        values = (0..<1 << playerCount).map(value)
    }

    func value(of player: Int) -> Double {
        var result = 0.0
        for set in 0..<1 << playerCount where set & 1 << player == 0 {
            // |S|! (n - |S| - 1)! / n! is 1 / (n C(n - 1, |S|)).
            var choices = 1.0
            for index in 0..<set.nonzeroBitCount { choices *= Double(playerCount - 1 - index) / Double(index + 1) }
            result += (values[set | 1 << player] - values[set]) / (Double(playerCount) * choices)
        }
        return result
    }
}

extension Explaining {
    /// Contributions of rows that stand `stride` numbers apart, in calls of at most `batch` rows.
    func contributions(_ values: [Double], rowCount: Int, stride: Int, batch: Int = .max) -> [Double] {
        let width = rawCount * (featureCount + 1)
        var result = [Double](repeating: .nan, count: rowCount * width)
        let scratch = ExplanationScratch()
        values.withUnsafeBufferPointer { rows in
            result.withUnsafeMutableBufferPointer { target in
                var start = 0
                while start < rowCount {
                    let count = min(batch, rowCount - start)
                    explain(
                        rows: rows.baseAddress! + start * stride, rowCount: count, stride: stride, scratch: scratch,
                        into: target.baseAddress! + start * width)
                    start += count
                }
            }
        }
        return result
    }
}
