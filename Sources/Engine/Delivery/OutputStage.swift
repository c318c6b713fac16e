import Events
import Features
import Synchronization

/// Sends the outputs of finished batches, in order, from one thread; with transactions it also commits them.
// SAFETY: `send`, `commit` and `close` run on one thread at a time; what others reach is atomic or behind a mutex.
final class OutputStage: @unchecked Sendable {
    private let source: any SourcePort
    private let sink: any SinkPort
    private let ledger: Ledger
    private let writer: OutputWriter
    private let clock: any EngineClock
    /// `nil`: offsets are committed by the engine, after acknowledgements.
    private let transaction: OpenTransaction?
    private let failure = Mutex<(any Error)?>(nil)
    /// Nothing more is sent after a failure or the end of the run,
    private let isEnded = Atomic<Bool>(false)
    /// or of batches of assignments up to this one; written by the engine's thread.
    private let givenUpEpoch = Atomic<UInt64>(0)
    /// The group says that this assignment is over.
    private let staleEpoch = Atomic<UInt64>(0)
    private let isFlushRequested = Atomic<Bool>(false)
    private var orderBytes: [UInt8] = []

    init(
        plan: ScoringPlan, settings: StreamSettings, source: any SourcePort, sink: any SinkPort, ledger: Ledger,
        clock: any EngineClock
    ) {
        self.source = source
        self.sink = sink
        self.ledger = ledger
        self.clock = clock
        writer = OutputWriter(plan: plan, source: source)
        transaction = sink.transactions.map {
            OpenTransaction($0, settings: settings.transactions, batchesMax: settings.unacknowledgedBatchesMax / 2)
        }
    }

    /// Ends what an earlier instance left open; before anything is read.
    func start() throws { try transaction?.port.initialize() }

    // MARK: - From other threads

    /// Why sending or acknowledging failed for good, if it did.
    var failed: (any Error)? { failure.withLock { $0 } }

    /// Sends nothing more: what is not sent by now stays uncommitted.
    func abandon() { isEnded.store(true, ordering: .sequentiallyConsistent) }

    func fail(_ error: any Error) {
        failure.withLock { first in if first == nil { first = error } }
        isEnded.store(true, ordering: .sequentiallyConsistent)
        source.wake()
    }

    /// Ends sending for assignments up to `epoch`: whoever reads their events next sends them again.
    func giveUp(epoch: UInt64) { givenUpEpoch.store(epoch, ordering: .sequentiallyConsistent) }

    /// Whether the group no longer knows this assignment, so that nothing of it can be committed any more.
    func isStale(_ epoch: UInt64) -> Bool { epoch <= staleEpoch.load(ordering: .relaxed) }

    /// Asks for a commit before it is due.
    func requestFlush() {
        isFlushRequested.store(true, ordering: .sequentiallyConsistent)
        sink.wake()
    }

    /// One output fewer to wait for; wakes the engine when a batch is complete.
    func acknowledge(_ token: UInt64) {
        if ledger.acknowledge(token) { source.wake() }
    }

    private func isGivenUp(_ epoch: UInt64) -> Bool {
        isEnded.load(ordering: .relaxed) || epoch <= givenUpEpoch.load(ordering: .relaxed) || isStale(epoch)
    }

    // MARK: - On the output thread

