import Events
import Features
import Models

/// Writes scored rows as text: the event's id, its time, every feature, score and decision, and the fields that a score
/// carries, without allocating.
///
/// CSV and NDJSON hold the same values: doubles and the float32 score in the shortest form that reads back exactly,
/// flags as the numbers 1 and 0. What is missing is an empty cell or `null`; an infinity is `inf` in CSV and `null` in
/// NDJSON, which knows none.
struct ReplayRowWriter: Sendable {
    private enum Identity {
        case origin(OriginText)
        case text(FieldIndex)
        case number(FieldIndex, scale: Int)
    }

    static let originColumn = "origin"

    let columns: [String]
    private let isCSV: Bool
    private let identity: Identity
    private let ownScoreCount: Int
    /// In NDJSON, what stands before each value: `,"amount":`.
    private let keys: TextTable
    /// The decisions as they are written.
    private let decisions: TextTable
    /// In NDJSON they stand in a member of their own, in CSV in columns such as `fields.channel`.
    private let fields: FieldEncoder
    private let fixedBytes: Int

    /// - Parameter origin: names the events of a pipeline without an id field, by their lanes and offsets.
    init(_ plan: ScoringPlan, format: RecordFormat, origin: OriginText) {
        let isCSV = format == .csv
        self.isCSV = isCSV
        ownScoreCount = Self.ownScores(of: plan).count
        let idField = plan.idField.map { plan.schema.fields[$0.rawValue] }
        switch (plan.idField, idField?.type) {
        case (let index?, .string): identity = .text(index)
        case (let index?, .decimal(let scale)): identity = .number(index, scale: scale)
        case (let index?, .int): identity = .number(index, scale: 0)
        case (_, let type):
            precondition(type == nil, "an id of another type than string, int and decimal")
            identity = .origin(origin)
        }
        columns = Self.columns(of: plan)
        fields = FieldEncoder(plan)
        keys = TextTable(
            isCSV
                ? [] : columns.enumerated().map { Array((($0 == 0 ? "{" : ",") + ScoreEncoder.quoted($1) + ":").utf8) })
        decisions = TextTable(
            plan.rules.map { isCSV ? Self.cell($0.decision) : Array(ScoreEncoder.quoted($0.decision).utf8) })
        fixedBytes = 64 + columns.count * (NumberText.bytesMax + 1) + keys.byteCount + decisions.longest
    }

    /// The output's columns in order.
    static func columns(of plan: ScoringPlan) -> [String] {
        let id = plan.idField.map { plan.schema.fields[$0.rawValue].name } ?? originColumn
        return [id, "event_time"] + plan.features.names + ownScores(of: plan) + ["score", "decision"]
            + plan.outputFields.map { "\(FieldEncoder.member).\(plan.schema.fields[$0.rawValue].name)" }
    }

    /// The models whose own scores have columns.
    private static func ownScores(of plan: ScoringPlan) -> [String] {
        plan.models.hasOwnScores ? plan.models.models.map(\.name) : []
    }

    /// The header line of a table; empty for NDJSON.
    var header: [UInt8] {
        isCSV ? Array(columns.map(Self.cell).joined(separator: [UInt8(ascii: ",")])) + [UInt8(ascii: "\n")] : []
    }

    /// Writes rows that were scored, in order, one line each.
    func write(_ context: BatchContext, rows: Range<Int>, into arena: inout ByteArena) {
        let batch = context.batch
        let models = context.models
        let featureCount = context.frame.featureCount
        for row in rows where context.frame.dispositions[row] == .score {
            let fieldBytes = fields.isEmpty ? 0 : fields.bytesMax(batch, row: row)
            let start = arena.reserve(fixedBytes + identityBytes(batch, row: row) + fieldBytes)
            var out = start
            lead(0, to: &out)
            writeIdentity(batch, row: row, to: &out)
            lead(1, to: &out)
            writeTime(batch.eventTimes[row], to: &out)
            let features = context.frame.features + row &* featureCount
            for feature in 0..<featureCount {
                lead(feature &+ 2, to: &out)
                writeNumber(features[feature], to: &out)
            }
            for index in 0..<ownScoreCount {
                lead(featureCount &+ 2 &+ index, to: &out)
                writeScore(context.scores(ofModel: index)[row], models.precisions[index], to: &out)
            }
            let next = featureCount &+ 2 &+ ownScoreCount
            lead(next, to: &out)
            writeScore(models.isEmpty ? .nan : context.scores[row], models.precision, to: &out)
            lead(next &+ 1, to: &out)
            let decision = context.decisions[row]
            if decision >= 0 { decisions.append(Int(decision), to: &out) } else { writeMissing(to: &out) }
            if !fields.isEmpty { writeFields(batch, row: row, to: &out) }
            if !isCSV { append(UInt8(ascii: "}"), to: &out) }
            append(UInt8(ascii: "\n"), to: &out)
            arena.commit(out - start)
        }
    }

    // MARK: - Values

    @inline(__always)
    private func lead(_ column: Int, to out: inout UnsafeMutablePointer<UInt8>) {
        if !isCSV {
            keys.append(column, to: &out)
        } else if column > 0 {
            append(UInt8(ascii: ","), to: &out)
        }
    }

