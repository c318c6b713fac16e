/// What all lanes showed within one bucket of event time. Counts commute: the order of events does not matter.
final class EvidenceBlock {
    /// As `EvidenceLayout` says.
    let counts: UnsafeMutablePointer<UInt32>
    let countsTotal: Int
    /// The bucket's start, in microseconds.
    var start: Int64 = 0
    var rows = 0
    var lateRows = 0
    /// By lane, the offsets of its first and last row here.
    var offsets: [Int: ClosedRange<Int64>] = [:]
    /// Rows by the version of the model, see `VersionTable`.
    var versions: [Int] = []
    /// Of rows and late rows, where lag is watched.
    var lags = LagCounts()
    /// Scores that will wait for labels, where there are any.
    var scores: ScoreBucket?
    /// By cell of the score: events that a decision called positive; empty where nobody asks.
    var flagged: [Int]

    /// - Parameter flaggedCells: how many cells of the score are counted apart for events that were called positive.
    init(countsTotal: Int, scores: ScoreBucket? = nil, flaggedCells: Int = 0) {
        self.countsTotal = countsTotal
        self.scores = scores
        flagged = Array(repeating: 0, count: flaggedCells)
        counts = .allocate(capacity: max(1, countsTotal))
        counts.initialize(repeating: 0, count: countsTotal)
    }

    deinit { counts.deallocate() }

    func removeAll() {
        counts.update(repeating: 0, count: countsTotal)
        rows = 0
        lateRows = 0
        lags.removeAll()
        offsets.removeAll(keepingCapacity: true)
        for index in versions.indices { versions[index] = 0 }
        scores?.removeAll()
        for cell in flagged.indices { flagged[cell] = 0 }
    }

    func addOffsets(_ range: ClosedRange<Int64>, lane: Int) {
        if let known = offsets[lane] {
            offsets[lane] = min(known.lowerBound, range.lowerBound)...max(known.upperBound, range.upperBound)
        } else {
            offsets[lane] = range
        }
    }

    func addVersion(_ version: Int, rows: Int) {
        while versions.count <= version { versions.append(0) }
        versions[version] += rows
    }

    /// The version of most rows; of equal ones the first by name, since numbers depend on what came first.
    func mostVersion(of table: VersionTable) -> String? {
        guard let most = versions.max(), most > 0 else { return nil }
        return versions.indices.filter { versions[$0] == most }.map { table.names[$0] }.min()
    }
}
