/// The scores of one bucket of event time, in any order: no more of them than a limit, of which a sample by id is kept.
///
/// Which scores are kept, and what is counted of the others, depends on what was added and not on its order.
public struct ScoreBucket: Sendable {
    private(set) var rows: [ScoredEvent] = []
    /// Ids of this level are kept.
    private(set) var level = 0
    /// Scores that were left out, by version.
    private(set) var leftOut: [VersionCount] = []
    let rowsMax: Int

    struct VersionCount: Hashable, Sendable {
        let version: UInt16
        var count: Int
    }

    /// - Precondition: room for something.
    public init(rowsMax: Int) {
        precondition(rowsMax > 0, "a bucket of \(rowsMax) rows")
        self.rowsMax = rowsMax
    }

    /// As it was kept. - Precondition: not more rows than `rowsMax`, a level from 0 to `LabelKey.levelMax`.
    init(restoring rows: [ScoredEvent], level: Int, leftOut: [VersionCount], rowsMax: Int) {
        self.rows = rows
        self.level = level
        self.leftOut = leftOut
        self.rowsMax = rowsMax
    }

    public var isEmpty: Bool { rows.isEmpty && leftOut.isEmpty }

    /// Complexity: O(1) on average; allocates only while the bucket grows larger than ever before.
    public mutating func add(_ event: ScoredEvent) {
        guard event.key.isSampled(at: level) else { return leaveOut(event.version) }
        rows.append(event)
        while rows.count > rowsMax {
            level += 1
            // The last level holds what is left, and no bound: that many ids with such a hash do not come by chance.
            if level > LabelKey.levelMax {
                level = LabelKey.levelMax
                leaveOut(rows.removeLast().version)
                continue
            }
            for row in rows where !row.key.isSampled(at: level) { leaveOut(row.version) }
            let level = level
            rows.removeAll { !$0.key.isSampled(at: level) }
        }
    }

    public mutating func removeAll() {
        rows.removeAll(keepingCapacity: true)
        leftOut.removeAll(keepingCapacity: true)
        level = 0
    }

    mutating func sort() { rows.sort(by: ScoredEvent.isBefore) }

    private mutating func leaveOut(_ version: UInt16) {
        let version = PerformanceTally.kept(version)
        if let place = leftOut.firstIndex(where: { $0.version == version }) {
            leftOut[place].count += 1
        } else {
            leftOut.append(VersionCount(version: version, count: 1))
            leftOut.sort { $0.version < $1.version }
        }
    }
}

/// The labels of one bucket, by the time since when they are known. See `ScoreBucket`.
public struct LabelBucket: Sendable {
    private(set) var rows: [LabelEvent] = []
    private(set) var level = 0
    private(set) var leftOut = 0
    let rowsMax: Int

    /// - Precondition: room for something.
    public init(rowsMax: Int) {
        precondition(rowsMax > 0, "a bucket of \(rowsMax) rows")
        self.rowsMax = rowsMax
    }

    /// As it was kept. - Precondition: not more rows than `rowsMax`, a level from 0 to `LabelKey.levelMax`.
    init(restoring rows: [LabelEvent], level: Int, leftOut: Int, rowsMax: Int) {
        self.rows = rows
        self.level = level
        self.leftOut = leftOut
        self.rowsMax = rowsMax
    }

    public var isEmpty: Bool { rows.isEmpty && leftOut == 0 }

    /// Complexity: O(1) on average; allocates only while the bucket grows larger than ever before.
    public mutating func add(_ event: LabelEvent) {
        guard event.key.isSampled(at: level) else {
            leftOut += 1
            return
        }
        rows.append(event)
        while rows.count > rowsMax {
            level += 1
            if level > LabelKey.levelMax {
                level = LabelKey.levelMax
                rows.removeLast()
                leftOut += 1
                continue
            }
            let (before, level) = (rows.count, level)
            rows.removeAll { !$0.key.isSampled(at: level) }
            leftOut += before - rows.count
        }
    }

    public mutating func removeAll() {
        rows.removeAll(keepingCapacity: true)
        leftOut = 0
        level = 0
    }

    mutating func sort() { rows.sort(by: LabelEvent.isBefore) }
}
