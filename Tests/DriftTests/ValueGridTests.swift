import Drift
import Testing

@Suite struct ValueGridTests {
    @Test func everyCellIsItsOwnValues() {
        for grid in [ValueGrid.scores, ValueGrid(from: -3.5, to: 1e6, cells: 777), ValueGrid(from: 0, to: 5, cells: 2)]
        {
            for cell in 0..<grid.cellCount { #expect(grid.cell(of: grid.value(ofCell: cell)) == cell) }
        }
    }

    @Test func valuesGoToTheNearestCell() {
        let grid = ValueGrid.scores
        #expect(grid.cell(of: 0.000_49) == 0)
        #expect(grid.cell(of: 0.000_51) == 1)
        #expect(grid.cell(of: 0.123_6) == 124)
        #expect(grid.cell(of: 0.999_6) == 1_000)
    }

    @Test func whatIsOutsideCountsAtTheEndsAndNaNNowhere() {
        let grid = ValueGrid.scores
        #expect(grid.cell(of: -1e308) == 0)
        #expect(grid.cell(of: -.infinity) == 0)
        #expect(grid.cell(of: 2) == 1_000)
        #expect(grid.cell(of: .infinity) == 1_000)
        #expect(grid.cell(of: .nan) == nil)
    }
}
