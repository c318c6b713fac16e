import Events
import Features
import Workers

/// From the source to scored batches.
extension StreamEngine {
    /// Rows of a lane that may wait for the merge.
    private var laneRowsMax: Int { chunkRows * 2 }
    private var chunkRows: Int { min(1_024, settings.batchRowsMax) }

    /// Takes what has arrived for every lane with room, and decodes it on the pool.
    func takeFromLanes() throws {
        if isDraining || ledger.isFull { return }
        decode.removeAll()
        for (index, lane) in lanes.enumerated() {
            while lane.buffered + chunkRows <= laneRowsMax {
                let chunk = freeChunks.popLast() ?? DecodedChunk(schema: plan.schema, capacity: chunkRows)
                chunk.removeAll()
                chunk.lane = Int32(index)
                let count = try take(lane, index: index, into: chunk)
                if count == 0 {
                    freeChunks.append(chunk)
                    break
                }
                decode.chunks.append(chunk)
                if count < chunkRows { break }
            }
        }
        if decode.chunks.isEmpty { return }
        var rows = 0
        for chunk in decode.chunks { rows += chunk.recordCount }
        pipeline.pool.run(decode, tasks: decode.chunks.count, isInline: rows <= pipeline.inlineRowsMax)
        for chunk in decode.chunks {
            let lane = lanes[Int(chunk.lane)]
            lane.chunks.append(chunk)
            lane.buffered += chunk.recordCount
        }
    }

    private func take(_ lane: Lane, index: Int, into chunk: DecodedChunk) throws -> Int {
        let taken = try source.take(LaneIndex(index), bytesMax: settings.takeBytesMax, into: chunk.records)
        chunk.recordCount = taken.count
        var expected = lane.position
        for row in 0..<taken.count {
            let offset = chunk.records[row].offset
            precondition(offset >= expected, "offset \(offset) of \(lane.start.topic) after \(expected)")
            accounts[index].gaps += UInt64(offset - expected)
            expected = offset + 1
        }
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
        if taken.count < chunk.records.count { lane.isAtEnd = source.isAtEnd(LaneIndex(index)) }
        return taken.count
    }

    /// Merges a batch out of what is decoded and scores it; false if there was nothing to merge.
    func scoreNextBatch() throws -> Bool {
        guard lanes.contains(where: { $0.buffered > 0 }), !ledger.isFull else { return false }
        let context = try context()
        // A rebalance may have come while there was no credit.
        context.epoch = epoch
        _ = merge.merge(lanes, limit: context.batch.capacity - context.batch.count, now: clock.nanoseconds) { chunk, rows in
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
            let isMuted = chunk.batch.offsets[row] < lane.start.mutedUntil
            context.frame.dispositions[target] = watermark.disposition(of: target, in: context.batch, isMuted: isMuted)
        }
        context.recordCount = context.batch.count
        if let last = rows.last { stateOffsets[Self.name(lane.start)] = chunk.batch.offsets[last] + 1 }
        if rows.upperBound == chunk.batch.count {
            chunk.removeAll()
            freeChunks.append(chunk)
        }
    }

    static func name(_ start: LaneStart) -> String { "\(start.topic)/\(start.partition)" }
}
