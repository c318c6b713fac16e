import Synchronization

/// What became of the rows of one lane in one batch. Each is counted where it happens, never derived from another.
struct LaneCounts: Hashable, Sendable {
    var scored: UInt64 = 0
    var absorbed: UInt64 = 0
    var deadLettered: UInt64 = 0
    var lateDropped: UInt64 = 0
    var muted: UInt64 = 0
    /// Behind the lane's last row in the batch; `nil`: it has none.
    var nextOffset: Int64?
}

/// One batch between being sent and being acknowledged.
// SAFETY: the engine's thread opens and retires an entry and fills `rows` before it hands the batch on; the output
// thread fills `counts` before its last `pending` goes, and the engine's thread reads them only after that. `rows`
// and `counts` are memory of their own, so that books can be checked while a batch is being sent.
final class LedgerEntry: @unchecked Sendable {
    /// Outputs not yet acknowledged, plus one until all are sent.
    let pending = Atomic<Int>(0)
    private(set) var epoch: UInt64 = 0
    private(set) var laneCount = 0
    /// Behind the batch, in merge order.
    private(set) var watermark = Int64.min
    /// The batch's outputs were given up: its events are read again, by this instance or another. Set by the output
    /// thread before the last `pending` goes.
    var isDiscarded = false
    /// Of all lanes together; filled as `counts` is.
    var deadLetters: DeadLetterCounts
    /// Rows of each lane in the batch.
    private(set) var rows = UnsafeMutablePointer<UInt64>.allocate(capacity: 1)
    private(set) var counts = UnsafeMutablePointer<LaneCounts>.allocate(capacity: 1)

    fileprivate init(sources: Int) { deadLetters = DeadLetterCounts(sources: sources) }

    deinit {
        rows.deallocate()
        counts.deallocate()
    }

    fileprivate func open(epoch: UInt64, laneCount: Int, watermark: Int64) {
        self.epoch = epoch
        self.watermark = watermark
        isDiscarded = false
        deadLetters.removeAll()
        pending.store(1, ordering: .relaxed)
        if self.laneCount < laneCount {
            rows.deallocate()
            counts.deallocate()
            rows = .allocate(capacity: laneCount)
            counts = .allocate(capacity: laneCount)
        }
        self.laneCount = laneCount
        rows.initialize(repeating: 0, count: laneCount)
        counts.initialize(repeating: LaneCounts(), count: laneCount)
    }
}

/// Batches in the order in which they were sent: offsets may be committed up to the first that is not wholly
/// acknowledged.
///
/// Complexity: an atomic subtraction an output.
// SAFETY: `first` and `next` belong to the engine's thread; entries are reached by token, see `LedgerEntry`.
final class Ledger: @unchecked Sendable {
    private let entries: [LedgerEntry]
    private var first: UInt64 = 0
    private var next: UInt64 = 0

    init(capacity: Int, sources: Int = 1) { entries = (0..<capacity).map { _ in LedgerEntry(sources: sources) } }

    var isFull: Bool { next - first == UInt64(entries.count) }
    var isEmpty: Bool { next == first }

    func entry(_ token: UInt64) -> LedgerEntry { entries[Int(token % UInt64(entries.count))] }

    /// A token for a new batch; there has to be room.
    func open(epoch: UInt64, laneCount: Int, watermark: Int64) -> UInt64 {
        precondition(!isFull, "\(entries.count) batches are waiting for acknowledgements")
        entry(next).open(epoch: epoch, laneCount: laneCount, watermark: watermark)
        next += 1
        return next - 1
    }

    /// Whether the entry's last output has now been acknowledged.
    func acknowledge(_ token: UInt64) -> Bool {
        entry(token).pending.subtract(1, ordering: .acquiringAndReleasing).newValue == 0
    }

    /// Hands out finished batches in order and forgets them.
    func retire(_ body: (LedgerEntry) -> Void) {
        while first < next {
            let entry = entry(first)
            if entry.pending.load(ordering: .acquiring) != 0 { return }
            body(entry)
            first += 1
        }
    }

    /// Every batch that is not retired, finished or not; of these only `rows` may be read.
    func forEachOpen(_ body: (LedgerEntry) -> Void) {
        for token in first..<next { body(entry(token)) }
    }
}
