/// One shard's state, decoded and checked, to be installed with all others.
public struct ShardState: Sendable {
    public let task: Int
    let shard: EntityShard

    public var keys: Int { shard.keyCount }
}

/// Keyed state in and out. A shard task is `entity * limits.shardCount + shard`.
extension FeatureEngine {
    /// Copies the whole state of one shard; call it between batches, on the thread that runs them.
    ///
    /// The copy is of this place of the stream: whoever copies shards at different places keeps the place of each, and
    /// sets `ShardGuard`s when they are read again. The bytes last until the image is filled again.
    /// Complexity: O(bytes), near the speed of memory; an image that was used before allocates nothing.
    public func copyShard(_ task: Int, into image: ShardImage) {
        let shard = shards[task / limits.shardCount][task % limits.shardCount]
        image.fill(byteCountMax: shard.imageByteCountMax) { shard.copy(task: task, to: $0) }
    }

    /// Gives an image room for any shard as it is now; what it held may be gone. See `ShardImage.touch`.
    public func reserve(_ image: ShardImage) {
        image.reserve(byteCountMax: shards.joined().map(\.imageByteCountMax).max() ?? 0)
    }

    /// Makes a shard's state out of the bytes of its copy, whoever wrote them; the engine stays as it is.
    ///
    /// May be called from several threads at once. Memory is bounded by the number of bytes and the engine's limits.
    /// - Throws: what is wrong, where the bytes are no state of this shard of this plan.
    public func decodeShard(_ task: Int, from bytes: UnsafeRawBufferPointer) throws(ShardImageError) -> ShardState {
        precondition((0..<shardTaskCount).contains(task), "shard task \(task) of \(shardTaskCount)")
        let found = try ShardImageHeader(bytes).task
        guard found == task else { throw .otherShard(found: found) }
        let shard = Self.makeShard(layouts[task / limits.shardCount], limits)
        try shard.restore(bytes, shard: task % limits.shardCount, shardCount: limits.shardCount, hash: tableHash)
        return ShardState(task: task, shard: shard)
    }

    /// Replaces all state, so that what follows is as if nothing had happened since the copy.
    ///
    /// - Parameters:
    ///   - states: one for each shard task, made by this engine's `decodeShard`.
    ///   - watermark: the newest event time that had entered the state where the first shard was copied.
    public func install(_ states: [ShardState], watermark: Int64) {
        precondition(
            states.map(\.task).sorted() == Array(0..<shardTaskCount), "states of \(states.count) shards, once each")
        for state in states {
            let entity = state.task / limits.shardCount
            precondition(state.shard.layout === layouts[entity], "a state of another engine")
            shards[entity][state.task % limits.shardCount] = state.shard
        }
        self.watermark = watermark
        replayGuard = nil
    }

    /// From now on `partition` keeps from each shard the events that it has already taken, by the lane and offset of
    /// their rows; all of them have to be muted, since their features are not computed.
    ///
    /// - Parameter guards: one for each shard task; `nil`, when all are passed: costs nothing again.
    public func setReplayGuard(_ guards: [ShardGuard]?) {
        guard let guards else {
            replayGuard = nil
            return
        }
        precondition(guards.count == shardTaskCount, "\(guards.count) guards for \(shardTaskCount) shards")
        replayGuard = ReplayGuard(guards, shardCount: limits.shardCount)
    }
}
