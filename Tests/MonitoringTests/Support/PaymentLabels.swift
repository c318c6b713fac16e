import Drift
import Events

@testable import Monitoring

/// What became known of `PaymentScores`: by the id of the payment, some hours later.
struct PaymentLabels {
    static let hour: Int64 = 3_600_000_000
    static let schema = EventSchema(
        fields: [
            FieldPlan(name: "known", path: ["known"], type: .time(.iso8601)),
            FieldPlan(name: "id", path: ["id"], type: .int), FieldPlan(name: "fraud", path: ["fraud"], type: .bool),
        ], time: .field(FieldIndex(0)))
    static let plan = LabelPlan(
        join: LabelJoinPlan(
            decisions: ["block", "allow"], bucket: 300_000_000, within: 130 * 60_000_000, window: hour,
            pendingMax: 50_000),
        columns: LabelColumns(schema: schema, id: FieldIndex(1), positive: FieldIndex(2)))

    struct Row {
        var known: Int64
        var number: Int
        var isFraud: Bool
    }

    /// Nine of ten payments get a label, half an hour to two hours after them: in the order of that time, but for a little.
    static func rows(of scores: [PaymentScores.Row], seed: UInt64) -> [Row] {
        var random = RandomWords(seed)
        var rows: [(order: Int64, row: Row)] = []
        for score in scores where random.below(10) > 0 {
            let known = score.time + hour / 2 + Int64(random.below(90)) * 60_000_000
            rows.append(
                (
                    known + Int64(random.below(30)) * 1_000_000,
                    Row(known: known, number: score.number, isFraud: score.isFraud)
                ))
        }
        return rows.sorted { ($0.order, $0.row.number) < ($1.order, $1.row.number) }.map(\.row)
    }

    static func batch(_ rows: some Collection<Row>, firstOffset: Int64) -> EventBatch {
        let batch = plan.columns.makeBatch(capacity: max(1, rows.count))
        for (index, row) in rows.enumerated() {
            batch.count = index + 1
            batch.eventTimes[index] = row.known
            batch.recordTimes[index] = .min
            batch.offsets[index] = firstOffset + Int64(index)
            batch.lanes[index] = 0
            batch.sources[index] = 0
            batch.faults[index] = Fault(.none)
            PaymentScores.set(row.known, FieldIndex(0), index, batch)
            PaymentScores.set(Int64(row.number), FieldIndex(1), index, batch)
            PaymentScores.set(row.isFraud ? 1 : 0, FieldIndex(2), index, batch)
        }
        return batch
    }
}
