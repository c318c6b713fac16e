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
    /// Events that left windows early, at `FeatureLimits.eventsPerKey`.
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
    var shards: [[EntityShard]]
    let tableHash: KeyHash
    /// The newest event time that has entered the state; `Int64.min` before the first.
    public internal(set) var watermark = Int64.min
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

    /// Bytes of state for each key besides its remembered events, by entity.
    public var bytesPerKey: [Int] { layouts.map { $0.recordBytes + 14 } }

    /// Bytes that each remembered event takes, by entity.
    public var bytesPerEvent: [Int] { layouts.map { $0.entryWords * 8 } }

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

    /// Hashes keys and computes what windows will remember, for a range of rows.
    public func prepare(_ batch: EventBatch, _ frame: FeatureFrame, rows: Range<Int>, scratch: ExpressionScratch) {
        precondition(rows.lowerBound >= 0 && rows.upperBound <= frame.capacity, "rows \(rows) of \(frame.capacity)")
        for index in plan.entities.indices {
            let entity = plan.entities[index]
            hashKeys(batch, frame, entity: index, rows: rows)
            let stride = layouts[index].valueStride
            for column in entity.valueColumns.indices {
                let target = frame.values[index] + layouts[index].valueWords[column]
                switch entity.valueColumns[column].content {
                case .integers(let field, _, let mayBeMissing):
                    let words = batch.words[field.rawValue]
                    if mayBeMissing {
                        let presence = batch.presence[field.rawValue]
                        for row in rows {
                            let isPresent = presence[row] == Presence.present
                            target[row &* stride] = isPresent ? words[row] : 0
                            target[row &* stride &+ 1] = isPresent ? 1 : 0
                        }
                    } else {
                        for row in rows { target[row &* stride] = words[row] }
                    }
                case .doubles(let expression):
                    target.withMemoryRebound(to: Double.self, capacity: rows.upperBound &* stride) { target in
                        expression.evaluate(
                            ExpressionInputs(batch: batch), rows: rows, scratch: scratch,
                            into: target + rows.lowerBound &* stride, outputStride: stride)
                    }
                case .hashes, .ones: preconditionFailure("not yet")
                }
            }
        }
    }

    /// Both hashes of each key; rows without a key get some.
    private func hashKeys(_ batch: EventBatch, _ frame: FeatureFrame, entity: Int, rows: Range<Int>) {
        let field = plan.entities[entity].keyField
        let shardCount = UInt64(limits.shardCount)
        let shards = frame.shards[entity]
        let hashes = frame.hashes[entity]
        let words = batch.words[field.rawValue]
        if case .string = batch.schema.fields[field.rawValue].type {
            let presence = batch.presence[field.rawValue]
            for row in rows {
                if batch.faults[row].code != .none || presence[row] != Presence.present { continue }
                let bytes = batch.string(field, row: row)
                guard let start = bytes.baseAddress else { continue }
                shards[row] = Self.shard(KeyHash.fixed(UnsafeRawPointer(start), count: bytes.count), shardCount)
                hashes[row] = tableHash(UnsafeRawPointer(start), count: bytes.count)
            }
        } else {
            for row in rows {
                shards[row] = Self.shard(KeyHash.fixed(UnsafeRawPointer(words + row), count: 8), shardCount)
                hashes[row] = tableHash(UnsafeRawPointer(words + row), count: 8)
            }
        }
    }

    /// The high bits choose, evenly for any number of shards.
    @inline(__always)
    static func shard(_ hash: UInt64, _ count: UInt64) -> UInt16 {
        UInt16(truncatingIfNeeded: (hash >> 32 &* count) >> 32)
    }

    /// Sorts the rows that enter the state by shard, keeping merge order within each; one thread.
    ///
    /// A row whose key is missing enters no window of that entity: its aggregates are those of an empty window.
    public func partition(_ batch: EventBatch, _ frame: FeatureFrame) {
        precondition(batch.count <= frame.capacity, "\(batch.count) rows of \(frame.capacity)")
        for row in 0..<batch.count {
            if frame.dispositions[row].entersState { watermark = max(watermark, batch.orderTimes[row]) }
            frame.watermarks[row] = watermark
        }
        for index in plan.entities.indices {
            let entity = plan.entities[index]
            let starts = frame.shardStarts[index]
            let shards = frame.shards[index]
            var presence = UnsafePointer(batch.presence[entity.keyField.rawValue])
            if let replayGuard { presence = replayGuard.presence(presence, entity: index, batch, frame) }
            starts.update(repeating: 0, count: limits.shardCount + 1)
            for row in 0..<batch.count where frame.dispositions[row].entersState {
                if presence[row] != Presence.present { continue }
                starts[Int(shards[row]) &+ 1] &+= 1
            }
            for shard in 0..<limits.shardCount { starts[shard + 1] += starts[shard] }
            let order = frame.order[index]
            for row in 0..<batch.count where frame.dispositions[row].entersState {
                if presence[row] != Presence.present {
                    fillEmpty(entity, features: frame.features + row &* frame.featureCount)
                    continue
                }
                let shard = Int(shards[row])
                order[Int(starts[shard])] = UInt32(truncatingIfNeeded: row)
                starts[shard] &+= 1
            }
            // The fill moved each start to its end, which is the next one's start.
            for shard in stride(from: limits.shardCount, to: 0, by: -1) { starts[shard] = starts[shard - 1] }
            starts[0] = 0
        }
    }

    private func fillEmpty(_ entity: EntityPlan, features: UnsafeMutablePointer<Double>) {
        for index in entity.aggregates.indices {
            let aggregate = entity.aggregates[index]
            let empty: Double
            switch aggregate.function {
            case .count, .sum: empty = 0
            default: empty = aggregate.defaultValue ?? .nan
            }
            features[aggregate.feature.rawValue] = empty
        }
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
        let isText = batch.schema.fields[key].type == .string
        shards[entity][shard].process(
            rows,
            ShardRows(
                keyWords: batch.words[key], stringBytes: isText ? UnsafePointer(batch.stringBytes) : nil,
                hashes: frame.hashes[entity], times: batch.eventTimes, watermarks: frame.watermarks,
                values: frame.values[entity], features: frame.features, featureCount: frame.featureCount))
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
