/// Where the detector's thresholds are: at quantiles of a history and, for scores, at two fixed values.
enum ThresholdChoice {
    static let probabilities = [
        0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999,
    ]
    /// Of scores from 0 to 1: where decisions are made.
    static let scoreValues = [0.5, 0.9]

    /// Cells, ascending, none twice; never the last one, above which there is nothing. There is at least one.
    ///
    /// - Precondition: some count is above 0.
    static func cells(grid: ValueGrid, counts: [Int]) -> [Int] {
        let total = counts.reduce(0, +)
        precondition(total > 0 && counts.count == grid.cellCount)
        var chosen: Set<Int> = []
        for probability in probabilities {
            var sum = 0
            let cell = counts.firstIndex { count in
                sum += count
                return Double(sum) >= probability * Double(total)
            }
            if let cell { chosen.insert(cell) }
        }
        if grid == .scores { chosen.formUnion(scoreValues.compactMap(grid.cell)) }
        chosen.remove(grid.cellCount - 1)
        return chosen.isEmpty ? [grid.cellCount - 2] : chosen.sorted()
    }
}
