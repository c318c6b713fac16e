public import Engine
import Events

/// Labels from a file, JSON lines or a table, as the pipeline's source of labels describes them.
public final class LabelFileReader {
    private enum Decoder {
        case json(JSONEventDecoder)
        case table(CSVEventDecoder)
    }

    private let name: String
    private let columns: LabelColumns
    private let feed: RecordFeed
    private let decoder: Decoder
    /// Rows that cannot be read, or say neither yes nor no, and what is wrong with the first.
    public private(set) var faultCount = 0
    public private(set) var firstFault: String?

    /// - Parameter name: what the source is called in messages.
    /// - Throws: `NumberFailure` where it is empty or its header lacks a column, and what the source throws.
    public init(_ source: any ByteSource, name: String, columns: LabelColumns) throws {
        self.name = name
        self.columns = columns
        feed = RecordFeed(source)
        let empty = NumberFailure("\(name): it is empty, where labels are expected")
        guard let first = try feed.firstByte() else { throw empty }
        if first == UInt8(ascii: "{") {
            decoder = .json(JSONEventDecoder(schema: columns.schema, available: columns.available))
            return
        }
        feed.splitting = .table
        guard let header = try feed.next() else { throw empty }
        do throws(CSVHeaderError) {
            decoder = .table(
                try CSVEventDecoder(schema: columns.schema, available: columns.available, header: header))
        } catch {
            throw NumberFailure("\(name): \(error)")
        }
    }

    /// Fills an emptied batch; no row: the file has ended. Those that cannot be read have a fault.
    func fill(_ batch: EventBatch) throws {
        batch.removeAll()
        while batch.count < batch.capacity, let record = try feed.next() {
            if record.isEmpty { continue }
            let line = Int64(feed.line)
            switch decoder {
            case .json(let decoder): decoder.decode(value: record, recordTime: .min, offset: line, lane: 0, into: batch)
            case .table(let decoder): decoder.decode(record: record, offset: line, lane: 0, into: batch)
            }
            check(batch.count - 1, of: batch, line: line)
        }
    }

    private func check(_ row: Int, of batch: EventBatch, line: Int64) {
        let fault = batch.faults[row]
        if fault.code != .none {
            refuse(fault.message(schema: columns.schema), line: line)
        } else if batch.presence[columns.id.rawValue][row] != Presence.present || columns.answer(row, of: batch) == nil
        {
            refuse("a label without an id, or one that is neither 0 nor 1", line: line)
        }
    }

    private func refuse(_ reason: String, line: Int64) {
        faultCount += 1
        if firstFault == nil { firstFault = "\(name):\(line): \(reason)" }
    }

    /// Reads all of them.
    ///
    /// - Throws: `NumberFailure` where there are more than a table holds, and what the source throws.
    public func read() throws -> LabelTable {
        let batch = columns.makeBatch(capacity: 1_024)
        var table = LabelTable()
        repeat {
            try fill(batch)
            for row in 0..<batch.count where batch.faults[row].code == .none {
                guard let id = batch.identity(columns.id, row: row), let isPositive = columns.answer(row, of: batch)
                else { continue }
                guard table.add(id: id, isPositive: isPositive) else {
                    throw NumberFailure("\(name): more than \(LabelTable.labelsMax) labels")
                }
            }
        } while batch.count > 0
        return table
    }
}
