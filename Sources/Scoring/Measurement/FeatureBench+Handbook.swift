import Configuration
import Diagnostics
import Engine
import Events
import Features
import Generation
import Workers

/// The twelve windows of the Fraud Detection Handbook's protocol, the one plan that others were measured with too.
extension FeatureBench {
    /// Rounds over generated payments, each from empty state, one thread; gather and features are what counts.
    ///
    /// Complexity: O(rows) in time and memory: payments are JSON in memory, 140 bytes each.
    public func handbookRows(_ rows: Int) -> PhaseBenchResult {
        var generator = CardTransactionGenerator()
        var lines: [UInt8] = []
        for _ in 0..<rows {
            guard let transaction = generator.next() else { break }
            CardTransactionWriter.appendJSON(transaction, to: &lines)
            lines.append(UInt8(ascii: "\n"))
        }
        let events = MemoryEvents(lines: lines)
        let pool = WorkerPool(workerCount: 1)
        defer { pool.shutDown() }
        let measurement = PhaseMeasurement(
            plan: Self.handbookPlan(), pool: pool, batchRowsMax: options.batchRowsMax)
        return PhaseBenchResult(
            workers: 1, passes: (0..<options.rounds).map { _ in measurement.measure(events, origin: "payments") })
    }

    static func handbookPlan() -> ScoringPlan {
        FeatureBenchShape.plan(handbook, named: "handbook", keysPerEntity: FeatureLimits().keysPerEntity)
    }

    private static let handbook = """
        pipeline: bench
        kafka: {brokers: "localhost:9092", group: bench}
        sources:
          transactions:
            topic: card.transactions
            key: customer_id
            id: transaction_id
            time: {field: tx_datetime, format: iso8601}
            fields:
              transaction_id: int
              customer_id: string
              terminal_id: string
              tx_amount: {type: decimal, scale: 2}
              tx_fraud: {type: bool, label: true}
            late: {after: 10m, then: score}
        output: {topic: features, features: none}
        dead_letter: {topic: dead}
        features:
          - by: customer_id
            over: [1d, 7d, 30d]
            aggregates: {customer_tx: count(), customer_mean: mean(tx_amount)}
          - by: terminal_id
            over: [1d, 7d, 30d]
            delay: 7d
            aggregates: {terminal_tx: count(), terminal_risk: mean(tx_fraud) or 0}
        """
}
