extension SeriesReference {
    /// From a file: everything that is relied on later is checked here.
    ///
    /// - Throws: `ReferenceFault`: which value, why it cannot be.
    public init(
        reading grid: ValueGrid, strata: [Stratum], missingCount: Int, thresholds: [Int], dispersion: [Double],
        hourCount: Int, seen: ClosedRange<Double>? = nil, categories: [String]? = nil
    ) throws(ReferenceFault) {
        if let categories, let problem = Self.categoriesProblem(categories, grid: grid) {
            throw ReferenceFault(problem)
        }
        guard strata.count == 1 || strata.count == 24 else {
            throw ReferenceFault("\(strata.count) strata: expected 1, or 24 for the hours of the day")
        }
        guard (1...SequentialBets.thresholdsMax).contains(thresholds.count),
            zip(thresholds, thresholds.dropFirst()).allSatisfy(<),
            thresholds.allSatisfy({ $0 >= 0 && $0 < grid.cellCount - 1 })
        else {
            throw ReferenceFault(
                "thresholds: expected 1 to \(SequentialBets.thresholdsMax) cells that ascend, each below \(grid.cellCount - 1)"
            )
        }
        guard dispersion.count == thresholds.count,
            dispersion.allSatisfy({ $0 >= 1 && $0 <= Dispersion.most })
        else {
            throw ReferenceFault("dispersion: expected a number from 1 to \(Int(Dispersion.most)) for each threshold")
        }
        guard missingCount >= 0, missingCount <= Self.eventsMax, hourCount >= 1, hourCount <= Self.eventsMax else {
            throw ReferenceFault(
                "missing \(missingCount), hours \(hourCount): expected none below 0, and at least 1 hour")
        }
        for (index, stratum) in strata.enumerated() {
            if let problem = Self.problem(of: stratum, cells: grid.cellCount, thresholds: thresholds) {
                throw ReferenceFault("stratum \(index): \(problem)")
            }
        }
        self.grid = grid
        self.seen = seen
        self.categories = categories
        self.strata = strata
        self.missingCount = missingCount
        self.thresholds = thresholds
        self.dispersion = dispersion
        self.hourCount = hourCount
    }

    private static func problem(of stratum: Stratum, cells: Int, thresholds: [Int]) -> String? {
        guard stratum.counts.count == cells else { return "\(stratum.counts.count) counts for \(cells) cells" }
        var total = 0
        for count in stratum.counts {
            guard count >= 0, count <= eventsMax - total else { return "a count below 0, or too many events" }
            total += count
        }
        guard stratum.boundingEvents >= 1, stratum.boundingEvents <= total else {
            return "\(stratum.boundingEvents) bounding events: expected 1 to \(total), the events of the stratum"
        }
        guard stratum.exceedances.count == thresholds.count else {
            return "\(stratum.exceedances.count) exceedances for \(thresholds.count) thresholds"
        }
        var above = 0
        var cell = cells - 1
        var least = 0
        for threshold in thresholds.indices.reversed() {
            while cell > thresholds[threshold] {
                above += stratum.counts[cell]
                cell -= 1
            }
            let own = stratum.exceedances[threshold]
            guard own >= least, own <= above, own <= stratum.boundingEvents else {
                return
                    "\(own) exceedances of cell \(thresholds[threshold]): expected \(least) to \(min(above, stratum.boundingEvents))"
            }
            least = own
        }
        return nil
    }
}
