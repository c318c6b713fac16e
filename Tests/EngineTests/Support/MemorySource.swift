import Dispatch
import Engine
import Synchronization

/// A source over a log in memory: the script decides what has arrived, whose end is known, and when partitions come
/// and go.
///
/// Each record is lent as memory of its own, which is gone when it is given back: what is given back twice, never, or
/// read after that is found.
// SAFETY: the engine's thread works on it, but for `wake`, `release` and headers, whose state is behind the mutex.
final class MemorySource: SourcePort, @unchecked Sendable {
    /// What the test does at a point of the schedule.
    typealias Step = (MemorySource, any SourceObserver) throws -> Void

    let log: MemoryLog
    /// For schedules on one thread: a wait lets its time pass at once.
    let clock: ManualClock?
    /// Runs in each `poll`, before anything else of a turn; the default assigns all partitions at the first.
    var onPoll: Step = { source, observer in if source.epoch == 0 { source.assign(to: observer) } }
    /// Hears of each commit before it is made.
    var onCommit: ([LanePosition]) throws -> Void = { _ in }
    /// What becomes of a commit that is waited for; `nil`: it is made.
    var onFinalCommit: () throws -> CommitOutcome? = { nil }
    /// The notes of all commits.
    var notes: [String] = []
    /// Runs where the engine has nothing to do.
    var onWait: () -> Void = {}
    /// Runs before each take.
    var onTake: (LaneIndex) throws -> Void = { _ in }
    var onKeepAlive: Step = { _, _ in }
    var takeRowsMax = Int.max
    /// How many entries of each partition have arrived.
    var arrived: [Int]
    /// Partitions whose end is not known, even where all that arrived was taken.
    var endUnknown: Set<Int> = []
    /// The first offset of each partition that retention has left.
    var low: [Int: Int64] = [:]
    /// Offsets before these rebuild state.
    var mutedUntil: [Int: Int64] = [:]
    private(set) var epoch: UInt64 = 0
    /// The partition behind each lane; the lanes' numbers need not be the partitions'.
    private(set) var lanePartitions: [Int] = []
    private var positions: [Int64] = []
    private(set) var pollCount = 0
    private var observer: (any SourceObserver)?
    private let woken = DispatchSemaphore(value: 0)
    private let loans = Mutex(Loans())

    struct Loan {
        let partition: Int
        let offset: Int64
        let bytes: Int
    }

    struct Loans {
        /// By address.
        var open: [UInt: Loan] = [:]
        var lent = 0
        var strays = 0
    }

    init(_ log: MemoryLog, clock: ManualClock? = nil) {
        self.log = log
        self.clock = clock
        arrived = log.partitions.map(\.count)
    }

    deinit {
        for address in loans.withLock({ Array($0.open.keys) }) {
            UnsafeMutableRawPointer(bitPattern: address)?.deallocate()
        }
    }

    /// Records lent, given back, and given back that were not lent.
    var loanCounts: (lent: Int, open: Int, strays: Int) { loans.withLock { ($0.lent, $0.open.count, $0.strays) } }

    // MARK: - Rebalances

    /// Assigns partitions in the given order.
    ///
    /// - Parameter isNew: the group has committed nothing: it begins at the beginning, muted up to `mutedUntil`.
    func assign(_ partitions: [Int]? = nil, isNew: Bool = false, to observer: any SourceObserver) {
        epoch += 1
        lanePartitions = partitions ?? Array(log.partitions.indices)
        let lanes = lanePartitions.map { partition in
            AssignedLane(
                topic: log.topic, partition: Int32(partition), committed: isNew ? nil : log.committed[partition],
                note: notes.last ?? "", low: low[partition] ?? 0, high: Int64(log.partitions[partition].count),
                begin: 0,
                scoresFrom: mutedUntil[partition] ?? 0)
        }
        positions = lanes.map { $0.committed ?? $0.begin }
        positions = observer.sourceDidAssign(epoch: epoch, lanes: lanes).map(\.offset)
    }

    func revoke(isLost: Bool = false, from observer: any SourceObserver) {
        observer.sourceWillRevoke(epoch: epoch, isLost: isLost)
        lanePartitions = []
        positions = []
    }

    // MARK: - SourcePort

    func poll(_ observer: any SourceObserver) throws {
        self.observer = observer
        pollCount += 1
        try onPoll(self, observer)
    }

    func keepAlive() throws {
        if let observer { try onKeepAlive(self, observer) }
    }

    func take(
        _ lane: LaneIndex, bytesMax: Int, into buffer: UnsafeMutableBufferPointer<RecordReference>
    ) throws -> Taken {
        try onTake(lane)
        let partition = lanePartitions[lane.rawValue]
        let entries = log.partitions[partition]
        var position = Int(positions[lane.rawValue])
        var count = 0
        var bytes = 0
        while position < arrived[partition] && count < min(buffer.count, takeRowsMax) {
            if case .record(let record) = entries[position] {
                bytes += (record.key?.count ?? 0) + (record.value?.count ?? 0)
                if count > 0 && bytes > bytesMax { break }
                buffer.initializeElement(at: count, to: lend(record, partition: partition, offset: Int64(position)))
                count += 1
            }
            position += 1
        }
        positions[lane.rawValue] = Int64(position)
        return Taken(count: count, position: Int64(position))
    }

