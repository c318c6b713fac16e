import Drift
import Events

@testable import Monitoring

/// Payments that became dead letters: five in a thousand, as a reference has it.
enum PaymentLetters {
    static let columns = DeadLetterColumns(origin: "payments")
    static let share = 0.005

    /// The reference of `PaymentMonitor`, and what it says of dead letters.
    static let reference: ReferenceFile = {
        var random = RandomWords(78)
        var tally = DeadLetterTally(BaselineSettings(pipeline: "payments", watch: MonitorPlan.Watch()))
        let history = PaymentMonitor.history
        let letters = history.filter { _ in random.unit() < share }.map(\.time)
        for row in history { tally.addScore(at: row.time) }
        for start in stride(from: 0, to: letters.count, by: 100) {
            tally.add(batch(letters[start..<min(letters.count, start + 100)], firstOffset: 0))
        }
        let known = PaymentMonitor.reference
        var series = known.series
        do {
            series["dead_letters"] = try tally.reference(
                within: history[0].time...history[history.count - 1].time, cellsMax: 1 << 20)
        } catch {
            fatalError("\(error)")
        }
        return ReferenceFile(
            pipeline: "payments", fromMilliseconds: known.fromMilliseconds, toMilliseconds: known.toMilliseconds,
            series: series)
    }()

    /// A batch of dead letters, by the times of their events.
    static func batch(_ times: some Collection<Int64>, firstOffset: Int64) -> EventBatch {
        let batch = EventBatch(schema: DeadLetterColumns.schema, capacity: max(1, times.count))
        add(times, firstOffset: firstOffset, to: batch)
        return batch
    }

    static func add(_ times: some Collection<Int64>, firstOffset: Int64, to batch: EventBatch) {
        let origin = Array("payments/0/7".utf8)
        for (index, time) in times.enumerated() {
            origin.withUnsafeBytes { origin in
                columns.append(
                    origin: origin, timestamp: time, recordTime: .min, offset: firstOffset + Int64(index), lane: 0,
                    to: batch)
            }
        }
    }

    static func makePlan(_ change: (inout MonitorSettings) -> Void = { _ in }) -> MonitorPlan {
        let known = PaymentMonitor.makePlan(change)
        var watch = MonitorPlan.Watch()
        watch.decisions = ["block", "allow"]
        watch.features = ["amount", "risk"]
        watch.fields = PaymentScores.fields
        watch.segments = PaymentScores.fields
        do {
            return try MonitorPlan(
                pipeline: "payments", watch: watch, reference: reference, settings: known.settings,
                deadLetters: columns)
        } catch {
            fatalError("\(error)")
        }
    }
}
