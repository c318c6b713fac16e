import Drift
import Events

/// The histories of all series that a baseline has, filled row by row as the monitor will count them.
struct BaselineCounts {
    let layout: EvidenceLayout
    let decisions: [String]
    private let decisionTable: CategoryTable
    /// By subject, its groups side by side.
    private var values: [ReferenceHistory] = []
    /// By subject: where its groups begin.
    private var firsts: [Int] = []
    /// By subject: whether a value is missing, and whether one that is there is out of range or unseen.
    private var missing: [ReferenceHistory]
    private var novel: [ReferenceHistory]
    /// By decision.
    private var decided: [ReferenceHistory]
    private var precisions: [ReferenceHistory]
    private var recalls: [ReferenceHistory]
    private var positives: ReferenceHistory
    private var late: ReferenceHistory
    private var positiveCount = 0
    /// By cell of the score; empty where it is not watched.
    private var scorePositives: [Int] = []
    private var scoreNegatives: [Int] = []
    private let scoreSubject: Int?
    private(set) var lateCount = 0
    private var cells: [Int32] = []

    init(layout: EvidenceLayout, decisions: [String], cellsMax: Int) {
        self.layout = layout
        self.decisions = decisions
        decisionTable = CategoryTable(decisions, type: .string)
        let seriesCount = layout.subjects.count * (layout.groupCount + 2) + 3 * decisions.count + 2
        let own = max(16_384, cellsMax / seriesCount)
        for subject in layout.subjects {
            firsts.append(values.count)
            let history = ReferenceHistory(grid: subject.grid, cellsMax: own)
            values += Array(repeating: history, count: layout.groupCount)
        }
        let flags = ReferenceHistory(grid: .flags, cellsMax: own)
        missing = Array(repeating: flags, count: layout.subjects.count)
        novel = missing
        decided = Array(repeating: flags, count: decisions.count)
        precisions = decided
        recalls = decided
        positives = flags
        late = flags
        scoreSubject = layout.subjects.firstIndex { $0.column == ScoreRecordSchema.score }
        if let scoreSubject {
            scorePositives = Array(repeating: 0, count: layout.subjects[scoreSubject].cellCount)
            scoreNegatives = scorePositives
        }
    }

    /// Events for whose hours there was no room in some series.
    var leftOutMax: Int { values.map(\.leftOutCount).max() ?? 0 }

    // MARK: - Rows

    /// Counts rows, and holds their values against what was known.
    ///
    /// - Parameter known: by subject; `nil`: it is not asked what is new.
    mutating func add(_ batch: EventBatch, rows: [Int], known: Novelty) {
        if batch.count == 0 { return }
        if cells.count < batch.capacity { cells = Array(repeating: 0, count: batch.capacity) }
        let groups = groups(of: batch, rows: rows)
        let runs = Self.runs(of: rows)
        for (index, subject) in layout.subjects.enumerated() {
            // Columns of a row that could not be read say nothing: only rows that count are looked at.
            cells.withUnsafeMutableBufferPointer { cells in
                guard let start = cells.baseAddress else { return }
                for run in runs { subject.cells(of: batch, rows: run, into: start + run.lowerBound) }
            }
            for (place, row) in rows.enumerated() {
                let time = Self.milliseconds(batch.eventTimes[row])
                count(index, batch, row: row, at: time, groups: groups, place: place)
                judge(index, batch, row: row, at: time, known)
            }
        }
        for row in rows {
            guard let rank = decision(of: batch, row: row) else { continue }
            let time = Self.milliseconds(batch.eventTimes[row])
            for index in decisions.indices { decided[index].add(cell: rank == index ? 1 : 0, at: time) }
        }
    }

    /// Rows that follow each other, as ranges.
    static func runs(of rows: [Int]) -> [Range<Int>] {
        var runs: [Range<Int>] = []
        for row in rows {
            if let last = runs.last, last.upperBound == row {
                runs[runs.count - 1] = last.lowerBound..<row + 1
            } else {
                runs.append(row..<row + 1)
            }
        }
        return runs
    }

    private mutating func count(
        _ index: Int, _ batch: EventBatch, row: Int, at time: Int64, groups: [[Int]], place: Int
    ) {
        let subject = layout.subjects[index]
        let first = firsts[index]
        let cell = cells[row]
        missing[index].add(cell: cell == WatchedSubject.missing ? 1 : 0, at: time)
        if cell == WatchedSubject.missing {
            values[first].addMissing()
            for segment in groups { values[first + segment[place]].addMissing() }
            return
        }
        let own = Int(cell & ~WatchedSubject.outOfRange)
        if case .numbers = subject.values {
            values[first].add(batch.number(subject.column, subject.type, row: row), at: time)
        } else {
            values[first].add(cell: own, at: time)
        }
        for segment in groups { values[first + segment[place]].add(cell: own, at: time) }
    }

    /// What is asked about values that are new.
    enum Novelty {
        case none
        /// Whether they were there before.
        case known([KnownValues])
        /// Whether the reference has them.
        case reference
    }

