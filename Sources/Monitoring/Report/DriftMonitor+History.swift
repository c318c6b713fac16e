import Drift

extension DriftMonitor {
    /// Begins to keep what a report is made of; call it before rows are added, and after a state was
    /// restored: what was before is on no page.
    public func keepHistory() {
        history = MonitorHistory(plan)
        history?.begin(eventsBefore: eventCount, tally: tally)
    }

    /// The evidence of the series of a side that nobody was told of yet: what is held against the budget.
    func openEvidence(of side: MonitorSide) -> Double {
        side.series.reduce(0) { sum, index in
            watches[index].isFiring ? sum : sum + plan.series[index].weight * watches[index].detector.statistic
        }
    }
}
