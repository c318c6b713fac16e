/// A checked source: a topic, what its events hold, and where their fields stand in a batch.
///
/// A batch holds the events of all sources: its schema is the union of theirs (`union(of:)`), the scored source's fields
/// first, then those of the others in the order of the sources. A row fills its own source's columns; in the others it
/// is absent.
public struct SourcePlan: Hashable, Sendable {
    public let name: String
    public let topic: String
    /// The source's own fields, its time and `ahead`: what a decoder of its events needs. The indices in it count from
    /// the source's first field.
    public let schema: EventSchema
    /// Where its fields stand in the union: field `i` of `schema` is column `columns.lowerBound + i`.
    public let columns: Range<Int>
    /// Orders its events among those of all sources; `schema.time` places them in windows. The same where the file says
    /// nothing else.
    public let available: TimeOrigin
    /// Judged by `available`.
    public let late: LatePolicy
    /// The field of `schema` that the topic is partitioned by.
    public let key: FieldIndex?
    /// The field of `schema` that names an event in its score; the scored source always has one.
    public let id: FieldIndex?

    public init(
        name: String, topic: String, schema: EventSchema, columns: Range<Int>, available: TimeOrigin, late: LatePolicy,
        key: FieldIndex?, id: FieldIndex?
    ) {
        precondition(
            columns.count == schema.fields.count, "\(columns) for the \(schema.fields.count) fields of \(name)")
        self.name = name
        self.topic = topic
        self.schema = schema
        self.columns = columns
        self.available = available
        self.late = late
        self.key = key
        self.id = id
    }

    /// Whether its events are ordered by another time than the one that places them.
    public var hasOwnAvailability: Bool { available != schema.time }

    /// The column of a batch that holds a field of `schema`.
    public func column(of field: FieldIndex) -> FieldIndex { FieldIndex(columns.lowerBound + field.rawValue) }

    /// The schema of the batches that hold events of all these sources, the scored one first: its fields by their
    /// names, those of the others as `labels.tx_fraud`. Time and `ahead` are the scored source's.
    public static func union(of sources: [SourcePlan]) -> EventSchema {
        precondition(!sources.isEmpty, "a union of no sources")
        var fields: [FieldPlan] = []
        for (index, source) in sources.enumerated() {
            precondition(source.columns.lowerBound == fields.count, "columns of \(source.name) at \(source.columns)")
            fields += source.schema.fields.map { index == 0 ? $0 : $0.named("\(source.name).\($0.name)") }
        }
        return EventSchema(
            fields: fields, time: sources[0].schema.time, aheadMicroseconds: sources[0].schema.aheadMicroseconds)
    }
}

extension FieldPlan {
    /// The same field under another name.
    fileprivate func named(_ name: String) -> FieldPlan {
        FieldPlan(
            name: name, path: path, type: type, isOptional: isOptional, isNullable: isNullable,
            integerRange: integerRange, floatRange: floatRange, isLabel: isLabel)
    }
}
