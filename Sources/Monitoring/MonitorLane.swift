/// A partition that is read, or a file.
public struct MonitorLane: Hashable, Sendable {
    /// What its records are.
    public enum Role: UInt8, Hashable, Sendable, CaseIterable {
        case scores, labels, deadLetters
    }

    public let topic: String
    public let partition: Int32
    public let role: Role

    public init(topic: String, partition: Int32, role: Role = .scores) {
        self.topic = topic
        self.partition = partition
        self.role = role
    }
}
