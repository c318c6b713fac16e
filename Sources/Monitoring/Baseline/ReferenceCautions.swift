public import Drift

/// What a reference is too short for.
public enum ReferenceCautions {
    static let daysForCycles = 7
    static let eventsForTails = 10_000
    static let dispersionForWaves = 3.0

    /// In plain words, each with what to do about it; none: the reference is long enough for the budget.
    ///
    /// - Parameter runLength: events between false alarms that are asked for.
    public static func texts(_ reference: SeriesReference, runLength: Double) -> [String] {
        var texts: [String] = []
        let events = reference.eventCount
        if events < eventsForTails {
            texts.append(
                "\(events) events leave wide bounds: small changes will be found late or never; give at least \(eventsForTails)"
            )
        }
        if Double(events) < runLength / 10 {
            texts.append(
                "\(events) events show little of what happens once in \(Int(min(runLength, 1e15))): "
                    + "waves that the reference has not seen raise alarms; give at least a tenth of the budget, better all of it"
            )
        }
        let days = Double(reference.hourCount) / 24
        if days < Double(daysForCycles) {
            texts.append(
                "\(reference.hourCount) hours with events are less than \(daysForCycles) days: cycles of a day or a week "
                    + (reference.strata.count == 1 ? "cannot be told from change" : "are known badly")
                    + "; give several weeks")
        }
        if let most = reference.dispersion.max(), most > dispersionForWaves {
            let place = reference.dispersion.firstIndex(of: most) ?? 0
            let cell = reference.thresholds[place]
            let counts =
                reference.categories.map { "counts of what is rarer than \"\($0[cell])\"" }
                ?? "counts above \(ReferenceText.number(reference.grid.value(ofCell: cell)))"
            texts.append(
                "there are waves: \(counts) spread \((most * 10).rounded() / 10) times as much as independent "
                    + "events do; changes there are found that much later")
        }
        return texts
    }
}
