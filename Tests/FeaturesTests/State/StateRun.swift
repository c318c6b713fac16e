import Events
import Testing

@testable import Features

/// An engine that takes a history batch by batch, from several lanes, and whose state can be taken out and put back.
struct StateRun {
    static let lanes = 3
    let plan: FeaturePlan
    let limits: FeatureLimits
    let engine: FeatureEngine
    private let frame: FeatureFrame
    private let batch: EventBatch
    private let scratch: ExpressionScratch

    init(_ plan: FeaturePlan, _ limits: FeatureLimits, batchRowsMax: Int = 64) {
        self.plan = plan
        self.limits = limits
        // A new engine has another secret hash, as another process has.
        engine = FeatureEngine(plan: plan, limits: limits)
        frame = engine.makeFrame(capacity: batchRowsMax)
        batch = EventBatch(schema: HistoryField.schema, capacity: batchRowsMax)
        scratch = engine.makeScratch()
    }

    /// Each lane counts from a place of its own.
    static func offset(_ index: Int, lane: Int) -> Int64 { Int64(index + lane * 1_000_000) }

    /// Which events a shard has taken that was copied behind the event before `index`.
    static func guardBefore(_ index: Int) -> ShardGuard {
        ShardGuard(offsets: (0..<lanes).map { offset(index, lane: $0) })
    }

    /// The features of the events of a range; those before `mutedUntil` are muted.
    func features(_ events: [HistoryEvent], _ range: Range<Int>, mutedUntil: Int = 0) -> [[Double]] {
        batch.removeAll()
        for (row, index) in range.enumerated() {
            batch.append(events[index])
            let lane = index % Self.lanes
            batch.lanes[row] = Int32(lane)
            batch.offsets[row] = Self.offset(index, lane: lane)
            let disposition = events[index].disposition
            frame.dispositions[row] = disposition == .score && index < mutedUntil ? .muted : disposition
        }
        engine.prepare(batch, frame, rows: 0..<batch.count, scratch: scratch)
        engine.partition(batch, frame)
        for task in 0..<engine.shardTaskCount { engine.runShard(task, batch, frame) }
        engine.finish(batch, frame, rows: 0..<batch.count, scratch: scratch)
        return HistoryRun.rows(batch, frame)
    }

    /// The features of all events from `start` on, in batches of a size.
    func features(_ events: [HistoryEvent], from start: Int, batchSize: Int, mutedUntil: Int = 0) -> [[Double]] {
        stride(from: start, to: events.count, by: batchSize).flatMap { first in
            features(events, first..<min(first + batchSize, events.count), mutedUntil: mutedUntil)
        }
    }

    /// A copy of each shard.
    func images() -> [[UInt8]] {
        let image = ShardImage()
        return (0..<engine.shardTaskCount).map { task in
            engine.copyShard(task, into: image)
            return Array(image.bytes)
        }
    }

    /// Takes over copies of all shards.
    func install(_ images: [[UInt8]], watermark: Int64) throws {
        let states = try images.indices.map { task in
            try images[task].withUnsafeBytes { try engine.decodeShard(task, from: $0) }
        }
        engine.install(states, watermark: watermark)
    }

    /// An engine with the state of this one.
    func restored() throws -> StateRun {
        let run = StateRun(plan, limits, batchRowsMax: batch.capacity)
        try run.install(images(), watermark: engine.watermark)
        return run
    }
}

extension FeatureStateStatistics {
    /// What is counted, without memory, which may be laid out otherwise.
    var counts: [UInt64] { [UInt64(keys), keysEmptied, keysEvicted, eventsForgotten] }
}

/// A history, a plan and limits under which the conformance of state is tried.
struct StateCase: CustomTestStringConvertible, Sendable {
    let name: String
    let shape: WindowOracleTests.Shape
    let limits: FeatureLimits
    /// Every aggregate and two sources, not counts, sums and means alone.
    var hasEverything = false
    /// Windows of tiles among them.
    var hasTiles = false

    var testDescription: String { name }

    var plan: FeaturePlan {
        if hasTiles { return TiledAggregateTests.plan(late: shape.late).plan }
        return hasEverything
            ? AggregateOracleTests.plan(late: shape.late).plan : WindowOracleTests.plan(late: shape.late).plan
    }

    func events(seed: UInt64) -> [HistoryEvent] {
        hasEverything
            ? AggregateOracleTests.history(shape, seed: seed) : WindowOracleTests.history(shape, seed: seed)
    }

    static let all = [
        StateCase(
            name: "roomy",
            shape: WindowOracleTests.Shape(
                name: "late and beyond", keys: 25, events: 700, late: 4, outOfOrder: 35, backMax: 60, stepMax: 2,
                gaps: 2),
            limits: FeatureLimits(shardCount: 3)),
        StateCase(
            name: "few keys, few events",
            shape: WindowOracleTests.Shape(
                name: "crowded", keys: 18, events: 700, late: 6, outOfOrder: 30, backMax: 20, stepMax: 1, gaps: 1),
            limits: FeatureLimits(keysPerEntity: 12, shardCount: 3, eventsPerKey: 4)),
        StateCase(
            name: "many keys at the limit",
            shape: WindowOracleTests.Shape(
                name: "many keys", keys: 400, events: 2_500, late: 4, outOfOrder: 20, backMax: 40, stepMax: 1, gaps: 1),
            limits: FeatureLimits(keysPerEntity: 60, shardCount: 1)),
        StateCase(
            name: "every aggregate",
            shape: WindowOracleTests.Shape(
                name: "late and beyond", keys: 9, events: 400, late: 4, outOfOrder: 35, backMax: 60, stepMax: 2,
                gaps: 2),
            limits: FeatureLimits(shardCount: 2), hasEverything: true),
        StateCase(
            name: "every aggregate, few keys, few events",
            shape: WindowOracleTests.Shape(
                name: "crowded", keys: 18, events: 400, late: 6, outOfOrder: 30, backMax: 20, stepMax: 1, gaps: 1),
            limits: FeatureLimits(keysPerEntity: 12, shardCount: 3, eventsPerKey: 4), hasEverything: true),
        StateCase(
            name: "tiles",
            shape: WindowOracleTests.Shape(
                name: "late and beyond", keys: 9, events: 300, late: 4, outOfOrder: 35, backMax: 60, stepMax: 2,
                gaps: 2),
            limits: FeatureLimits(keysPerEntity: 12, shardCount: 2), hasEverything: true, hasTiles: true),
    ]
}
