public import Engine
public import Events

/// Labels from a file, JSON lines or a table, as the pipeline's source of labels describes them.
public final class LabelFileReader {
    /// Where a source's labels are in its events.
    public struct Columns: Hashable, Sendable {
        public let schema: EventSchema
        /// The id of the event that a label is about, string or int; and what the event was, bool or int.
        public let id: FieldIndex
        public let positive: FieldIndex

        public init(schema: EventSchema, id: FieldIndex, positive: FieldIndex) {
            self.schema = schema
            self.id = id
            self.positive = positive
        }
    }

    private enum Decoder {
        case json(JSONEventDecoder)
        case table(CSVEventDecoder)
    }

    private let name: String
    private let columns: Columns
    private let feed: RecordFeed
    private let decoder: Decoder
    private let batch: EventBatch
    /// Rows that cannot be read, or say neither yes nor no, and what is wrong with the first.
    public private(set) var faultCount = 0
    public private(set) var firstFault: String?

    /// - Parameter name: what the source is called in messages.
    /// - Throws: `NumberFailure` where it is empty or its header lacks a column, and what the source throws.
    public init(_ source: any ByteSource, name: String, columns: Columns) throws {
        self.name = name
        self.columns = columns
        feed = RecordFeed(source)
        batch = EventBatch(schema: columns.schema, capacity: 1_024)
        let empty = NumberFailure("\(name): it is empty, where labels are expected")
        guard let first = try feed.firstByte() else { throw empty }
        if first == UInt8(ascii: "{") {
            decoder = .json(JSONEventDecoder(schema: columns.schema))
            return
        }
        feed.splitting = .table
        guard let header = try feed.next() else { throw empty }
        do throws(CSVHeaderError) {
            decoder = .table(try CSVEventDecoder(schema: columns.schema, limits: DecodeLimits(), header: header))
        } catch {
            throw NumberFailure("\(name): \(error)")
        }
    }

    /// Reads all of them.
    ///
    /// - Throws: `NumberFailure` where there are more than a table holds, and what the source throws.
    public func read() throws -> LabelTable {
        var table = LabelTable()
        while let record = try feed.next() {
            if record.isEmpty { continue }
            batch.removeAll()
            let line = Int64(feed.line)
            switch decoder {
            case .json(let decoder): decoder.decode(value: record, recordTime: .min, offset: line, lane: 0, into: batch)
            case .table(let decoder): decoder.decode(record: record, offset: line, lane: 0, into: batch)
            }
            guard batch.faults[0].code == .none else {
                refuse("\(batch.faults[0].message(schema: columns.schema))", line: line)
                continue
            }
            guard let id = batch.identity(columns.id, row: 0), let isPositive = answer else {
                refuse("a label without an id, or one that is neither 0 nor 1", line: line)
                continue
            }
            guard table.add(id: id, isPositive: isPositive) else {
                throw NumberFailure("\(name): more than \(LabelTable.labelsMax) labels")
            }
        }
        return table
    }

    private func refuse(_ reason: String, line: Int64) {
        faultCount += 1
        if firstFault == nil { firstFault = "\(name):\(line): \(reason)" }
    }

    private var answer: Bool? {
        guard batch.presence[columns.positive.rawValue][0] == Presence.present else { return nil }
        let word = batch.words[columns.positive.rawValue][0]
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
}
