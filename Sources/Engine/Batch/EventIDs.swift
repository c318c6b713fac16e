public import Events

/// A set of event ids: numbers as they are, texts by a hash of 64 bits with a seed of its own.
public struct EventIDs: Sendable {
    private var ids: Set<Int64> = []

    public init() {}

    public var count: Int { ids.count }

    mutating func insert(_ field: FieldIndex, _ row: Int, of batch: EventBatch) {
        if let id = Self.id(field, row, of: batch) { ids.insert(id) }
    }

    func contains(_ field: FieldIndex, _ row: Int, of batch: EventBatch) -> Bool {
        Self.id(field, row, of: batch).map { ids.contains($0) } ?? false
    }

    /// What stands for the id in a field; `nil` where there is none. Complexity: O(bytes).
    public static func id(_ field: FieldIndex, _ row: Int, of batch: EventBatch) -> Int64? {
        guard batch.presence[field.rawValue][row] == Presence.present else { return nil }
        if batch.schema.fields[field.rawValue].type != .string { return batch.words[field.rawValue][row] }
        var hasher = Hasher()
        hasher.combine(bytes: UnsafeRawBufferPointer(batch.string(field, row: row)))
        return Int64(hasher.finalize())
    }
}

extension EventIDs {
    /// Adds what a field of a file's events holds; events that cannot be used are passed over.
    ///
    /// Complexity: O(bytes); memory for the ids and a bounded piece of the file.
    public mutating func read(
        _ field: FieldIndex, of input: ReplayInput, plan: ScoringPlan, settings: ReplaySettings = ReplaySettings()
    ) throws {
        let file = ReplayLane(input, number: 0, plan: plan, settings: settings)
        try file.open(input.format)
        let decode = try ReplayDecodePhase(plan: plan, inputs: [file], present: settings.present, workerCount: 1)
        let chunk = DecodedChunk(plan: plan, capacity: BatchContext.sliceRows)
        decode.chunks = [chunk]
        while true {
            chunk.removeAll()
            chunk.recordCount = file.reader.take(into: chunk.records)
            if chunk.recordCount == 0 {
                if file.reader.isAtEnd { return }
                try file.reader.refill()
                continue
            }
            decode.perform(task: 0, worker: 0)
            for row in 0..<chunk.batch.count { insert(field, row, of: chunk.batch) }
        }
    }
}
