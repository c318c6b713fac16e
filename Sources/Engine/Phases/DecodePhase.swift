import Events
import Workers

/// Decodes what is new in chunks of records, a task a chunk; a decoder a worker and source, since decoders hold buffers.
final class DecodePhase: ParallelPhase {
    /// `decoders[worker * sourceCount + source]`.
    private let decoders: [JSONEventDecoder]
    private let sourceCount: Int
    var chunks: [DecodedChunk] = []

    init(plan: ScoringPlan, workerCount: Int) {
        sourceCount = plan.sources.count
        decoders = (0..<workerCount).flatMap { _ in
            plan.sources.indices.map { JSONEventDecoder(source: $0, of: plan.sources, limits: plan.decodeLimits) }
        }
        chunks.reserveCapacity(64)
    }

    func removeAll() { chunks.removeAll(keepingCapacity: true) }

    func perform(task: Int, worker: Int) {
        let chunk = chunks[task]
        let decoder = decoders[worker &* sourceCount &+ chunk.source]
        for index in chunk.batch.count..<chunk.recordCount {
            let record = chunk.records[index]
            if !chunk.quarantined.isEmpty && chunk.quarantined.contains(record.offset) {
                decoder.refuse(
                    .quarantined, recordTime: record.timestamp, offset: record.offset, lane: chunk.lane,
                    into: chunk.batch)
                continue
            }
            decoder.decode(
                value: record.value.map { UnsafeRawBufferPointer(start: $0, count: record.valueCount) },
                recordTime: record.timestamp, offset: record.offset, lane: chunk.lane, into: chunk.batch)
        }
    }
}
