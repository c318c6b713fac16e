/// Buckets that one side of a join has closed and the other has not, in order.
struct BucketQueue<Bucket: QueuedBucket>: Sendable {
    struct Element {
        let end: Int64
        var bucket: Bucket
    }

    private var elements: [Element] = []
    /// Those before it were taken.
    private var first = 0
    /// A bucket that was worked on, for its memory.
    private var spare: Bucket?
    private(set) var rowCount = 0
    /// No rows before this will come.
    private(set) var closedThrough: Int64 = .min

    init() {}

    /// As it was kept. - Precondition: the ends ascend and are not beyond `closedThrough`.
    init(restoring elements: [Element], closedThrough: Int64) {
        self.elements = elements
        self.closedThrough = closedThrough
        rowCount = elements.reduce(0) { $0 + $1.bucket.rowCount }
    }

    var waiting: ArraySlice<Element> { elements[first...] }

    var firstEnd: Int64? { first < elements.count ? elements[first].end : nil }

    /// Takes a bucket's rows and leaves it empty. - Precondition: ends ascend.
    mutating func close(_ end: Int64, _ bucket: inout Bucket) {
        closedThrough = end
        if bucket.isEmpty { return }
        rowCount += bucket.rowCount
        var other = spare ?? bucket.emptied()
        spare = nil
        swap(&other, &bucket)
        elements.append(Element(end: end, bucket: other))
    }

    /// The bucket that ends then, if it is the first. Complexity: O(1) on average.
    mutating func take(_ end: Int64) -> Bucket? {
        guard firstEnd == end else { return nil }
        var bucket = elements[first].bucket.emptied()
        swap(&bucket, &elements[first].bucket)
        rowCount -= bucket.rowCount
        first += 1
        if first * 2 >= elements.count {
            elements.removeFirst(first)
            first = 0
        }
        return bucket
    }

    /// Keeps a bucket's memory for the next one. - Precondition: it is empty.
    mutating func giveBack(_ bucket: consuming Bucket) {
        precondition(bucket.isEmpty, "a bucket with rows is given back")
        spare = bucket
    }
}

/// What a `BucketQueue` holds.
protocol QueuedBucket: Sendable {
    var isEmpty: Bool { get }
    var rowCount: Int { get }
    /// An empty one with the same limit.
    func emptied() -> Self
}

extension ScoreBucket: QueuedBucket {
    var rowCount: Int { rows.count }
    func emptied() -> ScoreBucket { ScoreBucket(rowsMax: rowsMax) }
}

extension LabelBucket: QueuedBucket {
    var rowCount: Int { rows.count }
    func emptied() -> LabelBucket { LabelBucket(rowsMax: rowsMax) }
}