    private func lend(_ record: LogRecord, partition: Int, offset: Int64) -> RecordReference {
        let key = record.key ?? []
        let value = record.value ?? []
        let block = UnsafeMutableRawPointer.allocate(byteCount: key.count + value.count + 1, alignment: 1)
        key.withUnsafeBytes { block.copyMemory(from: $0.baseAddress ?? UnsafeRawPointer(block), byteCount: $0.count) }
        value.withUnsafeBytes {
            (block + key.count).copyMemory(from: $0.baseAddress ?? UnsafeRawPointer(block), byteCount: $0.count)
        }
        let address = UInt(bitPattern: block)
        loans.withLock { loans in
            loans.open[address] = Loan(partition: partition, offset: offset, bytes: key.count + value.count)
            loans.lent += 1
        }
        return RecordReference(
            key: record.key.map { _ in UnsafeRawPointer(block) }, keyCount: key.count,
            value: record.value.map { _ in UnsafeRawPointer(block) + key.count }, valueCount: value.count,
            offset: offset,
            timestamp: record.timestamp, handle: block)
    }

    func isAtEnd(_ lane: LaneIndex) -> Bool {
        let partition = lanePartitions[lane.rawValue]
        return !endUnknown.contains(partition) && positions[lane.rawValue] == Int64(arrived[partition])
    }

    func release(_ records: UnsafeMutableBufferPointer<RecordReference>) {
        for record in records {
            let address = UInt(bitPattern: record.handle)
            let loan = loans.withLock { loans in
                let loan = loans.open.removeValue(forKey: address)
                if loan == nil { loans.strays += 1 }
                return loan
            }
            guard let loan, let block = record.handle else { continue }
            // Whoever reads it after this reads what no event holds.
            block.initializeMemory(as: UInt8.self, repeating: 0xDD, count: loan.bytes)
            block.deallocate()
        }
    }

    func wait(milliseconds: Int) {
        onWait()
        if let clock {
            clock.advance(milliseconds: max(1, milliseconds))
        } else {
            _ = woken.wait(timeout: .now() + .milliseconds(milliseconds))
        }
    }

    func wake() { woken.signal() }

    func commit(_ commit: OffsetCommit, isFinal: Bool) throws -> CommitOutcome {
        try onCommit(commit.positions)
        if isFinal, let outcome = try onFinalCommit() { return outcome }
        notes.append(commit.note)
        for position in commit.positions {
            log.commit(position.offset, partition: lanePartitions[position.lane.rawValue])
        }
        return .accepted
    }

    func offsets(notBefore recordTime: Int64) throws -> [Int64] {
        lanePartitions.map { partition in
            let entries = log.partitions[partition]
            let first = entries.firstIndex { ($0.record?.timestamp ?? .min) >= recordTime }
            return Int64(first ?? entries.count)
        }
    }

    var membership: AnyObject? { nil }

    private func loan(of record: RecordReference) -> Loan? {
        let address = UInt(bitPattern: record.handle)
        return loans.withLock { $0.open[address] }
    }

    func header(_ name: StaticString, of record: RecordReference) -> UnsafeRawBufferPointer? {
        guard let loan = loan(of: record) else { return nil }
        let headers = log.partitions[loan.partition][Int(loan.offset)].record?.headers ?? []
        guard let header = headers.first(where: { $0.name == "\(name)" }) else { return nil }
        return HeaderStore.bytes(of: header.value)
    }

    func forEachHeader(of record: RecordReference, _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer?) -> Void) {
        guard let loan = loan(of: record) else { return }
        for header in log.partitions[loan.partition][Int(loan.offset)].record?.headers ?? [] {
            body(HeaderStore.bytes(of: header.name), HeaderStore.bytes(of: header.value))
        }
    }
}

/// Texts of headers as memory that stays: few texts, kept for the life of the process.
private enum HeaderStore {
    // SAFETY: the buffers are written once and never given back.
    private struct Text: @unchecked Sendable { let bytes: UnsafeRawBufferPointer }
    private static let texts = Mutex<[String: Text]>([:])

    static func bytes(of text: String) -> UnsafeRawBufferPointer {
        texts.withLock { texts in
            if let found = texts[text] { return found }
            let utf8 = Array(text.utf8)
            let block = UnsafeMutableRawBufferPointer.allocate(byteCount: max(1, utf8.count), alignment: 1)
            block.copyBytes(from: utf8)
            let made = Text(bytes: UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(block)[..<utf8.count]))
            texts[text] = made
            return made
        }.bytes
    }
}
