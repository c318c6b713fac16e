import Drift
import Foundation

/// What a reference file holds, as it is written: counts of cells that are empty are left out.
///
/// What version 1 did not have is optional, so that a file of that version is written as it was, with the same digest.
struct ReferenceContent: Codable {
    struct Grid: Codable {
        var lowest: Double
        var highest: Double
        var cells: Int
        /// Of cells that are not evenly spaced; since version 2.
        var values: [Double]?
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
        /// The least and the greatest value; since version 2, as is what follows.
        var seen: [Double]?
        var categories: [String]?
    }

    var pipeline: String
    var from: Int64
    var to: Int64
    var series: [String: Series]
    /// Since version 2.
    var origin: ReferenceOrigin?
    /// Since version 3.
    var calibration: CalibrationMap?

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
            grid: .init(
                lowest: grid.lowest, highest: grid.highest, cells: grid.cellCount, values: grid.listedValues),
            missing: reference.missingCount, hours: reference.hourCount, thresholds: reference.thresholds,
            dispersion: reference.dispersion,
            strata: reference.strata.map { stratum in
                let cells = stratum.counts.indices.filter { stratum.counts[$0] != 0 }
                return .init(
                    cells: cells, counts: cells.map { stratum.counts[$0] }, boundingEvents: stratum.boundingEvents,
                    exceedances: stratum.exceedances)
            }, seen: reference.seen.map { [$0.lowerBound, $0.upperBound] }, categories: reference.categories)
    }

    func reference() throws(ReferenceFault) -> SeriesReference {
        let grid = try grid.grid()
        guard strata.count <= 24 else { throw ReferenceFault("\(strata.count) strata: expected 1 or 24") }
        var dense: [SeriesReference.Stratum] = []
        for (index, stratum) in strata.enumerated() {
            guard stratum.cells.count == stratum.counts.count,
                stratum.cells.allSatisfy({ (0..<grid.cellCount).contains($0) }),
                zip(stratum.cells, stratum.cells.dropFirst()).allSatisfy(<)
            else {
                throw ReferenceFault(
                    "stratum \(index): expected a count for each cell, and cells of the grid that ascend")
            }
            var counts = Array(repeating: 0, count: grid.cellCount)
            for (cell, count) in zip(stratum.cells, stratum.counts) { counts[cell] = count }
            dense.append(
                .init(counts: counts, boundingEvents: stratum.boundingEvents, exceedances: stratum.exceedances))
        }
        return try SeriesReference(
            reading: grid, strata: dense, missingCount: missing, thresholds: thresholds, dispersion: dispersion,
            hourCount: hours, seen: seenRange(), categories: categories)
    }

    private func seenRange() throws(ReferenceFault) -> ClosedRange<Double>? {
        guard let seen else { return nil }
        guard seen.count == 2, seen.allSatisfy(\.isFinite), seen[0] <= seen[1] else {
            throw ReferenceFault("seen: expected the least value and the greatest")
        }
        return seen[0]...seen[1]
    }
}

extension ReferenceContent.Grid {
    func grid() throws(ReferenceFault) -> ValueGrid {
        guard lowest < highest, (highest - lowest).isFinite, (2...ValueGrid.cellCountMax).contains(cells) else {
            throw ReferenceFault(
                "a grid of \(cells) cells from \(lowest) to \(highest): expected 2 to \(ValueGrid.cellCountMax) "
                    + "between finite values that ascend")
        }
        guard let values else { return ValueGrid(from: lowest, to: highest, cells: cells) }
        guard values.count == cells, ValueGrid.areCells(values), values.first == lowest, values.last == highest else {
            throw ReferenceFault(
                "\(values.count) values for \(cells) cells from \(lowest) to \(highest): expected one for each, ascending"
            )
        }
        return ValueGrid(values: values)
    }
}
