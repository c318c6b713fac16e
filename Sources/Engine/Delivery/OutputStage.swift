import Events
import Features
import Synchronization

/// Sends the outputs of finished batches, in order, from one thread: scores, and dead letters for what cannot be used.
// SAFETY: `send` runs on one thread at a time; what others reach is atomic or behind a mutex.
final class OutputStage: @unchecked Sendable {
    private let plan: ScoringPlan
    private let source: any SourcePort
    private let sink: any SinkPort
    private let ledger: Ledger
    private let failure = Mutex<(any Error)?>(nil)
    /// Nothing more is sent after a failure or the end of the run,
    private let isEnded = Atomic<Bool>(false)
    /// or of batches of assignments up to this one; written by the engine's thread.
    private let givenUpEpoch = Atomic<UInt64>(0)
    private let planHash: [UInt8]
    private let modelVersion: [UInt8]
    /// Headers of one output; the bytes they point to live until it is sent.
    private let headers: UnsafeMutablePointer<OutputHeader>
    private static let headersMax = 8
    /// A dead letter that is sent back and fails again counts on.
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

    /// Sends nothing more: what is not sent by now stays uncommitted.
    func abandon() { isEnded.store(true, ordering: .sequentiallyConsistent) }

    func fail(_ error: any Error) {
        failure.withLock { first in if first == nil { first = error } }
        isEnded.store(true, ordering: .sequentiallyConsistent)
        source.wake()
    }

    /// Ends sending for assignments up to `epoch`: whoever reads their events next sends them again.
    func giveUp(epoch: UInt64) { givenUpEpoch.store(epoch, ordering: .sequentiallyConsistent) }

    private func isGivenUp(_ epoch: UInt64) -> Bool {
        isEnded.load(ordering: .relaxed) || epoch <= givenUpEpoch.load(ordering: .relaxed)
    }

    /// One output fewer to wait for; wakes the engine when a batch is complete.
    func acknowledge(_ token: UInt64) {
        if ledger.acknowledge(token) { source.wake() }
    }

    /// One row's way out.
    private struct Row {
        let context: BatchContext
        let index: Int
        /// `topic/partition/offset`.
        let origin: UnsafeRawBufferPointer
        let token: UInt64
        let entry: LedgerEntry

        var record: RecordReference { context.records[index] }
    }

