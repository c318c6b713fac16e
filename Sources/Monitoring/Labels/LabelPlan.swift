import Events

/// How a monitor reads labels, joins them with scores, and what it watches of them.
public struct LabelPlan: Sendable {
    /// Its buckets are those of the scores.
    public let join: LabelJoinPlan
    public let columns: LabelColumns
    /// A field of score records, string or int, that names an event's card.
    public let card: ScoreRecordSchema.Field?

    public init(join: LabelJoinPlan, columns: LabelColumns, card: ScoreRecordSchema.Field? = nil) {
        self.join = join
        self.columns = columns
        self.card = card
    }
}

/// From rows of score records to what waits for labels.
struct ScoreFeed {
    private let decisions: CategoryTable
    private let card: FieldIndex?
    private let rowsMax: Int

    init(_ plan: LabelPlan, records: ScoreRecordSchema) {
        decisions = CategoryTable(plan.join.decisions, type: .string)
        card = plan.card.flatMap { records.fields.firstIndex(of: $0) }.map { records.field($0) }
        rowsMax = plan.join.pendingMax
    }

    func makeBucket() -> ScoreBucket { ScoreBucket(rowsMax: rowsMax) }

    /// Rows without an id can have no label: they are passed over.
    ///
    /// - Parameter versions: gives each version its number.
    func add(_ batch: EventBatch, rows: Range<Int>, versions: inout VersionTable, to bucket: inout ScoreBucket) {
        for row in rows {
            guard let key = batch.labelKey(ScoreRecordSchema.id, row: row) else { continue }
            let hasScore = batch.presence[ScoreRecordSchema.score.rawValue][row] == Presence.present
            let hasVersion = batch.presence[ScoreRecordSchema.version.rawValue][row] == Presence.present
            let version = hasVersion ? versions.number(batch.string(ScoreRecordSchema.version, row: row)) : 0
            bucket.add(
                ScoredEvent(
                    key: key, time: batch.eventTimes[row],
                    score: hasScore
                        ? Double(bitPattern: UInt64(bitPattern: batch.words[ScoreRecordSchema.score.rawValue][row]))
                        : .nan,
                    card: cardHash(batch, row), decision: decision(batch, row), version: UInt16(version)))
        }
    }

    private func decision(_ batch: EventBatch, _ row: Int) -> UInt16 {
        guard batch.presence[ScoreRecordSchema.decision.rawValue][row] == Presence.present else {
            return UInt16(decisions.values.count)
        }
        return UInt16(decisions.rank(ScoreRecordSchema.decision, row: row, of: batch))
    }

    private func cardHash(_ batch: EventBatch, _ row: Int) -> UInt64 {
        guard let card, let key = batch.labelKey(card, row: row) else { return ScoredEvent.noCard }
        return max(1, key.placeBits)
    }
}
