import Events

/// Counts events that a decision called positive by the cell of their score: what performance without labels is estimated
/// from.
struct FlaggedScores {
    /// The score's place among the subjects, and its cells.
    let subject: Int
    let cellCount: Int
    private let decisions: CategoryTable
    private let isFlag: [Bool]

    /// - Parameter flags: by decision, whether it calls an event positive.
    init(subject: Int, cellCount: Int, decisions: [String], flags: [Bool]) {
        self.subject = subject
        self.cellCount = cellCount
        self.decisions = CategoryTable(decisions, type: .string)
        // That of decisions which are none of these.
        isFlag = flags + [false]
    }

    /// - Parameter cells: of the rows' scores, as the subject found them.
    func count(
        _ batch: EventBatch, rows: Range<Int>, cells: UnsafePointer<Int32>, into flagged: inout [Int]
    ) {
        let presence = batch.presence[ScoreRecordSchema.decision.rawValue]
        for (place, row) in rows.enumerated() where presence[row] == Presence.present && cells[place] >= 0 {
            if isFlag[Int(decisions.rank(ScoreRecordSchema.decision, row: row, of: batch))] {
                flagged[Int(cells[place] & (WatchedSubject.outOfRange &- 1))] += 1
            }
        }
    }
}
