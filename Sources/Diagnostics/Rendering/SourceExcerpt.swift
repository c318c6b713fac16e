/// One line of a text as it is shown above a caret: tabs expanded, wide characters measured, long lines cut.
struct SourceExcerpt {
    /// The most columns of a line that are shown.
    static let columnsMax = 100
    /// The columns kept before the caret where a line is cut.
    private static let columnsBefore = 40
    private static let tabWidth = 4

    let text: String
    /// Columns before the caret.
    let caretColumn: Int
    /// Columns under which the mark stands (at least 1).
    let caretWidth: Int

    private struct Cell {
        var text: String
        var width: Int
    }

    init(of range: SourceRange, in source: SourceText) {
        let line = source.line(range.start.line)
        let start = min(range.start.column - 1, line.count)
        // A column is at most tabWidth scalars' worth away: more than this many scalars on each side never show.
        let first = max(0, start - Self.columnsMax)
        let last = min(line.count, start + min(range.length, Self.columnsMax) + 2 * Self.columnsMax)
        let cells = Self.cells(line[(line.startIndex + first)..<(line.startIndex + last)])
        let caret = start - first
        let caretEnd = min(cells.count, caret + min(range.length, Self.columnsMax))

        var left = caret
        var before = 0
        while left > 0, before + cells[left - 1].width <= Self.columnsBefore {
            left -= 1
            before += cells[left].width
        }
        // Near the start of a line nothing is gained by cutting.
        let total = cells.reduce(0) { $0 + $1.width }
        if first == 0, total <= Self.columnsMax {
            before += cells[..<left].reduce(0) { $0 + $1.width }
            left = 0
        }
        var right = left
        var shown = 0
        while right < cells.count, shown + cells[right].width <= Self.columnsMax {
            shown += cells[right].width
            right += 1
        }
        let cutLeft = left > 0 || first > 0
        let cutRight = right < cells.count || last < line.count
        let body = cells[left..<right].map(\.text).joined()
        text = (cutLeft ? "…" : "") + body + (cutRight ? "…" : "")
        caretColumn = before + (cutLeft ? 1 : 0)
        let under = caret < right ? cells[caret..<min(caretEnd, right)].reduce(0) { $0 + $1.width } : 0
        caretWidth = max(1, under)
    }

    private static func cells(_ scalars: ArraySlice<Unicode.Scalar>) -> [Cell] {
        var column = 0
        return scalars.map { scalar in
            let cell: Cell
            if scalar == "\t" {
                let width = tabWidth - column % tabWidth
                cell = Cell(text: String(repeating: " ", count: width), width: width)
            } else {
                let (text, width) = ScalarWidth.cell(scalar)
                cell = Cell(text: text, width: width)
            }
            column += cell.width
            return cell
        }
    }
}
