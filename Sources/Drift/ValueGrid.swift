/// Values on which a reference and what is held against it are both rounded: evenly spaced ones, or a list.
///
/// On one grid the windowed statistics are exact functions of the counts in its cells, and a rounding that only one side
/// has seen cannot pass for a change.
public struct ValueGrid: Hashable, Sendable {
    /// The values of the first and of the last cell.
    public let lowest: Double
    public let highest: Double
    public let cellCount: Int
    /// Those of all cells, ascending; empty where they are evenly spaced.
    private let values: [Double]

    /// Scores from 0 to 1 in steps of a thousandth.
    public static let scores = ValueGrid(from: 0, to: 1, cells: 1_001)

    /// What is either so or not: 0 and 1.
    public static let flags = ValueGrid(from: 0, to: 1, cells: 2)

    /// The most cells that a grid may have: a series keeps a few counts for each.
    public static let cellCountMax = 65_536

    /// Evenly spaced values.
    ///
    /// - Precondition: both ends are finite, as is their distance, the first is below the second, and there are 2 to
    ///   `cellCountMax` cells.
    public init(from lowest: Double, to highest: Double, cells: Int) {
        precondition(lowest < highest && (highest - lowest).isFinite, "a grid from \(lowest) to \(highest)")
        precondition((2...Self.cellCountMax).contains(cells), "\(cells) cells")
        self.lowest = lowest
        self.highest = highest
        cellCount = cells
        values = []
    }

    /// A cell for each of these values: for series whose values are dense in some places and rare in others.
    ///
    /// - Precondition: `areCells(values)`.
    public init(values: [Double]) {
        precondition(Self.areCells(values), "\(values.count) values that are no cells")
        lowest = values[0]
        highest = values[values.count - 1]
        cellCount = values.count
        self.values = values
    }

    /// Whether values can be those of cells: 2 to `cellCountMax`, finite, as is the distance of the first and the last,
    /// and each above the one before it. Complexity: O(values).
    public static func areCells(_ values: [Double]) -> Bool {
        guard let first = values.first, let last = values.last, (2...cellCountMax).contains(values.count),
            (last - first).isFinite
        else { return false }
        return zip(values, values.dropFirst()).allSatisfy(<)
    }

    /// Those of all cells where they were given as a list; `nil`: they are evenly spaced.
    public var listedValues: [Double]? { values.isEmpty ? nil : values }

    /// The cell whose value is nearest; of two that are equally near the one farther up. What lies outside counts in the
    /// nearest end. `nil`: the value is NaN, which is not in any cell.
    ///
    /// Complexity: O(1), of listed values O(log cells).
    public func cell(of value: Double) -> Int? {
        if value.isNaN { return nil }
        if value <= lowest { return 0 }
        if value >= highest { return cellCount - 1 }
        if !values.isEmpty { return listedCell(of: value) }
        let place = (value - lowest) / (highest - lowest) * Double(cellCount - 1)
        return min(cellCount - 1, Int((place + 0.5).rounded(.down)))
    }

    /// Of a value between the ends.
    private func listedCell(of value: Double) -> Int {
        values.withUnsafeBufferPointer { values in
            // The first cell is below the value, the last is not.
            var (below, above) = (0, values.count - 1)
            while above - below > 1 {
                let middle = (below + above) / 2
                if values[middle] < value { below = middle } else { above = middle }
            }
            return value - values[below] < values[above] - value ? below : above
        }
    }

    /// The value that a cell stands for.
    public func value(ofCell cell: Int) -> Double {
        if !values.isEmpty { return values[cell] }
        if cell == cellCount - 1 { return highest }
        return lowest + (highest - lowest) * (Double(cell) / Double(cellCount - 1))
    }
}
