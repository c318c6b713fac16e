public import Events
import Features
public import Workers

/// Why a replay cannot read its input as a table; an error of the file, found before any row.
public enum ReplayInputError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A CSV file without even a header.
    case empty
    case header(CSVHeaderError)

    public var description: String {
        switch self {
        case .empty: "the input is empty: a CSV file begins with a header"
        case .header(let error): "\(error)"
        }
    }
}

/// Runs the events of a file through the phases that score live ones, and writes a row for each.
///
/// ```
///  read ─▶ split ─▶ decode ─▶ gather ─▶ features ─▶ score ─▶ format ─▶ write
///                   slices              shards      slices   slices
/// ```
///
/// The file's order is the merge order. An engine is for one run: its state begins empty. Memory is bounded by settings
/// and limits of the plan, whatever the file; nothing is allocated per event after warm-up.
public final class ReplayEngine {
    private let plan: ScoringPlan
    private let settings: ReplaySettings
    private let inputFormat: RecordFormat?
    private let clock: any EngineClock
    private let pipeline: ScoringPipeline
    private let context: BatchContext
    private let format: ReplayFormatPhase
    private let header: [UInt8]
    private var watermark: Watermark
    private var summary = ReplaySummary()

    /// - Parameters:
    ///   - inputFormat: `nil`: NDJSON if the first character is a brace, else CSV.
    ///   - file: the input's name, by which events are called where the pipeline has no id field.
    public init(
        plan: ScoringPlan, inputFormat: RecordFormat?, outputFormat: RecordFormat, file: String, pool: WorkerPool,
        settings: ReplaySettings = ReplaySettings(), clock: any EngineClock = MonotonicClock()
    ) {
        precondition(settings.batchRowsMax > 0, "batches of \(settings.batchRowsMax) rows")
        self.plan = plan
        self.settings = settings
        self.inputFormat = inputFormat
        self.clock = clock
        pipeline = ScoringPipeline(plan: plan, pool: pool, inlineRowsMax: settings.inlineRowsMax, clock: clock)
        context = pipeline.makeContext(capacity: settings.batchRowsMax)
        let writer = ReplayRowWriter(plan, format: outputFormat, file: file)
        header = writer.header
        format = ReplayFormatPhase(writer: writer, outputs: context.slices)
        watermark = Watermark(policy: plan.late)
    }

    /// The columns that a plan's rows have; names that stand there twice would make a file that cannot be read back.
    public static func columns(of plan: ScoringPlan) -> [String] { ReplayRowWriter.columns(of: plan) }

    /// Reads all of `source`, and returns when `sink` has finished.
    ///
    /// - Throws: `ReplayInputError`, or what source and sink throw; rows that cannot be used are counted and left out
    ///   instead.
    public func run(
        from source: any ByteSource, to sink: any ByteSink, observer: (any ReplayObserver)? = nil
    ) throws -> ReplaySummary {
        let start = clock.nanoseconds
        let reader = ReplayRecordReader(
            source: source, recordBytesMax: plan.decodeLimits.eventBytesMax, bytesMax: settings.inputBytesMax)
        let decode = try open(reader)
        try header.withUnsafeBytes { if !$0.isEmpty { try sink.write($0) } }
        var time = clock.nanoseconds
        summary.times.read += time - start
        while true {
            let taken = take(from: reader, into: decode)
            time = lap(&summary.times.split, since: time)
            if taken == 0 {
                if reader.isAtEnd { break }
                try reader.refill()
                time = lap(&summary.times.read, since: time)
                continue
            }
            let chunks = (taken + BatchContext.sliceRows - 1) / BatchContext.sliceRows
            pipeline.pool.run(decode, tasks: chunks, isInline: taken <= settings.inlineRowsMax)
            time = lap(&summary.times.decode, since: time)
            gather(decode.chunks[..<chunks], observer: observer)
            time = lap(&summary.times.gather, since: time)
            pipeline.process(context)
            time = clock.nanoseconds
            format.context = context
            let slices = BatchContext.sliceCount(context.batch.count)
            pipeline.pool.run(format, tasks: slices, isInline: taken <= settings.inlineRowsMax)
            time = lap(&summary.times.format, since: time)
            for slice in context.slices[..<slices] where slice.arena.count > 0 {
                try sink.write(UnsafeRawBufferPointer(start: slice.arena.bytes, count: slice.arena.count))
            }
            time = lap(&summary.times.write, since: time)
            summary.nanoseconds = time - start
            observer?.replayDidScore(context, summary)
            time = clock.nanoseconds
        }
        try sink.finish()
        time = lap(&summary.times.write, since: time)
        summary.times.features = pipeline.times.features
        summary.times.score = pipeline.times.score
        summary.nanoseconds = time - start
        return summary
    }

    private func open(_ reader: ReplayRecordReader) throws -> ReplayDecodePhase {
        let found = try reader.open(inputFormat)
        var header: UnsafeRawBufferPointer?
        if found == .csv {
            header = try reader.header()
            if header == nil { throw ReplayInputError.empty }
        }
        do {
            return try ReplayDecodePhase(
                plan: plan, header: header, workerCount: pipeline.pool.workerCount,
                chunkCount: BatchContext.sliceCount(settings.batchRowsMax))
        } catch {
            throw ReplayInputError.header(error)
        }
    }

    /// Fills one chunk after the other, as far as whole records are at hand; returns how many rows they hold.
    private func take(from reader: ReplayRecordReader, into decode: ReplayDecodePhase) -> Int {
        var taken = 0
        for chunk in decode.chunks {
            let room = min(chunk.records.count, settings.batchRowsMax - taken)
            chunk.removeAll()
            chunk.recordCount = reader.take(into: UnsafeMutableBufferPointer(rebasing: chunk.records[..<room]))
            taken += chunk.recordCount
            if chunk.recordCount < room { break }
        }
        return taken
    }

    private func gather(_ chunks: ArraySlice<DecodedChunk>, observer: (any ReplayObserver)?) {
        context.removeAll()
        let batch = context.batch
        for chunk in chunks {
            for row in 0..<chunk.batch.count {
                let target = batch.count
                batch.append(row: row, of: chunk.batch)
                let disposition = watermark.disposition(of: target, in: batch, isMuted: false)
                context.frame.dispositions[target] = disposition
                switch disposition {
                case .score: summary.scored += 1
                case .lateDropped: summary.lateDropped += 1
                case .fault:
                    summary.add(batch.faults[target].code)
                    observer?.replayDidFind(ReplayFault(line: batch.offsets[target], fault: batch.faults[target]))
                case .muted, .mutedFault: preconditionFailure("row \(target) of a file is \(disposition)")
                }
            }
        }
        summary.rows += UInt64(batch.count)
        summary.late = watermark.lateCount
        summary.batches += 1
    }

    private func lap(_ total: inout Int64, since start: Int64) -> Int64 {
        let now = clock.nanoseconds
        total += now - start
        return now
    }
}
