/// The grid of a series whose values nobody knows beforehand, chosen from a part of its history.
public enum GridChoice {
    /// As many cells as scores have.
    public static let cellsMax = 1_001

    /// The distinct values where there are not more than cells. Else each value that is as frequent as a cell's share of
    /// the history has a cell of its own, the least and the greatest have, and the others share the remaining cells
    /// evenly: cells are where the values are, and one value that most events have takes none from the others.
    ///
    /// Of a single value there are cells beside it, so that another one is seen.
    ///
    /// - Parameter values: in any order; what is not finite is passed over.
    /// - Returns: `nil`: no value is finite, or the least and the greatest are too far apart.
    /// - Precondition: at least 4 cells. Complexity: O(n log n).
    public static func grid(of values: [Double], cellsMax: Int = GridChoice.cellsMax) -> ValueGrid? {
        precondition((4...ValueGrid.cellCountMax).contains(cellsMax), "\(cellsMax) cells")
        let sorted = values.filter(\.isFinite).sorted()
        guard let first = sorted.first, let last = sorted.last, (last - first).isFinite else { return nil }
        if first == last { return beside(first) }
        let ties = ties(of: sorted)
        if ties.count <= cellsMax { return ValueGrid(values: ties.map(\.value)) }
        let share = Double(sorted.count) / Double(cellsMax)
        var cells = ties.filter { Double($0.count) >= share }.map(\.value)
        // Each of these holds a share, so that there are at most as many as cells; two are kept for the ends.
        if cells.count > cellsMax - 3 { cells = Array(cells[..<(cellsMax - 3)]) }
        let own = Set(cells)
        let others = ties.filter { !own.contains($0.value) }
        cells += [first, last] + quantiles(of: others, count: cellsMax - 2 - own.count)
        return ValueGrid(values: Array(Set(cells)).sorted())
    }

    /// Values of which each has as many of the observations up to it as the others.
    private static func quantiles(of ties: [(value: Double, count: Int)], count: Int) -> [Double] {
        let total = ties.reduce(0) { $0 + $1.count }
        var chosen: [Double] = []
        var sum = 0
        for tie in ties {
            sum += tie.count
            if Double(sum) * Double(count) >= Double(chosen.count + 1) * Double(total), chosen.count < count {
                chosen.append(tie.value)
            }
        }
        return chosen
    }

    private static func ties(of sorted: [Double]) -> [(value: Double, count: Int)] {
        var ties: [(value: Double, count: Int)] = []
        for value in sorted {
            if let last = ties.last, last.value == value {
                ties[ties.count - 1].count += 1
            } else {
                ties.append((value, 1))
            }
        }
        return ties
    }

    private static func beside(_ value: Double) -> ValueGrid? {
        let step = max(abs(value), 1) * 1e-6
        let values = [value - step, value, value + step]
        return ValueGrid.areCells(values) ? ValueGrid(values: values) : nil
    }
}
