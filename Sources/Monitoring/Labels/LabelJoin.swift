import Drift

/// Joins scores with labels that come days later, in bounded memory, and measures window after window.
///
/// Scores come in buckets of event time, labels in buckets of the time since when they are known. Both sides are closed
/// bucket by bucket, each at its own pace; a bucket is worked on when both have closed it, so that the result is a
/// function of what the buckets hold and not of which side was ahead:
///
/// ```
/// scores closed   |--1--|--2--|--3--|--4--|          3 and 4 wait for the labels' side
/// labels closed   |--1--|--2--|                      step() has done 1 and 2: scores first, then labels
/// ```
///
/// An event is over when its label came, or when `within` has passed; a window of event time when it has ended and all of
/// its events are over. At most `pendingMax` ids are held. When there are more the **sample** is halved: ids are in it by
/// their hash, the same of scores and of labels, so that every window is a plain sample of its events. It grows again
/// with a new window when there is room.
///
/// After `closeScores` and `closeLabels`, call `step` until it returns `nil`, and look at `joined` and `finished` each time:
///
/// ```swift
/// while let end = join.step() { use(join.joined, until: end); report(join.finished) }
/// ```
public struct LabelJoin: Sendable {
    public let plan: LabelJoinPlan
    public internal(set) var counts = LabelJoinCounts()

    /// Events that came to be over in the bucket of the last step, in an order that only depends on what the buckets held.
    public private(set) var joined: [JoinedEvent] = []
    /// Windows that were finished by it, in order.
    public private(set) var finished: [PerformanceWindow] = []

    var table = JoinTable()
    /// Ascending.
    var windows: [OpenWindow] = []
    var rowCount = 0
    /// New windows have the sample of this level.
    var level = 0
    var scores = BucketQueue<ScoreBucket>()
    var labels = BucketQueue<LabelBucket>()
    /// The end of the last bucket that was worked on.
    var doneThrough: Int64 = .min

    public init(_ plan: LabelJoinPlan) { self.plan = plan }

    /// Ids that wait for their other half or are remembered; at most `pendingMax`.
    public var heldIDs: Int { table.count }
    /// Scores among them that wait for labels.
    public var waitingScores: Int { table.count(of: .waiting) }
    /// The share of ids that new windows sample.
    public var share: Double { LabelKey.share(ofLevel: level) }
    /// Rows that one side has closed and the other has not. While there are many, whoever feeds the join lets the side
    /// that is ahead wait: nothing else bounds them.
    public var queuedRows: Int { scores.rowCount + labels.rowCount }
    /// About how much memory the join takes. Complexity: O(open windows).
    public var byteCount: Int {
        let windows = windows.reduce(0) { sum, window in
            sum + window.rows.capacity * MemoryLayout<ResolvedEvent>.stride
                + window.tallies.count * (window.isOnGrid ? 16 * PerformanceTally.grid.cellCount : 64)
        }
        return table.byteCount + windows + queuedRows * MemoryLayout<ScoredEvent>.stride
    }

    /// A bucket to gather scores in.
    public func makeScoreBucket() -> ScoreBucket { ScoreBucket(rowsMax: plan.pendingMax) }
    public func makeLabelBucket() -> LabelBucket { LabelBucket(rowsMax: plan.pendingMax) }

    /// No more scores of times before `end` will come; those of the bucket that ends there are taken, and `bucket` is
    /// empty then.
    ///
    /// - Precondition: ends are ends of buckets and ascend; the rows lie in the bucket.
    /// Complexity: O(n log n).
    public mutating func closeScores(through end: Int64, _ bucket: inout ScoreBucket) {
        precondition(
            end > scores.closedThrough && end == plan.bucketEnd(of: end - 1),
            "a bucket that ends at \(end) after one that ends at \(scores.closedThrough)")
        bucket.sort()
        if let first = bucket.rows.first, let last = bucket.rows.last {
            precondition(
                first.time >= end - plan.bucket && last.time < end,
                "scores from \(first.time) to \(last.time) in a bucket that ends at \(end)")
        }
        scores.close(end, &bucket)
    }

    /// No more labels that were known before `end` will come; see `closeScores`.
    public mutating func closeLabels(through end: Int64, _ bucket: inout LabelBucket) {
        precondition(
            end > labels.closedThrough && end == plan.bucketEnd(of: end - 1),
            "a bucket that ends at \(end) after one that ends at \(labels.closedThrough)")
        bucket.sort()
        if let first = bucket.rows.first, let last = bucket.rows.last {
            precondition(
                first.available >= end - plan.bucket && last.available < end,
                "labels from \(first.available) to \(last.available) in a bucket that ends at \(end)")
        }
        labels.close(end, &bucket)
    }

