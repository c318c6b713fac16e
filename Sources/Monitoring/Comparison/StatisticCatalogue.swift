import Drift

/// The statistics that `riffle drift compare` knows.
public struct StatisticCatalogue: Sendable {
    struct Entry: Sendable {
        let name: String
        let summary: String
        /// Whether it is shown to those who name none.
        let isUsual: Bool
        let compute: @Sendable (PooledCounts) -> StatisticRow

        init(
            _ name: String, _ summary: String, usual: Bool,
            _ compute: @escaping @Sendable (PooledCounts) -> StatisticRow
        ) {
            self.name = name
            self.summary = summary
            isUsual = usual
            self.compute = compute
        }
    }

    let entries: [Entry]

    /// The names of all of them, in the order in which they are shown.
    public var names: [String] { entries.map(\.name) }

    /// A line for each: its name and what it is.
    public var list: String {
        entries.map { $0.name.padding(to: 16) + $0.summary + ($0.isUsual ? "" : " (by name only)") }
            .joined(separator: "\n")
    }

    public static let standard = StatisticCatalogue(entries: tests + distances + byName)
}

extension String {
    /// Filled up with blanks to a width in characters.
    func padding(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}

/// Notes that several statistics share.
enum StatisticNote {
    static func ties(_ pooled: PooledCounts) -> String { pooled.hasTies ? "ties: conservative" : "" }

    static func joined(_ notes: String...) -> String { notes.filter { !$0.isEmpty }.joined(separator: "; ") }

    /// Where Evidently calls a distance drift.
    static let evidently = "Evidently calls 0.1 drift"
}
