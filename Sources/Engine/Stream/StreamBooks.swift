public import Events
public import Features

/// What has become of everything taken, at a moment when it adds up; for whoever counts.
public struct StreamBooks: Sendable {
    /// One lane of the assignment in force.
    public struct Lane: Sendable {
        /// Counted from the beginning of the assignment.
        public let account: LaneAccount
        public let inFlight: UInt64
        /// Behind the last event that is finished.
        public let finishedOffset: Int64
        /// The highest available time that the merge has taken from it; `nil`: none yet.
        public let availableTime: EventTime?
    }

    /// Numbers them; they rise from 1 on.
    public let epoch: UInt64
    public let lanes: [Lane]
    /// The assignment ends: nothing more will be counted in it.
    public let isClosed: Bool
    /// Since the run began, as are the next ones.
    public let deadLetters: DeadLetterCounts
    public let explanations: ExplanationCounts
    public let state: FeatureStateStatistics
    public var times = PhaseTimes()
}

extension StreamEngine {
    /// Shows the observer the books; after they were checked.
    func showBooks(isClosed: Bool) {
        guard let observer, epoch > 0 else { return }
        copyWaits()
        let inFlight = isClosed ? lanes.map { _ in 0 } : inFlightRows()
        observer.didBalance(
            StreamBooks(
                epoch: epoch,
                lanes: lanes.indices.map {
                    StreamBooks.Lane(
                        account: accounts[$0], inFlight: inFlight[$0], finishedOffset: lanes[$0].finishedOffset,
                        availableTime: lanes[$0].highestTime == .min
                            ? nil : EventTime(microseconds: lanes[$0].highestTime))
                },
                isClosed: isClosed, deadLetters: deadLetters, explanations: pipeline.explanationCounts, state: state,
                times: times))
    }

    /// The lanes count how they are waited for; the books show it.
    func copyWaits() {
        for index in lanes.indices { accounts[index].waits = lanes[index].waits }
    }

    /// Rows of each lane that were taken and are not finished.
    func inFlightRows() -> [UInt64] {
        var inFlight = lanes.map { UInt64($0.buffered) }
        ledger.forEachOpen { entry in
            if entry.epoch != epoch { return }
            for lane in 0..<entry.laneCount { inFlight[lane] += entry.rows[lane] }
        }
        return inFlight
    }
}
