import Configuration
public import Diagnostics
import Engine
import Events
import Features
import Kafka

/// What `riffle tap` follows.
public enum TapKind: String, Hashable, Sendable, CaseIterable {
    case scores
    case deadLetters = "dead-letters"
    case alerts
}

/// Chooses records by an expression over what they say: the language of features and rules, over the members of a score,
/// a dead letter or an alert.
public final class TapFilter {
    private let schema: EventSchema
    private let condition: CompiledExpression
    private let decoder: JSONEventDecoder
    private let batch: EventBatch
    private let scratch: ExpressionScratch
    private let value: UnsafeMutablePointer<Double>

    /// - Throws: `TapFilterError` with what is wrong with the text.
    public init(_ text: String, _ kind: TapKind, of assembly: PipelineAssembly) throws(TapFilterError) {
        let columns = Self.columns(kind, assembly.scoring)
        schema = columns.schema
        let language = ExpressionLanguage()
        var problems: [Diagnostic] = []
        let compiled = language.parse(text, at: SourcePosition(line: 1, column: 1), diagnostics: &problems)
            .flatMap { language.compile($0, for: .condition, in: columns.scope, diagnostics: &problems) }
        guard let compiled else { throw TapFilterError(text: text, problems: problems) }
        condition = compiled
        decoder = JSONEventDecoder(schema: schema, limits: DecodeLimits(eventBytesMax: 16 << 20))
        batch = EventBatch(schema: schema, capacity: 1)
        scratch = ExpressionScratch(registerCount: compiled.registerCount)
        value = .allocate(capacity: 1)
    }

    deinit { value.deallocate() }

    /// The names that an expression may read.
    public static func names(_ kind: TapKind, of assembly: PipelineAssembly) -> [String] {
        columns(kind, assembly.scoring).scope.names
    }

    /// Whether a record's JSON is wanted; one that cannot be read is not.
    ///
    /// - Parameter time: the record's timestamp in microseconds.
    func matches(_ json: UnsafeRawBufferPointer, time: Int64) -> Bool {
        batch.removeAll()
        // Without a timestamp any will do: it is only read as `event_time`.
        decoder.decode(value: json, recordTime: max(0, time), offset: 0, lane: 0, into: batch)
        guard batch.faults[0].code == .none else { return false }
        condition.evaluate(ExpressionInputs(batch: batch), rows: 0..<1, scratch: scratch, into: value)
        return value.pointee == 1
    }

    // MARK: - What there is to read

    private struct Columns {
        var fields: [FieldPlan] = []
        /// Other names by which a field may be read.
        var others: [(name: String, field: Int)] = []

        mutating func add(_ name: String, _ type: FieldType, at path: [String], or other: String? = nil) {
            if let other { others.append((other, fields.count)) }
            fields.append(FieldPlan(name: name, path: path, type: type, isOptional: true, isNullable: true))
        }

        /// - Parameter time: the field that is `event_time`; `nil`: the record's timestamp is.
        func made(time: String?) -> (schema: EventSchema, scope: ExpressionScope) {
            let place = time.flatMap { time in fields.firstIndex { $0.name == time } }
            let schema = EventSchema(fields: fields, time: place.map { .field(FieldIndex($0)) } ?? .record)
            var scope = ExpressionScope()
            scope.bindFields(of: schema)
            // What a score has by itself goes before features and fields of the same name.
            for (name, field) in others where scope.resolve(name) == nil {
                scope.bind(name, to: .field(FieldIndex(field), fields[field]))
            }
            scope.bind("event_time", to: .eventTime())
            return (schema, scope)
        }
    }

    private static func columns(_ kind: TapKind, _ plan: ScoringPlan) -> (schema: EventSchema, scope: ExpressionScope) {
        var columns = Columns()
        func texts(_ names: [String]) { for name in names { columns.add(name, .string, at: [name]) } }
        switch kind {
        case .scores:
            texts(["id", "decision", "model", "version"])
            columns.add("score", .float, at: ["score"])
            columns.add("event_time", .time(.iso8601), at: ["event_time"])
            for model in plan.models.models where plan.combination != nil {
                columns.add("scores.\(model.name)", .float, at: ["scores", model.name], or: model.name)
            }
            for feature in plan.outputFeatures.map({ plan.features.names[$0.rawValue] }) {
                columns.add("features.\(feature)", .float, at: ["features", feature], or: feature)
            }
            for field in plan.outputFields.map({ plan.schema.fields[$0.rawValue] }) {
                var type = field.type
                if case .time = type { type = .time(.iso8601) }
                columns.add("fields.\(field.name)", type, at: ["fields", field.name], or: field.name)
            }
            return columns.made(time: "event_time")
        case .deadLetters:
            texts(["code", "message", "origin", "topic", "truncated"])
            columns.add("attempts", .int, at: ["attempts"])
            return columns.made(time: nil)
        case .alerts:
            texts(["state", "severity", "pipeline", "series", "summary", "fingerprint"])
            return columns.made(time: nil)
        }
    }
}

/// What is wrong with a filter's text.
public struct TapFilterError: Error, Hashable, Sendable {
    public let text: String
    public let problems: [Diagnostic]
}