    /// Works on the next bucket that both sides have closed and in which something happens.
    ///
    /// - Returns: its end; `nil`: there is none. Complexity: O(rows), and O(held ids) whenever the sample is halved.
    public mutating func step() -> Int64? {
        joined.removeAll(keepingCapacity: true)
        finished.removeAll(keepingCapacity: true)
        guard let end = nextEnd() else { return nil }
        doneThrough = end
        if var bucket = scores.take(end) {
            take(bucket, end)
            bucket.removeAll()
            scores.giveBack(bucket)
        }
        if var bucket = labels.take(end) {
            take(bucket)
            bucket.removeAll()
            labels.giveBack(bucket)
        }
        expire(end)
        finish(end)
        return end
    }

    /// The first bucket after the last one in which scores or labels came, or time ran out.
    private func nextEnd() -> Int64? {
        let horizon = min(scores.closedThrough, labels.closedThrough)
        var next = min(scores.firstEnd ?? .max, labels.firstEnd ?? .max)
        if let entry = table.first(of: .waiting) {
            next = min(next, plan.bucketEnd(of: table[entry].time + plan.within))
        }
        if let entry = table.first(of: .early) {
            next = min(next, plan.bucketEnd(of: table[entry].time + plan.earlyWithin))
        }
        if let window = windows.first, window.waiting == 0 { next = min(next, window.end) }
        return next <= horizon ? next : nil
    }
}

// MARK: One bucket

extension LabelJoin {
    private mutating func take(_ bucket: ScoreBucket, _ end: Int64) {
        let window = newestWindow(plan.windowEnd(of: end - 1))
        while level < bucket.level { lower() }
        for left in bucket.leftOut {
            counts.scores += left.count
            counts.scoresNotSampled += left.count
            windows[window].count(left.count, version: left.version)
        }
        // By place: without optimisation a loop over rows allocates.
        for place in bucket.rows.indices {
            let row = bucket.rows[place]
            counts.scores += 1
            // Equal ids of one time stand next to each other; others are found where the sample has them.
            if place > 0, bucket.rows[place - 1].key == row.key {
                counts.duplicateScores += 1
            } else {
                take(row, window)
            }
        }
    }

    private mutating func take(_ row: ScoredEvent, _ window: Int) {
        guard row.key.isSampled(at: max(level, windows[window].level)) else {
            counts.scoresNotSampled += 1
            windows[window].count(1, version: row.version)
            return
        }
        var entry = JoinTable.Entry(row)
        entry.decision = min(row.decision, plan.otherDecision)
        if let place = table.find(row.key) {
            guard table[place].role == .early else {
                counts.duplicateScores += 1
                return
            }
            windows[window].count(1, version: row.version)
            let label = table[place].label
            table.remember(place, label: label)
            resolve(entry, label, window)
            forgetBeyond(plan.rememberedMax)
            return
        }
        windows[window].count(1, version: row.version)
        guard makeRoom(for: row.key) else {
            counts.scoresNotSampled += 1
            return
        }
        table.insert(entry)
        windows[window].waiting += 1
    }

    private mutating func take(_ bucket: LabelBucket) {
        counts.labels += bucket.leftOut
        counts.labelsNotSampled += bucket.leftOut
        while level < bucket.level { lower() }
        for place in bucket.rows.indices {
            counts.labels += 1
            take(bucket.rows[place])
        }
    }

    private mutating func take(_ row: LabelEvent) {
        guard let place = table.find(row.key) else {
            guard row.key.isSampled(at: level), makeRoom(for: row.key) else {
                counts.labelsNotSampled += 1
                return
            }
            table.insert(JoinTable.Entry(row))
            return
        }
        let label = JoinLabel(row.isPositive)
        if table[place].role != .waiting {
            let known = table[place].label
            if known == .none {
                counts.lateLabels += 1
            } else {
                counts.duplicateLabels += 1
                if known != label { counts.contradictingLabels += 1 }
            }
            return
        }
        guard row.available - table[place].time <= plan.within else {
            counts.lateLabels += 1
            return
        }
        let entry = table[place]
        let window = openWindow(of: entry.time)
        table.remember(place, label: label)
        windows[window].waiting -= 1
        resolve(entry, label, window)
        forgetBeyond(plan.rememberedMax)
    }

