import Engine
import Events
import Features
import Models

/// Holds what a replay computes against score records that were written before (`schemas/score.v1.schema.json`), or
/// against rows that a replay wrote as NDJSON.
///
/// Records are joined by the event's id, by a hash of 128 bits with a seed of its own. Kept in memory are, for each
/// record, 56 bytes and 8 for each feature, of at most `recordsMax` records: more is a failure, not a part of an answer.
final class ScoreComparison {
    static let recordsMax = 20_000_000

    private let path: String
    private let rows: ReplayRows
    /// As records write times, without the `Z`: their texts stand in their order then.
    private let from: Substring?
    private let before: Substring?
    private let idField: FieldIndex?
    /// What rows call the id; records call it `id`.
    private let idName: String
    private let names: [String]
    private let decisions: [String: Int16]
    private let hasModel: Bool
    private let hasSingleScores: Bool
    private var table = ScoreTable()
    private var columns: [ComparedColumn]
    private var missing: UInt64 = 0
    private var firstMissing: [String] = []
    private var repeated: UInt64 = 0
    private var outside: UInt64 = 0
    private var compared: UInt64 = 0
    private var text: [UInt8] = []

    private static let noDecision: Int16 = -1
    private static let unknownDecision: Int16 = -2
    /// A feature that a record does not hold, in the bits of a number that is none.
    private static let unwritten = Double(bitPattern: 0x7FF8_0000_0000_0123)

    /// Reads all records of a file of NDJSON, compressed or not.
    ///
    /// - Throws: why the file cannot be read, is no file of scores, or has too many.
    init(plan: ScoringPlan, path: String, rows: ReplayRows) throws(ReplayFailure) {
        self.path = path
        self.rows = rows
        from = rows.from.map { TimeText.string($0).dropLast() }
        before = rows.before.map { TimeText.string($0).dropLast() }
        idField = plan.idField
        names = plan.features.names
        hasModel = !plan.models.isEmpty
        hasSingleScores = plan.models.precision == .single
        var decisions: [String: Int16] = [:]
        for (index, rule) in plan.rules.enumerated() where decisions[rule.decision] == nil {
            decisions[rule.decision] = Int16(truncatingIfNeeded: index)
        }
        self.decisions = decisions
        columns = (plan.features.names + ["score", "decision"]).map { ComparedColumn(name: $0) }
        idName = plan.idField.map { plan.schema.fields[$0.rawValue].name } ?? ""
        if plan.idField == nil {
            throw ReplayFailure(.usage, "--compare: events are joined by \"id\", and the source has none")
        }
        try read(plan.decodeLimits, fieldCount: plan.outputFields.count)
    }

    // MARK: - What was written before

    private func read(_ limits: DecodeLimits, fieldCount: Int) throws(ReplayFailure) {
        // A record names each feature; an id, and each field that it carries, may be as long as a string.
        let fieldBytes = min(limits.stringBytesMax * fieldCount, limits.eventBytesMax)
        let lineBytesMax =
            65_536 + (limits.stringBytesMax + fieldBytes) * 6 + names.reduce(0) { $0 + $1.utf8.count + 40 }
        let reader = RecordFileReader(try FileByteSource(path: path), recordBytesMax: lineBytesMax)
        var line: UInt32 = 0
        do {
            while let bytes = try reader.next() {
                line += 1
                if bytes.isEmpty { continue }
                guard add(bytes, line: line) else {
                    throw ReplayFailure(
                        .environment,
                        "\(path): line \(line) is no score record, nor a row that replay wrote: expected an object with "
                            + "\"id\" or \"\(idName)\", \"event_time\" and \"score\"")
                }
                if table.count > Self.recordsMax {
                    throw ReplayFailure(.environment, "\(path): more than \(Self.recordsMax) scores; compare in parts")
                }
            }
        } catch {
            throw error as? ReplayFailure ?? ReplayFailure(.environment, "\(path): \(error)")
        }
    }

    /// False: it is no score record.
    private func add(_ bytes: UnsafeRawBufferPointer, line: UInt32) -> Bool {
        guard let document = try? JSONDocument(parsing: bytes),
            let id = Self.text(document.root["id"]) ?? Self.text(document.root[idName]),
            let time = document.root["event_time"]?.string, let score = document.root["score"]
        else { return false }
        // In a row the features stand beside the rest.
        let features = document.root["features"] ?? document.root
        guard features.kind == .object else { return false }
        if isOutside(time) {
            outside += 1
            return true
        }
        guard let place = table.insert(Self.hash(id), line: line, width: names.count + 1) else {
            repeated += 1
            return true
        }
        for (index, name) in names.enumerated() {
            table.values[place + index] = features[name].map { $0.double ?? .nan } ?? Self.unwritten
        }
        table.values[place + names.count] = score.double ?? .nan
        let decision = document.root["decision"]?.string
        table.decisions.append(
            decision.map { decisions[$0] ?? Self.unknownDecision } ?? Self.noDecision)
        return true
    }

    /// Records write every id as a text, rows as it was in the event.
    private static func text(_ id: JSONValue?) -> String? { id?.string ?? id?.int64.map { "\($0)" } }

