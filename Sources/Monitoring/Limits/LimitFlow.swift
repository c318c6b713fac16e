/// What is limited, at work: from closed buckets and the wall clock to alerts. It belongs to the monitor's thread.
final class LimitFlow {
    let pipeline: String
    let runbookURL: String?
    let bucketMicroseconds: Int64
    var rates: [RateWatch] = []
    var lag: LagWatch?
    var freshness: FreshnessWatch?

    init(pipeline: String, settings: MonitorSettings) {
        self.pipeline = pipeline
        runbookURL = settings.runbookURL
        bucketMicroseconds = settings.bucketMicroseconds
        let (limits, cooldown) = (settings.limits, settings.cooldownMicroseconds)
        for (name, rate) in [(LimitName.rateBelow, limits.rateBelow), (.rateAbove, limits.rateAbove)] {
            guard let rate else { continue }
            rates.append(RateWatch(name, rate, bucketMicroseconds: bucketMicroseconds, cooldownMicroseconds: cooldown))
        }
        lag = limits.lagMicroseconds.map { LagWatch(limitMicroseconds: $0, cooldownMicroseconds: cooldown) }
        freshness = limits.freshnessMicroseconds.map { FreshnessWatch(limitMicroseconds: $0) }
    }

    /// What has to be read of record times; `nil`: nothing.
    func makeRecordTimes() -> RecordTimes? {
        lag == nil && freshness == nil ? nil : RecordTimes(lagMicroseconds: lag?.limitMicroseconds)
    }

    /// Each limit that there is, and whether its alert is open.
    var states: [(name: LimitName, isFiring: Bool)] {
        var states = rates.map { (name: $0.name, isFiring: $0.phase.isFiring) }
        if let lag { states.append((.lag, lag.phase.isFiring)) }
        if let freshness { states.append((.freshness, freshness.open != nil)) }
        return states
    }

    /// Series whose alerts are open.
    var openAlerts: [String] { states.filter(\.isFiring).map(\.name.rawValue) }

    /// Of an event time.
    private func bucket(of time: Int64) -> Int64 {
        let (quotient, remainder) = time.quotientAndRemainder(dividingBy: bucketMicroseconds)
        return remainder < 0 ? quotient - 1 : quotient
    }

    /// Judges buckets up to a time that nothing before comes any more, those without scores too; call it before the bucket
    /// that begins there is taken.
    func pass(until time: Int64) -> [DriftAlert] {
        if rates.isEmpty || time == .min { return [] }
        var news: [LimitNews] = []
        for index in rates.indices { rates[index].pass(until: bucket(of: time)) { news.append($0) } }
        // Of two limits the one that was passed first is told first, however far this went.
        return news.enumerated().sorted { ($0.element.time, $0.offset) < ($1.element.time, $1.offset) }
            .map { makeAlert($0.element) }
    }

    /// Counts a closed bucket with scores.
    func take(_ block: EvidenceBlock) -> [DriftAlert] {
        for index in rates.indices { rates[index].add(block.rows + block.lateRows, bucket: bucket(of: block.start)) }
        let news = lag?.take(block.lags, start: block.start, end: block.start + bucketMicroseconds)
        return news.flatMap { $0 }.map { [makeAlert($0)] } ?? []
    }

    /// Holds the newest score against the wall clock.
    func judgeFreshness(at now: Int64, newest: Int64, isAllRead: Bool) -> [DriftAlert] {
        (freshness?.judge(at: now, newest: newest, isAllRead: isAllRead) ?? []).map { makeAlert($0) }
    }
}

extension DriftMonitor {
    /// Under which name alerts about freshness stand on the drift topic; `nil`: it is not watched.
    var freshnessFingerprint: String? {
        limits.freshness == nil ? nil : LimitName.freshness.fingerprint(pipeline: plan.pipeline)
    }

    /// An alert about freshness that an earlier run has told and that did not end; call it before rows are added.
    func takeUpFreshness(_ open: OpenLimit?) { limits.freshness?.takeUp(open) }

    /// A record of a score that claims to be of a later time says nothing about when scores came.
    func believe(recordTimesUntil now: Int64) {
        let (latest, isTooLate) = now.addingReportingOverflow(MonitorPlan.aheadMicroseconds)
        buckets.recordTimes?.latestCredible = isTooLate ? .max : latest
    }

    /// - Parameter isAllRead: all lanes of scores are at their ends.
    func judgeFreshness(at now: Int64, isAllRead: Bool) -> [DriftAlert] {
        let alerts = limits.judgeFreshness(
            at: now, newest: buckets.recordTimes?.newest ?? .min, isAllRead: isAllRead)
        alerts.forEach { history?.take($0) }
        return alerts
    }
}
