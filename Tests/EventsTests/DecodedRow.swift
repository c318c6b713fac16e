import Events

/// One field of a row, as a test writes it down.
enum Cell: Hashable {
    case absent
    case null
    case number(Int64)
    case float(Double)
    case text(String)
}

/// One row of a batch, copied out.
struct DecodedRow: Hashable {
    var fault: Fault
    var time: Int64
    var cells: [Cell]

    init(_ batch: EventBatch, _ row: Int) {
        fault = batch.faults[row]
        time = batch.eventTimes[row]
        cells = batch.schema.fields.enumerated().map { field, plan in
            switch batch.presence[field][row] {
            case Presence.absent: return .absent
            case Presence.null: return .null
            default: break
            }
            let word = batch.words[field][row]
            return switch plan.type {
            case .float: .float(Double(bitPattern: UInt64(bitPattern: word)))
            case .string: .text(String(decoding: batch.string(FieldIndex(field), row: row), as: UTF8.self))
            case .int, .bool, .decimal, .time: .number(word)
            }
        }
    }
}

enum Decode {
    /// Any record's timestamp, 2018-10-01T00:00:00Z.
    static let recordTime: Int64 = 1_538_352_000_000_000

    static func json(
        _ events: [[UInt8]], _ schema: EventSchema, limits: DecodeLimits = DecodeLimits(),
        recordTime: Int64 = Decode.recordTime
    ) -> [DecodedRow] {
        let batch = EventBatch(schema: schema, capacity: max(1, events.count))
        let decoder = JSONEventDecoder(schema: schema, limits: limits)
        for (line, event) in events.enumerated() {
            event.withUnsafeBytes {
                decoder.decode(value: $0, recordTime: recordTime, offset: Int64(line), lane: 7, into: batch)
            }
        }
        return (0..<batch.count).map { DecodedRow(batch, $0) }
    }

    static func json(
        _ event: String, _ schema: EventSchema, limits: DecodeLimits = DecodeLimits(),
        recordTime: Int64 = Decode.recordTime
    ) -> DecodedRow {
        json([Array(event.utf8)], schema, limits: limits, recordTime: recordTime)[0]
    }

    static func csv(
        header: String, _ records: [String], _ schema: EventSchema, limits: DecodeLimits = DecodeLimits()
    ) throws -> [DecodedRow] {
        let batch = EventBatch(schema: schema, capacity: max(1, records.count))
        let decoder = try Array(header.utf8).withUnsafeBytes { bytes in
            try CSVEventDecoder(schema: schema, limits: limits, header: bytes)
        }
        for (line, record) in records.enumerated() {
            Array(record.utf8).withUnsafeBytes {
                decoder.decode(record: $0, recordTime: Decode.recordTime, offset: Int64(line), lane: 7, into: batch)
            }
        }
        return (0..<batch.count).map { DecodedRow(batch, $0) }
    }
}

extension EventSchema {
    /// A schema of one field `x` whose events take their time from the record.
    static func one(
        _ type: FieldType, isOptional: Bool = false, isNullable: Bool = false, integers: ClosedRange<Int64>? = nil,
        floats: ClosedRange<Double>? = nil
    ) -> EventSchema {
        let field = FieldPlan(
            name: "x", path: ["x"], type: type, isOptional: isOptional, isNullable: isNullable, integerRange: integers,
            floatRange: floats)
        return EventSchema(fields: [field], time: .record)
    }

    /// Card payments, with one field of every kind.
    static let payments = EventSchema(
        fields: [
            FieldPlan(name: "id", path: ["id"], type: .int),
            FieldPlan(name: "at", path: ["at"], type: .time(.iso8601)),
            FieldPlan(name: "customer", path: ["customer", "id"], type: .string),
            FieldPlan(name: "country", path: ["customer", "home", "country"], type: .string, isOptional: true),
            FieldPlan(name: "amount", path: ["amount"], type: .decimal(scale: 2), integerRange: 0...1_000_000_00),
            FieldPlan(name: "risk", path: ["risk"], type: .float, isOptional: true, isNullable: true),
            FieldPlan(name: "fraud", path: ["fraud"], type: .bool, isNullable: true),
        ], time: .field(FieldIndex(1)), aheadMicroseconds: 3_600_000_000)
}