    private func isOutside(_ time: String) -> Bool {
        if let from, time.dropLast() < from { return true }
        if let before, time.dropLast() >= before { return true }
        return false
    }

    private static func hash(_ id: String) -> ScoreTable.Key {
        var id = id
        return id.withUTF8 { hash(UnsafeRawBufferPointer($0)) }
    }

    private static func hash(_ bytes: UnsafeRawBufferPointer) -> ScoreTable.Key {
        var (first, second) = (Hasher(), Hasher())
        first.combine(bytes: bytes)
        second.combine(1 as UInt8)
        second.combine(bytes: bytes)
        return ScoreTable.Key(high: first.finalize(), low: second.finalize())
    }

    // MARK: - What is computed now

    /// Compares the scored rows of a batch. Complexity: O(rows × features).
    func add(_ context: BatchContext, plan: ScoringPlan) {
        let batch = context.batch
        for row in 0..<batch.count where context.frame.dispositions[row] == .score {
            writeID(of: row, in: batch)
            guard let place = text.withUnsafeBytes({ table.take(Self.hash($0)) }) else {
                missing += 1
                if firstMissing.count < ComparedColumn.shownMax { firstMissing.append(idText) }
                continue
            }
            compared += 1
            compare(context, row: row, at: place, plan: plan)
        }
    }

    private func compare(_ context: BatchContext, row: Int, at place: Int, plan: ScoringPlan) {
        let width = names.count
        let features = context.frame.features + row &* context.frame.featureCount
        let values = place * (width + 1)
        for feature in 0..<width {
            let recorded = table.values[values + feature]
            if recorded.bitPattern == Self.unwritten.bitPattern {
                columns[feature].unwritten += 1
            } else if Self.isEqual(features[feature], recorded) {
                columns[feature].equal += 1
            } else {
                columns[feature].add(id: idText, recorded: Self.text(recorded), computed: Self.text(features[feature]))
            }
        }
        let score = hasModel ? context.scores[row] : .nan
        let recorded = table.values[values + width]
        if hasSingleScores ? Self.isEqual(Float(score), recorded) : Self.isEqual(score, recorded) {
            columns[width].equal += 1
        } else {
            columns[width].add(id: idText, recorded: Self.text(recorded), computed: Self.text(score))
        }
        // Two rules may give the same decision.
        let decision = context.decisions[row]
        let name = decision >= 0 ? plan.rules[Int(decision)].decision : nil
        let now = name.map { decisions[$0] ?? Self.unknownDecision } ?? Self.noDecision
        if table.decisions[place] == now {
            columns[width + 1].equal += 1
        } else {
            let before = decisions.first { $0.value == table.decisions[place] }?.key
            let other = table.decisions[place] == Self.unknownDecision ? "another" : "none"
            columns[width + 1].add(id: idText, recorded: before ?? other, computed: name ?? "none")
        }
    }

    /// Records hold no infinities.
    private static func isEqual(_ computed: Double, _ recorded: Double) -> Bool {
        computed.isFinite ? computed == recorded : recorded.isNaN
    }

    private static func isEqual(_ computed: Float, _ recorded: Double) -> Bool {
        guard computed.isFinite else { return recorded.isNaN }
        if Float(recorded) == computed { return true }
        // The text that stands for a float may lie so near the middle of two that reading it as a double first goes
        // to the other side.
        return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: NumberText.bytesMax) { bytes in
            guard let start = bytes.baseAddress else { return false }
            let count = NumberText.write(computed, to: start)
            return NumberText.parseDouble(UnsafeBufferPointer(start: start, count: count)) == recorded
        }
    }

    private static func text(_ value: Double) -> String { value.isFinite ? "\(value)" : "missing" }

    private var idText: String { String(decoding: text, as: UTF8.self) }

    /// The id as score records write it.
    private func writeID(of row: Int, in batch: EventBatch) {
        text.removeAll(keepingCapacity: true)
        guard let idField, batch.presence[idField.rawValue][row] == Presence.present else { return }
        let type = batch.schema.fields[idField.rawValue].type
        if type == .string {
            text.append(contentsOf: batch.string(idField, row: row))
            return
        }
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: NumberText.bytesMax) { bytes in
            guard let start = bytes.baseAddress else { return }
            let word = batch.words[idField.rawValue][row]
            var count = 0
            if case .decimal(let scale) = type, scale > 0 {
                count = NumberText.writeDecimal(units: word, scale: scale, to: start)
            } else {
                count = NumberText.write(word, to: start)
            }
            text.append(contentsOf: UnsafeBufferPointer(start: start, count: count))
        }
    }

    // MARK: - The result

    func report() -> ComparisonReport {
        let isSample = rows.keyShare != nil || rows.isLabelledOnly
        let extra = table.untaken(atMost: ComparedColumn.shownMax)
        return ComparisonReport(
            columns: columns, compared: compared, missing: missing, firstMissing: firstMissing,
            extra: isSample ? 0 : UInt64(extra.count), firstExtraLines: isSample ? [] : extra.lines,
            repeated: repeated, outside: outside)
    }
}
