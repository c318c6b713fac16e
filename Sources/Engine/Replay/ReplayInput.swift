import Events

/// A file of events that a replay reads, in its own order.
public struct ReplayInput {
    /// The place of its source among the plan's; 0 is the one that is scored.
    public var source: Int
    /// By which its events are called where the pipeline has no id field.
    public var name: String
    /// `nil`: NDJSON if the first character is a brace, else CSV.
    public var format: RecordFormat?
    public var bytes: any ByteSource

    public init(source: Int = 0, name: String, format: RecordFormat? = nil, bytes: any ByteSource) {
        self.source = source
        self.name = name
        self.format = format
        self.bytes = bytes
    }
}

/// One input on its way to the merge: a lane whose records come from a file.
final class ReplayLane {
    let lane: Lane
    let reader: ReplayRecordReader
    private(set) var header: UnsafeRawBufferPointer?

    /// - Parameter number: its place among the inputs, which decides ties between files of one source.
    init(_ input: ReplayInput, number: Int, plan: ScoringPlan, settings: ReplaySettings) {
        precondition(plan.sources.indices.contains(input.source), "source \(input.source) of \(plan.sources.count)")
        let start = LaneStart(topic: "", partition: Int32(number), offset: 0, mutedUntil: 0)
        lane = Lane(start: start, source: input.source)
        reader = ReplayRecordReader(
            source: input.bytes, recordBytesMax: plan.decodeLimits.eventBytesMax, bytesMax: settings.inputBytesMax)
    }

    /// Finds the format, and the header of a table, which stays until something is taken.
    func open(_ format: RecordFormat?) throws {
        guard try reader.open(format) == .csv else { return }
        header = try reader.header()
        if header == nil { throw ReplayInputError(input: Int(lane.start.partition), .empty) }
    }
}
