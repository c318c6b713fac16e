public import Engine
public import Events

/// Scores from a file, batch by batch: records as the output topic holds them, or rows as `riffle replay` writes them, as
/// JSON lines or as a table. Which of them it is, is read from its first bytes.
///
/// Memory: one buffer of 16 MiB and a batch, however long the file.
public final class ScoreFileReader {
    private enum Decoder {
        case json(JSONEventDecoder)
        case table(CSVEventDecoder)
    }

    public let name: String
    /// Of the batches.
    public let schema: EventSchema
    /// Records that cannot be read so far, and what is wrong with the first.
    public private(set) var faultCount = 0
    public private(set) var firstFault: String?
    private let feed: RecordFeed
    private let decoder: Decoder
    private var pending: [UInt8]?
    private static let limits = DecodeLimits()

    /// - Parameters:
    ///   - name: what the source is called in messages.
    ///   - rowID: the field that names an event in rows of `riffle replay`; `nil`: it is not read.
    /// - Throws: `NumberFailure` where it is empty or its header lacks a column, and what the source throws.
    public init(
        _ source: any ByteSource, name: String, features: [String], fields: [ScoreRecordSchema.Field],
        rowID: ScoreRecordSchema.Field? = nil
    ) throws {
        self.name = name
        let feed = RecordFeed(source)
        self.feed = feed
        guard let first = try feed.firstByte() else {
            throw NumberFailure("\(name): it is empty, where scores are expected")
        }
        let row = ScoreRecordSchema(features: features, fields: fields, layout: .row(id: rowID)).schema
        if first != UInt8(ascii: "{") {
            feed.splitting = .table
            guard let header = try feed.next() else {
                throw NumberFailure("\(name): it is empty, where scores are expected")
            }
            schema = row
            do throws(CSVHeaderError) {
                decoder = .table(try CSVEventDecoder(schema: row, limits: Self.limits, header: header))
            } catch {
                throw NumberFailure(
                    "\(name): \(error): expected scores, as the output topic holds them or `riffle replay` writes them")
            }
            return
        }
        let line = try feed.next().map { Array($0) } ?? []
        // Every record names its pipeline; no row does.
        let isRecord = Self.holds(line, "\"pipeline\"")
        schema = isRecord ? ScoreRecordSchema(features: features, fields: fields).schema : row
        decoder = .json(JSONEventDecoder(schema: schema, limits: Self.limits))
        pending = line
    }

    private static func holds(_ bytes: [UInt8], _ text: String) -> Bool {
        let wanted = Array(text.utf8)
        return bytes.count >= wanted.count
            && (0...bytes.count - wanted.count).contains { bytes[$0..<$0 + wanted.count].elementsEqual(wanted) }
    }

    /// Fills an empty batch of `schema`; an empty one is the end. Its offsets are lines, counted from 1.
    public func fill(_ batch: EventBatch) throws {
        batch.removeAll()
        while batch.count < batch.capacity {
            if let line = pending {
                pending = nil
                line.withUnsafeBytes { decode($0, into: batch) }
                continue
            }
            guard let record = try feed.next() else { return }
            decode(record, into: batch)
        }
    }

    private func decode(_ record: UnsafeRawBufferPointer, into batch: EventBatch) {
        let line = Int64(feed.line)
        switch decoder {
        case .json(let decoder): decoder.decode(value: record, recordTime: .min, offset: line, lane: 0, into: batch)
        case .table(let decoder): decoder.decode(record: record, offset: line, lane: 0, into: batch)
        }
        let fault = batch.faults[batch.count - 1]
        if fault.code == .none { return }
        faultCount += 1
        if firstFault == nil { firstFault = "\(name):\(line): \(fault.message(schema: schema))" }
    }
}
