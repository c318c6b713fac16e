import Drift
import Foundation

/// What a reference file holds, as it is written: counts of cells that are empty are left out.
struct ReferenceContent: Codable {
    struct Grid: Codable {
        var lowest: Double
        var highest: Double
        var cells: Int
    }

    struct Stratum: Codable {
        /// Cells with events, ascending, and their counts.
        var cells: [Int]
        var counts: [Int]
        var boundingEvents: Int
        var exceedances: [Int]
    }

    struct Series: Codable {
        var grid: Grid
        var missing: Int
        var hours: Int
        var thresholds: [Int]
        var dispersion: [Double]
        var strata: [Stratum]
    }

    var pipeline: String
    var from: Int64
    var to: Int64
    var series: [String: Series]

    /// The bytes whose digest identifies the content.
    func canonical() throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(self)
    }
}

extension ReferenceContent.Series {
    init(_ reference: SeriesReference) {
        let grid = reference.grid
        self.init(
            grid: .init(lowest: grid.lowest, highest: grid.highest, cells: grid.cellCount),
            missing: reference.missingCount, hours: reference.hourCount, thresholds: reference.thresholds,
            dispersion: reference.dispersion,
            strata: reference.strata.map { stratum in
                let cells = stratum.counts.indices.filter { stratum.counts[$0] != 0 }
                return .init(
                    cells: cells, counts: cells.map { stratum.counts[$0] }, boundingEvents: stratum.boundingEvents,
                    exceedances: stratum.exceedances)
            })
    }

    func reference() throws(ReferenceFault) -> SeriesReference {
        guard grid.lowest < grid.highest, (grid.highest - grid.lowest).isFinite,
            (2...ValueGrid.cellCountMax).contains(grid.cells)
        else {
            throw ReferenceFault(
                "a grid of \(grid.cells) cells from \(grid.lowest) to \(grid.highest): expected 2 to "
                    + "\(ValueGrid.cellCountMax) between finite values that ascend")
        }
        guard strata.count <= 24 else { throw ReferenceFault("\(strata.count) strata: expected 1 or 24") }
        var dense: [SeriesReference.Stratum] = []
        for (index, stratum) in strata.enumerated() {
            guard stratum.cells.count == stratum.counts.count,
                stratum.cells.allSatisfy({ (0..<grid.cells).contains($0) }),
                zip(stratum.cells, stratum.cells.dropFirst()).allSatisfy(<)
            else {
                throw ReferenceFault(
                    "stratum \(index): expected a count for each cell, and cells of the grid that ascend")
            }
            var counts = Array(repeating: 0, count: grid.cells)
            for (cell, count) in zip(stratum.cells, stratum.counts) { counts[cell] = count }
            dense.append(
                .init(counts: counts, boundingEvents: stratum.boundingEvents, exceedances: stratum.exceedances))
        }
        return try SeriesReference(
            reading: ValueGrid(from: grid.lowest, to: grid.highest, cells: grid.cells), strata: dense,
            missingCount: missing, thresholds: thresholds, dispersion: dispersion, hourCount: hours)
    }
}
