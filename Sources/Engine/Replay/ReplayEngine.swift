public import Events
import Features
public import Workers

/// Why a replay cannot read an input as a table; an error of the file, found before any row.
public struct ReplayInputError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Reason: Hashable, Sendable {
        /// A CSV file without even a header.
        case empty
        case header(CSVHeaderError)
    }

    /// The place of the file among the inputs.
    public let input: Int
    public let reason: Reason

    public init(input: Int = 0, _ reason: Reason) {
        self.input = input
        self.reason = reason
    }

    public var description: String {
        switch reason {
        case .empty: "the input is empty: a CSV file begins with a header"
        case .header(let error): "\(error)"
        }
    }
}

/// Runs the events of files through the phases that score live ones, and writes a row for each that is scored.
///
/// ```
///  read ─▶ split ─▶ decode ─▶ merge ─▶ features ─▶ score ─▶ format ─▶ write
///                   slices             shards      slices   slices
/// ```
///
/// A file's order is its own; several are merged as partitions are, by the highest available time so far in the file. An
/// engine is for one run: its state begins empty. Memory is bounded by settings and limits of the plan, whatever the
/// files; nothing is allocated per event after warm-up.
public final class ReplayEngine {
    private let plan: ScoringPlan
    private let settings: ReplaySettings
    private let clock: any EngineClock
    private let pipeline: ScoringPipeline
    private let context: BatchContext
    private let format: ReplayFormatPhase
    private let header: [UInt8]
    private let inputs: [ReplayInput]
    private let files: [ReplayLane]
    /// In the order that decides ties.
    private let lanes: [Lane]
    private var freeChunks: [DecodedChunk] = []
    /// Files are waited for as long as they take.
    private var merge = LaneMerge(waitNanoseconds: .max)
    private var watermark: Watermark
    private var lateness = ReplayLateness()
    private var summary = ReplaySummary()
    private let accountant: EventAccountant?
    private let origin: OriginText
    /// Of the inputs that are tables, for the accountant.
    private var headers: [[UInt8]?] = []

    /// - Parameters:
    ///   - inputs: at least one; none of them read yet.
    ///   - accountant: who wants to know of single events; the plan is then the accountant's.
    public init(
        plan: ScoringPlan, inputs: [ReplayInput], outputFormat: RecordFormat, pool: WorkerPool,
        settings: ReplaySettings = ReplaySettings(), accountant: EventAccountant? = nil,
        clock: any EngineClock = MonotonicClock()
    ) {
        precondition(settings.batchRowsMax > 0, "batches of \(settings.batchRowsMax) rows")
        precondition(!inputs.isEmpty, "a replay of nothing")
        self.plan = plan
        self.settings = settings
        self.clock = clock
        self.inputs = inputs
        pipeline = ScoringPipeline(plan: plan, pool: pool, inlineRowsMax: settings.inlineRowsMax, clock: clock)
        context = pipeline.makeContext(capacity: settings.batchRowsMax)
        self.accountant = accountant
        origin = OriginText(files: inputs.map(\.name))
        let writer = ReplayRowWriter(plan, format: outputFormat, origin: origin)
        header = writer.header
        format = ReplayFormatPhase(writer: writer, outputs: context.slices)
        watermark = Watermark(plan.sources)
        files = inputs.enumerated().map { ReplayLane($1, number: $0, plan: plan, settings: settings) }
        lanes = Lane.inTieOrder(files.map(\.lane), of: plan)
    }

    /// The columns that a plan's rows have; names that stand there twice would make a file that cannot be read back.
    public static func columns(of plan: ScoringPlan) -> [String] { ReplayRowWriter.columns(of: plan) }

    /// Reads all inputs, and returns when `sink` has finished.
    ///
    /// - Parameter sink: `nil`: rows are computed for the observer and not written.
    /// - Throws: `ReplayInputError`, or what inputs and sink throw; rows that cannot be used are counted and left out
    ///   instead.
    public func run(to sink: (any ByteSink)?, observer: (any ReplayObserver)? = nil) throws -> ReplaySummary {
        let start = clock.nanoseconds
        let decode = try open()
        try header.withUnsafeBytes { if !$0.isEmpty { try sink?.write($0) } }
        _ = lap(&summary.times.read, since: start)
        while true {
            context.removeAll()
            repeat {
                if try !take(into: decode) && lanes.allSatisfy({ !$0.hasNext }) { break }
                gather(observer: observer)
                // What comes by a pipe is not kept waiting for more.
            } while files.count > 1 && context.batch.count < rowsMax
            if context.batch.count == 0 { break }
            summary.rows += UInt64(context.batch.count)
            summary.late = watermark.lateCount
            summary.lateCause = lateness.cause
            summary.batches += 1
            process()
            if let sink { try write(to: sink) }
            summary.nanoseconds = clock.nanoseconds - start
            observer?.replayDidScore(context, summary)
        }
        let time = clock.nanoseconds
        try sink?.finish()
        _ = lap(&summary.times.write, since: time)
        summary.times.features = pipeline.times.features
        summary.times.score = pipeline.times.score
        summary.nanoseconds = clock.nanoseconds - start
        return summary
    }

    private func process() {
        guard let accountant, accountant.isExpecting else { return pipeline.process(context) }
        pipeline.process(context, origin: origin)
        accountant.finish(context, pipeline.features)
    }

    /// How many rows a batch may have now: one at a time while an event is near of which somebody wants an account.
    private var rowsMax: Int {
        guard let accountant else { return settings.batchRowsMax }
        // It is in the batch, and nothing comes behind it.
        if accountant.isExpecting { return 1 }
        let isNear = lanes.contains { lane in lane.chunks.contains { $0.lastWanted >= $0.next } }
        return isNear ? 1 : settings.batchRowsMax
    }

