import Events

/// The buckets of event time that are open: rows go into theirs, until all lanes are past it.
///
/// It belongs to one thread. After warm-up nothing is allocated for a row.
final class EvidenceBuckets {
    let layout: EvidenceLayout
    let bucketMicroseconds: Int64
    /// Changed by `add`, by closings, and where a snapshot is taken up.
    var lanes: LaneClocks
    var versions = VersionTable()
    /// By number of the bucket: its start divided by its width.
    private(set) var open: [Int64: EvidenceBlock] = [:]
    /// What was read, over all lanes.
    var tally = EvidenceTally()
    /// `nil`: record times say nothing.
    var recordTimes: RecordTimes?
    private var free: [EvidenceBlock] = []
    private let pipeline: [UInt8]
    /// Where scores wait for labels.
    private let feed: ScoreFeed?
    /// Where performance is estimated without labels.
    private let flags: FlaggedScores?
    /// By subject, of a chunk's rows.
    private let cells: UnsafeMutablePointer<Int32>
    private let groups: UnsafeMutablePointer<Int32>
    private static let chunkRows = 256

    init(
        layout: EvidenceLayout, bucketMicroseconds: Int64, lateMicroseconds: Int64, laneCount: Int, pipeline: String,
        feed: ScoreFeed? = nil, flags: FlaggedScores? = nil
    ) {
        precondition(bucketMicroseconds > 0 && laneCount > 0)
        self.layout = layout
        self.bucketMicroseconds = bucketMicroseconds
        lanes = LaneClocks(count: laneCount, late: lateMicroseconds)
        self.pipeline = Array(pipeline.utf8)
        self.feed = feed
        self.flags = flags
        cells = .allocate(capacity: max(1, layout.subjects.count) * Self.chunkRows)
        groups = .allocate(capacity: Self.chunkRows)
    }

    deinit {
        cells.deallocate()
        groups.deallocate()
    }

    func bucket(of microseconds: Int64) -> Int64 {
        let (quotient, remainder) = microseconds.quotientAndRemainder(dividingBy: bucketMicroseconds)
        return remainder < 0 ? quotient - 1 : quotient
    }

    /// Counts the rows of one lane, in their order.
    ///
    /// - Parameter position: behind the last of them.
    func add(_ batch: EventBatch, lane: Int, position: Int64) {
        var row = 0
        while row < batch.count {
            lanes.pass(lane: lane, at: batch.offsets[row])
            guard isCounted(row, of: batch) else {
                if batch.faults[row].code == .none { tally.foreignRows += 1 } else { tally.faultyRows += 1 }
                row += 1
                continue
            }
            let number = bucket(of: batch.eventTimes[row])
            let start = number &* bucketMicroseconds
            if start &+ bucketMicroseconds <= lanes.watermark(lane: lane) {
                countLate(batch, row: row, lane: lane)
                row += 1
                continue
            }
            // As long as rows fall into the same bucket they are counted together. They do not raise the watermark
            // past it: it stays below the highest time, which is in the bucket.
            let first = row
            let stop = lanes.nextClosing(lane: lane)
            var highest = lanes[lane].highest
            while row < batch.count, row == first || isCounted(row, of: batch) {
                let time = batch.eventTimes[row]
                guard time >= start, time < start &+ bucketMicroseconds, batch.offsets[row] < stop else { break }
                highest = max(highest, time)
                row += 1
            }
            lanes[lane].highest = highest
            let block = block(number)
            count(batch, rows: first..<row, in: block)
            block.addOffsets(batch.offsets[first]...batch.offsets[row - 1], lane: lane)
        }
        lanes[lane].position = position
        lanes.pass(lane: lane, at: position)
    }

    /// The open bucket with the least number that all lanes are past; it is to be given back by `recycle`.
    func closeNext(before watermark: Int64) -> EvidenceBlock? {
        guard let number = open.keys.min(), (number &+ 1) &* bucketMicroseconds <= watermark else { return nil }
        return open.removeValue(forKey: number)
    }

    func recycle(_ block: EvidenceBlock) {
        if free.count >= Self.freeBlocksMax { return }
        block.removeAll()
        free.append(block)
    }

    private static let freeBlocksMax = 4

    func block(_ number: Int64) -> EvidenceBlock {
        if let block = open[number] { return block }
        let block = free.popLast() ?? makeBlock()
        block.start = number &* bucketMicroseconds
        open[number] = block
        return block
    }

    private func makeBlock() -> EvidenceBlock {
        EvidenceBlock(
            countsTotal: layout.countsTotal, scores: feed?.makeBucket(), flaggedCells: flags?.cellCount ?? 0)
    }