    private mutating func judge(_ index: Int, _ batch: EventBatch, row: Int, at time: Int64, _ novelty: Novelty) {
        let cell = cells[row]
        if cell == WatchedSubject.missing { return }
        let subject = layout.subjects[index]
        let isUnlisted: Bool
        switch subject.values {
        case .numbers: isUnlisted = cell & WatchedSubject.outOfRange != 0
        case .categories(let table): isUnlisted = Int(cell) == table.values.count
        }
        switch novelty {
        case .none: return
        case .reference: novel[index].add(cell: isUnlisted ? 1 : 0, at: time)
        case .known(let known):
            let isNew = isUnlisted || !known[index].holds(batch, subject, row: row)
            novel[index].add(cell: isNew ? 1 : 0, at: time)
        }
    }

    /// By segment field: each row's group.
    private func groups(of batch: EventBatch, rows: [Int]) -> [[Int]] {
        layout.segments.enumerated().map { index, field in
            rows.map { row in
                let isThere = batch.presence[field.column.rawValue][row] == Presence.present
                let value =
                    isThere ? Int(field.table.rank(field.column, row: row, of: batch)) : field.table.values.count
                return layout.group(segment: index, value: value)
            }
        }
    }

    /// `nil`: there is none.
    func decision(of batch: EventBatch, row: Int) -> Int? {
        guard batch.presence[ScoreRecordSchema.decision.rawValue][row] == Presence.present else { return nil }
        return Int(decisionTable.rank(ScoreRecordSchema.decision, row: row, of: batch))
    }

    mutating func add(isLate: Bool, at microseconds: Int64) {
        late.add(cell: isLate ? 1 : 0, at: Self.milliseconds(microseconds))
        if isLate { lateCount += 1 }
    }

    /// A score whose label is known.
    mutating func add(isPositive: Bool, of batch: EventBatch, row: Int) {
        let time = Self.milliseconds(batch.eventTimes[row])
        positives.add(cell: isPositive ? 1 : 0, at: time)
        if isPositive { positiveCount += 1 }
        let rank = decision(of: batch, row: row)
        for index in decisions.indices {
            if rank == index { precisions[index].add(cell: isPositive ? 1 : 0, at: time) }
            if isPositive { recalls[index].add(cell: rank == index ? 1 : 0, at: time) }
        }
        if let scoreSubject { addScore(isPositive: isPositive, of: batch, row: row, layout.subjects[scoreSubject]) }
    }

    private mutating func addScore(isPositive: Bool, of batch: EventBatch, row: Int, _ subject: WatchedSubject) {
        guard let score = batch.number(subject.column, subject.type, row: row), let cell = subject.grid.cell(of: score)
        else { return }
        if isPositive { scorePositives[cell] += 1 } else { scoreNegatives[cell] += 1 }
    }

    /// `nil` without labels of both kinds.
    var calibration: CalibrationMap? {
        guard let scoreSubject else { return nil }
        return CalibrationMap(
            LabelledCounts(
                grid: layout.subjects[scoreSubject].grid, positives: scorePositives, negatives: scoreNegatives))
    }

    static func milliseconds(_ microseconds: Int64) -> Int64 {
        let (quotient, remainder) = microseconds.quotientAndRemainder(dividingBy: 1_000)
        return remainder < 0 ? quotient - 1 : quotient
    }

    // MARK: - Series

    /// All series with events, by name; `quality`: those of missing, unseen and late values too.
    func series(quality: Bool) throws(ReferenceFault) -> [String: SeriesReference] {
        var series: [String: SeriesReference] = [:]
        func add(_ name: SeriesName, _ history: ReferenceHistory, categories: [String]? = nil) throws(ReferenceFault) {
            if history.eventCount == 0 { return }
            series[name.description] = try SeriesReference(history, categories: categories)
        }
        for (index, subject) in layout.subjects.enumerated() {
            let isScore = subject.column == ScoreRecordSchema.score
            let name: SeriesName.Subject = isScore ? .score : .value(subject.name)
            for group in 0..<layout.groupCount {
                try add(
                    SeriesName(name, in: layout.segment(ofGroup: group)), values[firsts[index] + group],
                    categories: subject.categories)
            }
            guard quality else { continue }
            try add(SeriesName(.missing(subject.name)), missing[index])
            try add(
                SeriesName(subject.categories == nil ? .outOfRange(subject.name) : .unseen(subject.name)), novel[index])
        }
        for (index, decision) in decisions.enumerated() {
            try add(SeriesName(.decision(decision)), decided[index])
            try add(SeriesName(.precision(decision)), precisions[index])
            try add(SeriesName(.recall(decision)), recalls[index])
        }
        try add(SeriesName(.positives), positives)
        if quality { try add(SeriesName(.late), late) }
        return series
    }

    var labels: ReferenceOrigin.LabelCounts? {
        positives.eventCount == 0 ? nil : .init(labelled: positives.eventCount, positive: positiveCount)
    }
}

extension WatchedSubject {
    /// Of its reference.
    var grid: ValueGrid {
        switch values {
        case .numbers(let grid, _): grid
        case .categories(let table): SeriesReference.grid(ofCategories: table.values.count)
        }
    }

    var categories: [String]? {
        if case .categories(let table) = values { table.values } else { nil }
    }
}