    /// Sends all outputs of a batch, waits for room where the sink has none, and gives the records back.
    func send(_ context: BatchContext, token: UInt64, origin: OriginText) {
        let entry = ledger.entry(token)
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: origin.bytesMax) { text in
            guard let start = text.baseAddress else { return }
            for index in 0..<context.batch.count {
                if isGivenUp(context.epoch) { break }
                let lane = Int(context.batch.lanes[index])
                let offset = context.batch.offsets[index]
                switch context.frame.dispositions[index] {
                case .score, .fault:
                    let length = origin.write(lane: lane, offset: offset, to: start)
                    let name = UnsafeRawBufferPointer(start: start, count: length)
                    let row = Row(context: context, index: index, origin: name, token: token, entry: entry)
                    if context.frame.dispositions[index] == .score && sendScore(row) {
                        entry.counts[lane].scored += 1
                    } else {
                        sendDeadLetter(row)
                        entry.counts[lane].deadLettered += 1
                    }
                case .lateDropped: entry.counts[lane].lateDropped += 1
                case .muted, .mutedFault: entry.counts[lane].muted += 1
                }
                entry.counts[lane].nextOffset = offset + 1
            }
        }
        source.release(UnsafeMutableBufferPointer(rebasing: context.records[..<context.recordCount]))
        context.recordCount = 0
        // A batch that failed is never complete: nothing behind it is committed. One that was given up is: its
        // assignment is gone.
        if !isEnded.load(ordering: .relaxed) { acknowledge(token) }
    }

    /// Sends a score; false: the topic can never take it.
    private func sendScore(_ row: Row) -> Bool {
        let record = row.record
        return planHash.withUnsafeBytes { plan in
            modelVersion.withUnsafeBytes { model in
                var count = 0
                func add(_ name: StaticString, _ value: UnsafeRawBufferPointer) {
                    headers[count] = OutputHeader(name: name, value: value)
                    count += 1
                }
                add("riffle-origin", row.origin)
                add("riffle-plan", plan)
                if !model.isEmpty { add("riffle-model", model) }
                if let trace = source.header("traceparent", of: record) { add("traceparent", trace) }
                if let state = source.header("tracestate", of: record) { add("tracestate", state) }
                let output = OutputRecord(
                    kind: .score, key: key(record), value: row.context.output(row.index),
                    headers: UnsafeBufferPointer(start: headers, count: count), origin: record, token: row.token)
                return send(output, row) != .tooLarge
            }
        }
    }

    private func sendDeadLetter(_ row: Row) {
        let record = row.record
        let attempts = "\((source.header(Self.attemptsHeader, of: record).flatMap(Self.number) ?? 0) + 1)"
        let texts = (problem(of: row) + [attempts, "value", "key, value and headers"]).map { Array($0.utf8) }
        // One run of bytes, so that the headers point into memory that stays.
        let bytes = texts.flatMap { $0 }
        bytes.withUnsafeBytes { bytes in
            var start = 0
            let parts = texts.map { text in
                defer { start += text.count }
                return UnsafeRawBufferPointer(rebasing: bytes[start..<start + text.count])
            }
            headers[0] = OutputHeader(name: "riffle-error-code", value: parts[0])
            headers[1] = OutputHeader(name: "riffle-error", value: parts[1])
            headers[2] = OutputHeader(name: "riffle-origin", value: row.origin)
            headers[3] = OutputHeader(name: Self.attemptsHeader, value: parts[2])
            var output = OutputRecord(
                kind: .deadLetter, key: key(record),
                value: record.value.map { UnsafeRawBufferPointer(start: $0, count: record.valueCount) },
                headers: UnsafeBufferPointer(start: headers, count: 4), origin: record, token: row.token)
            if send(output, row) != .tooLarge { return }
            // With these headers it passes the topic's bound: what can be kept is where it is and why.
            headers[4] = OutputHeader(name: "riffle-truncated", value: parts[3])
            output.value = nil
            output.headers = UnsafeBufferPointer(start: headers, count: 5)
            if send(output, row) != .tooLarge { return }
            headers[4] = OutputHeader(name: "riffle-truncated", value: parts[4])
            output.key = nil
            output.origin.handle = nil
            if send(output, row) == .tooLarge { fail(OutputTooLarge()) }
        }
    }

    /// The code and the text of what is wrong with a row.
    private func problem(of row: Row) -> [String] {
        if row.context.frame.dispositions[row.index] == .fault {
            let fault = row.context.batch.faults[row.index]
            return [fault.code.name, fault.message(schema: plan.schema)]
        }
        let bytes = row.context.output(row.index).count + row.record.keyCount
        return [
            "score-too-large",
            "the event's score and key have \(bytes) bytes, more than the producer may send: shorten the key, write fewer "
                + "features, or raise \"message.max.bytes\" under kafka.properties and on the topic",
        ]
    }

    private func key(_ record: RecordReference) -> UnsafeRawBufferPointer? {
        record.key.map { UnsafeRawBufferPointer(start: $0, count: record.keyCount) }
    }

    /// A count of attempts as a header holds it; what is no small number counts as none.
    static func number(_ text: UnsafeRawBufferPointer) -> Int? {
        guard (1...6).contains(text.count) else { return nil }
        var number = 0
        for byte in text {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
            number = number * 10 + Int(byte - UInt8(ascii: "0"))
        }
        return number
    }

    private func send(_ output: OutputRecord, _ row: Row) -> SendOutcome {
        let entry = row.entry
        entry.pending.add(1, ordering: .relaxed)
        while !isGivenUp(row.context.epoch) {
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
        // Nobody will acknowledge it; after a failure the batch stays open all the same.
        entry.pending.subtract(1, ordering: .relaxed)
        return .full
    }
}

/// A dead letter that is too large even without the event's key, value and headers: the topic takes nothing at all.
struct OutputTooLarge: Error, CustomStringConvertible {
    var description: String {
        "not even a dead letter without key, value and headers may be sent; raise \"message.max.bytes\" under kafka.properties "
            + "and on the topic"
    }
}
