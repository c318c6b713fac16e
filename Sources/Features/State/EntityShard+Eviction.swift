/// Making room: what a shard does when its table fills up.
extension EntityShard {
    /// Of the keys at the limit, the share that is free after room was made, so that finding the oldest costs little a
    /// key.
    static let evictionShare = 16

    /// Forgets keys whose windows have emptied for good (those that reach back to the beginning never do); at the limit
    /// then the least recently seen, until a sixteenth of it is free.
    ///
    /// - Parameter watermark: as of the row that needs room. A key whose newest event is older by the horizon or more
    ///   is in no window of any event to come.
    ///
    /// Complexity: O(keys), amortised O(1) a new key, O(log keys) at the limit.
    func makeRoom(watermark: Int64) {
        let before = keyCount
        let isFull = before >= keysMax
        let edge = watermark &- layout.keyHorizon
        if !layout.isUnbounded { drop { $0.newestTime <= edge } }
        keysEmptied += UInt64(before - keyCount)
        let kept = keysMax - max(1, keysMax / Self.evictionShare)
        if isFull && keyCount > kept { evictOldest(keyCount - kept) }
        rebuild()
    }

    /// Drops the least recently seen by event time; of keys as old as each other those with the lesser hash go first,
    /// so that the choice depends on the keys alone.
    private func evictOldest(_ count: Int) {
        var ages: [KeyAge] = []
        ages.reserveCapacity(keyCount)
        forEachKey { ages.append(KeyAge($0)) }
        ages.sort()
        let last = ages[count - 1]
        let before = keyCount
        drop { KeyAge($0) <= last }
        keysEvicted += UInt64(before - keyCount)
    }
}

private struct KeyAge: Comparable {
    let newestTime: Int64
    /// Fixed for all time, unlike the record's own.
    let hash: UInt64

    init(_ record: KeyRecord) {
        newestTime = record.newestTime
        hash = record.withKeyBytes { KeyHash.fixed($0, count: Int(record.keyCount)) }
    }

    static func < (left: KeyAge, right: KeyAge) -> Bool {
        (left.newestTime, left.hash) < (right.newestTime, right.hash)
    }
}
