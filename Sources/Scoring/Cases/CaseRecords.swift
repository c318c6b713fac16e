import Configuration
import Diagnostics
import Engine
import Events

/// Makes records of what tests say: events as they stand there, and those of files.
struct CaseRecords {
    /// More records of one test, or more bytes of its files, are refused.
    static let recordsMax = 200_000
    static let bytesMax = 64 << 20

    let plan: ScoringPlan
    let file: CaseFile
    let problems: DiagnosticGathering

    /// The record of an event; `nil` where it was reported.
    func record(_ event: EventValue, source: Int, recordTime: EventTime?) -> TrialRecord? {
        let standard = file.defaults.first { $0.source.value == plan.sources[source].name }?.event
        guard let json = event.merged(over: standard).json(of: plan.sources[source], into: problems) else { return nil }
        return TrialRecord(source: source, value: json, timestamp: recordTime?.microseconds ?? .min)
    }

    /// The records of a file, in its order.
    func records(at path: Located<String>, source: Int) -> [TrialRecord]? {
        do {
            return try read(file.resolved(path.value), source: source)
        } catch {
            problems.error(
                "unreadable-events", "\(error)", at: path.range, suggestion: "check the path, relative to this file")
            return nil
        }
    }

    private func read(_ path: String, source: Int) throws -> [TrialRecord] {
        let format = RecordFormat.named(path).format ?? .ndjson
        let reader = RecordFileReader(
            try FileByteSource(path: path), format: format, recordBytesMax: plan.decodeLimits.eventBytesMax)
        var table: CaseTable?
        if format == .csv {
            let header = try reader.next().flatMap(CSVCells.split)
            guard let header else { throw ReplayFailure(.environment, "\(path): a CSV file begins with a header") }
            table = CaseTable(header: header.map(\.text), fields: plan.sources[source].schema.fields)
        }
        var (records, bytes): ([TrialRecord], Int) = ([], 0)
        while let next = try reader.next() {
            if next.isEmpty { continue }
            let value = table?.json(next) ?? Array(next)
            bytes += value.count
            guard records.count < Self.recordsMax, bytes <= Self.bytesMax else {
                throw ReplayFailure(
                    .environment,
                    "\(path): a test takes at most \(Self.recordsMax) events of \(Self.bytesMax >> 20) MiB")
            }
            records.append(TrialRecord(source: source, value: value))
        }
        return records
    }

    /// The ids of records of the scored source, as texts; `nil` where a record is a fault, or of another source.
    func ids(of records: [TrialRecord]) -> [String?] {
        let decoder = JSONEventDecoder(source: 0, of: plan.sources, limits: plan.decodeLimits)
        let batch = plan.makeBatch(capacity: 1)
        return records.map { record in
            guard record.source == 0, let id = plan.idField else { return nil }
            batch.removeAll()
            record.value.withUnsafeBytes {
                decoder.decode(value: $0, recordTime: record.timestamp, offset: 0, lane: 0, into: batch)
            }
            guard batch.faults[0].code == .none, batch.presence[id.rawValue][0] == Presence.present else { return nil }
            if batch.schema.fields[id.rawValue].type == .string {
                return String(decoding: batch.string(id, row: 0), as: UTF8.self)
            }
            return "\(batch.words[id.rawValue][0])"
        }
    }
}

/// Turns the rows of a table into events as a producer would send them: an empty cell is a field that is not there.
struct CaseTable {
    private let columns: [(path: [String], type: FieldType)?]

    init(header: [String], fields: [FieldPlan]) {
        columns = header.map { name in
            let field = fields.first { $0.path.joined(separator: ".") == name } ?? fields.first { $0.name == name }
            return field.map { ($0.path, $0.type) }
        }
    }

    /// A row that is none is handed on as it is, and is a fault.
    func json(_ row: UnsafeRawBufferPointer) -> [UInt8] {
        guard let cells = CSVCells.split(row), cells.count == columns.count else { return Array(row) }
        let root = Node()
        for (cell, column) in zip(cells, columns) {
            guard let column, !cell.text.isEmpty || cell.isQuoted else { continue }
            root.set(Self.value(cell.text, column.type), at: column.path[...])
        }
        return Array(root.text.utf8)
    }

    private static func value(_ text: String, _ type: FieldType) -> String {
        switch type {
        case .string, .time(.iso8601): return CaseText.quoted(text)
        case .bool:
            switch text {
            case "true", "True", "1": return "true"
            case "false", "False", "0": return "false"
            default: return CaseText.quoted(text)
            }
        default: return Double(text)?.isFinite == true ? text : CaseText.quoted(text)
        }
    }

    /// Objects within objects, for fields with a path.
    private final class Node {
        private var members: [(name: String, value: String?, node: Node?)] = []

        func set(_ value: String, at path: ArraySlice<String>) {
            guard let name = path.first else { return }
            if path.count == 1 {
                members.append((name, value, nil))
            } else if let node = members.first(where: { $0.name == name })?.node {
                node.set(value, at: path.dropFirst())
            } else {
                let node = Node()
                node.set(value, at: path.dropFirst())
                members.append((name, nil, node))
            }
        }

        var text: String {
            "{"
                + members.map { CaseText.quoted($0.name) + ":" + ($0.value ?? $0.node?.text ?? "null") }.joined(
                    separator: ",") + "}"
        }
    }
}
