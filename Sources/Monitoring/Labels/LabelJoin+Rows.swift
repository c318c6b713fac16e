import Drift

/// How the parts of a join's state are written. Every value is checked that the join would stumble over.

extension ScoredEvent {
    static let stateBytes = 44

    func write(to writer: inout StateWriter) {
        writer.write(key.sampleBits)
        writer.write(key.placeBits)
        writer.write(time)
        writer.write(score)
        writer.write(card)
        writer.write(decision)
        writer.write(version)
    }

    init(_ reader: inout StateReader) throws(StateFault) {
        self.init(
            key: try reader.labelKey(), time: try reader.eventTime("a score's time"),
            score: try reader.double("a score"),
            card: try reader.word("a card"), decision: try reader.word16("a decision"),
            version: try reader.word16("a version"))
    }
}

extension ScoreBucket {
    func write(to writer: inout StateWriter) {
        writer.write(count: level)
        writer.write(count: leftOut.count)
        for left in leftOut {
            writer.write(left.version)
            writer.write(count: left.count)
        }
        writer.write(count: rows.count)
        for row in rows { row.write(to: &writer) }
    }

    /// - Parameter isSorted: whether the bucket was closed, which sorts it.
    init(_ reader: inout StateReader, _ plan: LabelJoinPlan, end: Int64, isSorted: Bool = true) throws(StateFault) {
        let level = try reader.count(max: LabelKey.levelMax, "a bucket's level")
        var leftOut: [VersionCount] = []
        for _ in 0..<(try reader.count(max: Int(PerformanceTally.otherVersions) + 1, "versions")) {
            let version = try reader.word16("a version")
            let count = try reader.count(max: LabelledCounts.countMax, "scores that were left out")
            leftOut.append(VersionCount(version: version, count: count))
        }
        let count = try reader.count(ofBytes: ScoredEvent.stateBytes, max: plan.pendingMax, "scores")
        var rows: [ScoredEvent] = []
        rows.reserveCapacity(count)
        for _ in 0..<count {
            let row = try ScoredEvent(&reader)
            try reader.expect(
                plan.bucketEnd(of: row.time) == end && (!isSorted || row.time >= rows.last?.time ?? .min),
                "a score's time")
            rows.append(row)
        }
        self.init(restoring: rows, level: level, leftOut: leftOut, rowsMax: plan.pendingMax)
    }
}

extension LabelBucket {
    private static let rowBytes = 25

    func write(to writer: inout StateWriter) {
        writer.write(count: level)
        writer.write(count: leftOut)
        writer.write(count: rows.count)
        for row in rows {
            writer.write(row.key.sampleBits)
            writer.write(row.key.placeBits)
            writer.write(row.available)
            writer.write(row.isPositive)
        }
    }

    /// - Parameter isSorted: whether the bucket was closed, which sorts it.
    init(_ reader: inout StateReader, _ plan: LabelJoinPlan, end: Int64, isSorted: Bool = true) throws(StateFault) {
        let level = try reader.count(max: LabelKey.levelMax, "a bucket's level")
        let leftOut = try reader.count(max: LabelledCounts.countMax, "labels that were left out")
        let count = try reader.count(ofBytes: Self.rowBytes, max: plan.pendingMax, "labels")
        var rows: [LabelEvent] = []
        rows.reserveCapacity(count)
        for _ in 0..<count {
            let row = LabelEvent(
                key: try reader.labelKey(), available: try reader.eventTime("a label's time"),
                isPositive: try reader.flag("a label"))
            try reader.expect(
                plan.bucketEnd(of: row.available) == end
                    && (!isSorted || row.available >= rows.last?.available ?? .min),
                "a label's time")
            rows.append(row)
        }
        self.init(restoring: rows, level: level, leftOut: leftOut, rowsMax: plan.pendingMax)
    }
}

extension JoinTable.Entry {
    static let stateBytes = 45

    func write(to writer: inout StateWriter) {
        writer.write(key.sampleBits)
        writer.write(key.placeBits)
        writer.write(time)
        writer.write(score)
        writer.write(card)
        writer.write(decision)
        writer.write(version)
        writer.write(label.rawValue)
    }

    init(_ reader: inout StateReader, _ role: JoinTable.Role, _ plan: LabelJoinPlan) throws(StateFault) {
        let event = try ScoredEvent(&reader)
        let label = try reader.joinLabel()
        try reader.expect(
            event.decision <= plan.otherDecision && (role == .over || (label == .none) == (role == .waiting)),
            "what is held of an id")
        self.init(event, role, label)
    }
}

