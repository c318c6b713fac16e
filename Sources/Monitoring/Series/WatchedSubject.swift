import Drift
import Events

/// A column of the score records whose values are counted: where it stands, and in which cell a value counts.
struct WatchedSubject: Sendable {
    enum Values: Sendable {
        /// Of a grid; what the reference has not seen is out of range.
        case numbers(ValueGrid, seen: ClosedRange<Double>)
        /// A cell for each, and one for all others.
        case categories(CategoryTable)
    }

    let name: String
    let column: FieldIndex
    let type: FieldType
    let values: Values

    var cellCount: Int {
        switch values {
        case .numbers(let grid, _): grid.cellCount
        case .categories(let table): table.values.count + 1
        }
    }

    /// Behind the cells: values that are missing, and those out of range, which count in an end cell as well.
    static let extraCounts = 2
    var countsPerGroup: Int { cellCount + Self.extraCounts }

    static let missing: Int32 = -1
    /// Set beside the cell of a value that is out of range.
    static let outOfRange: Int32 = 1 << 30

    /// The cell of each row, or `missing`; the first row's goes to `cells[0]`. Complexity: O(rows).
    func cells(of batch: EventBatch, rows: Range<Int>, into cells: UnsafeMutablePointer<Int32>) {
        let presence = batch.presence[column.rawValue]
        switch values {
        case .numbers(let grid, let seen): numbers(grid, seen, of: batch, presence, rows: rows, into: cells)
        case .categories(let table):
            for (place, row) in rows.enumerated() {
                cells[place] =
                    presence[row] == Presence.present ? table.rank(column, row: row, of: batch) : Self.missing
            }
        }
    }

    private func numbers(
        _ grid: ValueGrid, _ seen: ClosedRange<Double>, of batch: EventBatch, _ presence: UnsafeMutablePointer<UInt8>,
        rows: Range<Int>,
        into cells: UnsafeMutablePointer<Int32>
    ) {
        let words = batch.words[column.rawValue]
        let (lowest, highest) = (seen.lowerBound, seen.upperBound)
        for (place, row) in rows.enumerated() {
            guard presence[row] == Presence.present else {
                cells[place] = Self.missing
                continue
            }
            let value = number(words[row])
            guard let cell = grid.cell(of: value) else {
                cells[place] = Self.missing
                continue
            }
            let isOutside = value < lowest || value > highest
            cells[place] = Int32(truncatingIfNeeded: cell) | (isOutside ? Self.outOfRange : 0)
        }
    }

    @inline(__always)
    private func number(_ word: Int64) -> Double {
        switch type {
        case .float: Double(bitPattern: UInt64(bitPattern: word))
        case .decimal(let scale): Double(word) / Self.powers[scale]
        case .int, .bool, .string, .time: Double(word)
        }
    }

    private static let powers: [Double] = (0...18).map { exponent in (0..<exponent).reduce(1) { power, _ in power * 10 }
    }
}

/// A field whose values divide the stream.
struct SegmentField: Sendable {
    let name: String
    let column: FieldIndex
    let table: CategoryTable

    /// Its values, and one group for all others and for events without one.
    var groupCount: Int { table.values.count + 1 }

    func segment(_ group: Int) -> SeriesName.Segment {
        SeriesName.Segment(field: name, value: group < table.values.count ? table.values[group] : SeriesName.otherValue)
    }
}
