import Drift

/// A window of event time some of whose events may still wait for their labels.
struct OpenWindow: Sendable {
    /// In microseconds since 1970.
    let end: Int64
    /// The sample's, the smallest that the window ever had.
    private(set) var level: Int
    /// Events of the sample that wait.
    var waiting = 0
    private(set) var isThinned = false
    /// Events of the sample whose fate is known, in the order in which it became known; none from when there are grids.
    private(set) var rows: [ResolvedEvent] = []
    private(set) var isOnGrid = false
    /// Ascending by version.
    private(set) var tallies: [PerformanceTally] = []
    private let decisionCount: Int

    init(end: Int64, level: Int, decisionCount: Int) {
        self.end = end
        self.level = level
        self.decisionCount = decisionCount
    }

    /// As it was kept. - Precondition: the tallies ascend and have grids where `isOnGrid`.
    init(
        end: Int64, level: Int, isThinned: Bool, isOnGrid: Bool, rows: [ResolvedEvent], tallies: [PerformanceTally],
        decisionCount: Int
    ) {
        self.end = end
        self.level = level
        self.isThinned = isThinned
        self.isOnGrid = isOnGrid
        self.rows = rows
        self.tallies = tallies
        self.decisionCount = decisionCount
    }

    /// Counts events of a version, sampled or not.
    mutating func count(_ events: Int, version: UInt16) {
        let place = tally(of: version)
        tallies[place].events = min(tallies[place].events + events, LabelledCounts.countMax)
    }

    /// An event of the sample whose fate is known.
    mutating func resolve(_ row: ResolvedEvent) {
        if isOnGrid {
            tallies[tally(of: row.version)].grid?.add(row)
        } else {
            rows.append(row)
        }
    }

    /// Goes on with counts on a grid; returns how many single events were given up. Complexity: O(events).
    mutating func leaveForGrid() -> Int {
        isOnGrid = true
        for place in tallies.indices { tallies[place].grid = .init(decisionCount: decisionCount) }
        for row in rows { tallies[tally(of: row.version)].grid?.add(row) }
        let count = rows.count
        rows = []
        return count
    }

    /// Goes on with a smaller sample; returns how many single events were left out. Complexity: O(events).
    mutating func lower(to level: Int) -> Int {
        if level <= self.level { return 0 }
        self.level = level
        if isOnGrid { isThinned = true }
        let before = rows.count
        rows.removeAll { $0.sampleBits.leadingZeroBitCount < level }
        return before - rows.count
    }

    private mutating func tally(of version: UInt16) -> Int {
        let version = PerformanceTally.kept(version)
        var place = 0
        while place < tallies.count, tallies[place].version < version { place += 1 }
        if place < tallies.count, tallies[place].version == version { return place }
        var tally = PerformanceTally(version: version)
        if isOnGrid { tally.grid = .init(decisionCount: decisionCount) }
        tallies.insert(tally, at: place)
        return place
    }
}

extension OpenWindow {
    /// What is known of its events, in full once none waits. Complexity: O(n log n) in the events that are kept singly.
    func measured(_ plan: LabelJoinPlan) -> PerformanceWindow {
        let events = tallies.reduce(0) { $0 + $1.events }
        return PerformanceWindow(
            from: end - plan.window, to: end, share: LabelKey.share(ofLevel: level), isThinned: isThinned,
            total: isOnGrid
                ? fromGrids(tallies, plan) : fromRows(rows, events: events, plan),
            versions: tallies.map { tally in
                PerformanceWindow.Version(
                    version: tally.version,
                    measures: isOnGrid
                        ? fromGrids([tally], plan)
                        : fromRows(
                            tallies.count == 1
                                ? rows : rows.filter { PerformanceTally.kept($0.version) == tally.version },
                            events: tally.events, plan))
            })
    }

    private func fromGrids(_ tallies: [PerformanceTally], _ plan: LabelJoinPlan) -> PerformanceMeasures {
        var sum = PerformanceTally.GridTally(decisionCount: decisionCount)
        for grid in tallies.compactMap(\.grid) {
            for cell in grid.positives.indices {
                sum.positives[cell] += grid.positives[cell]
                sum.negatives[cell] += grid.negatives[cell]
            }
            sum.decisions = DecisionTally(
                positives: zip(sum.decisions.positives, grid.decisions.positives).map(+),
                negatives: zip(sum.decisions.negatives, grid.decisions.negatives).map(+))
            sum.unlabelled += grid.unlabelled
            sum.outside += grid.outside
        }
        let scores = LabelledCounts(
            grid: PerformanceTally.grid, positives: sum.positives, negatives: sum.negatives)
        return PerformanceMeasures(
            events: tallies.reduce(0) { $0 + $1.events }, sampled: sum.count,
            scores: sum.outside == 0 ? scores : nil, unscored: sum.count - sum.unlabelled - scores.count,
            tally: sum.decisions, flags: plan.allFlags, basis: .gridCounts, cardPrecision: nil)
    }

    private func fromRows(_ rows: [ResolvedEvent], events: Int, _ plan: LabelJoinPlan) -> PerformanceMeasures {
        var tally = DecisionTally(decisionCount: decisionCount)
        var scores: [Double] = []
        var labels: [Bool] = []
        var unscored = 0
        for row in rows {
            guard let isPositive = row.label.isPositive else { continue }
            tally.add(Int(row.decision), isPositive: isPositive)
            if row.score.isNaN {
                unscored += 1
                continue
            }
            scores.append(row.score)
            labels.append(isPositive)
        }
        return PerformanceMeasures(
            events: events, sampled: rows.count, scores: LabelledCounts(scores: scores, labels: labels),
            unscored: unscored, tally: tally,
            flags: plan.allFlags, basis: .singleScores, cardPrecision: level == 0 ? cardPrecision(rows, plan) : nil)
    }

    /// Cards that were found on one day are left out on later days of the window, not in later windows.
    private func cardPrecision(_ rows: [ResolvedEvent], _ plan: LabelJoinPlan) -> Double? {
        let known = rows.filter { $0.label != .none && !$0.score.isNaN && $0.card != ScoredEvent.noCard }
        return CardPrecision.mean(
            scores: known.map(\.score), labels: known.map { $0.label == .positive },
            days: known.map { row in
                let rest = row.time % LabelJoinPlan.day
                return Int32(
                    truncatingIfNeeded: (row.time - (rest < 0 ? rest + LabelJoinPlan.day : rest)) / LabelJoinPlan.day)
            },
            cards: known.map { Int64(bitPattern: $0.card) }, top: plan.cardsChecked)
    }
}
