import Drift
import Testing

@Suite struct GridChoiceTests {
    @Test func fewValuesAreTheCells() throws {
        let grid = try #require(GridChoice.grid(of: [3, 1, 2, 2, .nan, .infinity, 1, -.infinity]))
        #expect(grid.listedValues == [1, 2, 3])
    }

    @Test func aSingleValueHasNeighbours() throws {
        for value in [0.0, 1, -5, 1e12, 1e308] {
            let grid = try #require(GridChoice.grid(of: [value, value]))
            #expect(grid.cellCount == 3 && grid.cell(of: value) == 1, "\(value)")
            #expect(grid.cell(of: value + max(abs(value), 1) / 1_000) == 2)
            #expect(grid.cell(of: value - max(abs(value), 1) / 1_000) == 0)
        }
    }

    @Test func withoutValuesThereIsNone() {
        #expect(GridChoice.grid(of: []) == nil)
        #expect(GridChoice.grid(of: [.nan, .infinity]) == nil)
        #expect(GridChoice.grid(of: [-1e308, 1e308]) == nil)
        #expect(GridChoice.grid(of: [.greatestFiniteMagnitude]) == nil)
    }

    /// Amounts over six orders of magnitude, half of them one price: no cell but that one holds much.
    @Test(arguments: [4, 5] as [UInt64]) func skewedValuesHaveCellsWhereTheyAre(seed: UInt64) throws {
        var draws = SeededDraws(seed: seed)
        var values: [Double] = []
        for place in 0..<40_000 {
            let spread = draws.unit() * draws.unit() * draws.unit()
            values.append(place % 2 == 0 ? 9.99 : (spread * 1e8).rounded() / 100)
        }
        for cellsMax in [1_001, 101, 4] {
            let grid = try #require(GridChoice.grid(of: values, cellsMax: cellsMax))
            let cells = try #require(grid.listedValues)
            #expect(cells.count <= cellsMax && cells.count >= cellsMax * 9 / 10, "\(cells.count) of \(cellsMax)")
            #expect(cells.first == values.min() && cells.last == values.max() && cells.contains(9.99))
            if cellsMax < 100 { continue }
            var counts = Array(repeating: 0, count: grid.cellCount)
            for value in values { counts[try #require(grid.cell(of: value))] += 1 }
            let price = try #require(grid.cell(of: 9.99))
            let others = counts.enumerated().filter { $0.offset != price }.map(\.element)
            #expect((others.max() ?? 0) <= 4 * values.count / cellsMax, "seed \(seed), \(cellsMax) cells")
        }
    }

    /// More frequent values than there are cells to give away.
    @Test func everyValueFrequentIsStillBounded() throws {
        let values = (0..<50).flatMap { value in Array(repeating: Double(value), count: 20) }
        let grid = try #require(GridChoice.grid(of: values, cellsMax: 10))
        #expect(grid.cellCount <= 10 && grid.cellCount >= 8)
        #expect(grid.lowest == 0 && grid.highest == 49)
    }
}
