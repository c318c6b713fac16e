/// What stands at one offset of a simulated partition.
struct SimulatedEntry {
    enum Kind { case record, marker }

    var kind = Kind.record
    var key: [UInt8]?
    var value: [UInt8]?
    /// Microseconds.
    var timestamp: Int64 = 0
    /// Of an output: the input's partition and offset, and the code where it is a dead letter.
    var origin: EventPlace?
    var code: String?
    /// Of an output: by which life of which instance it was sent.
    var writer = 0
    /// `nil`: outside transactions.
    var transaction: SimulatedTransaction?
}

/// An input record's place.
struct EventPlace: Hashable, Comparable, CustomStringConvertible {
    var partition: Int
    var offset: Int64

    static func < (left: EventPlace, right: EventPlace) -> Bool {
        (left.partition, left.offset) < (right.partition, right.offset)
    }

    var description: String { "\(partition)/\(offset)" }
}

/// A partition's log. Retention moves its start; entries stay for the checks.
struct SimulatedPartition {
    private(set) var entries: [SimulatedEntry] = []
    var start: Int64 = 0
    /// Transactions whose marker is not there yet, with their first offset here.
    private var unended: [(transaction: SimulatedTransaction, first: Int64)] = []

    var end: Int64 { Int64(entries.count) }
    /// Readers of committed records come so far.
    var stableEnd: Int64 { unended.map(\.first).min() ?? end }

    mutating func append(_ entry: SimulatedEntry) {
        if let transaction = entry.transaction, !unended.contains(where: { $0.transaction === transaction }) {
            unended.append((transaction, end))
        }
        entries.append(entry)
    }

    mutating func appendMarker(of transaction: SimulatedTransaction) {
        unended.removeAll { $0.transaction === transaction }
        entries.append(SimulatedEntry(kind: .marker))
    }

    mutating func appendMarker() { entries.append(SimulatedEntry(kind: .marker)) }

    /// The record at an offset, for a reader of committed records.
    func committedRecord(_ offset: Int64) -> SimulatedEntry? {
        let entry = entries[Int(offset)]
        if entry.kind == .marker { return nil }
        if let transaction = entry.transaction, transaction.state != .committed { return nil }
        return entry
    }

    /// All that a reader of committed records ever sees, with offsets; for checks.
    var committedRecords: [(offset: Int64, entry: SimulatedEntry)] {
        entries.indices.compactMap { index in committedRecord(Int64(index)).map { (Int64(index), $0) } }
    }

    /// As Kafka answers: the first record, in the order of the log, whose time is not before `time`.
    func offset(notBefore time: Int64) -> Int64 {
        for offset in start..<end where entries[Int(offset)].kind == .record && entries[Int(offset)].timestamp >= time {
            return offset
        }
        return end
    }
}

/// A transaction as its coordinator knows it.
final class SimulatedTransaction {
    enum State { case open, committed, aborted }

    /// Where a marker has to be written.
    enum Place: Hashable { case offsets, output(kind: Int, partition: Int) }

    let startedAt: Int64
    var state = State.open
    var places: [Place] = []
    /// Committed with it, by partition.
    var offsets: [(partition: Int, offset: Int64, note: String)] = []
    /// Outputs in it.
    var origins: [(place: EventPlace, kind: Int)] = []

    init(startedAt: Int64) { self.startedAt = startedAt }
}
