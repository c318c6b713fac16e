import Events

/// Records taken from one lane in one go, decoded by one worker; rows wait here until the merge chooses them.
// SAFETY: one worker decodes a chunk; before and after that it belongs to the engine's thread.
final class DecodedChunk: @unchecked Sendable {
    let batch: EventBatch
    let records: UnsafeMutableBufferPointer<RecordReference>
    var recordCount = 0
    var lane: Int32 = 0
    /// The lane's source.
    var source = 0
    /// Offsets that are not looked at.
    var quarantined: Set<Int64> = []
    /// The first row that the merge has not taken.
    var next = 0
    /// The last row that somebody wants an account of; -1: there is none.
    var lastWanted = -1

    init(_ batch: EventBatch) {
        self.batch = batch
        records = .allocate(capacity: batch.capacity)
    }

    convenience init(plan: ScoringPlan, capacity: Int) { self.init(plan.makeBatch(capacity: capacity)) }

    /// For one source whose events are ordered by their own time.
    convenience init(schema: EventSchema, capacity: Int) {
        self.init(EventBatch(schema: schema, capacity: capacity))
    }

    deinit { records.deallocate() }

    /// The available time that orders a row whose lane has come to `highest`. A fault moves nothing: its time may be absurd.
    @inline(__always)
    func time(of row: Int, highest: Int64) -> Int64 {
        batch.faults[row].code == .none ? max(highest, batch.orderTimes[row]) : highest
    }

    func removeAll() {
        batch.removeAll()
        recordCount = 0
        next = 0
        lastWanted = -1
    }
}
