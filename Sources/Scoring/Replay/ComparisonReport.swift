/// One feature, the score or the decision, in all records that were compared.
public struct ComparedColumn: Hashable, Sendable {
    /// A value that is not what was recorded.
    public struct Difference: Hashable, Sendable {
        public let id: String
        public let recorded: String
        public let computed: String
    }

    /// The most that are shown; all are counted.
    public static let shownMax = 10

    public let name: String
    public internal(set) var equal: UInt64 = 0
    public internal(set) var different: UInt64 = 0
    /// Records that do not hold it.
    public internal(set) var unwritten: UInt64 = 0
    /// The first, in the order of the replay.
    public private(set) var differences: [Difference] = []

    init(name: String) { self.name = name }

    mutating func add(id: String, recorded: String, computed: String) {
        different += 1
        if differences.count < Self.shownMax {
            differences.append(Difference(id: id, recorded: recorded, computed: computed))
        }
    }
}

/// What a comparison found.
public struct ComparisonReport: Hashable, Sendable {
    /// Every feature in order, then the score and the decision.
    public let columns: [ComparedColumn]
    /// Events that both sides have.
    public let compared: UInt64
    /// Events that were computed and stand in no record; the ids of the first.
    public let missing: UInt64
    public let firstMissing: [String]
    /// Records of no event that was computed; the lines of the first. Not known, and 0, where only a sample of the
    /// events was asked for.
    public let extra: UInt64
    public let firstExtraLines: [Int]
    /// Records of an event that had one before: resent after a crash. The first is what is compared.
    public let repeated: UInt64
    /// Records outside the times that were asked for.
    public let outside: UInt64

    public var isEqual: Bool { missing == 0 && extra == 0 && columns.allSatisfy { $0.different == 0 } }
}