    /// Rows that cannot be read, and those of other pipelines on the same topic, are passed over.
    @inline(__always)
    private func isCounted(_ row: Int, of batch: EventBatch) -> Bool {
        if batch.faults[row].code != .none { return false }
        guard batch.presence[ScoreRecordSchema.pipeline.rawValue][row] == Presence.present else { return true }
        let name = batch.string(ScoreRecordSchema.pipeline, row: row)
        return name.count == pipeline.count && name.elementsEqual(pipeline)
    }

    /// Late rows count in the bucket in which their lane is: it cannot be closed yet.
    private func countLate(_ batch: EventBatch, row: Int, lane: Int) {
        tally.lateRows += 1
        let block = block(bucket(of: lanes.watermark(lane: lane)))
        block.lateRows += 1
        addTimes(of: batch, rows: row..<row + 1, to: block)
    }

    private func addTimes(of batch: EventBatch, rows: Range<Int>, to block: EvidenceBlock) {
        recordTimes?.add(
            recordTimes: batch.recordTimes, eventTimes: batch.eventTimes, rows: rows, to: &block.lags)
    }

    private func count(_ batch: EventBatch, rows: Range<Int>, in block: EvidenceBlock) {
        block.rows += rows.count
        tally.rows += rows.count
        countVersions(batch, rows: rows, in: block)
        addTimes(of: batch, rows: rows, to: block)
        if let feed, var scores = block.scores.take() {
            feed.add(batch, rows: rows, versions: &versions, to: &scores)
            block.scores = scores
        }
        var first = rows.lowerBound
        while first < rows.upperBound {
            let next = min(rows.upperBound, first + Self.chunkRows)
            countChunk(batch, rows: first..<next, in: block)
            first = next
        }
    }

    private func countChunk(_ batch: EventBatch, rows: Range<Int>, in block: EvidenceBlock) {
        for (index, subject) in layout.subjects.enumerated() {
            let own = cells + index * Self.chunkRows
            subject.cells(of: batch, rows: rows, into: own)
            let counts = block.counts + layout.start(subject: index)
            for place in 0..<rows.count { Self.add(own[place], cellCount: subject.cellCount, to: counts) }
        }
        if let flags {
            flags.count(batch, rows: rows, cells: cells + flags.subject * Self.chunkRows, into: &block.flagged)
        }
        for segment in layout.segments.indices { countSegment(segment, batch, rows: rows, in: block) }
    }

    private func countSegment(_ segment: Int, _ batch: EventBatch, rows: Range<Int>, in block: EvidenceBlock) {
        let field = layout.segments[segment]
        let presence = batch.presence[field.column.rawValue]
        let other = Int32(field.table.values.count)
        for (place, row) in rows.enumerated() {
            groups[place] =
                presence[row] == Presence.present ? field.table.rank(field.column, row: row, of: batch) : other
        }
        for index in 0..<layout.segmentedSubjects {
            let subject = layout.subjects[index]
            let own = cells + index * Self.chunkRows
            let first = block.counts + layout.start(subject: index, group: layout.group(segment: segment, value: 0))
            for place in 0..<rows.count {
                let counts = first + Int(groups[place]) &* subject.countsPerGroup
                Self.add(own[place], cellCount: subject.cellCount, to: counts)
            }
        }
    }

    @inline(__always)
    private static func add(_ cell: Int32, cellCount: Int, to counts: UnsafeMutablePointer<UInt32>) {
        if cell < 0 {
            counts[cellCount] &+= 1
            return
        }
        counts[Int(cell & (WatchedSubject.outOfRange &- 1))] &+= 1
        if cell & WatchedSubject.outOfRange != 0 { counts[cellCount &+ 1] &+= 1 }
    }

    private func countVersions(_ batch: EventBatch, rows: Range<Int>, in block: EvidenceBlock) {
        let column = ScoreRecordSchema.version
        let presence = batch.presence[column.rawValue]
        var run = (version: -1, rows: 0)
        for row in rows where presence[row] == Presence.present {
            let version = versions.number(batch.string(column, row: row))
            if version != run.version {
                if run.rows > 0 { block.addVersion(run.version, rows: run.rows) }
                run = (version, 0)
            }
            run.rows += 1
        }
        if run.rows > 0 { block.addVersion(run.version, rows: run.rows) }
    }
}

/// What was read, over all lanes.
struct EvidenceTally: Hashable, Sendable {
    var rows = 0
    var lateRows = 0
    /// They are no score records.
    var faultyRows = 0
    /// Of other pipelines on the same topic.
    var foreignRows = 0

    func since(_ before: EvidenceTally) -> EvidenceTally {
        var tally = self
        tally.rows -= before.rows
        tally.lateRows -= before.lateRows
        tally.faultyRows -= before.faultyRows
        tally.foreignRows -= before.foreignRows
        return tally
    }
}
