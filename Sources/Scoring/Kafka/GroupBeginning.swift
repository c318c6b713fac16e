import Kafka

/// How the group began with a topic: whether a partition that it has committed nothing for is one of the first, which
/// begin as `kafka.start` says, or was added to the topic later.
///
/// Partitions are added to a topic that is in use: nobody has asked for any of their events to be skipped, so that an
/// added one is read from its first.
struct GroupBeginning {
    /// Of the topic's partitions, whoever reads them.
    let committed: [CommittedOffset]
    /// How many the topic has now.
    let partitionCount: Int

    /// Instances of a new group commit their starts one after the other, and each sees those of the others: these say
    /// how many partitions began together.
    func wasAdded(_ partition: Int32) -> Bool {
        if committed.isEmpty { return false }
        let beganWith = committed.compactMap { StartNote($0.metadata)?.partitionCount }.max() ?? 0
        return Int(partition) >= beganWith
    }

    /// What is committed with the start of a partition. An added one has none: it would say that what was added with it
    /// began with the group.
    func note(of partition: Int32) -> String {
        wasAdded(partition) ? "" : StartNote(partitionCount: partitionCount).text
    }
}

/// The text that stands with an offset at which a new group began, until more is committed.
struct StartNote: Hashable {
    /// How many partitions the topic had.
    let partitionCount: Int

    private static let name = "riffle-start"

    init(partitionCount: Int) { self.partitionCount = partitionCount }

    init?(_ text: String) {
        let parts = text.split(separator: " ", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0] == Self.name, let count = Int(parts[1]) else { return nil }
        partitionCount = count
    }

    var text: String { "\(Self.name) \(partitionCount)" }
}
