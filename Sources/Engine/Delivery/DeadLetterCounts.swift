import Events
import Features

/// How many dead letters there were of each kind, by source.
///
/// Complexity: an addition a dead letter; nothing is allocated after `init`.
public struct DeadLetterCounts: Hashable, Sendable {
    /// The last is for scores that their topic cannot take.
    private static let kinds = FaultCode.allCases.count + 1
    /// By source, and in it by the fault's code.
    private var counts: [UInt64]
    public private(set) var total: UInt64 = 0

    public init(sources: Int = 1) { counts = [UInt64](repeating: 0, count: sources * Self.kinds) }

    /// - Parameter code: what was wrong with the event; `nil`: its score was too large.
    mutating func add(_ code: FaultCode?, source: Int = 0) {
        counts[source * Self.kinds + (code.map { Int($0.rawValue) } ?? Self.kinds - 1)] += 1
        total += 1
    }

    /// - Parameter other: of as many sources.
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

    /// Each code that occurred, under the name that the dead letter carries, with how often it did in which source.
    public func forEach(_ body: (_ source: Int, _ code: String, _ count: UInt64) -> Void) {
        for (index, count) in counts.enumerated() where count > 0 {
            let (source, kind) = index.quotientAndRemainder(dividingBy: Self.kinds)
            let codes = FaultCode.allCases
            body(source, kind < codes.count ? codes[kind].name : Self.scoreTooLarge, count)
        }
    }

    static let scoreTooLarge = "score-too-large"
}

extension LedgerEntry {
    /// Counts a row that became a dead letter.
    func countDeadLetter(_ row: OutputRow) {
        counts[row.lane].deadLettered += 1
        deadLetters.add(row.disposition == .fault ? row.fault.code : nil, source: row.source)
    }
}
