public import Drift

/// How the events of one window of event time did, now that their labels are known.
public struct PerformanceWindow: Hashable, Sendable {
    public struct Version: Hashable, Sendable {
        /// As it was fed; `PerformanceTally.otherVersions` is all versions from there on together.
        public let version: UInt16
        public let measures: PerformanceMeasures
    }

    /// In microseconds since 1970: [from, to).
    public let from: Int64
    public let to: Int64
    /// The share of all ids that the sample is of; 1: no event was left out.
    public let share: Double
    /// The sample was made smaller when the window had gone over to counts on a grid: events whose labels came early are
    /// over-represented.
    public let isThinned: Bool
    public let total: PerformanceMeasures
    /// Those that scored events of the window, ascending.
    public let versions: [Version]
}

/// Counts of what a window's events were, of one version of the model.
struct PerformanceTally: Hashable, Sendable {
    /// Versions from this number on are counted together.
    static let otherVersions: UInt16 = 63

    static func kept(_ version: UInt16) -> UInt16 { min(version, otherVersions) }

    let version: UInt16
    /// All events, whether their ids are in the sample or not.
    var events = 0
    /// From when the window no longer keeps its events singly.
    var grid: GridTally?

    init(version: UInt16) { self.version = version }

    /// Events whose fate is known, by what is measured of them.
    struct GridTally: Hashable, Sendable {
        /// By cell.
        var positives: [Int]
        var negatives: [Int]
        var decisions: DecisionTally
        var unlabelled = 0
        /// Labelled events whose scores are not on the grid: they are in the cells at its ends.
        var outside = 0

        init(decisionCount: Int) {
            positives = Array(repeating: 0, count: PerformanceTally.grid.cellCount)
            negatives = positives
            decisions = DecisionTally(decisionCount: decisionCount)
        }

        var count: Int {
            decisions.positives.reduce(0, +) + decisions.negatives.reduce(0, +) + unlabelled
        }

        mutating func add(_ row: ResolvedEvent) {
            guard let isPositive = row.label.isPositive else {
                unlabelled += 1
                return
            }
            decisions.add(Int(row.decision), isPositive: isPositive)
            let grid = PerformanceTally.grid
            guard let cell = grid.cell(of: row.score) else { return }
            if row.score < grid.lowest || row.score > grid.highest { outside += 1 }
            if isPositive { positives[cell] += 1 } else { negatives[cell] += 1 }
        }
    }

    /// Scores of models that give probabilities.
    static let grid = ValueGrid.scores
}

/// An event of the sample whose fate is known.
struct ResolvedEvent: Hashable, Sendable {
    /// Of the id, for smaller samples.
    let sampleBits: UInt64
    let score: Double
    let card: UInt64
    let time: Int64
    let decision: UInt16
    let version: UInt16
    let label: JoinLabel
}
