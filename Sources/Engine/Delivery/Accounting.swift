/// What has become of every record of one lane in one assignment.
///
/// The counters are counted where things happen; the identities between them are what `Accounting.problem` checks.
public struct LaneAccount: Hashable, Sendable {
    public let topic: String
    public let partition: Int32
    public var consumed: UInt64 = 0
    public var scored: UInt64 = 0
    /// Of a source that is not scored: entered windows, and had no output.
    public var absorbed: UInt64 = 0
    public var deadLettered: UInt64 = 0
    public var lateDropped: UInt64 = 0
    public var muted: UInt64 = 0
    /// Given up with a partition that was taken away: its next owner reads them again.
    public var released: UInt64 = 0
    /// Offsets that are no records.
    public var gaps: UInt64 = 0
    /// Events that were late, whatever became of them; part of no identity.
    public var late: UInt64 = 0
    /// How the merge waited for the lane; part of no identity.
    public var waits = LaneWaits()

    public init(topic: String, partition: Int32) {
        self.topic = topic
        self.partition = partition
    }

    var finished: UInt64 { scored + absorbed + deadLettered + lateDropped + muted + released }

    mutating func add(_ other: LaneAccount) {
        consumed += other.consumed
        scored += other.scored
        absorbed += other.absorbed
        deadLettered += other.deadLettered
        lateDropped += other.lateDropped
        muted += other.muted
        released += other.released
        gaps += other.gaps
        late += other.late
        waits.add(other.waits)
    }
}

/// An identity that does not hold: records were lost or counted twice. It stops the engine.
public struct AccountingMismatch: Error, Hashable, Sendable, CustomStringConvertible {
    public let account: LaneAccount
    public let inFlight: UInt64
    public let start: Int64
    public let position: Int64

    public var description: String {
        "the books of topic \"\(account.topic)\" partition \(account.partition) do not balance: consumed \(account.consumed) = "
            + "scored \(account.scored) + absorbed \(account.absorbed) "
            + "+ dead-lettered \(account.deadLettered) + late-dropped \(account.lateDropped) + "
            + "muted \(account.muted) + released \(account.released) + in flight \(inFlight); position \(position) - start "
            + "\(start) = consumed + gaps \(account.gaps). This is a fault in Riffle: stop, keep the logs, and report it"
    }
}

extension LaneAccount {
    /// Both identities of the accounting, at a moment when nothing moves.
    func check(inFlight: UInt64, start: Int64, position: Int64) throws(AccountingMismatch) {
        let isBalanced = consumed == finished + inFlight
        let isPlaced = position - start == Int64(consumed + gaps)
        if !isBalanced || !isPlaced {
            throw AccountingMismatch(account: self, inFlight: inFlight, start: start, position: position)
        }
    }
}
