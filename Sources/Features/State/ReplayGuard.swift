import Events

/// Which events a shard has already taken: those before an offset in each lane.
public struct ShardGuard: Hashable, Sendable {
    /// By lane; a lane beyond the end has none.
    public var offsets: [Int64]

    public init(offsets: [Int64]) { self.offsets = offsets }
}

/// Keeps events from shards that have already taken them, while a stream is read again from where the first shard was
/// copied.
// SAFETY: reached from `partition` only, which one thread calls.
final class ReplayGuard: @unchecked Sendable {
    private let shardCount: Int
    private let laneCount: Int
    /// `offsets[task * laneCount + lane]`.
    private let offsets: [Int64]
    private var presence: UnsafeMutableBufferPointer<UInt8>

    init(_ guards: [ShardGuard], shardCount: Int) {
        self.shardCount = shardCount
        laneCount = guards.map(\.offsets.count).max() ?? 0
        let laneCount = laneCount
        offsets = guards.flatMap { $0.offsets + Array(repeating: .min, count: laneCount - $0.offsets.count) }
        presence = .allocate(capacity: 0)
    }

    deinit { presence.deallocate() }

    /// Whether each row has a key for the entity, where a row that its shard has already taken counts as having none.
    ///
    /// Valid until the next call.
    func presence(
        _ found: UnsafePointer<UInt8>, entity: Int, _ batch: EventBatch, _ frame: FeatureFrame
    ) -> UnsafePointer<UInt8> {
        if presence.count < batch.count {
            presence.deallocate()
            presence = .allocate(capacity: batch.capacity)
        }
        let presence = presence.baseAddress.unsafelyUnwrapped
        for row in 0..<batch.count {
            presence[row] = found[row]
            // Only such rows have a shard.
            guard frame.dispositions[row].entersState, found[row] == Presence.present else { continue }
            let lane = Int(batch.lanes[row])
            guard lane < laneCount else { continue }
            let task = entity * shardCount + Int(frame.shards[entity][row])
            if batch.offsets[row] < offsets[task * laneCount + lane] { presence[row] = Presence.absent }
        }
        return UnsafePointer(presence)
    }
}