    private func writeFields(_ batch: EventBatch, row: Int, to out: inout UnsafeMutablePointer<UInt8>) {
        if !isCSV { return fields.write(batch, row: row, to: &out) }
        for place in 0..<fields.count {
            append(UInt8(ascii: ","), to: &out)
            if fields.isMissing(place, batch, row: row) { continue }
            if let text = fields.text(place, batch, row: row) {
                out += Self.writeCell(text, to: out)
            } else {
                fields.writePlain(place, batch, row: row, to: &out)
            }
        }
    }

    private func identityBytes(_ batch: EventBatch, row: Int) -> Int {
        switch identity {
        case .origin(let origin): JSONText.bytesMax(forLength: origin.bytesMax)
        case .number: NumberText.bytesMax
        case .text(let field):
            batch.presence[field.rawValue][row] == Presence.present
                ? JSONText.bytesMax(forLength: batch.string(field, row: row).count) : 4
        }
    }

    private func writeIdentity(_ batch: EventBatch, row: Int, to out: inout UnsafeMutablePointer<UInt8>) {
        switch identity {
        case .origin(let origin):
            withUnsafeTemporaryAllocation(of: UInt8.self, capacity: origin.bytesMax) { text in
                guard let start = text.baseAddress else { return }
                let length = origin.write(lane: Int(batch.lanes[row]), offset: batch.offsets[row], to: start)
                writeText(UnsafeBufferPointer(start: start, count: length), to: &out)
            }
        case .number(let field, let scale):
            if batch.presence[field.rawValue][row] != Presence.present { return writeMissing(to: &out) }
            let word = batch.words[field.rawValue][row]
            out +=
                scale > 0
                ? NumberText.writeDecimal(units: word, scale: scale, to: out) : NumberText.write(word, to: out)
        case .text(let field):
            if batch.presence[field.rawValue][row] != Presence.present { return writeMissing(to: &out) }
            writeText(batch.string(field, row: row), to: &out)
        }
    }

    @inline(__always)
    private func writeTime(_ microseconds: Int64, to out: inout UnsafeMutablePointer<UInt8>) {
        if !isCSV { append(UInt8(ascii: "\""), to: &out) }
        out += TimeText.write(EventTime(microseconds: microseconds), to: out)
        if !isCSV { append(UInt8(ascii: "\""), to: &out) }
    }

    @inline(__always)
    private func writeNumber(_ value: Double, to out: inout UnsafeMutablePointer<UInt8>) {
        if NumberText.writeSmallCount(value, to: &out) { return }
        if !value.isFinite { return writeOdd(value, to: &out) }
        out += NumberText.write(value, to: out)
    }

    @inline(__always)
    private func writeScore(_ score: Double, _ precision: Precision, to out: inout UnsafeMutablePointer<UInt8>) {
        if !score.isFinite { return writeOdd(score, to: &out) }
        out += precision == .single ? NumberText.write(Float(score), to: out) : NumberText.write(score, to: out)
    }

    @inline(never)
    private func writeOdd(_ value: Double, to out: inout UnsafeMutablePointer<UInt8>) {
        if isCSV && value.isInfinite { out += NumberText.write(value, to: out) } else { writeMissing(to: &out) }
    }

    @inline(__always)
    private func writeMissing(to out: inout UnsafeMutablePointer<UInt8>) {
        if isCSV { return }
        let null: StaticString = "null"
        out.update(from: null.utf8Start, count: null.utf8CodeUnitCount)
        out += null.utf8CodeUnitCount
    }

    private func writeText(_ text: UnsafeBufferPointer<UInt8>, to out: inout UnsafeMutablePointer<UInt8>) {
        out += isCSV ? Self.writeCell(text, to: out) : JSONText.writeString(text, to: out)
    }

    @inline(__always)
    private func append(_ byte: UInt8, to out: inout UnsafeMutablePointer<UInt8>) {
        out.pointee = byte
        out += 1
    }

    // MARK: - Cells

    private static func cell(_ text: String) -> [UInt8] {
        Array(unsafeUninitializedCapacity: 2 * text.utf8.count + 2) { target, count in
            guard let start = target.baseAddress else { return }
            count = Array(text.utf8).withUnsafeBufferPointer { writeCell($0, to: start) }
        }
    }

    /// Writes a cell and returns its length, at most twice the text's and 2; in quotes where it needs them, and where
    /// it is empty, since an empty cell without quotes is a missing value.
    private static func writeCell(_ text: UnsafeBufferPointer<UInt8>, to bytes: UnsafeMutablePointer<UInt8>) -> Int {
        let quote = UInt8(ascii: "\"")
        let isPlain = text.allSatisfy {
            $0 != UInt8(ascii: ",") && $0 != quote && $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r")
        }
        if isPlain, let start = text.baseAddress, text.count > 0 {
            bytes.update(from: start, count: text.count)
            return text.count
        }
        var length = 1
        bytes[0] = quote
        for byte in text {
            bytes[length] = byte
            length += 1
            if byte == quote {
                bytes[length] = quote
                length += 1
            }
        }
        bytes[length] = quote
        return length + 1
    }
}
