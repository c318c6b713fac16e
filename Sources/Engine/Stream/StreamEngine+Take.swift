import Events
import Features
import Workers

/// From the source to scored batches.
extension StreamEngine {
    private var chunkRows: Int { min(1_024, settings.batchRowsMax) }
    /// A lane with so many rows waiting for the merge is not taken from: it then has at most a chunk more.
    private var laneRowsMax: Int { chunkRows * 4 }

    /// Takes what has arrived for every lane with room, and decodes it on the pool.
    func takeFromLanes() throws {
        if isDraining || ledger.isFull { return }
        decode.removeAll()
        let start = clock.nanoseconds
        var failure: (any Error)?
        for (index, lane) in lanes.enumerated() {
            do {
                try fill(lane, index: index)
            } catch {
                // What came before it is decoded all the same: it is in the books.
                failure = error
                break
            }
        }
        noteInFlight()
        if !decode.chunks.isEmpty {
            decodeTaken()
            decodeNanoseconds += clock.nanoseconds - start
        }
        if let failure { throw failure }
    }

    private func fill(_ lane: Lane, index: Int) throws {
        while lane.buffered < laneRowsMax && lane.bufferedBytes < settings.takeBytesMax {
            if lane.suspects != nil && lane.takeRowsMax == 1 && lane.buffered > 0 { return }
            let chunk = chunkWithRoom(lane, index: index)
            let room = min(chunk.records.count - chunk.recordCount, lane.takeRowsMax)
            let count = try take(lane, index: index, into: chunk)
            if count > 0 && decode.chunks.last !== chunk { decode.chunks.append(chunk) }
            if count < room { return }
        }
    }

    /// The lane's last chunk where it has room, so that a trickle of records does not make a chunk each; else a new
    /// one.
    private func chunkWithRoom(_ lane: Lane, index: Int) -> DecodedChunk {
        if let last = lane.chunks.last, last.recordCount < last.records.count { return last }
        let chunk = freeChunks.popLast() ?? DecodedChunk(plan: plan, capacity: chunkRows)
        chunk.removeAll()
        chunk.lane = Int32(index)
        chunk.source = lane.source
        chunk.quarantined = lane.quarantined
        lane.chunks.append(chunk)
        return chunk
    }

    private func take(_ lane: Lane, index: Int, into chunk: DecodedChunk) throws -> Int {
        let rowsMax = min(chunk.records.count - chunk.recordCount, lane.takeRowsMax)
        let room = UnsafeMutableBufferPointer(
            rebasing: chunk.records[chunk.recordCount..<chunk.recordCount + rowsMax])
        let bytesMax = settings.takeBytesMax - lane.bufferedBytes
        let taken = try source.take(LaneIndex(index), bytesMax: bytesMax, into: room)
        var expected = lane.position
        for row in 0..<taken.count {
            let offset = room[row].offset
            precondition(offset >= expected, "offset \(offset) of \(lane.start.topic) after \(expected)")
            accounts[index].gaps += UInt64(offset - expected)
            expected = offset + 1
            lane.bufferedBytes += room[row].byteCount
        }
        chunk.recordCount += taken.count
        lane.buffered += taken.count
        accounts[index].consumed += UInt64(taken.count)
        if taken.position > expected {
            accounts[index].gaps += UInt64(taken.position - expected)
            expected = taken.position
        }
        lane.position = expected
        if taken.count > 0 {
            noteFirst(room[0], lane: index)
            lane.isAtEnd = false
            lane.isGivenUp = false
        }
        if taken.count < room.count { lane.isAtEnd = source.isAtEnd(LaneIndex(index)) }
        return taken.count
    }

    /// Merges a batch out of what is decoded and scores it; false if there was nothing to merge.
    func scoreNextBatch() throws -> Bool {
        // Partitions may be taken away in the middle of a rebuild: what is left of it is of no use.
        if lanes.isEmpty { return false }
        if restoration != nil { try finishRestoration() }
        if !leftover.suspects.isEmpty { clearSuspects() }
        guard lanes.contains(where: { $0.buffered > 0 }) || restoration?.follower != nil, !ledger.isFull else {
            return false
        }
        if !knowsWhereLogsBegin { return false }
        guard let context = try context() else { return false }
        let capacity = isCareful ? 1 : context.batch.capacity
        // A rebalance may have come while there was no credit.
        context.epoch = epoch
        let follows = restoration?.follower != nil
        if !(try follow(into: context, upTo: capacity)) {
            let room = capacity - context.batch.count
            _ = merge.merge(lanesInOrder, limit: room, now: clock.nanoseconds) { append($1, of: $0, to: context) }
        }
        if context.batch.count == 0 { return follows && restoration?.follower == nil }
        try judgeRestoration(context)
        process(context)
        eventsSinceSnapshot &+= UInt64(context.batch.count)
        observer?.didScore(context, plan: plan)
        sendCurrent()
        return true
    }

    /// Rows of one run of a lane become the batch's next.
    func append(_ rows: Range<Int>, of chunk: DecodedChunk, to context: BatchContext) {
        let lane = lanes[Int(chunk.lane)]
        let start = lane.stateOffset
        let isRecorded = order != nil && restoration?.follower == nil
        let lateBefore = watermark.lateCount
        for row in rows {
            let target = context.batch.count
            context.batch.append(row: row, of: chunk.batch)
            context.records[target] = chunk.records[row]
            lane.bufferedBytes -= chunk.records[row].byteCount
            let offset = chunk.batch.offsets[row]
            if !lane.quarantined.isEmpty && lane.quarantined.contains(offset) {
                context.batch.faults[target] = Fault(.quarantined)
                if isRecorded { context.order.quarantine(lane: Int(chunk.lane), offset: offset) }
            }
            var disposition = watermark.disposition(
                of: target, in: context.batch, isMuted: offset < lane.start.mutedUntil)
            if disposition == .score, let selection = settings.selection,
                !selection.includes(target, of: context.batch)
            {
                disposition = .muted
            }
            context.frame.dispositions[target] = disposition
            lane.stateOffset = offset + 1
        }
        accounts[Int(chunk.lane)].late &+= watermark.lateCount &- lateBefore
        // What is followed stands there already.
        if isRecorded {
            context.order.append(lane: Int(chunk.lane), start: start, end: lane.stateOffset)
        }
        context.recordCount = context.batch.count
        if chunk.next == chunk.batch.count {
            chunk.removeAll()
            freeChunks.append(chunk)
        }
    }

    static func name(_ start: LaneStart) -> String { "\(start.topic)/\(start.partition)" }
}
