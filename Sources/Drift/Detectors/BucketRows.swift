/// An exponential histogram: row i holds buckets of 2^i values, the oldest first; two of a row that is too full become
/// one of the next.
struct BucketRows: Hashable, Sendable {
    /// More rows than any stream fills; the values of so many are still countable.
    static let rowsMax = 48

    private let bucketsMax: Int
    /// Of each row its buckets in `capacity` places.
    private var totals: [Double] = []
    private var variances: [Double] = []
    private var counts: [Int] = []

    private var capacity: Int { bucketsMax + 1 }
    var count: Int { counts.count }

    init(bucketsMax: Int) {
        self.bucketsMax = bucketsMax
    }

    func bucketCount(_ row: Int) -> Int { counts[row] }
    func total(_ row: Int, _ place: Int) -> Double { totals[row * capacity + place] }
    func variance(_ row: Int, _ place: Int) -> Double { variances[row * capacity + place] }

    /// Values in all buckets.
    var width: Int {
        var width = 0
        for row in counts.indices { width += counts[row] << row }
        return width
    }

    mutating func removeAll() {
        totals.removeAll(keepingCapacity: true)
        variances.removeAll(keepingCapacity: true)
        counts.removeAll(keepingCapacity: true)
    }

    /// - Precondition: the row is there or the next, and is not full.
    mutating func append(total: Double, variance: Double, row: Int) {
        if row == counts.count {
            counts.append(0)
            for _ in 0..<capacity {
                totals.append(0)
                variances.append(0)
            }
        }
        totals[row * capacity + counts[row]] = total
        variances[row * capacity + counts[row]] = variance
        counts[row] += 1
    }

    /// Joins the two oldest buckets of every row that has one too many.
    mutating func compress() {
        var row = 0
        while row < counts.count, counts[row] > bucketsMax {
            let size = Double(1 << row)
            let (sum0, sum1) = (total(row, 0), total(row, 1))
            let distance = sum0 / size - sum1 / size
            let spread = size * size * distance * distance / (size + size)
            let joined = variance(row, 0) + variance(row, 1) + spread
            append(total: sum0 + sum1, variance: joined, row: row + 1)
            removeFirst(2, row)
            row += 1
        }
    }

    /// Drops the oldest bucket; the last row is never empty.
    mutating func removeOldest() {
        removeFirst(1, counts.count - 1)
        while counts.last == 0 {
            counts.removeLast()
            totals.removeLast(capacity)
            variances.removeLast(capacity)
        }
    }

    private mutating func removeFirst(_ dropped: Int, _ row: Int) {
        let start = row * capacity
        for place in start..<(start + counts[row] - dropped) {
            totals[place] = totals[place + dropped]
            variances[place] = variances[place + dropped]
        }
        counts[row] -= dropped
    }

    func write(to state: inout DetectorStateWriter) {
        state.write(counts.count)
        for row in counts.indices {
            state.write(counts[row])
            for place in 0..<counts[row] {
                state.write(total(row, place))
                state.write(variance(row, place))
            }
        }
    }

    mutating func read(from state: inout DetectorStateReader) throws(DetectorRefusal) {
        removeAll()
        let rows = try state.count(0...Self.rowsMax, "the count of rows")
        for row in 0..<rows {
            let buckets = try state.count(0...bucketsMax, "the count of buckets")
            if row == counts.count, buckets == 0 {
                // A row may be empty only below one that is not.
                counts.append(0)
                totals.append(contentsOf: repeatElement(0, count: capacity))
                variances.append(contentsOf: repeatElement(0, count: capacity))
            }
            for _ in 0..<buckets {
                let total = try state.number()
                append(total: total, variance: try state.number(), row: row)
            }
        }
        if counts.last == 0 { throw DetectorRefusal("the state of a detector is damaged: an empty row") }
    }
}
