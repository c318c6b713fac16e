/// A partition as a snapshot holds it: where its state stood when the first shard was copied.
public struct SnapshotLane: Hashable, Sendable {
    public let topic: String
    public let partition: Int32
    /// Every record before this offset has entered the state of every shard.
    public let offset: Int64
    /// The highest time among its records so far, which orders it in the merge; `Int64.min` before the first.
    public let highestTime: Int64

    public init(topic: String, partition: Int32, offset: Int64, highestTime: Int64) {
        self.topic = topic
        self.partition = partition
        self.offset = offset
        self.highestTime = highestTime
    }
}

/// What a snapshot says of itself, all as of the place in the stream where its first shard was copied.
public struct SnapshotHeader: Hashable, Sendable {
    public var pipeline: String
    /// The hash of `FeaturePlan.stateLayout` and of the source: state of another plan means something else.
    public var statePlanHash: String
    /// Wall clock, milliseconds since 1970; for people only.
    public var createdMilliseconds: Int64
    /// Rises from snapshot to snapshot; `SnapshotStore.begin` decides it.
    public var sequence: UInt64
    public var lanes: [SnapshotLane]
    /// The newest event time that had entered the state; `Int64.min` before the first.
    public var watermark: Int64
    /// Late events so far.
    public var lateCount: UInt64
    /// Where the recorded order stood; -1: not known, or there is none.
    public var orderPosition: Int64
    /// The key fields of the plan's entities; each has `shardCount` shards.
    public var entities: [String]
    public var shardCount: Int
    /// Models that learn as they score; each has a section behind those of the shards.
    public var models: [String]
    /// Features whose windows were not whole, since the log could not fill them: whoever starts from here is told again.
    public var incomplete: IncompleteState?

    public init(
        pipeline: String, statePlanHash: String, createdMilliseconds: Int64, sequence: UInt64 = 0,
        lanes: [SnapshotLane], watermark: Int64, lateCount: UInt64, orderPosition: Int64 = -1, entities: [String],
        shardCount: Int, models: [String] = [], incomplete: IncompleteState? = nil
    ) {
        self.pipeline = pipeline
        self.statePlanHash = statePlanHash
        self.createdMilliseconds = createdMilliseconds
        self.sequence = sequence
        self.lanes = lanes
        self.watermark = watermark
        self.lateCount = lateCount
        self.orderPosition = orderPosition
        self.entities = entities
        self.shardCount = shardCount
        self.models = models
        self.incomplete = incomplete
    }

    /// Shards of all entities.
    public var shardTaskCount: Int { entities.count * shardCount }
    /// Shards of all entities, and models: the sections of the file.
    public var taskCount: Int { shardTaskCount + models.count }
}
