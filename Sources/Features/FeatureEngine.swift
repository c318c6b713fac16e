public import Events

/// Bounds on keyed state.
public struct FeatureLimits: Hashable, Sendable {
    /// Keys that one entity may hold; beyond it the least recently seen by event time are evicted, and counted.
    public var keysPerEntity: Int
    /// In how many shards an entity's keys are split. Fixed for a pipeline: the limit is shared out evenly among
    /// shards.
    public var shardCount: Int
    /// Events that one key remembers for its windows, rounded up to a power of two; beyond it the oldest leaves the
    /// windows early, and is counted.
    public var eventsPerKey: Int

    public init(keysPerEntity: Int = 5_000_000, shardCount: Int = 16, eventsPerKey: Int = 1 << 24) {
        self.keysPerEntity = keysPerEntity
        self.shardCount = shardCount
        self.eventsPerKey = eventsPerKey
    }

    var keysPerShardMax: Int { (keysPerEntity - 1) / shardCount + 1 }

    /// The power of two that `eventsPerKey` is rounded up to.
    var eventsPerKeyMax: Int {
        var power = 1
        while power < eventsPerKey { power *= 2 }
        return power
    }
}

/// What the keyed state holds, counted.
public struct FeatureStateStatistics: Hashable, Sendable {
    public var keys = 0
    public var bytes = 0
    /// Keys dropped because their windows had emptied.
    public var keysEmptied: UInt64 = 0
    /// Keys dropped at the limit with events still in their windows.
    public var keysEvicted: UInt64 = 0
    /// Events that left windows early, at `FeatureLimits.eventsPerKey`, and tiles of events, at
    /// `WindowPlan.tilesPerKeyMax`.
    public var eventsForgotten: UInt64 = 0
}

/// Computes the features of batch after batch, in four steps that the engine spreads over its workers: `prepare` (any
/// split of the rows), `partition` (one thread), `runShard` (one worker a shard), `finish` (any split of the rows).
///
/// The result depends on the events and their order alone: not on batch boundaries, splits or the number of workers.
// SAFETY: shards are reached only through `runShard`, which the engine calls for each shard once per batch.
public final class FeatureEngine: @unchecked Sendable {
    public let plan: FeaturePlan
    public let limits: FeatureLimits
    let layouts: [RecordLayout]
    /// Whether rows of sources that are not scored come at all.
    let hasSeveralSources: Bool
    var shards: [[EntityShard]]
    let tableHash: KeyHash
    /// The newest event time that has entered the state; `Int64.min` before the first.
    public internal(set) var watermark = Int64.min
    /// Shards that hold keys of another engine: see `takeKeys`.
    var takenTasks: [Int] = []
    /// Set while shards that were copied at different places of the stream catch up.
    var replayGuard: ReplayGuard?

    public convenience init(plan: FeaturePlan, limits: FeatureLimits = FeatureLimits()) {
        self.init(plan: plan, limits: limits, tableHash: KeyHash.makeSecret())
    }

    init(plan: FeaturePlan, limits: FeatureLimits, tableHash: KeyHash) {
        precondition((1...4096).contains(limits.shardCount), "\(limits.shardCount) shards")
        precondition(limits.keysPerEntity > 0, "\(limits.keysPerEntity) keys per entity")
        precondition((1...1 << 30).contains(limits.eventsPerKey), "\(limits.eventsPerKey) events per key")
        self.plan = plan
        self.limits = limits
        self.tableHash = tableHash
        layouts = plan.entities.map { RecordLayout($0) }
        hasSeveralSources = plan.entities.contains { $0.source != 0 }
        shards = Self.makeShards(layouts, limits)
    }

    private static func makeShards(_ layouts: [RecordLayout], _ limits: FeatureLimits) -> [[EntityShard]] {
        layouts.map { layout in (0..<limits.shardCount).map { _ in makeShard(layout, limits) } }
    }

    static func makeShard(_ layout: RecordLayout, _ limits: FeatureLimits) -> EntityShard {
        EntityShard(
            layout: layout, keysMax: limits.keysPerShardMax, eventsPerKeyMax: limits.eventsPerKeyMax)
    }

    /// Forgets everything, as before the first event.
    public func removeAll() {
        shards = Self.makeShards(layouts, limits)
        watermark = Int64.min
        replayGuard = nil
    }

    public func makeFrame(capacity: Int) -> FeatureFrame {
        FeatureFrame(plan: plan, layouts: layouts, capacity: capacity, shardCount: limits.shardCount)
    }

    public func makeScratch() -> ExpressionScratch { ExpressionScratch(registerCount: plan.registerCount) }

    /// Tasks for `runShard`; shards of all entities are independent of each other.
    public var shardTaskCount: Int { plan.entities.count * limits.shardCount }

    public var statistics: FeatureStateStatistics {
        var total = FeatureStateStatistics()
        for shard in shards.joined() {
            total.keys += shard.keyCount
            total.bytes += shard.bytesReserved
            total.keysEmptied += shard.keysEmptied
            total.keysEvicted += shard.keysEvicted
            total.eventsForgotten += shard.eventsForgotten
        }
        return total
    }

    // MARK: - The steps of a batch

    // Loops over plans go by index: iterators over arrays of structures allocate in builds that are not optimised, and
    // the test that a warm event allocates nothing holds there, too.

    /// The high bits choose, evenly for any number of shards.
    @inline(__always)
    static func shard(_ hash: UInt64, _ count: UInt64) -> UInt16 {
        UInt16(truncatingIfNeeded: (hash >> 32 &* count) >> 32)
    }

    /// Takes the rows of one shard of one entity into its windows, and writes their aggregates.
    public func runShard(_ task: Int, _ batch: EventBatch, _ frame: FeatureFrame) {
        let entity = task / limits.shardCount
        let shard = task % limits.shardCount
        let starts = frame.shardStarts[entity]
        let rows = UnsafeBufferPointer(
            start: frame.order[entity] + Int(starts[shard]), count: Int(starts[shard + 1] - starts[shard]))
        if rows.isEmpty { return }
        let key = plan.entities[entity].keyField.rawValue
        let queryKey = plan.entities[entity].queryKeyField.rawValue
        let isText = batch.schema.fields[key].type == .string
        let shardRows = ShardRows(
            keyWords: batch.words[key], queryKeyWords: batch.words[queryKey], sources: batch.sources,
            stringBytes: isText ? UnsafePointer(batch.stringBytes) : nil, hashes: frame.hashes[entity],
            times: batch.eventTimes, watermarks: frame.watermarks, values: frame.values[entity],
            features: frame.features, featureCount: frame.featureCount)
        if layouts[entity].isPlain {
            shards[entity][shard].process(rows, shardRows)
        } else {
            shards[entity][shard].processAll(rows, shardRows)
        }
    }

    /// Computes the features that are expressions, for a range of rows.
    public func finish(_ batch: EventBatch, _ frame: FeatureFrame, rows: Range<Int>, scratch: ExpressionScratch) {
        if plan.expressions.isEmpty { return }
        var inputs = ExpressionInputs(batch: batch)
        inputs.features = UnsafePointer(frame.features)
        inputs.featureRowStride = frame.featureCount
        inputs.featureSlotStride = 1
        for index in plan.expressions.indices {
            let feature = plan.expressions[index]
            feature.expression.evaluate(
                inputs, rows: rows, scratch: scratch,
                into: frame.features + (rows.lowerBound &* frame.featureCount &+ feature.feature.rawValue),
                outputStride: frame.featureCount)
        }
    }
}
