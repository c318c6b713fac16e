import Events

/// One partition's way through the engine up to the merge: what was taken and decoded, and where it stands.
final class Lane {
    let start: LaneStart
    /// The place of its topic's source in the plan.
    let source: Int
    /// Decoded and not yet merged, oldest first; the last may be empty.
    var chunks: [DecodedChunk] = []
    /// Rows that wait for the merge, and the bytes of their records.
    var buffered = 0
    var bufferedBytes = 0
    /// The offset behind the last record taken, or where the source says it stands.
    var position: Int64 { didSet { if position != oldValue { positionSince = nil } } }
    /// Since when it has been seen to stand there, for what is committed behind the last record.
    var positionSince: Int64?
    /// Up to where offsets without records are on their way to be committed.
    var passedOffset = Int64.min
    /// Behind the last row that entered the state.
    var stateOffset: Int64
    /// Behind the last row whose batch is acknowledged, or committed where that is one: before it state and recorded
    /// order agree for good.
    var finishedOffset: Int64
    /// The highest available time among the rows that the merge has taken: a lane never steps back.
    var highestTime: Int64
    /// Whether nothing is known to stand behind `position`.
    var isAtEnd = false
    /// The merge hands out nothing from this offset on.
    var limit = Int64.max
    /// Offsets that were in work when the last process died; `nil`: none, or they are passed.
    var suspects: Range<Int64>?
    /// Offsets that are never looked at again.
    var quarantined: Set<Int64> = []
    /// The merge waited `merge.wait` for it in vain; it is waited for again when it brings something.
    var isGivenUp = false
    private(set) var waits = LaneWaits()
    /// Up to when the wait under way is counted; `nil`: there is none.
    private var waitCountedTo: Int64?

    init(start: LaneStart, source: Int = 0, highestTime: Int64 = .min) {
        self.start = start
        self.source = source
        self.highestTime = highestTime
        position = start.offset
        stateOffset = start.offset
        finishedOffset = start.offset
        chunks.reserveCapacity(8)
    }

    /// Whether the merge has a row to hand out.
    @inline(__always)
    var hasNext: Bool { buffered > 0 && (limit == .max || nextOffset < limit) }

    /// Whether the merge need not wait for the lane though it has nothing to hand out.
    var isFinished: Bool { isAtEnd || hasReached(limit) }

    /// Whether the merge waits for the lane before it hands out what others have.
    @inline(__always)
    var isWaitedFor: Bool { !hasNext && !isFinished && !isGivenUp }

    /// Begins, goes on counting or ends a wait; called while the merge is held up, and when that is over.
    func countWait(now: Int64) {
        if let counted = waitCountedTo { waits.nanoseconds += now - counted } else if isWaitedFor { waits.begun += 1 }
        waitCountedTo = isWaitedFor ? now : nil
    }

    /// The wait is over without anything from the lane.
    func giveUp(now: Int64) {
        isGivenUp = true
        waits.expired += 1
        countWait(now: now)
    }

    /// Whether everything before `offset` is handed out.
    func hasReached(_ offset: Int64) -> Bool {
        if offset == .max { return false }
        return buffered > 0 ? nextOffset >= offset : position >= offset || isAtEnd
    }

    /// The offset of the next row; call only when rows are buffered.
    private var nextOffset: Int64 {
        let chunk = chunks[0]
        return chunk.batch.offsets[chunk.next]
    }

    /// The end of the rows of a chunk that stand before `offset`.
    func rowEnd(in chunk: DecodedChunk, before offset: Int64) -> Int {
        if offset == .max { return chunk.batch.count }
        var (low, high) = (chunk.next, chunk.batch.count)
        while low < high {
            let middle = (low + high) / 2
            if chunk.batch.offsets[middle] < offset { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// Whether suspects are taken and not yet scored.
    var holdsSuspects: Bool {
        guard let suspects else { return false }
        return position > suspects.lowerBound && !hasReached(suspects.upperBound)
    }

    /// How many records may be taken in one go so that suspects come alone.
    var takeRowsMax: Int {
        guard let suspects else { return .max }
        if position < suspects.lowerBound { return Int(clamping: suspects.lowerBound - position) }
        return position < suspects.upperBound ? 1 : .max
    }

    /// Marks rows of the first chunk as handed out.
    func handOut(_ rows: Range<Int>, of chunk: DecodedChunk) {
        for row in rows { highestTime = chunk.time(of: row, highest: highestTime) }
        chunk.next = rows.upperBound
        buffered -= rows.count
        if chunk.next == chunk.batch.count { chunks.removeFirst() }
    }

    /// The time that orders the lane's next row; call only when rows are buffered.
    @inline(__always)
    var nextTime: Int64 {
        let chunk = chunks[0]
        return chunk.time(of: chunk.next, highest: highestTime)
    }
}

extension Lane {
    /// In the order that decides ties of the merge.
    static func inTieOrder(_ lanes: [Lane], of plan: ScoringPlan) -> [Lane] {
        func key(_ lane: Lane) -> (Int, String, Int32) {
            (plan.tieRank(ofSource: lane.source), lane.start.topic, lane.start.partition)
        }
        return lanes.sorted { key($0) < key($1) }
    }
}

/// What outlives an assignment with the state: if the same partition comes back, its order goes on where it was.
struct LaneMemory {
    /// Behind the last row that entered the state.
    let offset: Int64
    let highestTime: Int64
}
