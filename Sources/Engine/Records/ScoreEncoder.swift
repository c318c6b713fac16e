import Events
import Features
import Models

/// Writes score records (`schemas/score.v1.schema.json`): one JSON object a row, without allocating.
///
/// What is equal for all events of a pipeline, or for all that a set of models scores, is text made once; only ids, times
/// and numbers are written per event.
struct ScoreEncoder: Sendable {
    private let idField: FieldIndex?
    private let isStringID: Bool
    private let decimalScale: Int
    /// `,"decision":"block"` for each rule; then `"amount":` for each feature, with a comma before all but the first.
    private let texts: TextTable
    private let decisionCount: Int
    private let features: [FeatureIndex]
    private let fields: FieldEncoder
    private let hasFields: Bool
    private let fixedBytes: Int

    init(_ plan: ScoringPlan) {
        idField = plan.idField
        (isStringID, decimalScale) =
            switch plan.idField.map({ plan.schema.fields[$0.rawValue].type }) {
            case .string: (true, 0)
            case .decimal(let scale): (false, scale)
            default: (false, 0)
            }
        let decisions = plan.rules.map { Array((",\"decision\":" + Self.quoted($0.decision)).utf8) }
        features = plan.outputFeatures
        fields = FieldEncoder(plan)
        hasFields = !fields.isEmpty
        let featureKeys = plan.outputFeatures.enumerated().map { place, feature in
            Array(((place == 0 ? "" : ",") + Self.quoted(plan.features.names[feature.rawValue]) + ":").utf8)
        }
        texts = TextTable(decisions + featureKeys)
        decisionCount = decisions.count
        fixedBytes = 128 + texts.byteCount + featureKeys.count * NumberText.bytesMax
    }

    static func quoted(_ text: String) -> String {
        var text = text
        return text.withUTF8 { bytes in
            String(unsafeUninitializedCapacity: JSONText.bytesMax(forLength: bytes.count)) { target in
                guard let start = target.baseAddress else { return 0 }
                return JSONText.writeString(bytes, to: start)
            }
        }
    }

    /// Writes the record of one row into `arena`.
    ///
    /// - Parameters:
    ///   - models: those of the context, taken once for many rows.
    ///   - origin: names the event where the pipeline has no id field.
    ///   - reasons: writes them; `nil`: the pipeline asks for none.
    func encode(
        _ context: BatchContext, _ models: ModelSet, row: Int, origin: UnsafeBufferPointer<UInt8>,
        reasons: RowExplainer?, into arena: inout ByteArena
    ) {
        let batch = context.batch
        var idBytes = origin.count
        if let idField, isStringID, batch.presence[idField.rawValue][row] == Presence.present {
            idBytes = max(idBytes, batch.string(idField, row: row).count)
        }
        var textBytes = fixedBytes + models.recordBytesMax + (reasons?.bytesMax ?? 0)
        if hasFields { textBytes += fields.bytesMax(batch, row: row) }
        let start = arena.reserve(textBytes + JSONText.bytesMax(forLength: idBytes))
        var out = start
        Self.append("{\"id\":", to: &out)
        writeID(batch, row: row, origin: origin, to: &out)
        models.texts.append(0, to: &out)
        out += TimeText.write(EventTime(microseconds: batch.eventTimes[row]), to: out)
        Self.append("\",\"score\":", to: &out)
        Self.append(models.isEmpty ? .nan : context.scores[row], models.precision, to: &out)
        if models.hasOwnScores { appendOwnScores(context, models, row: row, to: &out) }
        let decision = context.decisions[row]
        if decision >= 0 { texts.append(Int(decision), to: &out) }
        if let reasons {
            Self.append(",\"reasons\":", to: &out)
            reasons.write(context, row: row, to: &out)
            Self.append(",\"features\":{", to: &out)
        } else {
            Self.append(",\"reasons\":[],\"features\":{", to: &out)
        }
        let values = context.frame.features + row &* context.frame.featureCount
        for place in features.indices {
            texts.append(decisionCount &+ place, to: &out)
            let value = values[features[place].rawValue]
            if NumberText.writeSmallCount(value, to: &out) { continue }
            if value.isFinite { out += NumberText.write(value, to: out) } else { Self.append("null", to: &out) }
        }
        Self.append("}", to: &out)
        if hasFields { fields.write(batch, row: row, to: &out) }
        Self.append("}", to: &out)
        arena.commit(out - start)
    }

    /// `,"scores":{"xgb":0.31,"anomaly":0.5}`.
    private func appendOwnScores(
        _ context: BatchContext, _ models: ModelSet, row: Int, to out: inout UnsafeMutablePointer<UInt8>
    ) {
        for index in 0..<models.modelCount {
            models.texts.append(1 &+ index, to: &out)
            Self.append(context.scores(ofModel: index)[row], models.precisions[index], to: &out)
        }
        Self.append("}", to: &out)
    }

    @inline(__always)
    private static func append(_ score: Double, _ precision: Precision, to out: inout UnsafeMutablePointer<UInt8>) {
        if score.isFinite {
            out += precision == .single ? NumberText.write(Float(score), to: out) : NumberText.write(score, to: out)
        } else {
            append("null", to: &out)
        }
    }

    private func writeID(
        _ batch: EventBatch, row: Int, origin: UnsafeBufferPointer<UInt8>, to out: inout UnsafeMutablePointer<UInt8>
    ) {
        guard let idField, batch.presence[idField.rawValue][row] == Presence.present else {
            out += JSONText.writeString(origin, to: out)
            return
        }
        if isStringID {
            out += JSONText.writeString(batch.string(idField, row: row), to: out)
            return
        }
        let word = batch.words[idField.rawValue][row]
        out.pointee = UInt8(ascii: "\"")
        out += 1
        out +=
            decimalScale > 0
            ? NumberText.writeDecimal(units: word, scale: decimalScale, to: out) : NumberText.write(word, to: out)
        out.pointee = UInt8(ascii: "\"")
        out += 1
    }

    @inline(__always)
    private static func append(_ text: StaticString, to out: inout UnsafeMutablePointer<UInt8>) {
        out.update(from: text.utf8Start, count: text.utf8CodeUnitCount)
        out += text.utf8CodeUnitCount
    }
}
