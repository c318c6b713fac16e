import Events
import Features
import Synchronization

/// Sends the outputs of finished batches, in order, from one thread: scores, and dead letters for what cannot be used.
// SAFETY: `send` runs on one thread at a time; `failure` is behind a mutex.
final class OutputStage: @unchecked Sendable {
    private let plan: ScoringPlan
    private let source: any SourcePort
    private let sink: any SinkPort
    private let ledger: Ledger
    private let failure = Mutex<(any Error)?>(nil)
    private let planHash: [UInt8]
    private let modelVersion: [UInt8]
    /// Headers of one output; the bytes they point to live until it is sent.
    private let headers: UnsafeMutablePointer<OutputHeader>
    private static let headersMax = 8
    /// An original header is carried on only if it is no verdict of Riffle's own on an earlier attempt.
    static let attemptsHeader: StaticString = "riffle-attempts"

    init(plan: ScoringPlan, source: any SourcePort, sink: any SinkPort, ledger: Ledger) {
        self.plan = plan
        self.source = source
        self.sink = sink
        self.ledger = ledger
        planHash = Array(plan.planHash.utf8)
        modelVersion = Array((plan.model?.version ?? "").utf8)
        headers = .allocate(capacity: Self.headersMax)
    }

    deinit { headers.deallocate() }

    /// Why sending or acknowledging failed for good, if it did.
    var failed: (any Error)? { failure.withLock { $0 } }

    func fail(_ error: any Error) {
        failure.withLock { first in if first == nil { first = error } }
        source.wake()
    }

    /// One output fewer to wait for; wakes the engine when a batch is complete.
    func acknowledge(_ token: UInt64) {
        if ledger.acknowledge(token) { source.wake() }
    }

    /// Sends all outputs of a batch, waits for room where the sink has none, and gives the records back.
    func send(_ context: BatchContext, token: UInt64, origin: OriginText) {
        let entry = ledger.entry(token)
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: origin.bytesMax) { text in
            guard let start = text.baseAddress else { return }
            for row in 0..<context.batch.count {
                if failed != nil { break }
                let lane = Int(context.batch.lanes[row])
                let offset = context.batch.offsets[row]
                switch context.frame.dispositions[row] {
                case .score:
                    let length = origin.write(lane: lane, offset: offset, to: start)
                    let name = UnsafeRawBufferPointer(start: start, count: length)
                    sendScore(context, row: row, origin: name, token: token, entry: entry)
                    entry.lanes[lane].scored += 1
                case .fault:
                    let length = origin.write(lane: lane, offset: offset, to: start)
                    let name = UnsafeRawBufferPointer(start: start, count: length)
                    sendDeadLetter(context, row: row, origin: name, token: token, entry: entry)
                    entry.lanes[lane].deadLettered += 1
                case .lateDropped: entry.lanes[lane].lateDropped += 1
                case .muted, .mutedFault: entry.lanes[lane].muted += 1
                }
                entry.lanes[lane].nextOffset = offset + 1
            }
        }
        source.release(UnsafeMutableBufferPointer(rebasing: context.records[..<context.recordCount]))
        context.recordCount = 0
        // A batch that could not be sent is never complete: nothing behind it is committed.
        if failed == nil { acknowledge(token) }
    }

    private func sendScore(
        _ context: BatchContext, row: Int, origin: UnsafeRawBufferPointer, token: UInt64, entry: LedgerEntry
    ) {
        let record = context.records[row]
        planHash.withUnsafeBytes { plan in
            modelVersion.withUnsafeBytes { model in
                var count = 0
                func add(_ name: StaticString, _ value: UnsafeRawBufferPointer) {
                    headers[count] = OutputHeader(name: name, value: value)
                    count += 1
                }
                add("riffle-origin", origin)
                add("riffle-plan", plan)
                if !model.isEmpty { add("riffle-model", model) }
                if let trace = source.header("traceparent", of: record) { add("traceparent", trace) }
                if let state = source.header("tracestate", of: record) { add("tracestate", state) }
                let outcome = send(
                    OutputRecord(
                        kind: .score, key: key(record), value: context.output(row),
                        headers: UnsafeBufferPointer(start: headers, count: count), origin: record, token: token),
                    entry: entry)
                if outcome == .tooLarge {
                    fail(OutputTooLarge(what: "a score", bytes: context.output(row).count))
                }
            }
        }
    }

    private func sendDeadLetter(
        _ context: BatchContext, row: Int, origin: UnsafeRawBufferPointer, token: UInt64, entry: LedgerEntry
    ) {
        let record = context.records[row]
        let fault = context.batch.faults[row]
        let attempts = "\((source.header(Self.attemptsHeader, of: record).flatMap(Self.number) ?? 0) + 1)"
        let texts = [fault.code.name, fault.message(schema: plan.schema), attempts].map { Array($0.utf8) }
        texts[0].withUnsafeBytes { code in
            texts[1].withUnsafeBytes { message in
                texts[2].withUnsafeBytes { attempts in
                    headers[0] = OutputHeader(name: "riffle-error-code", value: code)
                    headers[1] = OutputHeader(name: "riffle-error", value: message)
                    headers[2] = OutputHeader(name: "riffle-origin", value: origin)
                    headers[3] = OutputHeader(name: Self.attemptsHeader, value: attempts)
                    var output = OutputRecord(
                        kind: .deadLetter, key: key(record),
                        value: record.value.map { UnsafeRawBufferPointer(start: $0, count: record.valueCount) },
                        headers: UnsafeBufferPointer(start: headers, count: 4), origin: record, token: token)
                    if send(output, entry: entry) != .tooLarge { return }
                    // With its headers the record passes the topic's bound: what can be kept is where it is and why.
                    headers[4] = OutputHeader(name: "riffle-truncated", value: code)
                    output.value = nil
                    output.headers = UnsafeBufferPointer(start: headers, count: 5)
                    if send(output, entry: entry) == .tooLarge {
                        fail(OutputTooLarge(what: "a dead letter without its value", bytes: output.key?.count ?? 0))
                    }
                }
            }
        }
    }

    private func key(_ record: RecordReference) -> UnsafeRawBufferPointer? {
        record.key.map { UnsafeRawBufferPointer(start: $0, count: record.keyCount) }
    }

    /// A count of attempts as a header holds it; what is no small number counts as none.
    static func number(_ text: UnsafeRawBufferPointer) -> Int? {
        guard (1...6).contains(text.count) else { return nil }
        return Int(String(decoding: text, as: UTF8.self))
    }

    private func send(_ output: OutputRecord, entry: LedgerEntry) -> SendOutcome {
        entry.pending.add(1, ordering: .relaxed)
        while failed == nil {
            do {
                switch try sink.send(output) {
                case .queued: return .queued
                case .full: sink.serve(milliseconds: 1)
                case .tooLarge:
                    entry.pending.subtract(1, ordering: .relaxed)
                    return .tooLarge
                }
            } catch {
                fail(error)
            }
        }
        return .full
    }
}

/// An output that the topic can never accept.
struct OutputTooLarge: Error, CustomStringConvertible {
    let what: String
    let bytes: Int

    var description: String {
        "\(what) of \(bytes) bytes is larger than the producer may send; raise \"message.max.bytes\" under kafka.properties and on the topic"
    }
}
