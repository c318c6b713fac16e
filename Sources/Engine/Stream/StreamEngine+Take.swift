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
        var rows = 0
        for chunk in decode.chunks { rows += chunk.recordCount - chunk.batch.count }
        pipeline.pool.run(decode, tasks: decode.chunks.count, isInline: rows <= pipeline.inlineRowsMax)
        if let failure { throw failure }
    }

    private func fill(_ lane: Lane, index: Int) throws {
        while lane.buffered < laneRowsMax && lane.bufferedBytes < settings.takeBytesMax {
            let chunk = chunkWithRoom(lane, index: index)
            let room = chunk.records.count - chunk.recordCount
            let count = try take(lane, index: index, into: chunk)
            if count > 0 { decode.chunks.append(chunk) }
            if count < room { return }
        }
    }

    /// The lane's last chunk where it has room, so that a trickle of records does not make a chunk each; else a new
    /// one.
    private func chunkWithRoom(_ lane: Lane, index: Int) -> DecodedChunk {
        if let last = lane.chunks.last, last.recordCount < last.records.count { return last }
        let chunk = freeChunks.popLast() ?? DecodedChunk(schema: plan.schema, capacity: chunkRows)
        chunk.removeAll()
        chunk.lane = Int32(index)
        lane.chunks.append(chunk)
        return chunk
    }

    private func take(_ lane: Lane, index: Int, into chunk: DecodedChunk) throws -> Int {
        let room = UnsafeMutableBufferPointer(rebasing: chunk.records[chunk.recordCount...])
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
            lane.isAtEnd = false
            lane.isGivenUp = false
        }
        if taken.count < room.count { lane.isAtEnd = source.isAtEnd(LaneIndex(index)) }
        return taken.count
    }

    /// Merges a batch out of what is decoded and scores it; false if there was nothing to merge.
    func scoreNextBatch() throws -> Bool {
        guard lanes.contains(where: { $0.buffered > 0 }), !ledger.isFull else { return false }
        guard let context = try context() else { return false }
        // A rebalance may have come while there was no credit.
        context.epoch = epoch
        _ = merge.merge(lanesInOrder, limit: context.batch.capacity, now: clock.nanoseconds) { chunk, rows in
            append(rows, of: chunk, to: context)
        }
        if context.batch.count == 0 { return false }
        pipeline.process(context, origin: origin)
        observer?.didScore(context, plan: plan)
        sendCurrent()
        return true
    }

    private func append(_ rows: Range<Int>, of chunk: DecodedChunk, to context: BatchContext) {
        let lane = lanes[Int(chunk.lane)]
        for row in rows {
            let target = context.batch.count
            context.batch.append(row: row, of: chunk.batch)
            context.records[target] = chunk.records[row]
            lane.bufferedBytes -= chunk.records[row].byteCount
            let offset = chunk.batch.offsets[row]
            context.frame.dispositions[target] = watermark.disposition(
                of: target, in: context.batch, isMuted: offset < lane.start.mutedUntil)
            lane.stateOffset = offset + 1
        }
        context.recordCount = context.batch.count
        if chunk.next == chunk.batch.count {
            chunk.removeAll()
            freeChunks.append(chunk)
        }
    }

    static func name(_ start: LaneStart) -> String { "\(start.topic)/\(start.partition)" }
}
