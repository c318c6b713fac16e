/// Evenly spaced values on which a reference and what is held against it are both rounded.
///
/// On one grid the windowed statistics are exact functions of the counts in its cells, and a rounding that only one side
/// has seen cannot pass for a change.
public struct ValueGrid: Hashable, Sendable {
    /// The values of the first and of the last cell.
    public let lowest: Double
    public let highest: Double
    public let cellCount: Int

    /// Scores from 0 to 1 in steps of a thousandth.
    public static let scores = ValueGrid(from: 0, to: 1, cells: 1_001)

    /// The most cells that a grid may have: a series keeps a few counts for each.
    public static let cellCountMax = 65_536

    /// - Precondition: both ends are finite, as is their distance, the first is below the second, and there are 2 to
    ///   `cellCountMax` cells.
    public init(from lowest: Double, to highest: Double, cells: Int) {
        precondition(lowest < highest && (highest - lowest).isFinite, "a grid from \(lowest) to \(highest)")
        precondition((2...Self.cellCountMax).contains(cells), "\(cells) cells")
        self.lowest = lowest
        self.highest = highest
        cellCount = cells
    }

    /// The cell whose value is nearest; of two that are equally near the one farther up. What lies outside counts in the
    /// nearest end. `nil`: the value is NaN, which is not in any cell.
    public func cell(of value: Double) -> Int? {
        if value.isNaN { return nil }
        if value <= lowest { return 0 }
        if value >= highest { return cellCount - 1 }
        let place = (value - lowest) / (highest - lowest) * Double(cellCount - 1)
        return min(cellCount - 1, Int((place + 0.5).rounded(.down)))
    }

    /// The value that a cell stands for.
    public func value(ofCell cell: Int) -> Double {
        if cell == cellCount - 1 { return highest }
        return lowest + (highest - lowest) * (Double(cell) / Double(cellCount - 1))
    }
}
