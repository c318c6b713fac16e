import Features

/// Whether too few or too many scores come: their number in a span of event time that slides by whole buckets.
///
///     rate.below: 100 per 5m, buckets of 1m
///
///     |  30 |  25 |  20 |  15 |   9 |    99 in five buckets: raised at the end of the fifth
///
/// Judged at the end of each bucket, and of those without scores, too. The first bucket is cut where reading began and does
/// not count; nothing is said before a whole span behind it is over.
struct RateWatch: Sendable {
    let name: LimitName
    let rate: LimitSettings.Rate
    /// Spans of more buckets slide by several at a time.
    static let stepsMax: Int64 = 1_024
    /// It ends when the rate was within its limit for a whole span of judgements, and at least for so many.
    static let calmLeast = 3
    let stepBuckets: Int64
    let stepMicroseconds: Int64
    private let cooldownMicroseconds: Int64

    /// By number of the step, modulo their count.
    private(set) var recent: [Int]
    private(set) var sum = 0
    /// `nil`: no score was seen.
    private(set) var first: Int64?
    /// The step that is to be judged next.
    private(set) var next: Int64 = 0
    /// Judgements in a row that found the rate within its limit.
    private(set) var calm = 0
    private(set) var phase = LimitPhase.watching

    /// - Parameter name: `rateBelow` or `rateAbove`.
    init(_ name: LimitName, _ rate: LimitSettings.Rate, bucketMicroseconds: Int64, cooldownMicroseconds: Int64) {
        precondition(name == .rateBelow || name == .rateAbove)
        self.name = name
        self.rate = rate
        self.cooldownMicroseconds = cooldownMicroseconds
        let buckets = Self.divide(rate.microseconds, by: bucketMicroseconds)
        stepBuckets = Self.divide(buckets, by: Self.stepsMax)
        stepMicroseconds = stepBuckets * bucketMicroseconds
        recent = Array(repeating: 0, count: Int(Self.divide(buckets, by: stepBuckets)))
    }

    private static func divide(_ value: Int64, by divisor: Int64) -> Int64 { (value + divisor - 1) / divisor }

    private func step(ofBucket bucket: Int64) -> Int64 {
        bucket >= 0 ? bucket / stepBuckets : -((-bucket + stepBuckets - 1) / stepBuckets)
    }

    private func slot(_ step: Int64) -> Int {
        let count = Int64(recent.count)
        return Int(((step % count) + count) % count)
    }

    /// Counts the scores of a bucket.
    ///
    /// Everything before the bucket was passed.
    mutating func add(_ rows: Int, bucket: Int64) {
        // A state may hold a bucket that is over by its own account.
        let step = first == nil ? step(ofBucket: bucket) : max(next, step(ofBucket: bucket))
        if first == nil {
            first = step
            next = step
        }
        recent[slot(step)] += rows
        sum += rows
    }

    /// Judges what ends at or before the beginning of a bucket.
    mutating func pass(until bucket: Int64, _ tell: (LimitNews) -> Void) {
        if first == nil { return }
        let end = step(ofBucket: bucket)
        while next < end {
            // Nothing comes of more empty buckets: a jump over years takes no longer than one over a span.
            if sum == 0, let settled = settledUntil, settled > next {
                next = min(end, settled)
                calm = 0
                continue
            }
            if let news = judge() { tell(news) }
            next += 1
            sum -= recent[slot(next)]
            recent[slot(next)] = 0
        }
    }

    /// The first step whose judgement could change anything, as long as no score comes.
    private var settledUntil: Int64? {
        switch phase {
        case .watching: name == .rateBelow ? nil : .max
        case .firing: name == .rateBelow ? .max : nil
        case .cooling(let until): name == .rateBelow ? until / stepMicroseconds - 1 : .max
        }
    }

    /// At the end of the step `next`.
    private mutating func judge() -> LimitNews? {
        guard let first, next - Int64(recent.count) >= first else { return nil }
        let time = (next + 1) * stepMicroseconds
        if case .cooling(let until) = phase, time >= until { phase = .watching }
        switch phase {
        case .cooling: return nil
        case .watching:
            guard isBeyond else { return nil }
            calm = 0
            phase = .firing(startedAt: time)
            return news(.firing, startedAt: time, at: time)
        case .firing(let startedAt):
            calm = isBeyond ? 0 : calm + 1
            guard calm >= max(Self.calmLeast, recent.count) else { return nil }
            phase = .cooling(until: time + cooldownMicroseconds)
            return news(.resolved, startedAt: startedAt, at: time)
        }
    }

    /// What a state holds; the caller has checked it.
    mutating func take(first: Int64?, next: Int64, recent: [Int], calm: Int, phase: LimitPhase) {
        (self.first, self.next, self.recent, self.calm, self.phase) = (first, next, recent, calm, phase)
        sum = recent.reduce(0, +)
    }

    private var spanMicroseconds: Int64 { Int64(recent.count) * stepMicroseconds }

    private var isBeyond: Bool {
        let own = Int64(sum).multipliedFullWidth(by: rate.microseconds)
        let allowed = rate.events.multipliedFullWidth(by: spanMicroseconds)
        let (left, right) = ((own.high, own.low), (allowed.high, allowed.low))
        return name == .rateBelow ? left < right : left > right
    }

    private func news(_ state: AlertRecordState, startedAt: Int64, at time: Int64) -> LimitNews {
        let value = Double(sum) * Double(rate.microseconds) / Double(spanMicroseconds)
        let span = DurationUnit.text(rate.microseconds)
        let bound = name == .rateBelow ? "at least" : "at most"
        return LimitNews(
            name: name, state: state, startedAt: startedAt, changedAt: time - spanMicroseconds, time: time,
            value: value,
            limit: Double(rate.events), unit: "scores per \(span)", events: sum,
            effect: "\(MonitorText.number(value)) scores in \(span), \(bound) \(rate.events)")
    }
}
