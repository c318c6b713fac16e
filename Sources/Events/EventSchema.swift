/// The type of a source field, as the decoder stores it in a column.
public enum FieldType: Hashable, Sendable {
    case int
    case float
    case bool
    case string
    /// An exact number with `scale` digits behind the point (0 to 18), kept as an integer of 10^-scale units.
    case decimal(scale: Int)
    case time(TimeFormat)
}

/// A field's place in its schema.
public struct FieldIndex: Hashable, Sendable {
    public let rawValue: Int
    public init(_ rawValue: Int) { self.rawValue = rawValue }
}

/// One declared field of a source: checked, ready for the decoder.
public struct FieldPlan: Hashable, Sendable {
    /// The name that expressions use.
    public let name: String
    /// Where it stands in the JSON object, outermost key first; in CSV the header is the path joined with `.`.
    public let path: [String]
    public let type: FieldType
    /// An event without the field is accepted: the value is missing. Otherwise it is a fault.
    public let isOptional: Bool
    /// An event where the field is `null` is accepted: the value is missing. Otherwise it is a fault.
    public let isNullable: Bool
    /// Inclusive bounds for `int` (the number), `decimal` (in 10^-scale units): outside is a fault.
    public let integerRange: ClosedRange<Int64>?
    /// Inclusive bounds for `float`.
    public let floatRange: ClosedRange<Double>?
    /// A label: known only later in production, so only delayed windows may read it.
    public let isLabel: Bool

    public init(
        name: String, path: [String], type: FieldType, isOptional: Bool = false, isNullable: Bool = false,
        integerRange: ClosedRange<Int64>? = nil, floatRange: ClosedRange<Double>? = nil, isLabel: Bool = false
    ) {
        self.name = name
        self.path = path
        self.type = type
        self.isOptional = isOptional
        self.isNullable = isNullable
        self.integerRange = integerRange
        self.floatRange = floatRange
        self.isLabel = isLabel
    }
}

/// Where a source's events get a time from.
public enum TimeOrigin: Hashable, Sendable {
    /// A field of type `.time`; it is required even if the field is optional: an event without a time is a fault.
    case field(FieldIndex)
    /// The Kafka record's timestamp.
    case record
}

/// The checked shape of one source's events.
public struct EventSchema: Hashable, Sendable {
    public let fields: [FieldPlan]
    /// Places an event in windows and orders it.
    public let time: TimeOrigin
    /// An event later than its record's timestamp by more than this many microseconds is a fault; `nil`: never.
    public let aheadMicroseconds: Int64?

    public init(fields: [FieldPlan], time: TimeOrigin, aheadMicroseconds: Int64? = nil) {
        self.fields = fields
        self.time = time
        self.aheadMicroseconds = aheadMicroseconds
    }

    public func index(named name: String) -> FieldIndex? {
        fields.firstIndex { $0.name == name }.map { FieldIndex($0) }
    }
}
