import Events
import Features

/// How outputs and offsets are committed together.
public struct TransactionSettings: Sendable {
    public var commitEveryMilliseconds = 100
    /// Encoded bytes that are kept until they are committed; beyond it the commit is due at once.
    public var keptBytesMax = 64 << 20
    public var keptRowsMax = 500_000
    /// How often the same outputs are sent before the engine gives up.
    public var attemptsMax = 8
    public var backoffMilliseconds = 20
    public var backoffMillisecondsMax = 2_000
    /// Instances that failed together do not try again together.
    public var jitterSeed = UInt64.random(in: 0...UInt64.max)

    public init() {}
}

/// The transaction that is being filled: everything sent in it is kept until it is committed, so that it can be sent
/// again, byte for byte, when the cluster aborts it.
///
/// Complexity: a copy of the encoded score and of 100 bytes a row.
final class OpenTransaction {
    struct Batch {
        let token: UInt64
        let assignment: Assignment
        /// Those that scored it: what is sent again has the same headers.
        let models: ModelSet
        let rows: Range<Int>
        let order: Range<Int>
    }

    private struct KeptRow {
        let disposition: RowDisposition
        let source: UInt8
        let lane: Int32
        let valueCount: Int32
        let valueStart: Int
        let offset: Int64
        let fault: Fault
    }

    let port: any TransactionPort
    let settings: TransactionSettings
    private let batchesMax: Int
    private(set) var batches: [Batch] = []
    private var rows: [KeptRow] = []
    private var records: [RecordReference] = []
    private var values = ByteArena(capacity: 1 << 16)
    private var orders = ByteArena(capacity: 64)
    private var isOpen = false
    private var firstKept: Int64 = 0
    private var pace: CommitPace
    private var jitter: UInt64

    init(_ port: any TransactionPort, settings: TransactionSettings, batchesMax: Int) {
        self.port = port
        self.settings = settings
        self.batchesMax = max(1, batchesMax)
        jitter = settings.jitterSeed
        pace = CommitPace(intervalMilliseconds: settings.commitEveryMilliseconds)
    }

    var batchCount: Int { batches.count }
    /// The assignment of what is kept; no transaction spans two.
    var epoch: UInt64 { batches.first?.assignment.epoch ?? 0 }

    var isFull: Bool {
        batches.count >= batchesMax || rows.count >= settings.keptRowsMax || values.count >= settings.keptBytesMax
    }

    func dueMilliseconds(_ now: Int64) -> Int? {
        if batches.isEmpty { return nil }
        let left = pace.due(keptSince: firstKept) - now
        return max(0, Int((left + 999_999) / 1_000_000))
    }

    /// Takes over what a batch sends; false: it sends nothing, and moves no offset.
    func keep(_ context: BatchContext, token: UInt64, assignment: Assignment, order: [UInt8]) -> Bool {
        let dispositions = context.frame.dispositions
        var isNeeded = !order.isEmpty || !context.passed.isEmpty
        for row in 0..<context.batch.count where dispositions[row].isAnswered { isNeeded = true }
        if !isNeeded { return false }
        let firstRow = rows.count
        let firstOrder = orders.count
        for index in 0..<context.batch.count {
            let row = context.outputRow(index)
            let start = values.count
            if let bytes = row.value.baseAddress, row.value.count > 0 {
                UnsafeMutableRawPointer(values.reserve(row.value.count)).copyMemory(
                    from: bytes, byteCount: row.value.count)
                values.commit(row.value.count)
            }
            rows.append(
                KeptRow(
                    disposition: row.disposition, source: UInt8(row.source), lane: Int32(row.lane),
                    valueCount: Int32(row.value.count), valueStart: start, offset: row.offset, fault: row.fault))
            records.append(row.record)
        }
        context.recordCount = 0
        order.withUnsafeBytes { bytes in
            guard let source = bytes.baseAddress else { return }
            UnsafeMutableRawPointer(orders.reserve(bytes.count)).copyMemory(from: source, byteCount: bytes.count)
            orders.commit(bytes.count)
        }
        batches.append(
            Batch(
                token: token, assignment: assignment, models: context.models, rows: firstRow..<rows.count,
                order: firstOrder..<orders.count))
        return true
    }

    func row(_ number: Int) -> OutputRow {
        let row = rows[number]
        return OutputRow(
            disposition: row.disposition, lane: Int(row.lane), source: Int(row.source), offset: row.offset,
            fault: row.fault, record: records[number],
            value: UnsafeRawBufferPointer(start: values.bytes + row.valueStart, count: Int(row.valueCount)))
    }

    func copyOrder(of batch: Batch, to bytes: inout [UInt8]) {
        bytes.removeAll(keepingCapacity: true)
        bytes.append(
            contentsOf: UnsafeBufferPointer(start: orders.bytes + batch.order.lowerBound, count: batch.order.count))
    }

    func beginIfNeeded(now: Int64) throws {
        if isOpen { return }
        try port.begin()
        isOpen = true
        firstKept = now
    }

    /// Commits everything kept with the offsets behind it.
    func commit(_ ledger: Ledger, clock: any EngineClock) throws -> TransactionOutcome {
        guard let last = batches.last else { return .committed }
        var offsets: [Int: Int64] = [:]
        var held: [Int: Int64] = [:]
        for batch in batches {
            let entry = ledger.entry(batch.token)
            for lane in 0..<entry.laneCount {
                guard let offset = entry.counts[lane].nextOffset else { continue }
                if batch.assignment.isRebuilding(lane, offset) {
                    held[lane] = batch.assignment.starts[lane].mutedUntil
                } else {
                    offsets[lane] = offset
                }
            }
        }
        // Where nothing moves (orders of muted rows alone), what is committed is committed again: only with offsets does
        // the group say whether this instance is still a member.
        let positions = (offsets.isEmpty ? held : offsets).sorted { $0.key < $1.key }
            .map { last.assignment.position(lane: $0.key, offset: $0.value) }
        let note = CommitNote(watermark: ledger.entry(last.token).watermark)
        let begin = clock.nanoseconds
        let outcome = try port.commit(
            OffsetCommit(positions: positions, note: note.text), membership: last.assignment.membership)
        if outcome == .committed {
            isOpen = false
            pace.committed(begin: begin, end: clock.nanoseconds)
        }
        return outcome
    }

    func abort() throws {
        if !isOpen { return }
        isOpen = false
        try port.abort()
    }

    /// Forgets what is kept, gives its records back, and returns the batches' tokens.
    func removeAll(releasing source: any SourcePort) -> [UInt64] {
        records.withUnsafeMutableBufferPointer { source.release($0) }
        let tokens = batches.map(\.token)
        batches.removeAll(keepingCapacity: true)
        rows.removeAll(keepingCapacity: true)
        records.removeAll(keepingCapacity: true)
        values.removeAll()
        orders.removeAll()
        return tokens
    }

    /// Doubles with each attempt up to a bound, and differs by half from instance to instance.
    func backoffMilliseconds(_ attempt: Int) -> Int {
        let full = min(settings.backoffMillisecondsMax, settings.backoffMilliseconds << min(attempt, 16))
        // Knuth's MMIX generator; its high bits are good enough to part a handful of instances.
        jitter = jitter &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return full / 2 + Int((jitter >> 33) % UInt64(full / 2 + 1))
    }
}
