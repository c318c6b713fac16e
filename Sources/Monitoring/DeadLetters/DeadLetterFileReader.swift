public import Engine
public import Events

/// Dead letters from a file, as `riffle dead-letter list --format json` writes them: a JSON object a line.
public final class DeadLetterFileReader {
    private let name: String
    private let columns: DeadLetterColumns
    private let feed: RecordFeed
    private let lines: EventBatch
    private let decoder: JSONEventDecoder
    /// Lines that cannot be read, and what is wrong with the first.
    public private(set) var faultCount = 0
    public private(set) var firstFault: String?

    private static let origin = FieldIndex(0)
    private static let timestamp = FieldIndex(1)
    private static let time = FieldIndex(2)
    /// `timestamp` is the event's record's, `time` the dead letter's own.
    private static let schema = EventSchema(
        fields: [
            FieldPlan(name: "origin", path: ["origin"], type: .string, isOptional: true, isNullable: true),
            FieldPlan(
                name: "timestamp", path: ["timestamp"], type: .time(.iso8601), isOptional: true, isNullable: true),
            FieldPlan(name: "time", path: ["time"], type: .time(.iso8601), isOptional: true, isNullable: true),
        ], time: .record)

    public init(_ source: any ByteSource, name: String, columns: DeadLetterColumns) {
        self.name = name
        self.columns = columns
        feed = RecordFeed(source)
        lines = EventBatch(schema: Self.schema, capacity: 1)
        decoder = JSONEventDecoder(schema: Self.schema)
    }

    /// Adds rows to an empty batch of `DeadLetterColumns.schema` until it is full; none: the file has ended.
    public func fill(_ batch: EventBatch) throws {
        while batch.count < batch.capacity, let record = try feed.next() {
            if record.isEmpty { continue }
            let line = Int64(feed.line)
            lines.removeAll()
            // The time of the line itself is not asked for, but has to be one.
            decoder.decode(value: record, recordTime: 0, offset: line, lane: 0, into: lines)
            let fault = lines.faults[0]
            if fault.code != .none {
                faultCount += 1
                if firstFault == nil { firstFault = "\(name):\(line): \(fault.message(schema: Self.schema))" }
                continue
            }
            let isThere = lines.presence[Self.origin.rawValue][0] == Presence.present
            let origin = isThere ? UnsafeRawBufferPointer(lines.string(Self.origin, row: 0)) : nil
            columns.append(
                origin: origin, timestamp: word(Self.timestamp), recordTime: word(Self.time) ?? .min, offset: line,
                lane: 0, to: batch)
        }
    }

    private func word(_ field: FieldIndex) -> Int64? {
        lines.presence[field.rawValue][0] == Presence.present ? lines.words[field.rawValue][0] : nil
    }
}
