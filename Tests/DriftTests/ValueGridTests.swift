import Drift
import Testing

@Suite struct ValueGridTests {
    @Test func everyCellIsItsOwnValues() {
        for grid in [
            ValueGrid.scores, ValueGrid(from: -3.5, to: 1e6, cells: 777), ValueGrid(from: 0, to: 5, cells: 2), .flags,
            ValueGrid(values: [-2, 0, 0.1, 0.1.nextUp, 7]), ValueGrid(values: [0, 1]),
            ValueGrid(values: [-Double.leastNormalMagnitude, 0, .leastNonzeroMagnitude, 8e307]),
        ] {
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

    /// Every cell is held against a search of all of them.
    @Test(arguments: [1, 2, 3] as [UInt64]) func listedValuesAreFoundAsByLookingAtAll(seed: UInt64) {
        var draws = SeededDraws(seed: seed)
        for cells in [2, 3, 4, 17, 1_001] {
            var values: Set<Double> = []
            while values.count < cells { values.insert((draws.unit() * draws.unit() * 1e4).rounded() / 8) }
            let sorted = values.sorted()
            let grid = ValueGrid(values: sorted)
            #expect(grid.cellCount == cells && grid.listedValues == sorted)
            #expect(grid.lowest == sorted[0] && grid.highest == sorted[cells - 1])
            for probe in 0..<500 {
                // Values between, halves of the distance among them, and some outside.
                let value = (draws.unit() * 1.2e4).rounded() / (probe % 2 == 0 ? 8 : 16) - 20
                let nearest = sorted.indices.min { left, right in
                    let (a, b) = (abs(sorted[left] - value), abs(sorted[right] - value))
                    return a < b || (a == b && left > right)
                }
                #expect(grid.cell(of: value) == nearest, "seed \(seed), \(cells) cells, \(value)")
            }
        }
    }

    @Test func whatIsOutsideOfListedValuesCountsAtTheEnds() {
        let grid = ValueGrid(values: [1, 2, 10])
        #expect(grid.cell(of: -.infinity) == 0 && grid.cell(of: 0) == 0)
        #expect(grid.cell(of: .infinity) == 2 && grid.cell(of: 11) == 2)
        #expect(grid.cell(of: .nan) == nil)
        #expect(grid.cell(of: 1.5) == 1, "ties go up")
    }

    @Test func onlyValuesThatAscendAreCells() {
        #expect(ValueGrid.areCells([0, 1]) && ValueGrid.areCells([-1, 0, 5]))
        for values in [
            [], [1], [1, 1], [2, 1], [0, .nan], [.nan, 0], [0, .infinity], [-1e308, 1e308], [0, .nan, 1],
        ] {
            #expect(!ValueGrid.areCells(values), "\(values)")
        }
        #expect(!ValueGrid.areCells((0...ValueGrid.cellCountMax).map { Double($0) }))
    }
}
