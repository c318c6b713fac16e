import Events
import Testing

@testable import Features

/// What is said that keys take is what they take.
struct KeyMemoryTests {
    private static let second: Int64 = 1_000_000

    private static func plan(_ asking: [HistoryPlan.Asked], tile: Int64, lengths: [Int64] = [100, 3_000]) -> HistoryPlan
    {
        var plan = HistoryPlan()
        plan.add(
            key: HistoryField.device,
            windows: lengths.map {
                WindowPlan(
                    delayMicroseconds: 0, lengthMicroseconds: $0 * second,
                    tileMicroseconds: tile == 0 ? 0 : $0 * second / tile)
            }, columns: [HistoryPlan.allColumns[0], .doubles(compiled("ratio"))], asking: asking, late: 0)
        return plan
    }

    private static let plain: [HistoryPlan.Asked] = [.init(.count), .init(.mean, 0)]
    private static let sketched: [HistoryPlan.Asked] = plain + [.init(.quantile, 1, 0.9), .init(.distinct, 0)]
    private static let followed: [HistoryPlan.Asked] = plain + [.init(.max, 0), .init(.stddev, 1), .init(.last, 1)]

    struct Form: CustomTestStringConvertible, Sendable {
        let name: String
        let asking: [HistoryPlan.Asked]
        let tile: Int64
        let events: Int

        var testDescription: String { "\(name), \(events) events" }
    }

    static let forms: [Form] = [5, 30].flatMap { events in
        [
            Form(name: "exact", asking: plain, tile: 0, events: events),
            Form(name: "exact, followed", asking: followed, tile: 0, events: events),
            Form(name: "exact, sketches", asking: sketched, tile: 0, events: events),
            Form(name: "tiles", asking: plain, tile: 100, events: events),
            Form(name: "tiles, followed", asking: followed, tile: 100, events: events),
            Form(name: "tiles, sketches", asking: sketched, tile: 100, events: events),
        ]
    }

    /// Every key has as many events, at random times of four horizons.
    @Test(arguments: forms)
    func theEstimateIsNearWhatIsTaken(form: Form) {
        let plan = Self.plan(form.asking, tile: form.tile)
        // A page of records.
        let keys = 512
        let limits = FeatureLimits(shardCount: 1)
        let run = HistoryRun(plan, limits: limits)
        var random = HistoryRandom(seed: 5)
        let horizon = plan.plan.horizonMicroseconds
        let total = keys * form.events * 4
        var rows = 0
        for first in stride(from: 0, to: total, by: 1_000) {
            let events = (first..<min(first + 1_000, total)).map { index in
                // A log-normal number, near enough: e^x by squaring.
                let normal = (0..<12).reduce(-6.0) { sum, _ in sum + Double.random(in: 0...1, using: &random) }
                var ratio = 1 + normal / 1_024
                for _ in 0..<10 { ratio *= ratio }
                return HistoryEvent(
                    time: Int64(Double(index) / Double(total) * 4 * Double(horizon)),
                    device: Int64.random(in: 0..<Int64(keys), using: &random),
                    amount: Int64.random(in: 0...1 << 40, using: &random), ratio: ratio)
            }
            rows += run.features(events, batchSize: 1_000).count
        }
        #expect(rows == total)
        let load = KeyLoad(keys: keys, eventsPerKey: form.events)
        let estimate = plan.plan.memoryEstimate(entity: 0, load: load, limits: limits)
        let statistics = run.engine.statistics
        let shard = run.engine.shards[0][0]
        let found = Double(statistics.bytes - shard.arena.pointee.bytesFree) / Double(keys)
        // A tenth of what is in use waits to be taken again; how much it is at this moment depends on the chunks.
        let ratio = estimate.bytesPerKey / (1.1 * found)
        print(
            "memory: \(form.testDescription): \(Int(found)) bytes a key, \(Int(estimate.bytesPerKey)) estimated, "
                + "\(Int(ratio * 100)) %; free in chunks \(shard.arena.pointee.bytesFree / keys)")
        #expect(statistics.keys == keys)
        #expect((0.8...1.2).contains(ratio))
    }
}
