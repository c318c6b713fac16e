public import Events

/// What one thread does with a batch: the watermark of each row, and which shard takes which rows.
extension FeatureEngine {
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
            if hasSeveralSources { presence = keyPresence(of: entity, batch, frame) }
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

    /// Whether each row has a key under which it enters the entity's windows or asks them; rows of sources that do
    /// neither have none.
    private func keyPresence(
        of entity: EntityPlan, _ batch: EventBatch, _ frame: FeatureFrame
    ) -> UnsafePointer<UInt8> {
        let entering = batch.presence[entity.keyField.rawValue]
        let asking = batch.presence[entity.queryKeyField.rawValue]
        for row in 0..<batch.count {
            let source = Int(batch.sources[row])
            frame.keyPresence[row] =
                source == entity.source ? entering[row] : source == 0 ? asking[row] : Presence.absent
        }
        return UnsafePointer(frame.keyPresence)
    }

    private func fillEmpty(_ entity: EntityPlan, features: UnsafeMutablePointer<Double>) {
        for index in entity.aggregates.indices {
            features[entity.aggregates[index].feature.rawValue] = entity.aggregates[index].emptyValue
        }
    }
}
