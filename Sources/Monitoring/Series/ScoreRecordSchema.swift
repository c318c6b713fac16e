public import Events

/// How the monitor reads score records (`schemas/score.v1.schema.json`): which members, into which columns of a batch.
///
/// Only the event time has to be there. What else is absent or null is missing, which is a series of its own: a record of
/// a pipeline that has changed is no reason to stop watching.
public struct ScoreRecordSchema: Hashable, Sendable {
    /// A field of the scored event that its score carries under `fields`.
    public struct Field: Hashable, Sendable {
        public let name: String
        public let type: FieldType

        public init(name: String, type: FieldType) {
            self.name = name
            self.type = type
        }
    }

    /// How a score is written.
    public enum Layout: Hashable, Sendable {
        /// As on the output topic: features and fields are members of `features` and `fields`.
        case record
        /// As `riffle replay` writes rows: features stand beside the score. The id is a number or text under a name of its
        /// own; without that it is not read.
        case row(id: Field? = nil)
    }

    public let features: [String]
    public let fields: [Field]
    /// Of one record. Its time is the event's. Columns are the same for all layouts.
    public let schema: EventSchema

    public static let eventTime = FieldIndex(0)
    public static let id = FieldIndex(1)
    public static let pipeline = FieldIndex(2)
    public static let version = FieldIndex(3)
    public static let decision = FieldIndex(4)
    public static let score = FieldIndex(5)
    private static let leadingCount = 6

    /// - Parameters:
    ///   - features: those under `features` that are read.
    ///   - fields: those under `fields` that are read.
    ///   - aheadMicroseconds: by how much an event may be in its record's future: one that is, is a fault.
    public init(features: [String], fields: [Field], layout: Layout = .record, aheadMicroseconds: Int64? = nil) {
        self.features = features
        self.fields = fields
        var id = Self.optional("id", .string)
        var isRow = false
        if case .row(let field) = layout {
            isRow = true
            id = Self.optional("id", [field?.name ?? ""], field?.type ?? .string)
        }
        var plans = [
            FieldPlan(name: "event_time", path: ["event_time"], type: .time(.iso8601)),
            id, Self.optional("pipeline", .string), Self.optional("version", .string),
            Self.optional("decision", .string), Self.optional("score", .float),
        ]
        // Names with a dot: a feature may be called as a member of the record is.
        plans += features.map { Self.optional("features.\($0)", isRow ? [$0] : ["features", $0], .float) }
        plans += fields.map { Self.optional("fields.\($0.name)", ["fields", $0.name], $0.type) }
        schema = EventSchema(fields: plans, time: .field(Self.eventTime), aheadMicroseconds: aheadMicroseconds)
    }

    private static func optional(_ name: String, _ type: FieldType) -> FieldPlan { optional(name, [name], type) }

    private static func optional(_ name: String, _ path: [String], _ type: FieldType) -> FieldPlan {
        FieldPlan(name: name, path: path, type: type, isOptional: true, isNullable: true)
    }

    /// The column of `features[index]`.
    public func feature(_ index: Int) -> FieldIndex { FieldIndex(Self.leadingCount + index) }

    /// The column of `fields[index]`.
    public func field(_ index: Int) -> FieldIndex { FieldIndex(Self.leadingCount + features.count + index) }
}
