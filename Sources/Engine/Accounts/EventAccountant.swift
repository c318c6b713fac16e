import Events
public import Features
import Models

/// Gives account of the events that somebody asks for, as a replay comes to them: each is then a batch of its own, so that
/// state can be looked at right behind it. All others go in large batches as ever.
public final class EventAccountant {
    private let plan: ScoringPlan
    private let wish: EventWish
    private let shownEventsMax: Int
    private let accountsMax: Int
    private let scratch: ExpressionScratch
    private let idReader: EventIDReader?
    /// Those that were wanted and given account of; the first `accountsMax`.
    public private(set) var accounts: [EventAccount] = []
    /// All that were wanted.
    public private(set) var count = 0
    private var watermark = Int64.min
    private var isLate = false
    private var value: [UInt8]?

    /// - Parameters:
    ///   - plan: that of `EventAccountant.plan(of:)`.
    ///   - shownEventsMax: so many events of each window are shown.
    ///   - accountsMax: more events are only counted.
    public init(plan: ScoringPlan, wish: EventWish, shownEventsMax: Int, accountsMax: Int = 10) {
        self.plan = plan
        self.wish = wish
        self.shownEventsMax = shownEventsMax
        self.accountsMax = accountsMax
        scratch = ExpressionScratch(registerCount: plan.registerCount)
        if case .id = wish { idReader = EventIDReader(plan) } else { idReader = nil }
    }

    /// The plan that accounts are given by: every score with its reasons, and no budget for them.
    public static func plan(of plan: ScoringPlan) -> ScoringPlan { plan.explainingFreely(always: true) }

    // MARK: - On the engine's thread

    /// The last row of a decoded chunk that is wanted; -1: none is.
    ///
    /// - Parameter header: of a table.
    func lastWanted(in chunk: DecodedChunk, header: [UInt8]?) -> Int {
        (chunk.next..<chunk.batch.count).last { wants($0, of: chunk, header: header) } ?? -1
    }

    private func wants(_ row: Int, of chunk: DecodedChunk, header: [UInt8]?) -> Bool {
        switch wish {
        case .place(let lane, let position): Int(chunk.lane) == lane && chunk.batch.offsets[row] == position
        case .lane(let lane): Int(chunk.lane) == lane
        case .id(let id): idReader?.id(ofRow: row, chunk, header: header) == id
        }
    }

    /// A row is about to be taken.
    ///
    /// - Parameter watermark: before it.
    func begin(_ row: Int, of chunk: DecodedChunk, watermark: Int64, header: [UInt8]?) {
        value = nil
        guard wants(row, of: chunk, header: header) else { return }
        let record = chunk.records[row]
        value = record.value.map { Array(UnsafeRawBufferPointer(start: $0, count: record.valueCount)) } ?? []
        self.watermark = watermark
    }

    /// Whether the row that was taken is one to give account of.
    var isExpecting: Bool { value != nil }

    func judged(isLate: Bool) { self.isLate = isLate }

    /// The row that was taken is scored: it is the only one of its batch.
    func finish(_ context: BatchContext, _ features: FeatureEngine) {
        guard let value else { return }
        self.value = nil
        count += 1
        if accounts.count == accountsMax { return }
        accounts.append(account(context, features, value: value))
    }

    private func account(_ context: BatchContext, _ features: FeatureEngine, value: [UInt8]) -> EventAccount {
        let batch = context.batch
        precondition(batch.count == 1, "an account of \(batch.count) events")
        let disposition = context.frame.dispositions[0]
        let isScored = disposition == .score
        let fault = batch.faults[0]
        let source = Int(batch.sources[0])
        let columns = plan.sources[source].columns
        let score = context.models.isEmpty ? .nan : context.scores[0]
        return EventAccount(
            lane: Int(batch.lanes[0]), position: batch.offsets[0], source: source, value: value,
            fields: fault.code == .none ? columns.map { field(FieldIndex($0), batch) } : [],
            time: Self.time(batch.eventTimes[0]), available: Self.time(batch.orderTimes[0]),
            recordTime: Self.time(batch.recordTimes[0]), watermark: Self.time(watermark), isLate: isLate,
            disposition: disposition, fault: fault,
            features: isScored ? (0..<context.frame.featureCount).map { context.frame.features[$0] } : [],
            score: isScored && !score.isNaN ? score.printed(context.models.precision) : nil,
            modelScores: isScored && context.models.hasOwnScores
                ? context.models.models.indices.map {
                    context.scores(ofModel: $0)[0].printed(context.models.precisions[$0])
                } : [],
            rules: isScored ? plan.rules.map { holds($0.condition, context) } : [],
            rule: isScored && context.decisions[0] >= 0 ? Int(context.decisions[0]) : nil,
            hasReasons: isScored ? hasReasons(context) : nil,
            record: isScored ? String(decoding: context.output(0), as: UTF8.self) : nil,
            windows: isScored ? features.windows(ofRow: 0, batch, context.frame, shownMax: shownEventsMax) : [])
    }

    private static func time(_ microseconds: Int64) -> EventTime? {
        microseconds == .min ? nil : EventTime(microseconds: microseconds)
    }

    private func hasReasons(_ context: BatchContext) -> Bool? {
        guard plan.explanation != nil else { return nil }
        guard let condition = reasonsCondition else { return context.scores[0].isFinite }
        return holds(condition, context) ?? false
    }

    /// When the pipeline gives reasons; set by whoever has its own plan.
    public var reasonsCondition: CompiledExpression?

    private func holds(_ condition: CompiledExpression, _ context: BatchContext) -> Bool? {
        var inputs = ExpressionInputs(batch: context.batch)
        inputs.features = UnsafePointer(context.frame.features)
        inputs.featureRowStride = context.frame.featureCount
        inputs.featureSlotStride = 1
        inputs.scores = UnsafePointer(context.scores)
        inputs.modelScores = UnsafePointer(context.modelScores)
        inputs.modelScoreStride = context.capacity
        return withUnsafeTemporaryAllocation(of: Double.self, capacity: 1) { value in
            guard let start = value.baseAddress else { return nil }
            condition.evaluate(inputs, rows: 0..<1, scratch: scratch, into: start)
            return start[0].isNaN ? nil : start[0] == 1
        }
    }

    private func field(_ field: FieldIndex, _ batch: EventBatch) -> EventAccount.FieldValue {
        switch batch.presence[field.rawValue][0] {
        case Presence.null: return .null
        case Presence.absent: return .absent
        default: break
        }
        let isText = batch.schema.fields[field.rawValue].type == .string
        return .value(EventIDReader.text(of: field, row: 0, batch), isText: isText)
    }
}

extension Double {
    /// A score as its record has it: of 32 bits, the shortest number that is it.
    func printed(_ precision: Precision) -> Double {
        precision == .single ? Double("\(Float(self))") ?? self : self
    }
}
