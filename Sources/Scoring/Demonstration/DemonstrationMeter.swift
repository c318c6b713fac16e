/// A demonstration at one moment, with what takes two moments to know.
public struct DemonstrationFrame: Hashable, Sendable {
    public var snapshot: DemonstrationSnapshot
    /// Over the last seconds.
    public var eventsPerSecond: Double
    /// The share of flagged events in each of the last seconds of the live part, oldest first.
    public var flaggedShares: [Double]

    public init(snapshot: DemonstrationSnapshot, eventsPerSecond: Double = 0, flaggedShares: [Double] = []) {
        self.snapshot = snapshot
        self.eventsPerSecond = eventsPerSecond
        self.flaggedShares = flaggedShares
    }
}

/// Turns snapshots, as they are taken, into rates and a trend.
public struct DemonstrationMeter: Sendable {
    /// Seconds that the trend goes back.
    public static let trendCount = 48
    private static let rateNanoseconds: Int64 = 2_000_000_000
    private static let trendNanoseconds: Int64 = 1_000_000_000

    private var recent: [(nanoseconds: Int64, consumed: Int)] = []
    private var mark: (nanoseconds: Int64, flagged: Int, of: Int)?
    private var shares: [Double] = []

    public init() {}

    public mutating func frame(_ snapshot: DemonstrationSnapshot) -> DemonstrationFrame {
        recent.append((snapshot.nanoseconds, snapshot.consumed))
        while recent.count > 2, recent[1].nanoseconds <= snapshot.nanoseconds - Self.rateNanoseconds {
            recent.removeFirst()
        }
        if snapshot.phase == .live { noteTrend(snapshot) }
        return DemonstrationFrame(snapshot: snapshot, eventsPerSecond: rate, flaggedShares: shares)
    }

    private var rate: Double {
        guard let first = recent.first, let last = recent.last, last.nanoseconds > first.nanoseconds else { return 0 }
        return Double(last.consumed - first.consumed) / (Double(last.nanoseconds - first.nanoseconds) / 1e9)
    }

    private mutating func noteTrend(_ snapshot: DemonstrationSnapshot) {
        let (flagged, all) = snapshot.flagged
        guard let mark else {
            mark = (snapshot.nanoseconds, flagged, all)
            return
        }
        guard snapshot.nanoseconds - mark.nanoseconds >= Self.trendNanoseconds, all > mark.of else { return }
        shares.append(Double(flagged - mark.flagged) / Double(all - mark.of))
        if shares.count > Self.trendCount { shares.removeFirst() }
        self.mark = (snapshot.nanoseconds, flagged, all)
    }
}
