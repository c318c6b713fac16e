import Events
import Workers

@testable import Engine
@testable import Features

/// A batch of a plan without fields and features, with whatever became of its rows.
enum BareBatch {
    struct Row {
        var disposition = RowDisposition.score
        /// In microseconds.
        var recordTime = Int64.min
        var fault = FaultCode.none
    }

    static let plan = ScoringPlan(
        pipeline: "p", schema: EventSchema(fields: [], time: .record), decodeLimits: DecodeLimits(), idField: nil,
        features: FeaturePlan(names: [], entities: [], expressions: []), featureLimits: FeatureLimits(), model: nil,
        rules: [], outputFeatures: [], late: LatePolicy(afterMicroseconds: 0, action: .score),
        isOrderIrrelevant: true, planHash: "00")

    static func make(_ rows: [Row]) -> BatchContext {
        let pool = WorkerPool(workerCount: 1)
        defer { pool.shutDown() }
        let context = ScoringPipeline(plan: plan, pool: pool).makeContext(capacity: max(1, rows.count))
        context.batch.count = rows.count
        for (index, row) in rows.enumerated() {
            context.batch.recordTimes[index] = row.recordTime
            context.batch.faults[index] = Fault(row.fault)
            context.batch.sources[index] = 0
            context.batch.offsets[index] = Int64(index)
            context.frame.dispositions[index] = row.disposition
        }
        return context
    }
}
