import Events
import Workers

/// Decodes records of files, a task a chunk; a decoder a worker and input, since decoders hold buffers.
final class ReplayDecodePhase: ParallelPhase {
    private enum Decoders {
        case json([JSONEventDecoder])
        case csv([CSVEventDecoder])
    }

    /// What is decoded by the next run; a chunk's lane is its input.
    var chunks: [DecodedChunk] = []
    /// By input.
    private let decoders: [Decoders]

    /// - Parameters:
    ///   - inputs: opened, with nothing taken yet.
    ///   - present: what events are held against where their source sets `ahead`; `nil`: nothing.
    init(
        plan: ScoringPlan, inputs: [ReplayLane], present: EventTime?, workerCount: Int
    ) throws(ReplayInputError) {
        var limits = plan.decodeLimits
        limits.presentMicroseconds = present?.microseconds
        var decoders: [Decoders] = []
        for input in inputs {
            let source = input.lane.source
            guard let header = input.header else {
                decoders.append(
                    .json(
                        (0..<workerCount).map { _ in
                            JSONEventDecoder(source: source, of: plan.sources, limits: limits)
                        }))
                continue
            }
            var tables: [CSVEventDecoder] = []
            do {
                for _ in 0..<workerCount {
                    tables.append(
                        try CSVEventDecoder(
                            source: source, of: plan.sources, limits: limits, header: header))
                }
            } catch {
                throw ReplayInputError(input: Int(input.lane.start.partition), .header(error))
            }
            decoders.append(.csv(tables))
        }
        self.decoders = decoders
    }

    func perform(task: Int, worker: Int) {
        let chunk = chunks[task]
        let lane = chunk.lane
        switch decoders[Int(lane)] {
        case .json(let decoders):
            let decoder = decoders[worker]
            for index in 0..<chunk.recordCount {
                let record = chunk.records[index]
                decoder.decode(
                    value: UnsafeRawBufferPointer(start: record.value, count: record.valueCount),
                    recordTime: record.timestamp, offset: record.offset, lane: lane, into: chunk.batch)
            }
        case .csv(let decoders):
            let decoder = decoders[worker]
            for index in 0..<chunk.recordCount {
                let record = chunk.records[index]
                decoder.decode(
                    record: UnsafeRawBufferPointer(start: record.value, count: record.valueCount),
                    recordTime: record.timestamp, offset: record.offset, lane: lane, into: chunk.batch)
            }
        }
    }
}
