import Events
import Features
public import Workers

/// Runs events from memory through the phases that `run` uses, without a broker, and measures each.
///
/// ```
///  memory ─▶ decode ─▶ gather ─▶ features ─▶ score ─▶ encode ─▶ hash (not measured)
/// ```
///
/// Buffers are kept from pass to pass, so that a later pass is a warm one.
public final class PhaseMeasurement {
    private let plan: ScoringPlan
    private let batchRowsMax: Int
    private let inlineRowsMax: Int
    private let clock: any EngineClock
    private let processorClock: (any EngineClock)?
    private let pipeline: ScoringPipeline
    private let context: BatchContext
    private let decode: DecodePhase
    private var watermark: Watermark
    private var pass = MeasuredPass()
    private var hash = ScoreHash()

    /// - Parameters:
    ///   - inlineRowsMax: batches up to this many rows run on the calling thread alone.
    ///   - processorClock: time that the process computes, all threads together; `nil`: it is not measured.
    public init(
        plan: ScoringPlan, pool: WorkerPool, batchRowsMax: Int = StreamSettings().batchRowsMax,
        inlineRowsMax: Int = ScoringPipeline.inlineRowsMaxDefault, clock: any EngineClock = MonotonicClock(),
        processorClock: (any EngineClock)? = nil
    ) {
        precondition(batchRowsMax > 0, "batches of \(batchRowsMax) rows")
        self.plan = plan
        self.batchRowsMax = batchRowsMax
        self.inlineRowsMax = inlineRowsMax
        self.clock = clock
        self.processorClock = processorClock
        pipeline = ScoringPipeline(plan: plan, pool: pool, inlineRowsMax: inlineRowsMax, clock: clock)
        context = pipeline.makeContext(capacity: batchRowsMax)
        decode = DecodePhase(plan: plan, workerCount: pool.workerCount)
        decode.chunks = (0..<BatchContext.sliceCount(batchRowsMax)).map { _ in
            DecodedChunk(plan: plan, capacity: BatchContext.sliceRows)
        }
        watermark = Watermark(policy: plan.late)
    }

    /// One pass over all events, from empty state. Complexity: O(events), nothing allocated per event once warm.
    ///
    /// - Parameter origin: names events in their scores where the pipeline has no id field.
    public func measure(_ events: MemoryEvents, origin: String) -> MeasuredPass {
        pipeline.removeState()
        watermark = Watermark(policy: plan.late)
        pass = MeasuredPass()
        hash = ScoreHash()
        let text = OriginText(file: origin)
        let before = pipeline.times
        events.bytes.withUnsafeBytes { bytes in
            for start in stride(from: 0, to: events.count, by: batchRowsMax) {
                let batch = start..<min(events.count, start + batchRowsMax)
                let processorStart = processorClock?.nanoseconds ?? 0
                let wholeStart = clock.nanoseconds
                fill(events.places, batch, of: bytes)
                process(rowCount: batch.count, origin: text)
                pass.whole += clock.nanoseconds - wholeStart
                pass.processor += (processorClock?.nanoseconds ?? 0) - processorStart
                readScores()
            }
        }
        pass.features = pipeline.times.features - before.features
        pass.score = pipeline.times.score - before.score
        pass.encode = pipeline.times.encode - before.encode
        pass.scoreHash = hash.value
        return pass
    }

    /// Points the chunks' records at their bytes, as a consumer's queue would.
    private func fill(_ places: [Range<Int>], _ batch: Range<Int>, of bytes: UnsafeRawBufferPointer) {
        guard let base = bytes.baseAddress else { return }
        var next = batch.lowerBound
        for chunk in decode.chunks {
            chunk.removeAll()
            while next < batch.upperBound, chunk.recordCount < BatchContext.sliceRows {
                chunk.records[chunk.recordCount] = RecordReference(
                    key: nil, keyCount: 0, value: base + places[next].lowerBound, valueCount: places[next].count,
                    offset: Int64(next + 1), timestamp: .min, handle: nil)
                chunk.recordCount += 1
                next += 1
            }
        }
    }

    private func process(rowCount: Int, origin: OriginText) {
        let start = clock.nanoseconds
        let chunks = BatchContext.sliceCount(rowCount)
        pipeline.pool.run(decode, tasks: chunks, isInline: rowCount <= inlineRowsMax)
        let decoded = clock.nanoseconds
        gather(decode.chunks[..<chunks])
        let gathered = clock.nanoseconds
        pass.decode += decoded - start
        pass.gather += gathered - decoded
        pipeline.process(context, origin: origin)
    }

    private func gather(_ chunks: ArraySlice<DecodedChunk>) {
        context.removeAll()
        let batch = context.batch
        for chunk in chunks {
            for row in 0..<chunk.batch.count {
                let target = batch.count
                batch.append(row: row, of: chunk.batch)
                context.frame.dispositions[target] = watermark.disposition(of: target, in: batch, isMuted: false)
            }
        }
    }

    /// Counts what came out and hashes every byte of it, so that none of the work can be left out unseen.
    private func readScores() {
        let batch = context.batch
        pass.events += UInt64(batch.count)
        for row in 0..<batch.count {
            switch context.frame.dispositions[row] {
            case .score:
                let record = context.output(row)
                precondition(!record.isEmpty, "row \(row) is scored and has no record")
                pass.scored += 1
                pass.scoreBytes += UInt64(record.count)
                hash.add(record)
            case .fault: pass.faults += 1
            case .lateDropped: pass.lateDropped += 1
            case .absorbed, .muted, .mutedFault:
                preconditionFailure("row \(row) is \(context.frame.dispositions[row]), and nothing asked for that")
            }
        }
    }
}