extension ResolvedEvent {
    static let stateBytes = 37

    func write(to writer: inout StateWriter) {
        writer.write(sampleBits)
        writer.write(score)
        writer.write(card)
        writer.write(time)
        writer.write(decision)
        writer.write(version)
        writer.write(label.rawValue)
    }

    init(_ reader: inout StateReader, _ plan: LabelJoinPlan) throws(StateFault) {
        self.init(
            sampleBits: try reader.word("an id"), score: try reader.double("a score"), card: try reader.word("a card"),
            time: try reader.eventTime("an event's time"), decision: try reader.word16("a decision"),
            version: try reader.word16("a version"), label: try reader.joinLabel())
        try reader.expect(decision <= plan.otherDecision, "a decision")
    }
}

extension OpenWindow {
    func write(to writer: inout StateWriter) {
        writer.write(end)
        writer.write(count: level)
        writer.write(isThinned)
        writer.write(isOnGrid)
        writer.write(count: tallies.count)
        for tally in tallies {
            writer.write(tally.version)
            writer.write(count: tally.events)
            tally.grid?.write(to: &writer)
        }
        writer.write(count: rows.count)
        for row in rows { row.write(to: &writer) }
    }

    init(_ reader: inout StateReader, _ plan: LabelJoinPlan) throws(StateFault) {
        let end = try reader.eventTime("a window's end")
        try reader.expect(end == plan.windowEnd(of: end - 1), "a window's end")
        let level = try reader.count(max: LabelKey.levelMax, "a window's level")
        let (isThinned, isOnGrid) = (try reader.flag("a window's sample"), try reader.flag("a window's grid"))
        var tallies: [PerformanceTally] = []
        for _ in 0..<(try reader.count(max: Int(PerformanceTally.otherVersions) + 1, "versions")) {
            var tally = PerformanceTally(version: try reader.word16("a version"))
            try reader.expect(
                tally.version <= PerformanceTally.otherVersions && tallies.allSatisfy { $0.version < tally.version },
                "the order of versions")
            tally.events = try reader.count(max: LabelledCounts.countMax, "a window's events")
            if isOnGrid { tally.grid = try PerformanceTally.GridTally(&reader, plan) }
            tallies.append(tally)
        }
        try reader.expect(
            tallies.reduce(0) { $0 + ($1.grid?.count ?? 0) } <= LabelledCounts.countMax / 2, "a window's counts")
        let count = try reader.count(ofBytes: ResolvedEvent.stateBytes, max: isOnGrid ? 0 : plan.rowsMax, "events")
        var rows: [ResolvedEvent] = []
        rows.reserveCapacity(count)
        for _ in 0..<count { rows.append(try ResolvedEvent(&reader, plan)) }
        self.init(
            end: end, level: level, isThinned: isThinned, isOnGrid: isOnGrid, rows: rows, tallies: tallies,
            decisionCount: plan.decisions.count + 1)
    }
}

extension PerformanceTally.GridTally {
    private static let cellCountMax = 1 << 40

    func write(to writer: inout StateWriter) {
        writer.write(counts: positives)
        writer.write(counts: negatives)
        writer.write(counts: decisions.positives)
        writer.write(counts: decisions.negatives)
        writer.write(count: unlabelled)
        writer.write(count: outside)
    }

    init(_ reader: inout StateReader, _ plan: LabelJoinPlan) throws(StateFault) {
        self.init(decisionCount: plan.decisions.count + 1)
        let cells = PerformanceTally.grid.cellCount
        positives = try reader.counts(countMax: cells, max: Self.cellCountMax, "cells")
        negatives = try reader.counts(countMax: cells, max: Self.cellCountMax, "cells")
        let found = try reader.counts(countMax: plan.decisions.count + 1, max: Self.cellCountMax, "decisions")
        let wrong = try reader.counts(countMax: plan.decisions.count + 1, max: Self.cellCountMax, "decisions")
        unlabelled = try reader.count(max: LabelledCounts.countMax, "events without a label")
        outside = try reader.count(max: LabelledCounts.countMax, "scores outside of the grid")
        try reader.expect(
            positives.count == cells && negatives.count == cells && found.count == plan.decisions.count + 1
                && wrong.count == found.count,
            "a window's counts")
        decisions = DecisionTally(positives: found, negatives: wrong)
        try reader.expect(
            positives.reduce(0, +) <= found.reduce(0, +) && negatives.reduce(0, +) <= wrong.reduce(0, +),
            "more scores than events")
    }
}
