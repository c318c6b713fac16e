/// Why a snapshot is not used.
public enum SnapshotRefusal: Error, Hashable, Sendable, CustomStringConvertible {
    /// The file is something else.
    case notASnapshot
    /// The file ends too early.
    case truncated
    /// A part of it is not what was written.
    case damaged(String)
    /// A later version of Riffle wrote it.
    case newerFormat(UInt32)
    /// It is another pipeline's.
    case foreignPipeline(String)
    /// Sources, entities or windows were others when it was written.
    case foreignPlan(String)
    /// It has other partitions than are assigned.
    case otherPartitions
    /// It knows of records that were not committed: they would count twice.
    case ahead(topic: String, partition: Int32, offset: Int64, committed: Int64)
    case unreadable(FileFailure)

    /// Stable, for logs and metrics.
    public var name: String {
        switch self {
        case .notASnapshot: "not-a-snapshot"
        case .truncated: "truncated"
        case .damaged: "damaged"
        case .newerFormat: "newer-format"
        case .foreignPipeline: "foreign-pipeline"
        case .foreignPlan: "foreign-plan"
        case .otherPartitions: "other-partitions"
        case .ahead: "ahead"
        case .unreadable: "unreadable"
        }
    }

    public var description: String {
        switch self {
        case .notASnapshot: "it is no snapshot"
        case .truncated: "it is truncated: its end is missing"
        case .damaged(let part): "it is damaged: \(part)"
        case .newerFormat(let version):
            "it is of format \(version), which is newer than \(SnapshotFormat.version), the newest that is known"
        case .foreignPipeline(let name): "it is of pipeline \"\(name)\""
        case .foreignPlan(let hash): "it is of another state plan, \(hash)"
        case .otherPartitions: "it has other partitions than are assigned"
        case .ahead(let topic, let partition, let offset, let committed):
            "it stands at offset \(offset) of \(topic)/\(partition), where only \(committed) is committed"
        case .unreadable(let failure): failure.description
        }
    }

    /// Whether the file is of no use to anyone: its bytes are not what a snapshot's are.
    public var isUnsound: Bool {
        switch self {
        case .notASnapshot, .truncated, .damaged, .unreadable: true
        case .newerFormat, .foreignPipeline, .foreignPlan, .otherPartitions, .ahead: false
        }
    }
}
