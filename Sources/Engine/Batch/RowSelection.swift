public import Events
public import Features

/// Which of the events that are scored someone wants to see; the others fill windows all the same, so that a row is what
/// it would be among all.
public struct RowSelection: Sendable {
    /// The first event time that is in.
    public var from: EventTime?
    /// The first event time that is not.
    public var before: EventTime?
    public var keys: KeySample?
    /// A field that has to be present.
    public var present: FieldIndex?
    /// Ids of which a field has to hold one.
    public var ids: (field: FieldIndex, ids: EventIDs)?

    public init(
        from: EventTime? = nil, before: EventTime? = nil, keys: KeySample? = nil, present: FieldIndex? = nil
    ) {
        self.from = from
        self.before = before
        self.keys = keys
        self.present = present
    }

    /// Whether everything is in.
    public var isAll: Bool { from == nil && before == nil && keys == nil && present == nil && ids == nil }

    /// Complexity: O(bytes of the key).
    func includes(_ row: Int, of batch: EventBatch) -> Bool {
        let time = batch.eventTimes[row]
        if let from, time < from.microseconds { return false }
        if let before, time >= before.microseconds { return false }
        if let present, batch.presence[present.rawValue][row] != Presence.present { return false }
        if let ids, !ids.ids.contains(ids.field, row, of: batch) { return false }
        return keys?.includes(row, of: batch) ?? true
    }
}
