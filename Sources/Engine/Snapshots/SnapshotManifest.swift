public import Features

/// One shard in a snapshot's file.
public struct SnapshotSection: Hashable, Sendable {
    /// `entity * shardCount + shard`.
    public let task: Int
    /// Where its bytes stand in the file.
    public let byteOffset: Int
    public let byteCount: Int
    /// CRC-32C of the bytes.
    public let checksum: UInt32
    /// By the header's lanes: every record before this offset has entered this shard, and none from it on.
    public let positions: [Int64]
}

/// All of a snapshot but its sections' bytes: enough to decide whether to load it.
public struct SnapshotManifest: Hashable, Sendable {
    public let formatVersion: UInt32
    public let header: SnapshotHeader
    /// By task, one each.
    public let sections: [SnapshotSection]
    public let fileByteCount: Int

    /// A committed position: a partition and the offset of the next record to be read.
    public typealias Position = (topic: String, partition: Int32, offset: Int64)

    /// The offset in each lane before which some shard has taken records: where muted replay has to come to at least.
    public var highestPositions: [Int64] {
        header.lanes.indices.map { lane in
            sections.reduce(header.lanes[lane].offset) { max($0, $1.positions[lane]) }
        }
    }

    /// Whether state and committed offsets go together: the same partitions, and nothing in any shard that is not
    /// committed.
    ///
    /// - Returns: why not, or `nil`.
    public func objection(committed: [Position]) -> SnapshotRefusal? {
        guard committed.count == header.lanes.count else { return .otherPartitions }
        let highest = highestPositions
        for (index, lane) in header.lanes.enumerated() {
            guard let found = committed.first(where: { $0.partition == lane.partition && $0.topic == lane.topic })
            else { return .otherPartitions }
            if highest[index] > found.offset {
                return .ahead(
                    topic: lane.topic, partition: lane.partition, offset: highest[index], committed: found.offset)
            }
        }
        return nil
    }

    /// Whether the snapshot may be used with these committed offsets; see `objection`.
    public func isEligible(committed: [Position]) -> Bool { objection(committed: committed) == nil }

    /// What each shard has already taken, by lanes in the order given, for `FeatureEngine.setReplayGuard`; `nil` if all
    /// shards were copied at one place, so that nothing has to be guarded.
    public func guards(lanes: [(topic: String, partition: Int32)]) -> [ShardGuard]? {
        let begin = header.lanes.map(\.offset)
        if sections.allSatisfy({ $0.positions == begin }) { return nil }
        let places = lanes.map { lane in
            header.lanes.firstIndex { $0.partition == lane.partition && $0.topic == lane.topic }
        }
        return sections.map { section in
            ShardGuard(offsets: places.map { place in place.map { section.positions[$0] } ?? .min })
        }
    }
}