    /// What waited for too long is over.
    private mutating func expire(_ end: Int64) {
        while let place = table.first(of: .waiting), table[place].time + plan.within < end {
            let entry = table[place]
            let window = openWindow(of: entry.time)
            table.remember(place, label: .none)
            windows[window].waiting -= 1
            resolve(entry, .none, window)
        }
        while let place = table.first(of: .early), table[place].time + plan.earlyWithin < end {
            table.remove(place)
            counts.unknownLabels += 1
        }
        forgetBeyond(plan.rememberedMax)
    }

    /// An event is over, with a label or without.
    private mutating func resolve(_ entry: JoinTable.Entry, _ label: JoinLabel, _ window: Int) {
        if label == .none { counts.unlabelled += 1 } else { counts.joined += 1 }
        joined.append(
            JoinedEvent(
                time: entry.time, score: entry.score, decision: entry.decision, version: entry.version,
                isPositive: label.isPositive))
        windows[window].resolve(
            ResolvedEvent(
                sampleBits: entry.key.sampleBits, score: entry.score, card: entry.card, time: entry.time,
                decision: entry.decision, version: entry.version, label: label))
        if windows[window].isOnGrid { return }
        rowCount += 1
        while rowCount > plan.rowsMax {
            // The one with the most, of equal ones the oldest.
            var largest = 0
            for place in windows.indices where windows[place].rows.count > windows[largest].rows.count {
                largest = place
            }
            rowCount -= windows[largest].leaveForGrid()
        }
    }

    /// Windows that have ended and wait for nothing, from the oldest on.
    private mutating func finish(_ end: Int64) {
        while let window = windows.first, window.end <= end, window.waiting == 0 {
            // One that only saw second scores of ids has nothing to tell.
            if !window.tallies.isEmpty { finished.append(window.measured(plan)) }
            rowCount -= window.rows.count
            windows.removeFirst()
        }
    }
}

// MARK: The sample

extension LabelJoin {
    /// The place of the newest window, which ends then; a new one samples as many ids as there is room for.
    private mutating func newestWindow(_ end: Int64) -> Int {
        if let last = windows.last, last.end == end { return windows.count - 1 }
        if level > 0, loadIfRaised() <= Double(plan.pendingMax / 2) { level -= 1 }
        windows.append(OpenWindow(end: end, level: level, decisionCount: plan.decisions.count + 1))
        return windows.count - 1
    }

    /// The place of the window that an event which waits is in. Complexity: O(log windows).
    private func openWindow(of time: Int64) -> Int {
        let end = plan.windowEnd(of: time)
        var (low, high) = (0, windows.count)
        while low < high {
            let middle = (low + high) / 2
            if windows[middle].end < end { low = middle + 1 } else { high = middle }
        }
        precondition(low < windows.count && windows[low].end == end, "a score of \(time) waits in no window")
        return low
    }

    /// How many ids would be held, had all windows sampled at the level above this one.
    private func loadIfRaised() -> Double {
        let early = Double(table.count(of: .early)) * 2
        return windows.reduce(early) { sum, window in
            sum + Double(window.waiting) * LabelKey.share(ofLevel: level - 1) / LabelKey.share(ofLevel: window.level)
        }
    }

    /// Room for one more id: what is only remembered goes first, then the sample is halved.
    ///
    /// - Returns: whether the key is still in the sample, and there is room.
    private mutating func makeRoom(for key: LabelKey) -> Bool {
        while table.count >= plan.pendingMax {
            if let oldest = table.first(of: .over) {
                table.remove(oldest)
            } else if level < LabelKey.levelMax {
                lower()
            } else {
                return false
            }
        }
        return key.isSampled(at: level)
    }

    /// Halves the sample of new windows and of those that still take or wait for events.
    private mutating func lower() {
        level += 1
        for place in windows.indices where windows[place].end >= doneThrough || windows[place].waiting > 0 {
            rowCount -= windows[place].lower(to: level)
        }
        for role in [JoinTable.Role.waiting, .early] {
            var next = table.first(of: role)
            while let place = next {
                next = table.next(after: place)
                let entry = table[place]
                if entry.key.isSampled(at: level) { continue }
                table.remove(place)
                if role == .early {
                    counts.labelsNotSampled += 1
                    continue
                }
                counts.scoresNotSampled += 1
                windows[openWindow(of: entry.time)].waiting -= 1
            }
        }
    }

    private mutating func forgetBeyond(_ limit: Int) {
        while table.count(of: .over) > limit, let oldest = table.first(of: .over) { table.remove(oldest) }
    }
}
