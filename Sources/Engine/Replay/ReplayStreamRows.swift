public import Events
import Features
public import Workers

/// Writes the rows of batches that a `StreamEngine` has scored, as `ReplayEngine` writes those of a file, and counts
/// them.
///
/// Belongs to the engine's thread: call `add` from `StreamObserver.didScore`, with the engine's own pool.
/// Rows come in the order in which they were taken; those that are muted are counted and not written.
public final class ReplayStreamRows {
    private let format: ReplayFormatPhase
    private let header: [UInt8]
    private let pool: WorkerPool
    private let inlineRowsMax: Int
    private let clock: any EngineClock
    private let start: Int64
    /// What was written so far; `late` is known at the end.
    public private(set) var summary = ReplaySummary()
    /// Rows that rebuilt windows and belong to no count of `summary`.
    public private(set) var muted: UInt64 = 0

    /// - Parameters:
    ///   - lanes: in the engine's order; they name the events of a pipeline without an id field.
    ///   - batchRowsMax: the engine's.
    public init(
        plan: ScoringPlan, format: RecordFormat, lanes: [LaneStart], batchRowsMax: Int, pool: WorkerPool,
        inlineRowsMax: Int = ScoringPipeline.inlineRowsMaxDefault, clock: any EngineClock = MonotonicClock()
    ) {
        let writer = ReplayRowWriter(plan, format: format, origin: OriginText(lanes: lanes))
        header = writer.header
        // The slices' own arenas hold the encoded scores, which are still to be sent.
        self.format = ReplayFormatPhase(
            writer: writer, outputs: (0..<BatchContext.sliceCount(batchRowsMax)).map { _ in SliceOutput() })
        self.pool = pool
        self.inlineRowsMax = inlineRowsMax
        self.clock = clock
        start = clock.nanoseconds
    }

    /// Writes what stands before the first row; once, before `add`.
    public func begin(_ sink: any ByteSink) throws {
        try header.withUnsafeBytes { if !$0.isEmpty { try sink.write($0) } }
    }

    /// Writes and counts the rows of one batch.
    ///
    /// - Parameter sink: `nil`: rows are counted and not written.
    /// - Parameter onFault: called in order for each row that cannot be used; its lane is the engine's.
    /// - Throws: what the sink throws. Complexity: O(rows), formatted on the pool.
    public func add(
        _ context: BatchContext, to sink: (any ByteSink)?,
        onFault: (_ lane: Int, _ offset: Int64, _ fault: Fault) -> Void
    ) throws {
        let batch = context.batch
        let mutedBefore = muted
        for row in 0..<batch.count {
            switch context.frame.dispositions[row] {
            case .score: summary.scored += 1
            case .absorbed: summary.absorbed += 1
            case .lateDropped: summary.lateDropped += 1
            case .muted, .mutedFault: muted += 1
            case .fault:
                summary.add(batch.faults[row].code)
                onFault(Int(batch.lanes[row]), batch.offsets[row], batch.faults[row])
            }
        }
        summary.rows += UInt64(batch.count) - (muted - mutedBefore)
        summary.batches += 1
        if let sink, muted - mutedBefore < UInt64(batch.count) { try write(context, to: sink) }
        summary.nanoseconds = clock.nanoseconds - start
    }

    private func write(_ context: BatchContext, to sink: any ByteSink) throws {
        format.context = context
        defer { format.context = nil }
        let slices = BatchContext.sliceCount(context.batch.count)
        pool.run(format, tasks: slices, isInline: context.batch.count <= inlineRowsMax)
        for slice in format.outputs[..<slices] where slice.arena.count > 0 {
            try sink.write(UnsafeRawBufferPointer(start: slice.arena.bytes, count: slice.arena.count))
        }
    }

    /// Finishes the sink; once, behind the last `add`.
    ///
    /// - Parameter stream: what the engine says of the whole run.
    public func end(_ sink: (any ByteSink)?, _ stream: StreamSummary) throws -> ReplaySummary {
        try sink?.finish()
        summary.late = stream.late
        summary.nanoseconds = clock.nanoseconds - start
        return summary
    }
}
