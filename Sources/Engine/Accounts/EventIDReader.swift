import Events

/// Reads the ids of decoded events, and of those that could not be used as far as there is one to be read.
final class EventIDReader {
    private let plan: ScoringPlan
    private let field: FieldIndex
    private let decoder: JSONEventDecoder
    private let batch: EventBatch

    /// `nil` where events have no ids.
    init?(_ plan: ScoringPlan) {
        guard let field = plan.idField else { return nil }
        self.plan = plan
        self.field = field
        let schema = EventSchema(fields: [plan.schema.fields[field.rawValue]], time: .record)
        decoder = JSONEventDecoder(schema: schema, limits: plan.decodeLimits)
        batch = EventBatch(schema: schema, capacity: 1)
    }

    /// The id of an event of the scored source, as text.
    ///
    /// - Parameter header: of a table; `nil`: events are JSON.
    /// Complexity: O(bytes of the event) where it is a fault.
    func id(ofRow row: Int, _ chunk: DecodedChunk, header: [UInt8]?) -> String? {
        guard chunk.batch.sources[row] == 0 else { return nil }
        if chunk.batch.faults[row].code == .none {
            guard chunk.batch.presence[field.rawValue][row] == Presence.present else { return nil }
            return Self.text(of: field, row: row, chunk.batch)
        }
        let record = chunk.records[row]
        guard let start = record.value else { return nil }
        let value = UnsafeRawBufferPointer(start: start, count: record.valueCount)
        guard let header else { return json(value) }
        return cell(value, header)
    }

    private func json(_ value: UnsafeRawBufferPointer) -> String? {
        batch.removeAll()
        // Any time will do.
        decoder.decode(value: value, recordTime: 0, offset: 0, lane: 0, into: batch)
        guard batch.faults[0].code == .none, batch.presence[0][0] == Presence.present else { return nil }
        return Self.text(of: FieldIndex(0), row: 0, batch)
    }

    private func cell(_ value: UnsafeRawBufferPointer, _ header: [UInt8]) -> String? {
        let plan = plan.schema.fields[field.rawValue]
        guard let names = header.withUnsafeBytes({ CSVCells.split($0) })?.map(\.text),
            let cells = CSVCells.split(value),
            let column = names.firstIndex(of: plan.path.joined(separator: ".")) ?? names.firstIndex(of: plan.name),
            column < cells.count
        else { return nil }
        return cells[column].text
    }

    /// A field's value, which is present, as text.
    static func text(of field: FieldIndex, row: Int, _ batch: EventBatch) -> String {
        let word = batch.words[field.rawValue][row]
        switch batch.schema.fields[field.rawValue].type {
        case .string: return String(decoding: batch.string(field, row: row), as: UTF8.self)
        case .int: return "\(word)"
        case .bool: return word == 0 ? "false" : "true"
        case .float: return "\(Double(bitPattern: UInt64(bitPattern: word)))"
        case .time: return TimeText.string(EventTime(microseconds: word))
        case .decimal(let scale):
            return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: NumberText.bytesMax) { buffer in
                guard let start = buffer.baseAddress else { return "" }
                let length = NumberText.writeDecimal(units: word, scale: scale, to: start)
                return String(decoding: UnsafeBufferPointer(start: start, count: length), as: UTF8.self)
            }
        }
    }
}
