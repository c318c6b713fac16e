public import Events

/// Where a source's labels are in its events.
public struct LabelColumns: Hashable, Sendable {
    public let schema: EventSchema
    /// Since when a label is known: the time of its record, or that of a field.
    public let available: TimeOrigin
    /// The id of the event that a label is about, string or int; and what the event was, bool or int.
    public let id: FieldIndex
    public let positive: FieldIndex

    /// - Parameter available: `nil`: the time of the event that the label is in.
    public init(schema: EventSchema, available: TimeOrigin? = nil, id: FieldIndex, positive: FieldIndex) {
        self.schema = schema
        self.available = available ?? schema.time
        self.id = id
        self.positive = positive
    }

    func makeBatch(capacity: Int) -> EventBatch {
        EventBatch(schema: schema, capacity: capacity, hasOrderTimes: available != schema.time)
    }

    /// What a label says; `nil`: neither yes nor no.
    func answer(_ row: Int, of batch: EventBatch) -> Bool? {
        guard batch.presence[positive.rawValue][row] == Presence.present else { return nil }
        let word = batch.words[positive.rawValue][row]
        return word == 0 ? false : word == 1 ? true : nil
    }
}

extension EventBatch {
    /// An id as score records write it: text, whatever its type. `nil`: there is none.
    func identity(_ column: FieldIndex, row: Int) -> [UInt8]? {
        guard presence[column.rawValue][row] == Presence.present else { return nil }
        if schema.fields[column.rawValue].type == .string { return Array(string(column, row: row)) }
        return Array("\(words[column.rawValue][row])".utf8)
    }

    /// A string or an int as a key; `nil`: there is none.
    func labelKey(_ column: FieldIndex, row: Int) -> LabelKey? {
        guard presence[column.rawValue][row] == Presence.present else { return nil }
        if schema.fields[column.rawValue].type == .string {
            return LabelKey(UnsafeRawBufferPointer(string(column, row: row)))
        }
        return LabelKey(words[column.rawValue][row])
    }
}
