import Synchronization

/// Rows of one lane in one batch, by what became of them. Each is counted where it happens, never derived from another.
struct LaneCounts: Hashable, Sendable {
    var scored: UInt64 = 0
    var deadLettered: UInt64 = 0
    var lateDropped: UInt64 = 0
    var muted: UInt64 = 0
    /// Rows of the lane in the batch.
    var rows: UInt64 = 0
    /// Behind the lane's last row in the batch; `nil`: it has none.
    var nextOffset: Int64?

    mutating func reset() { self = LaneCounts() }
}

/// One batch between being sent and being acknowledged.
// SAFETY: the engine's thread opens and retires an entry; the output thread fills the counts before its last `pending` goes.
final class LedgerEntry: @unchecked Sendable {
    /// Outputs not yet acknowledged, plus one until all are sent.
    let pending = Atomic<Int>(0)
    var epoch: UInt64 = 0
    var lanes: [LaneCounts] = []
}

/// Batches in the order in which they were sent: offsets may be committed up to the first that is not wholly acknowledged.
///
/// Complexity: an atomic subtraction an output.
// SAFETY: `first` and `next` belong to the engine's thread; entries are reached by token, see `LedgerEntry`.
final class Ledger: @unchecked Sendable {
    private let entries: [LedgerEntry]
    private var first: UInt64 = 0
    private var next: UInt64 = 0

    init(capacity: Int) { entries = (0..<capacity).map { _ in LedgerEntry() } }

    var isFull: Bool { next - first == UInt64(entries.count) }
    var isEmpty: Bool { next == first }

    func entry(_ token: UInt64) -> LedgerEntry { entries[Int(token % UInt64(entries.count))] }

    /// A token for a new batch; there has to be room.
    func open(epoch: UInt64, laneCount: Int) -> UInt64 {
        precondition(!isFull, "\(entries.count) batches are waiting for acknowledgements")
        let entry = entry(next)
        entry.epoch = epoch
        entry.pending.store(1, ordering: .relaxed)
        if entry.lanes.count != laneCount { entry.lanes = Array(repeating: LaneCounts(), count: laneCount) }
        for lane in entry.lanes.indices { entry.lanes[lane].reset() }
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

    /// Every batch that is not retired, finished or not.
    func forEachOpen(_ body: (LedgerEntry) -> Void) {
        for token in first..<next { body(entry(token)) }
    }
}
