import Events
import Workers

@testable import Engine

/// Bytes in memory, given in pieces of a size.
final class MemoryBytes: ByteSource {
    private let bytes: [UInt8]
    private let pieceBytes: Int
    private var place = 0
    /// Thrown where the bytes end.
    var failure: (any Error)?

    init(_ bytes: [UInt8], pieceBytes: Int = .max) {
        self.bytes = bytes
        self.pieceBytes = pieceBytes
    }

    convenience init(_ text: String, pieceBytes: Int = .max) { self.init(Array(text.utf8), pieceBytes: pieceBytes) }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        let count = min(buffer.count, pieceBytes, bytes.count - place)
        if count == 0, let failure { throw failure }
        buffer.copyBytes(from: bytes[place..<place + count])
        place += count
        return count
    }
}

/// What was written, and whether it was finished.
final class CollectedBytes: ByteSink {
    private(set) var bytes: [UInt8] = []
    private(set) var isFinished = false
    /// Thrown by the n-th write.
    var failsAtWrite: Int?
    private var writes = 0

    var text: String { String(decoding: bytes, as: UTF8.self) }
    var lines: [String] { text.split(separator: "\n").map(String.init) }

    func write(_ bytes: UnsafeRawBufferPointer) throws {
        writes += 1
        if writes == failsAtWrite { throw InjectedFault(what: "write \(writes)") }
        self.bytes += bytes
    }

    func finish() throws { isFinished = true }
}

/// One replay in memory.
struct ReplayRun {
    var plan: ScoringPlan
    var inputFormat: RecordFormat?
    var outputFormat = RecordFormat.csv
    var workers = 1
    var batchRows = 4_096
    var inlineRowsMax = 0
    var pieceBytes = Int.max
    var inputBytesMax = 1 << 16
    var others: [ReplayInput] = []
    var selection: RowSelection?

    struct Result {
        let summary: ReplaySummary
        let output: CollectedBytes
        let faults: [ReplayFault]
        /// Workers that did any task.
        let busyWorkers: Int

        /// The cells of one column; only for tables without quotes.
        func column(_ name: String) -> [String] {
            let rows = output.lines.map { $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init) }
            guard let place = rows.first?.firstIndex(of: name) else { return [] }
            return rows.dropFirst().map { $0[place] }
        }
    }

    final class Observer: ReplayObserver {
        var faults: [ReplayFault] = []
        var rowsScored: UInt64 = 0

        func replayDidFind(_ fault: ReplayFault) { faults.append(fault) }
        func replayDidScore(_ context: BatchContext, _ summary: ReplaySummary) { rowsScored = summary.scored }
    }

    func run(_ text: String) throws -> Result { try run(MemoryBytes(text, pieceBytes: pieceBytes)) }

    func run(_ source: any ByteSource, to sink: CollectedBytes = CollectedBytes()) throws -> Result {
        let pool = WorkerPool(workerCount: workers)
        var settings = ReplaySettings()
        settings.batchRowsMax = batchRows
        settings.inlineRowsMax = inlineRowsMax
        settings.inputBytesMax = inputBytesMax
        settings.selection = selection
        let input = ReplayInput(name: "payments.csv", format: inputFormat, bytes: source)
        let engine = ReplayEngine(
            plan: plan, inputs: [input] + others, outputFormat: outputFormat, pool: pool, settings: settings)
        let observer = Observer()
        let summary = try engine.run(to: sink, observer: observer)
        return Result(
            summary: summary, output: sink, faults: observer.faults, busyWorkers: pool.tasksPerformed.count { $0 > 0 })
    }
}

/// Payments as files hold them.
struct PaymentFile {
    static let csvHeader = "payment,at,customer,terminal,amount"

    var payments: [Payment]

    /// Several partitions' worth of seeded payments: ties, events out of order and late, missing terminals.
    init(seed: UInt64, events: Int) {
        var random = SeededGenerator(seed: seed)
        var now = PaymentStream.start
        payments = (0..<events).map { number in
            if random.next() % 3 > 0 { now += Int64(random.next() % 240_000) }
            var payment = Payment(
                id: "p\(number)", at: now, customer: "customer-\(random.next() % 17)",
                terminal: Int64(random.next() % 5),
                cents: Int(random.next() % 20_000))
            switch random.next() % 40 {
            case 0...3: payment.at -= Int64(random.next() % 500_000)
            case 4: payment.at -= 3_600_000
            case 5: payment.terminal = nil
            default: break
            }
            return payment
        }
    }

    init(_ payments: [Payment]) { self.payments = payments }

    var ndjson: String { payments.map { $0.json + "\n" }.joined() }
    var csv: String { payments.map { $0.csv + "\n" }.reduce(Self.csvHeader + "\n", +) }
}

extension Payment {
    var csv: String {
        let amount = "\(cents / 100).\(cents % 100 < 10 ? "0" : "")\(cents % 100)"
        return "\(id),\(at),\(customer),\(terminal.map(String.init) ?? ""),\(amount)"
    }
}
