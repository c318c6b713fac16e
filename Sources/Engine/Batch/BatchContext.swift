public import Events
public import Features

/// A batch on its way through the phases, with all its buffers: made once, used for one batch after the other.
// SAFETY: one phase at a time works on a context, on disjoint slices of its rows; contexts change threads through
// queues.
public final class BatchContext: @unchecked Sendable {
    /// Rows of a slice: the unit in which decode, score and encode are shared out, whatever the number of workers.
    public static let sliceRows = 512

    public let batch: EventBatch
    public let frame: FeatureFrame
    /// The records that the rows came from, for keys, headers and dead letters; none where the source is a file.
    let records: UnsafeMutableBufferPointer<RecordReference>
    var recordCount = 0
    /// The record that a row came from, until the batch is sent; `nil` where the source is a file.
    public func record(ofRow row: Int) -> RecordReference? { row < recordCount ? records[row] : nil }
    /// Those that score, encode and send all rows of the batch.
    public internal(set) var models: ModelSet
    /// Row-major model inputs, where they are not simply the frame's features; of one model after the other.
    let modelRows: UnsafeMutablePointer<Double>
    /// From row to row there.
    let modelRowsStride: Int
    public let scores: UnsafeMutablePointer<Double>
    /// The models' own scores where several make up the score: all rows of the first, then all of the next.
    public let modelScores: UnsafeMutablePointer<Double>
    let capacity: Int
    /// The index of the first rule that matched; -1: none did.
    public let decisions: UnsafeMutablePointer<Int16>
    /// Which scores are to come with reasons; of no meaning where the plan asks for none.
    let explanations: UnsafeMutablePointer<ExplanationMark>
    let slices: [SliceOutput]
    /// The assignment in which the rows were taken.
    var epoch: UInt64 = 0
    /// The order in which rows came that no record tells of yet.
    var order = OrderRuns()
    /// Instead of rows: lanes of which everything before an offset is known to hold no record any more.
    var passed: [(lane: Int, offset: Int64)] = []

    init(plan: ScoringPlan, engine: FeatureEngine, capacity: Int) {
        batch = plan.makeBatch(capacity: capacity)
        frame = engine.makeFrame(capacity: capacity)
        records = .allocate(capacity: capacity)
        self.capacity = capacity
        models = plan.models
        modelRowsStride = plan.models.gatheredInputs.map { $0?.count ?? 0 }.max() ?? 0
        modelRows = .allocate(capacity: max(1, capacity * modelRowsStride))
        let modelScoreCount = plan.combination == nil ? 1 : capacity * plan.models.models.count
        modelScores = .allocate(capacity: modelScoreCount)
        modelScores.initialize(repeating: .nan, count: modelScoreCount)
        scores = .allocate(capacity: capacity)
        scores.initialize(repeating: .nan, count: capacity)
        decisions = .allocate(capacity: capacity)
        decisions.initialize(repeating: -1, count: capacity)
        explanations = .allocate(capacity: capacity)
        explanations.initialize(repeating: .none, count: capacity)
        slices = (0..<Self.sliceCount(capacity)).map { _ in SliceOutput() }
    }

    deinit {
        records.deallocate()
        modelRows.deallocate()
        modelScores.deallocate()
        scores.deallocate()
        decisions.deallocate()
        explanations.deallocate()
    }

    /// The scores of one model of several.
    func scores(ofModel index: Int) -> UnsafeMutablePointer<Double> { modelScores + index &* capacity }

    func removeAll() {
        batch.removeAll()
        recordCount = 0
        order.removeAll()
        passed.removeAll(keepingCapacity: true)
    }

    static func sliceCount(_ rows: Int) -> Int { (rows + sliceRows - 1) / sliceRows }

    func rows(ofSlice slice: Int) -> Range<Int> {
        slice &* Self.sliceRows..<min(batch.count, (slice &+ 1) &* Self.sliceRows)
    }

    /// All that is sent for a row; valid until the context is used again.
    func outputRow(_ row: Int) -> OutputRow {
        let disposition = frame.dispositions[row]
        return OutputRow(
            disposition: disposition, lane: Int(batch.lanes[row]), source: Int(batch.sources[row]),
            offset: batch.offsets[row], fault: batch.faults[row], record: records[row],
            value: disposition == .score ? output(row) : UnsafeRawBufferPointer(start: nil, count: 0))
    }

    /// The encoded score of a row; empty where the row has none.
    func output(_ row: Int) -> UnsafeRawBufferPointer {
        let slice = slices[row / Self.sliceRows]
        let index = row % Self.sliceRows
        return UnsafeRawBufferPointer(
            start: slice.arena.bytes + Int(slice.starts[index]),
            count: Int(slice.starts[index + 1] - slice.starts[index]))
    }
}

/// The encoded scores of one slice: written by one worker.
final class SliceOutput {
    var arena = ByteArena(capacity: 64)
    /// Where each row's record begins; one more than there are rows.
    let starts: UnsafeMutablePointer<UInt32>

    init() {
        starts = .allocate(capacity: BatchContext.sliceRows + 1)
        starts.initialize(repeating: 0, count: BatchContext.sliceRows + 1)
    }

    deinit { starts.deallocate() }
}
