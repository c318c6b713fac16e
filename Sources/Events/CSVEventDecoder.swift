import CSimdjson

/// Why a CSV header cannot serve a schema: an error of the file, found before any row.
public enum CSVHeaderError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The header's quotes do not close, or something stands behind a closing quote.
    case malformed
    /// Columns of required fields that are not there, and those that are.
    case missing(columns: [String], found: [String])
    /// Columns of declared fields that are there more than once.
    case repeated(columns: [String])

    public var description: String {
        func list(_ names: [String]) -> String { names.map { "\"\($0)\"" }.joined(separator: ", ") }
        return switch self {
        case .malformed: "the header is not valid CSV"
        case .missing(let columns, let found): "the header has no column \(list(columns)); it has \(list(found))"
        case .repeated(let columns): "the header has column \(list(columns)) more than once"
        }
    }
}

/// Decodes CSV records (RFC 4180) into rows of a batch, by the rules and with the fault codes of JSON; one per worker.
///
/// A column belongs to the field whose path, joined with `.`, or else whose name is its header; other columns are
/// passed over. CSV does not tell null from missing: an empty cell without quotes is `absent`, and a fault unless its
/// field is optional or nullable. A quoted empty cell is an empty string. Flags are `true`, `True`, `1` and `false`,
/// `False`, `0`.
public final class CSVEventDecoder {
    private let rows: RowDecoder

    /// `header` is the first record, without its line end; a byte order mark is passed over.
    ///
    /// - Parameter available: what orders events; `nil`: their time.
    public convenience init(
        schema: EventSchema, available: TimeOrigin? = nil, limits: DecodeLimits = DecodeLimits(),
        header: UnsafeRawBufferPointer
    ) throws(CSVHeaderError) {
        try self.init(
            schema: schema, available: available ?? schema.time, target: nil, limits: limits, header: header)
    }

    /// For events of one of several sources, into batches of all.
    ///
    /// - Parameter number: the source's place among `sources`, at most 255.
    public convenience init(
        source number: Int, of sources: [SourcePlan], limits: DecodeLimits = DecodeLimits(),
        header: UnsafeRawBufferPointer
    ) throws(CSVHeaderError) {
        try self.init(
            schema: sources[number].schema, available: sources[number].available,
            target: RowTarget(number, of: sources), limits: limits, header: header)
    }

    private init(
        schema: EventSchema, available: TimeOrigin, target: RowTarget?, limits: DecodeLimits,
        header: UnsafeRawBufferPointer
    ) throws(CSVHeaderError) {
        let names = try Self.columnNames(header)
        let fieldsOfColumns = try Self.match(schema, available, names)
        rows = RowDecoder(schema: schema, available: available, target: target, limits: limits)
        for fields in fieldsOfColumns {
            var isAdded = event_decoder_add_column(rows.handle, Int32(fields.first ?? -1))
            for field in fields.dropFirst() {
                isAdded = event_decoder_share_column(rows.handle, Int32(field)) && isAdded
            }
            precondition(isAdded, "no memory for \(names.count) columns")
        }
    }

    /// Appends one row to `batch`, which has the decoder's schema and room for it: the record's fields, or its fault.
    ///
    /// `record` comes without its line end (see `CSVRecordSplitter`). `recordTime` is in microseconds; a file has none.
    /// Complexity: O(bytes + fields + columns), no allocation after warm-up.
    public func decode(
        record: UnsafeRawBufferPointer, recordTime: Int64 = .min, offset: Int64, lane: Int32, into batch: EventBatch
    ) {
        let fault = Fault(
            event_decoder_decode_csv(
                rows.handle, record.baseAddress?.assumingMemoryBound(to: UInt8.self), record.count, rows.row))
        rows.append(fault, hasRow: true, recordTime: recordTime, offset: offset, lane: lane, to: batch)
    }

    static func columnNames(_ header: UnsafeRawBufferPointer) throws(CSVHeaderError) -> [String] {
        var text = header[...]
        if text.starts(with: [0xEF, 0xBB, 0xBF]) { text = text.dropFirst(3) }
        guard let cells = CSVCells.split(UnsafeRawBufferPointer(rebasing: text)) else { throw .malformed }
        return cells.map(\.text)
    }

    /// The fields that each column holds.
    private static func match(
        _ schema: EventSchema, _ available: TimeOrigin, _ names: [String]
    ) throws(CSVHeaderError) -> [[Int]] {
        var fields = [[Int]](repeating: [], count: names.count)
        var missing: [String] = []
        var repeated: [String] = []
        for (index, plan) in schema.fields.enumerated() where plan.type != .time(.record) {
            let path = plan.path.joined(separator: ".")
            let isEventTime = [schema.time, available].contains(.field(FieldIndex(index)))
            guard let column = names.firstIndex(of: path) ?? names.firstIndex(of: plan.name) else {
                if !plan.isOptional || isEventTime { missing.append(path) }
                continue
            }
            if names[(column + 1)...].contains(names[column]), !repeated.contains(names[column]) {
                repeated.append(names[column])
            }
            fields[column].append(index)
        }
        guard missing.isEmpty else { throw .missing(columns: missing, found: names) }
        guard repeated.isEmpty else { throw .repeated(columns: repeated) }
        return fields
    }
}
