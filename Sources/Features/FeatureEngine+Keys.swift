public import Events

/// Single keys of another engine of the same plan, for looking at what an event would see without taking it in.
extension FeatureEngine {
    /// Gives this engine, which holds nothing, the state of the keys that a row of the scored source enters or asks; the
    /// other engine stays as it is. Call it between batches, on the thread that runs them.
    ///
    /// What the row then sees here it would see there. Complexity: O(events of the keys).
    /// - Throws: where a key's copy cannot be read again: a defect.
    public func takeKeys(ofRow row: Int, _ batch: EventBatch, from other: FeatureEngine, _ image: ShardImage)
        throws(ShardImageError)
    {
        watermark = other.watermark
        for index in plan.entities.indices {
            let field = plan.entities[index].queryKeyField
            guard batch.faults[row].code == .none, batch.presence[field.rawValue][row] == Presence.present else {
                continue
            }
            if case .string = batch.schema.fields[field.rawValue].type {
                let bytes = batch.string(field, row: row)
                guard let start = bytes.baseAddress else { continue }
                _ = try takeKey(ProbedKey(bytes: start, count: bytes.count), entity: index, from: other, image)
            } else {
                let word = batch.words[field.rawValue] + row
                _ = try takeKey(ProbedKey(bytes: word, count: 8), entity: index, from: other, image)
            }
        }
    }

    /// Forgets all keys that were taken.
    public func forgetKeys() {
        for task in takenTasks {
            shards[task / limits.shardCount][task % limits.shardCount] = Self.makeShard(
                layouts[task / limits.shardCount], limits)
        }
        takenTasks = []
    }

    /// The aggregates of one key of an entity as they are at the watermark, without an event; the other engine stays as it
    /// is. Between batches, on the thread that runs them.
    ///
    /// A window of length w covers (watermark - w, watermark]. Complexity: O(events of the key).
    /// - Parameters:
    ///   - entity: its place in the plan.
    ///   - key: its bytes: a text's, or the eight of an integer.
    ///   - time: another one than the watermark, in microseconds.
    /// - Returns: by the plan's features, those of other entities `nan`; `nil`: nothing is known of the key.
    public func readKey(
        _ key: UnsafeRawBufferPointer, entity: Int, from other: FeatureEngine, _ image: ShardImage,
        at time: Int64? = nil
    ) throws(ShardImageError) -> [Double]? {
        guard let start = key.baseAddress, other.watermark > .min else { return nil }
        let probe = ProbedKey(bytes: start, count: key.count)
        guard let (shard, record) = try takeKey(probe, entity: entity, from: other, image) else { return nil }
        var features = [Double](repeating: .nan, count: plan.names.count)
        // A row that asks brings no values.
        let values = [Int64](repeating: 0, count: max(1, layouts[entity].valueStride))
        values.withUnsafeBufferPointer { values in
            features.withUnsafeMutableBufferPointer { features in
                guard let values = values.baseAddress, let target = features.baseAddress else { return }
                let event = ShardEvent(
                    row: 0, time: time ?? other.watermark, watermark: max(other.watermark, time ?? .min),
                    values: values, target: target, located: record)
                shard.ask(event, record, to: target)
            }
        }
        return features
    }

    private func takeKey(
        _ key: ProbedKey, entity: Int, from other: FeatureEngine, _ image: ShardImage
    ) throws(ShardImageError) -> (EntityShard, UnsafeMutableRawPointer)? {
        let place = Int(Self.shard(KeyHash.fixed(key.bytes, count: key.count), UInt64(limits.shardCount)))
        let source = other.shards[entity][place]
        guard let found = source.find(key, hash: other.tableHash(key.bytes, count: key.count)) else { return nil }
        let task = entity * limits.shardCount + place
        image.fill(byteCountMax: source.imageByteCountMax(of: found)) { source.copy(found, task: task, to: $0) }
        let shard = try decodeShard(task, from: image.bytes).shard
        shards[entity][place] = shard
        takenTasks.append(task)
        guard let record = shard.find(key, hash: tableHash(key.bytes, count: key.count)) else {
            preconditionFailure("a key that its own copy does not hold")
        }
        return (shard, record)
    }
}
