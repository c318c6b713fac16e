import Events
import Features
import Models

/// Writes score records (`schemas/score.v1.schema.json`): one JSON object a row, without allocating.
///
/// What is equal for all events of a pipeline is text made once; only ids, times and numbers are written per event.
struct ScoreEncoder: Sendable {
    private let idField: FieldIndex?
    private let isStringID: Bool
    private let decimalScale: Int
    /// `,"pipeline":"card-fraud","model":…,"event_time":"`; then `,"decision":"block"` for each rule; then `"amount":`
    /// for each feature, with a comma before all but the first.
    private let texts: TextTable
    private let decisionCount: Int
    private let features: [FeatureIndex]
    private let fixedBytes: Int
    private let hasModel: Bool
    private let hasSingleScores: Bool

    init(_ plan: ScoringPlan) {
        idField = plan.idField
        hasModel = plan.model != nil
        hasSingleScores = plan.model?.model.precision == .single
        (isStringID, decimalScale) =
            switch plan.idField.map({ plan.schema.fields[$0.rawValue].type }) {
            case .string: (true, 0)
            case .decimal(let scale): (false, scale)
            default: (false, 0)
            }
        var head = ",\"pipeline\":" + Self.quoted(plan.pipeline)
        if let model = plan.model {
            head += ",\"model\":" + Self.quoted(model.name) + ",\"version\":" + Self.quoted(model.version)
        }
        let decisions = plan.rules.map { Array((",\"decision\":" + Self.quoted($0.decision)).utf8) }
        features = plan.outputFeatures
        let featureKeys = plan.outputFeatures.enumerated().map { place, feature in
            Array(((place == 0 ? "" : ",") + Self.quoted(plan.features.names[feature.rawValue]) + ":").utf8)
        }
        texts = TextTable([Array((head + ",\"event_time\":\"").utf8)] + decisions + featureKeys)
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
    ///   - origin: names the event where the pipeline has no id field.
    ///   - reasons: writes them; `nil`: the pipeline asks for none.
    func encode(
        _ context: BatchContext, row: Int, origin: UnsafeBufferPointer<UInt8>, reasons: RowExplainer?,
        into arena: inout ByteArena
    ) {
        let batch = context.batch
        var idBytes = origin.count
        if let idField, isStringID, batch.presence[idField.rawValue][row] == Presence.present {
            idBytes = max(idBytes, batch.string(idField, row: row).count)
        }
        let start = arena.reserve(fixedBytes + JSONText.bytesMax(forLength: idBytes) + (reasons?.bytesMax ?? 0))
        var out = start
        Self.append("{\"id\":", to: &out)
        writeID(batch, row: row, origin: origin, to: &out)
        texts.append(0, to: &out)
        out += TimeText.write(EventTime(microseconds: batch.eventTimes[row]), to: out)
        Self.append("\",\"score\":", to: &out)
        let score = context.scores[row]
        if hasModel && score.isFinite {
            out += hasSingleScores ? NumberText.write(Float(score), to: out) : NumberText.write(score, to: out)
        } else {
            Self.append("null", to: &out)
        }
        let decision = context.decisions[row]
        if decision >= 0 { texts.append(1 + Int(decision), to: &out) }
        if let reasons {
            Self.append(",\"reasons\":", to: &out)
            reasons.write(context, row: row, to: &out)
            Self.append(",\"features\":{", to: &out)
        } else {
            Self.append(",\"reasons\":[],\"features\":{", to: &out)
        }
        let values = context.frame.features + row &* context.frame.featureCount
        for place in features.indices {
            texts.append(1 &+ decisionCount &+ place, to: &out)
            let value = values[features[place].rawValue]
            if NumberText.writeSmallCount(value, to: &out) { continue }
            if value.isFinite { out += NumberText.write(value, to: out) } else { Self.append("null", to: &out) }
        }
        Self.append("}}", to: &out)
        arena.commit(out - start)
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
