import Events
import Workers

/// Decodes records of a file, a task a chunk; a decoder a worker, since decoders hold buffers.
final class ReplayDecodePhase: ParallelPhase {
    private enum Decoders {
        case json([JSONEventDecoder])
        case csv([CSVEventDecoder])
    }

    let chunks: [DecodedChunk]
    private let decoders: Decoders

    /// - Parameter header: the columns of a table; `nil` where the records are JSON objects.
    init(
        plan: ScoringPlan, header: UnsafeRawBufferPointer?, workerCount: Int, chunkCount: Int
    ) throws(CSVHeaderError) {
        chunks = (0..<chunkCount).map { _ in DecodedChunk(schema: plan.schema, capacity: BatchContext.sliceRows) }
        guard let header else {
            decoders = .json(
                (0..<workerCount).map { _ in JSONEventDecoder(schema: plan.schema, limits: plan.decodeLimits) })
            return
        }
        var tables: [CSVEventDecoder] = []
        for _ in 0..<workerCount {
            tables.append(try CSVEventDecoder(schema: plan.schema, limits: plan.decodeLimits, header: header))
        }
        decoders = .csv(tables)
    }

    func perform(task: Int, worker: Int) {
        let chunk = chunks[task]
        switch decoders {
        case .json(let decoders):
            let decoder = decoders[worker]
            for index in 0..<chunk.recordCount {
                let record = chunk.records[index]
                decoder.decode(
                    value: UnsafeRawBufferPointer(start: record.value, count: record.valueCount),
                    recordTime: record.timestamp, offset: record.offset, lane: 0, into: chunk.batch)
            }
        case .csv(let decoders):
            let decoder = decoders[worker]
            for index in 0..<chunk.recordCount {
                let record = chunk.records[index]
                decoder.decode(
                    record: UnsafeRawBufferPointer(start: record.value, count: record.valueCount),
                    recordTime: record.timestamp, offset: record.offset, lane: 0, into: chunk.batch)
            }
        }
    }
}
