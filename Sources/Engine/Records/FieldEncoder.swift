import Events

/// Writes the fields of an event that its score carries, `,"fields":{"channel":"web","amount":12.50}`, without allocating.
///
/// Decimals keep their digits, times are ISO 8601 texts, what is missing is `null`.
struct FieldEncoder: Sendable {
    private enum Form {
        case integer, float, flag, text, time
        case decimal(scale: Int)
    }

    /// The member that the fields are in.
    static let member = "fields"

    let names: [String]
    private let columns: [Int]
    private let forms: [Form]
    /// `,"fields":{"channel":`, then `,"amount":` and so on.
    private let keys: TextTable
    private let fixedBytes: Int

    init(_ plan: ScoringPlan) {
        let fields = plan.outputFields.map { plan.schema.fields[$0.rawValue] }
        names = fields.map(\.name)
        columns = plan.outputFields.map(\.rawValue)
        forms = fields.map { field in
            switch field.type {
            case .int: .integer
            case .float: .float
            case .bool: .flag
            case .string: .text
            case .decimal(let scale): .decimal(scale: scale)
            case .time: .time
            }
        }
        keys = TextTable(
            names.enumerated().map { place, name in
                Array(((place == 0 ? ",\"\(Self.member)\":{" : ",") + ScoreEncoder.quoted(name) + ":").utf8)
            })
        fixedBytes = 1 + keys.byteCount + names.count * (NumberText.bytesMax + 2)
    }

    /// Whether scores carry no fields.
    var isEmpty: Bool { columns.isEmpty }
    var count: Int { columns.count }

    /// Room for the fields of a row, whatever form they are written in.
    func bytesMax(_ batch: EventBatch, row: Int) -> Int {
        var bytes = fixedBytes
        for place in columns.indices {
            if let text = text(place, batch, row: row) { bytes += JSONText.bytesMax(forLength: text.count) }
        }
        return bytes
    }

    /// Writes all of them behind another member. - Precondition: there are some.
    func write(_ batch: EventBatch, row: Int, to out: inout UnsafeMutablePointer<UInt8>) {
        for place in columns.indices {
            keys.append(place, to: &out)
            if isMissing(place, batch, row: row) {
                Self.append("null", to: &out)
            } else if let text = text(place, batch, row: row) {
                out += JSONText.writeString(text, to: out)
            } else if case .time = forms[place] {
                Self.append("\"", to: &out)
                writePlain(place, batch, row: row, to: &out)
                Self.append("\"", to: &out)
            } else {
                writePlain(place, batch, row: row, to: &out)
            }
        }
        Self.append("}", to: &out)
    }

    func isMissing(_ place: Int, _ batch: EventBatch, row: Int) -> Bool {
        let column = columns[place]
        if batch.presence[column][row] != Presence.present { return true }
        guard case .float = forms[place] else { return false }
        return !Double(bitPattern: UInt64(bitPattern: batch.words[column][row])).isFinite
    }

    /// The value of a string that is there; `nil` of other fields.
    func text(_ place: Int, _ batch: EventBatch, row: Int) -> UnsafeBufferPointer<UInt8>? {
        guard case .text = forms[place], batch.presence[columns[place]][row] == Presence.present else { return nil }
        return batch.string(FieldIndex(columns[place]), row: row)
    }

    /// Writes a value that is there and no string, without quotes.
    func writePlain(_ place: Int, _ batch: EventBatch, row: Int, to out: inout UnsafeMutablePointer<UInt8>) {
        let word = batch.words[columns[place]][row]
        switch forms[place] {
        case .integer: out += NumberText.write(word, to: out)
        case .decimal(let scale):
            out +=
                scale > 0
                ? NumberText.writeDecimal(units: word, scale: scale, to: out) : NumberText.write(word, to: out)
        case .float: out += NumberText.write(Double(bitPattern: UInt64(bitPattern: word)), to: out)
        case .flag: Self.append(word == 0 ? "false" : "true", to: &out)
        case .time: out += TimeText.write(EventTime(microseconds: word), to: out)
        case .text: preconditionFailure("a text is quoted")
        }
    }

    @inline(__always)
    private static func append(_ text: StaticString, to out: inout UnsafeMutablePointer<UInt8>) {
        out.update(from: text.utf8Start, count: text.utf8CodeUnitCount)
        out += text.utf8CodeUnitCount
    }
}
