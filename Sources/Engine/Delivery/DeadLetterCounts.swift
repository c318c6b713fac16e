import Events
import Features

/// How many dead letters there were of each kind.
///
/// Complexity: an addition a dead letter; nothing is allocated after `init`.
public struct DeadLetterCounts: Hashable, Sendable {
    /// By the fault's code; the last is for scores that their topic cannot take.
    private var counts = [UInt64](repeating: 0, count: FaultCode.allCases.count + 1)
    public private(set) var total: UInt64 = 0

    public init() {}

    /// - Parameter code: what was wrong with the event; `nil`: its score was too large.
    mutating func add(_ code: FaultCode?) {
        counts[code.map { Int($0.rawValue) } ?? FaultCode.allCases.count] += 1
        total += 1
    }

    mutating func add(_ other: DeadLetterCounts) {
        if other.total == 0 { return }
        for index in counts.indices { counts[index] += other.counts[index] }
        total += other.total
    }

    mutating func removeAll() {
        if total == 0 { return }
        for index in counts.indices { counts[index] = 0 }
        total = 0
    }

    /// Each code that occurred, under the name that the dead letter carries, with how often it did.
    public func forEach(_ body: (_ code: String, _ count: UInt64) -> Void) {
        for (code, count) in zip(FaultCode.allCases, counts) where count > 0 { body(code.name, count) }
        if let tooLarge = counts.last, tooLarge > 0 { body(Self.scoreTooLarge, tooLarge) }
    }

    static let scoreTooLarge = "score-too-large"
}

extension LedgerEntry {
    /// Counts a row that became a dead letter.
    func countDeadLetter(_ row: OutputRow) {
        counts[row.lane].deadLettered += 1
        deadLetters.add(row.disposition == .fault ? row.fault.code : nil)
    }
}
