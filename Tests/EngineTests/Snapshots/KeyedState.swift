import Events
import Features
import Workers

@testable import Engine

/// A small engine of features over two entities, to be filled from two lanes and held against others.
final class KeyedState {
    static let schema = EventSchema(
        fields: [
            FieldPlan(name: "customer", path: ["customer"], type: .int),
            FieldPlan(name: "terminal", path: ["terminal"], type: .int),
            FieldPlan(name: "amount", path: ["amount"], type: .decimal(scale: 2)),
        ], time: .record)
    static let plan = FeaturePlan(
        names: ["customer_count", "customer_sum", "terminal_count", "terminal_sum"],
        entities: [entity(key: 0, delay: 0, feature: 0), entity(key: 1, delay: 50, feature: 2)], expressions: [])
    static let limits = FeatureLimits(keysPerEntity: 1_000, shardCount: 2)
    static let hash = "feedc0de00000001"
    static let lanes = [(topic: "payments", partition: Int32(0)), (topic: "payments", partition: Int32(1))]

    let features = FeatureEngine(plan: plan, limits: limits)
    /// By lane, behind the last event taken.
    var positions: [Int64] = [0, 0]
    private let batch = EventBatch(schema: schema, capacity: 64)
    private let frame: FeatureFrame

    init(events: Int = 0) {
        frame = features.makeFrame(capacity: 64)
        while taken < events { take(min(20, events - taken)) }
    }

    private static func entity(key: Int, delay: Int64, feature: Int) -> EntityPlan {
        EntityPlan(
            keyField: FieldIndex(key), windows: [WindowPlan(delayMicroseconds: delay, lengthMicroseconds: 300)],
            valueColumns: [.integers(field: FieldIndex(2), scale: 2, mayBeMissing: false)],
            aggregates: [
                AggregatePlan(
                    function: .count, window: 0, valueColumn: nil, defaultValue: nil, feature: FeatureIndex(feature)),
                AggregatePlan(
                    function: .sum, window: 0, valueColumn: 0, defaultValue: nil, feature: FeatureIndex(feature + 1)),
            ], lateMicroseconds: 20)
    }

    /// Events so far; event n is offset n / 2 of lane n % 2.
    var taken: Int { Int(positions[0] + positions[1]) }

    /// Takes the next events as one batch and returns their features.
    @discardableResult
    func take(_ count: Int, isMuted: Bool = false) -> [[Double]] {
        batch.removeAll()
        for row in 0..<count {
            let index = taken
            let lane = index % 2
            batch.count += 1
            batch.eventTimes[row] = Int64(index * 3 - index % 7)
            batch.lanes[row] = Int32(lane)
            batch.offsets[row] = positions[lane]
            batch.faults[row] = .none
            for (field, value) in [index * 7 % 31, index * 5 % 11, index * 13 % 1_000].enumerated() {
                batch.words[field][row] = Int64(value)
                batch.presence[field][row] = Presence.present
            }
            frame.dispositions[row] = isMuted ? .muted : .score
            positions[lane] += 1
        }
        features.prepare(batch, frame, rows: 0..<count, scratch: features.makeScratch())
        features.partition(batch, frame)
        for task in 0..<features.shardTaskCount { features.runShard(task, batch, frame) }
        return (0..<count).map { row in
            Array(UnsafeBufferPointer(start: frame.features + row * frame.featureCount, count: frame.featureCount))
        }
    }

    /// The bytes of all shards: equal for equal states.
    var bytes: [[UInt8]] {
        let image = ShardImage()
        return (0..<features.shardTaskCount).map { task in
            features.copyShard(task, into: image)
            return Array(image.bytes)
        }
    }

    /// The header of a snapshot that begins now.
    func header(pipeline: String = "payments", hash: String = KeyedState.hash) -> SnapshotHeader {
        SnapshotHeader(
            pipeline: pipeline, statePlanHash: hash, createdMilliseconds: 1_700_000_000_000 + Int64(taken),
            lanes: Self.lanes.enumerated().map { index, lane in
                SnapshotLane(
                    topic: lane.topic, partition: lane.partition, offset: positions[index],
                    highestTime: Int64(taken * 3))
            },
            watermark: features.watermark, lateCount: 5, orderPosition: 77, entities: ["customer", "terminal"],
            shardCount: Self.limits.shardCount)
    }

    /// What is committed, if everything that was taken is.
    var committed: [SnapshotManifest.Position] {
        zip(Self.lanes, positions).map { ($0.topic, $0.partition, $1) }
    }

    /// Writes a snapshot whose shards all stand here.
    @discardableResult
    func write(to store: SnapshotStore) throws -> SnapshotManifest {
        let writer = try store.begin(header(pipeline: store.pipeline, hash: store.statePlanHash))
        for (task, bytes) in bytes.enumerated() {
            try bytes.withUnsafeBytes { try writer.append($0, task: task, positions: positions) }
        }
        let (manifest, left) = try writer.finish()
        if let left { throw left }
        return manifest
    }

    /// Loads the newest snapshot that may be used and stands where it stood; `nil`: there is none, and nothing changed.
    func restore(
        from store: SnapshotStore, committed: [SnapshotManifest.Position]? = nil
    ) throws -> SnapshotRestoration {
        let pool = WorkerPool(workerCount: 2)
        defer { pool.shutDown() }
        let everything = Self.lanes.map { ($0.topic, $0.partition, Int64.max) }
        let restoration = try store.restore(into: features, committed: committed ?? everything, pool: pool)
        if let loaded = restoration.loaded {
            positions = loaded.header.lanes.map(\.offset)
            features.setReplayGuard(loaded.guards(lanes: Self.lanes))
        }
        return restoration
    }
}

extension SnapshotStore {
    /// On a disk in memory.
    convenience init(_ disk: MemoryDisk, pipeline: String = "payments", hash: String = KeyedState.hash, keep: Int = 3) {
        self.init(directory: "/state", pipeline: pipeline, statePlanHash: hash, files: disk, keep: keep)
    }
}
