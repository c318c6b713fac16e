import Events
import Features
import Workers

/// Evaluates single events against the state of a running engine without touching it: on a pipeline of its own that is
/// given copies of the event's keys, by the road of a snapshot, and forgets them.
///
/// That is exact because snapshots are: what comes out is bit for bit what the event would get as the next one. Reasons
/// are not counted against their budget.
final class LiveEvaluation {
    private let plan: ScoringPlan
    private let decoder: JSONEventDecoder
    private let chunk: DecodedChunk
    private let origin = OriginText(file: "request")
    private let image = ShardImage()
    /// One worker: it runs on the caller's thread.
    private let pool = WorkerPool(workerCount: 1)
    private lazy var scoring = Bench(plan.explainingFreely(always: false), pool)
    private lazy var explaining = Bench(plan.explainingFreely(always: true), pool)

    /// A pipeline for one event.
    private struct Bench {
        let pipeline: ScoringPipeline
        let context: BatchContext

        init(_ plan: ScoringPlan, _ pool: WorkerPool) {
            pipeline = ScoringPipeline(plan: plan, pool: pool)
            context = pipeline.makeContext(capacity: 1)
        }
    }

    init(_ plan: ScoringPlan) {
        self.plan = plan
        decoder = JSONEventDecoder(source: 0, of: plan.sources, limits: plan.decodeLimits)
        chunk = DecodedChunk(plan: plan, capacity: 1)
    }

    func answer(_ question: StateQuestion, _ live: LiveState) -> StateAnswer {
        switch question {
        case .score(let event): evaluate(event, on: scoring, live) { $0 }
        case .explain(let event):
            evaluate(event, on: explaining, live) { [self] record in
                let context = explaining.context
                let values = (0..<plan.features.names.count).map { context.frame.features[$0] }
                let note = plan.explanation == nil ? ",\"note\":\"\(Self.noReasons)\"" : ""
                return "{\"record\":\(record),\"features\":\(text(Array(values.enumerated())))\(note)}"
            }
        case .features(let entity, let key): features(of: key, entity, live)
        }
    }

    /// An empty list of reasons must not read as if nothing had raised the score.
    private static let noReasons = "no reasons: the pipeline asks for none; add explain: {top: 3} to its model"

    // MARK: - One event

    private func evaluate(
        _ event: [UInt8], on bench: Bench, _ live: LiveState, _ body: (_ record: String) -> String
    ) -> StateAnswer {
        let (pipeline, context) = (bench.pipeline, bench.context)
        context.removeAll()
        chunk.removeAll()
        event.withUnsafeBytes { bytes in
            decoder.decode(value: bytes, recordTime: live.wallMicroseconds, offset: 0, lane: 0, into: chunk.batch)
        }
        context.batch.append(row: 0, of: chunk.batch)
        var watermark = live.watermark
        let disposition = watermark.disposition(of: 0, in: context.batch, isMuted: false)
        guard disposition == .score else { return refusal(context.batch.faults[0], disposition) }
        context.frame.dispositions[0] = .score
        context.models = live.models
        defer { pipeline.features.forgetKeys() }
        do {
            try pipeline.features.takeKeys(ofRow: 0, context.batch, from: live.pipeline.features, image)
            try pipeline.onlineModels.take(from: live.pipeline.onlineModels, image)
        } catch {
            return .busy("the state of its keys cannot be copied: \(error)")
        }
        pipeline.process(context, origin: origin)
        return .answer(body(String(decoding: context.output(0), as: UTF8.self)))
    }

    private func refusal(_ fault: Fault, _ disposition: RowDisposition) -> StateAnswer {
        if disposition == .lateDropped {
            return .unsound(code: "late", text: "the event is late, and late events are dropped")
        }
        var text = "the event would be a dead letter: \(fault.code.name)"
        if fault.field >= 0, Int(fault.field) < plan.schema.fields.count {
            text += ", field \"\(plan.schema.fields[Int(fault.field)].name)\""
        }
        return .unsound(code: fault.code.name, text: text)
    }

    // MARK: - One key

    private func features(of key: String, _ entity: String, _ live: LiveState) -> StateAnswer {
        let names = plan.entityNames
        guard names.contains(entity) else {
            return .unknown("there is no entity \"\(entity)\": there are \(names.joined(separator: ", "))")
        }
        let engine = scoring.pipeline.features
        defer { engine.forgetKeys() }
        var found: [(Int, Double)] = []
        for (index, own) in plan.features.entities.enumerated() {
            let field = plan.schema.fields[own.queryKeyField.rawValue]
            if field.name != entity { continue }
            guard let bytes = bytes(of: key, field) else {
                return .unknown("\"\(entity)\" is a number, and the key is none")
            }
            let values: [Double]?
            do {
                values = try bytes.withUnsafeBytes {
                    bytes throws(ShardImageError) in
                    try engine.readKey(bytes, entity: index, from: live.pipeline.features, image)
                }
            } catch {
                return .busy("the state of the key cannot be copied: \(error)")
            }
            guard let values else { continue }
            found += own.aggregates.map { ($0.feature.rawValue, values[$0.feature.rawValue]) }
        }
        if found.isEmpty { return .unknown("nothing is known of this key of \"\(entity)\"") }
        let time = live.pipeline.features.watermark
        return .answer(
            "{\"entity\":\(ScoreEncoder.quoted(entity)),\"key\":\(ScoreEncoder.quoted(key)),\"watermark\":\""
                + TimeText.string(EventTime(microseconds: time))
                + "\",\"features\":\(text(found.sorted { $0.0 < $1.0 }.map { ($0.0, $0.1) }))}")
    }

    /// A key as tables hold it; `nil`: the text is no such key.
    private func bytes(of key: String, _ field: FieldPlan) -> [UInt8]? {
        if case .string = field.type { return Array(key.utf8) }
        guard let number = Int64(key) else { return nil }
        return withUnsafeBytes(of: number) { Array($0) }
    }

    /// `{"amount":12.5,…}`, with `null` for what is missing.
    private func text(_ values: [(offset: Int, element: Double)]) -> String {
        let members = values.map { feature, value in
            ScoreEncoder.quoted(plan.features.names[feature]) + ":" + number(value)
        }
        return "{\(members.joined(separator: ","))}"
    }

    private func number(_ value: Double) -> String {
        if !value.isFinite { return "null" }
        return String(unsafeUninitializedCapacity: NumberText.bytesMax) { target in
            guard let start = target.baseAddress else { return 0 }
            return NumberText.write(value, to: start)
        }
    }
}
