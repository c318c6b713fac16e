extension EventBatch {
    /// Appends a copy of a row of another batch with the same fields: values, times, fault, and strings in this batch's
    /// store.
    ///
    /// The merge calls this once per event; there has to be room (`count < capacity`), and `other` is not this batch.
    /// Complexity: O(fields + bytes of its strings), no allocation after warm-up.
    public func append(row: Int, of other: EventBatch) {
        let to = count
        precondition(to < capacity, "the batch is full at \(capacity) rows")
        precondition(row >= 0 && row < other.count, "row \(row) of \(other.count)")
        precondition(other !== self, "a row of the batch itself")
        precondition(fieldCount == other.fieldCount, "\(other.fieldCount) fields into \(fieldCount)")
        count = to + 1
        eventTimes[to] = other.eventTimes[row]
        if hasOrderTimes { orderTimes[to] = other.orderTimes[row] }
        recordTimes[to] = other.recordTimes[row]
        offsets[to] = other.offsets[row]
        lanes[to] = other.lanes[row]
        sources[to] = other.sources[row]
        let fault = other.faults[row]
        faults[to] = fault
        let (toWords, toPresence) = (wordColumns, presenceColumns)
        let (fromWords, fromPresence) = (other.wordColumns, other.presenceColumns)
        for field in 0..<fieldCount {
            toWords[field][to] = fromWords[field][row]
            toPresence[field][to] = fromPresence[field][row]
        }
        if fault.code != .none { return }
        for field in stringFields where fromPresence[field][row] == Presence.present {
            toWords[field][to] = appendString(fromWords[field][row], of: other)
        }
    }
}