    private func open() throws -> ReplayDecodePhase {
        for (file, input) in zip(files, inputs) { try file.open(input.format) }
        // What a reader holds of a header moves when it reads on.
        if accountant != nil { headers = files.map { $0.header.map { Array($0) } } }
        return try ReplayDecodePhase(
            plan: plan, inputs: files, present: settings.present, workerCount: pipeline.pool.workerCount)
    }

    // MARK: - From bytes to a batch

    /// Takes and decodes what is at hand of every file of which less than a batch is waiting; of each that has more to
    /// come at least one row. False: there was nothing to take.
    private func take(into decode: ReplayDecodePhase) throws -> Bool {
        var time = clock.nanoseconds
        decode.chunks.removeAll(keepingCapacity: true)
        var taken = 0
        for number in files.indices {
            let lane = files[number].lane
            while !lane.isAtEnd && lane.buffered < settings.batchRowsMax {
                let count = takeChunk(number, into: decode)
                taken += count
                if count > 0 { continue }
                // What was taken of the file points into what a refill moves.
                if lane.buffered > 0 { break }
                time = lap(&summary.times.split, since: time)
                try files[number].reader.refill()
                lane.isAtEnd = files[number].reader.isAtEnd
                time = lap(&summary.times.read, since: time)
            }
        }
        time = lap(&summary.times.split, since: time)
        if taken == 0 { return false }
        pipeline.pool.run(decode, tasks: decode.chunks.count, isInline: taken <= settings.inlineRowsMax)
        if let accountant {
            for chunk in decode.chunks {
                chunk.lastWanted = accountant.lastWanted(in: chunk, header: headers[Int(chunk.lane)])
            }
        }
        _ = lap(&summary.times.decode, since: time)
        return true
    }

    private func takeChunk(_ number: Int, into decode: ReplayDecodePhase) -> Int {
        let lane = files[number].lane
        let chunk = freeChunks.popLast() ?? DecodedChunk(plan: plan, capacity: BatchContext.sliceRows)
        chunk.removeAll()
        chunk.lane = Int32(number)
        let room = min(chunk.records.count, settings.batchRowsMax - lane.buffered)
        chunk.recordCount = files[number].reader.take(
            into: UnsafeMutableBufferPointer(rebasing: chunk.records[..<room]))
        if chunk.recordCount == 0 {
            freeChunks.append(chunk)
            return 0
        }
        lane.chunks.append(chunk)
        lane.buffered += chunk.recordCount
        decode.chunks.append(chunk)
        return chunk.recordCount
    }

    private func gather(observer: (any ReplayObserver)?) {
        let time = clock.nanoseconds
        let room = rowsMax - context.batch.count
        if room <= 0 { return }
        _ = merge.merge(lanes, limit: room, now: 0) { chunk, rows in
            append(rows, of: chunk, observer: observer)
            if chunk.next == chunk.batch.count { freeChunks.append(chunk) }
        }
        _ = lap(&summary.times.gather, since: time)
    }

    private func append(_ rows: Range<Int>, of chunk: DecodedChunk, observer: (any ReplayObserver)?) {
        let batch = context.batch
        let lateBefore = watermark.lateCount
        // Near an event that is to be accounted for rows come one at a time.
        if let accountant, rows.count == 1 {
            accountant.begin(rows.lowerBound, of: chunk, watermark: watermark.time, header: headers[Int(chunk.lane)])
        }
        defer { accountant?.judged(isLate: watermark.lateCount > lateBefore) }
        for row in rows {
            let target = batch.count
            batch.append(row: row, of: chunk.batch)
            var disposition = judge(target, batch)
            if disposition == .score, let selection = settings.selection, !selection.includes(target, of: batch) {
                disposition = .muted
            }
            context.frame.dispositions[target] = disposition
            switch disposition {
            case .score: summary.scored += 1
            case .absorbed: summary.absorbed += 1
            case .muted: summary.muted += 1
            case .lateDropped: summary.lateDropped += 1
            case .fault:
                summary.add(batch.faults[target].code)
                observer?.replayDidFind(
                    ReplayFault(input: Int(chunk.lane), line: batch.offsets[target], fault: batch.faults[target]))
            case .mutedFault: preconditionFailure("row \(target) of a file is \(disposition)")
            }
        }
    }

    /// What becomes of a row, and what it does to those behind it.
    @inline(__always)
    private func judge(_ row: Int, _ batch: EventBatch) -> RowDisposition {
        let (time, late) = (watermark.time, watermark.lateCount)
        let disposition = watermark.disposition(of: row, in: batch, isMuted: false)
        if watermark.lateCount > late {
            lateness.addLate()
        } else if batch.faults[row].code == .none {
            if watermark.time > time {
                lateness.raise(to: watermark.time, input: Int(batch.lanes[row]), line: batch.offsets[row])
            }
            if batch.sources[row] == 0 { summary.addTime(batch.eventTimes[row]) }
        }
        return disposition
    }

    // MARK: - From a batch to bytes

    private func write(to sink: any ByteSink) throws {
        var time = clock.nanoseconds
        format.context = context
        let rows = context.batch.count
        let slices = BatchContext.sliceCount(rows)
        pipeline.pool.run(format, tasks: slices, isInline: rows <= settings.inlineRowsMax)
        time = lap(&summary.times.format, since: time)
        for slice in context.slices[..<slices] where slice.arena.count > 0 {
            try sink.write(UnsafeRawBufferPointer(start: slice.arena.bytes, count: slice.arena.count))
        }
        _ = lap(&summary.times.write, since: time)
    }

    private func lap(_ total: inout Int64, since start: Int64) -> Int64 {
        let now = clock.nanoseconds
        total += now - start
        return now
    }
}
