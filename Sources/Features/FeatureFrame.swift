/// The working buffers of one batch: made once, filled for each batch that passes through.
// SAFETY: phases split the rows, or the shards, among workers; the pool joins them in between.
public final class FeatureFrame: @unchecked Sendable {
    public let capacity: Int
    public let featureCount: Int
    /// What becomes of each row; the engine fills it before `prepare`.
    public let dispositions: UnsafeMutablePointer<RowDisposition>
    /// Row-major: feature f of row r is `features[r * featureCount + f]`; NaN is missing.
    public let features: UnsafeMutablePointer<Double>

    /// `shards[entity][row]`: the shard of the row's key.
    let shards: [UnsafeMutablePointer<UInt16>]
    /// `hashes[entity][row]`: the place of the row's key in its shard's table.
    let hashes: [UnsafeMutablePointer<UInt64>]
    /// `order[entity]`: rows that enter the state, by shard, in merge order within a shard.
    let order: [UnsafeMutablePointer<UInt32>]
    /// `shardStarts[entity][shard]`: where a shard's rows begin in `order`; one more than there are shards.
    let shardStarts: [UnsafeMutablePointer<Int32>]
    /// The newest event time that entered the state, up to and with each row.
    let watermarks: UnsafeMutablePointer<Int64>
    /// `values[entity]`: row-major, the words behind the time in a ring's entry.
    let values: [UnsafeMutablePointer<Int64>]
    /// `filters[row]`: the value of the filter of the column that is being prepared.
    let filters: UnsafeMutablePointer<Double>
    /// `keyPresence[row]`: whether the row has a key of the entity that is being partitioned.
    let keyPresence: UnsafeMutablePointer<UInt8>

    init(plan: FeaturePlan, layouts: [RecordLayout], capacity: Int, shardCount: Int) {
        precondition(capacity > 0, "a frame of \(capacity) rows")
        self.capacity = capacity
        featureCount = plan.featureCount
        dispositions = .allocate(capacity: capacity)
        dispositions.initialize(repeating: .score, count: capacity)
        features = .allocate(capacity: max(1, capacity * plan.featureCount))
        features.initialize(repeating: .nan, count: max(1, capacity * plan.featureCount))
        shards = plan.entities.map { _ in .allocate(capacity: capacity) }
        hashes = plan.entities.map { _ in .allocate(capacity: capacity) }
        order = plan.entities.map { _ in .allocate(capacity: capacity) }
        shardStarts = plan.entities.map { _ in .allocate(capacity: shardCount + 1) }
        watermarks = .allocate(capacity: capacity)
        values = layouts.map { .allocate(capacity: max(1, capacity * $0.valueStride)) }
        filters = .allocate(capacity: capacity)
        keyPresence = .allocate(capacity: capacity)
    }

    deinit {
        dispositions.deallocate()
        features.deallocate()
        for buffer in shards { buffer.deallocate() }
        for buffer in hashes { buffer.deallocate() }
        for buffer in order { buffer.deallocate() }
        for buffer in shardStarts { buffer.deallocate() }
        watermarks.deallocate()
        for buffer in values { buffer.deallocate() }
        filters.deallocate()
        keyPresence.deallocate()
    }
}