    /// Sends all outputs of a batch, waits for room where the sink has none, and gives the records back.
    func send(_ context: BatchContext, token: UInt64, assignment: Assignment) {
        if context.order.isEmpty {
            orderBytes.removeAll(keepingCapacity: true)
        } else {
            context.order.encode(into: &orderBytes, names: assignment.origin)
        }
        if let transaction {
            send(context, token: token, assignment: assignment, in: transaction)
            return
        }
        let entry = ledger.entry(token)
        for (lane, offset) in context.passed { entry.counts[lane].nextOffset = offset }
        if !orderBytes.isEmpty && !isGivenUp(assignment.epoch) {
            sendOrder(token: token, epoch: assignment.epoch, entry: entry)
        }
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: assignment.origin.bytesMax) { text in
            guard let start = text.baseAddress else { return }
            for index in 0..<context.batch.count {
                if isGivenUp(assignment.epoch) { break }
                let row = context.outputRow(index)
                let kind = sendRow(row, context.models, assignment, token: token, entry: entry, text: start)
                count(row, entry: entry, kind: kind)
                // What was acknowledged meanwhile is given back while it is warm.
                if index & 0xFF == 0xFF { sink.serve(milliseconds: 0) }
            }
        }
        release(context)
        // A batch that failed is never complete: nothing behind it is committed. One that was given up is: its
        // assignment is gone.
        if !isEnded.load(ordering: .relaxed) { acknowledge(token) }
    }

    private func release(_ context: BatchContext) {
        source.release(UnsafeMutableBufferPointer(rebasing: context.records[..<context.recordCount]))
        context.recordCount = 0
    }

    /// Counts what became of a row; `kind` is what was sent for it.
    private func count(_ row: OutputRow, entry: LedgerEntry, kind: OutputKind?) {
        switch row.disposition {
        case .score, .fault:
            if kind == .score { entry.counts[row.lane].scored += 1 } else { entry.countDeadLetter(row) }
        case .absorbed: entry.counts[row.lane].absorbed += 1
        case .lateDropped: entry.counts[row.lane].lateDropped += 1
        case .muted, .mutedFault: entry.counts[row.lane].muted += 1
        }
        entry.counts[row.lane].nextOffset = row.offset + 1
    }

    /// Sends what belongs to a row, if anything does.
    private func sendRow(
        _ row: OutputRow, _ models: ModelSet, _ assignment: Assignment, token: UInt64, entry: LedgerEntry?,
        text: UnsafeMutablePointer<UInt8>
    ) -> OutputKind? {
        guard row.disposition == .score || row.disposition == .fault else { return nil }
        var row = row
        row.partition = assignment.starts[row.lane].partition
        let length = assignment.origin.write(lane: row.lane, offset: row.offset, to: text)
        do {
            let origin = UnsafeRawBufferPointer(start: text, count: length)
            return try writer.write(row, models, origin: origin, token: token) {
                send($0, epoch: assignment.epoch, entry: entry)
            }
        } catch {
            fail(error)
            return nil
        }
    }

    private func sendOrder(token: UInt64, epoch: UInt64, entry: LedgerEntry?) {
        do {
            try orderBytes.withUnsafeBytes { bytes in
                try writer.writeOrder(bytes, token: token) { send($0, epoch: epoch, entry: entry) }
            }
        } catch {
            fail(error)
        }
    }

    /// - Parameter entry: counts acknowledgements; `nil`: the transaction's end is the acknowledgement.
    private func send(_ output: OutputRecord, epoch: UInt64, entry: LedgerEntry?) -> SendOutcome {
        entry?.pending.add(1, ordering: .relaxed)
        while !isGivenUp(epoch) {
            do {
                switch try sink.send(output) {
                case .queued: return .queued
                case .full: sink.serve(milliseconds: 1)
                case .tooLarge:
                    entry?.pending.subtract(1, ordering: .relaxed)
                    return .tooLarge
                }
            } catch {
                fail(error)
            }
        }
        // Nobody will acknowledge it; after a failure the batch stays open all the same.
        entry?.pending.subtract(1, ordering: .relaxed)
        return .full
    }

    // MARK: - Transactions

    /// Until something is due without anything arriving; `nil`: nothing is.
    var dueMilliseconds: Int? { transaction?.dueMilliseconds(clock.nanoseconds) }

    private func send(
        _ context: BatchContext, token: UInt64, assignment: Assignment, in transaction: OpenTransaction
    ) {
        discardIfGivenUp(transaction)
        let entry = ledger.entry(token)
        if isGivenUp(assignment.epoch) {
            release(context)
            discard(token)
            return
        }
        for (lane, offset) in context.passed { entry.counts[lane].nextOffset = offset }
        if transaction.keep(context, token: token, assignment: assignment, order: orderBytes) {
            sendKept(transaction, from: transaction.batchCount - 1, entry: entry)
        } else {
            // Muted rows alone produce nothing and move no offset.
            for index in 0..<context.batch.count { count(context.outputRow(index), entry: entry, kind: nil) }
            release(context)
            acknowledge(token)
        }
        sink.serve(milliseconds: 0)
        commitIfDue()
    }

    /// Sends kept batches from the `first` on, in a new transaction where none is open.
    ///
    /// - Parameter entry: counts what becomes of the rows; `nil`: they were counted before.
    private func sendKept(_ transaction: OpenTransaction, from first: Int, entry: LedgerEntry?) {
        do {
            try transaction.beginIfNeeded(now: clock.nanoseconds)
        } catch {
            fail(error)
            return
        }
        for index in first..<transaction.batchCount {
            let batch = transaction.batches[index]
            transaction.copyOrder(of: batch, to: &orderBytes)
            if !orderBytes.isEmpty { sendOrder(token: batch.token, epoch: batch.assignment.epoch, entry: nil) }
            withUnsafeTemporaryAllocation(of: UInt8.self, capacity: batch.assignment.origin.bytesMax) { text in
                guard let start = text.baseAddress else { return }
                for number in batch.rows {
                    if isGivenUp(batch.assignment.epoch) { return }
                    let row = transaction.row(number)
                    let kind = sendRow(
                        row, batch.models, batch.assignment, token: batch.token, entry: nil, text: start)
                    if let entry { count(row, entry: entry, kind: kind) }
                }
            }
        }
    }

    /// Commits what is open if its time has come, if a commit was asked for, or if too much is kept.
    func commitIfDue() {
        guard let transaction else { return }
        discardIfGivenUp(transaction)
        let isRequested = isFlushRequested.load(ordering: .relaxed)
        if transaction.batchCount == 0 { return }
        if isRequested || transaction.isFull || transaction.dueMilliseconds(clock.nanoseconds) == 0 {
            commit(transaction)
        }
    }

    /// The engine has what it asked for.
    func flushed() { isFlushRequested.store(false, ordering: .sequentiallyConsistent) }

    private func commit(_ transaction: OpenTransaction) {
        var attempts = 0
        while !isEnded.load(ordering: .relaxed) {
            do {
                switch try transaction.commit(ledger, clock: clock) {
                case .committed:
                    for token in transaction.removeAll(releasing: source) { acknowledge(token) }
                    return
                case .stale:
                    staleEpoch.store(transaction.epoch, ordering: .sequentiallyConsistent)
                    try abort(transaction)
                    source.wake()
                    return
                case .failed(let reason):
                    try transaction.abort()
                    attempts += 1
                    if attempts > transaction.settings.attemptsMax { throw TransactionFailure(reason, attempts) }
                    wait(milliseconds: transaction.backoffMilliseconds(attempts))
                }
                if isGivenUp(transaction.epoch) { break }
                sendKept(transaction, from: 0, entry: nil)
            } catch {
                fail(error)
            }
        }
        discardIfGivenUp(transaction)
    }

    private func wait(milliseconds: Int) {
        let deadline = clock.nanoseconds + Int64(milliseconds) * 1_000_000
        while clock.nanoseconds < deadline && !isEnded.load(ordering: .relaxed) { sink.serve(milliseconds: 10) }
    }

    /// Gives up what is kept of an assignment that is over.
    private func discardIfGivenUp(_ transaction: OpenTransaction) {
        if transaction.batchCount == 0 || !isGivenUp(transaction.epoch) { return }
        do {
            try abort(transaction)
        } catch {
            fail(error)
        }
    }

    private func abort(_ transaction: OpenTransaction) throws {
        // Whatever comes of it, nobody waits for these any more.
        for token in transaction.removeAll(releasing: source) { discard(token) }
        if failed == nil { try transaction.abort() }
    }

    private func discard(_ token: UInt64) {
        ledger.entry(token).isDiscarded = true
        acknowledge(token)
    }

    /// Voids what is open; after the output thread has ended.
    func close() {
        guard let transaction else { return }
        abandon()
        discardIfGivenUp(transaction)
    }
}

/// Transactions failed again and again though each time they could be sent again.
struct TransactionFailure: Error, CustomStringConvertible {
    let reason: String
    let attempts: Int

    init(_ reason: String, _ attempts: Int) {
        self.reason = reason
        self.attempts = attempts
    }

    var description: String {
        "a transaction failed \(attempts) times in a row, the last time because: \(reason); nothing of it is visible, and no "
            + "offset was committed"
    }
}
