import Events
import Features

/// Turns rows into records for the sink: scores, and dead letters for what cannot be used.
///
/// Whether a record may go out, and what to do while there is no room, is the caller's to say.
final class OutputWriter {
    /// Sends one record, and comes back when it is queued, when it never can be, or when it is no longer wanted.
    typealias Send = (OutputRecord) -> SendOutcome

    private let plan: ScoringPlan
    private let source: any SourcePort
    private let pipeline: [UInt8]
    /// Headers of one output; the bytes they point to live until it is sent.
    private let headers: UnsafeMutablePointer<OutputHeader>
    private static let headersMax = 8
    /// A dead letter that is sent back and fails again counts on.
    static let attemptsHeader: StaticString = "riffle-attempts"

    init(plan: ScoringPlan, source: any SourcePort) {
        self.plan = plan
        self.source = source
        pipeline = Array(plan.pipeline.utf8)
        headers = .allocate(capacity: Self.headersMax)
    }

    deinit { headers.deallocate() }

    /// Sends what belongs to a row that is scored or faulty, and says which of both it was sent as.
    ///
    /// - Parameter models: those that scored the row.
    /// - Throws: `OutputTooLarge`.
    func write(
        _ row: OutputRow, _ models: ModelSet, origin: UnsafeRawBufferPointer, token: UInt64, send: Send
    ) throws -> OutputKind {
        if row.disposition == .score && writeScore(row, models, origin: origin, token: token, send: send) {
            return .score
        }
        try writeDeadLetter(row, origin: origin, token: token, send: send)
        return .deadLetter
    }

    /// Sends the order of one batch, keyed by the pipeline's name.
    ///
    /// - Throws: `OutputTooLarge`.
    func writeOrder(_ bytes: UnsafeRawBufferPointer, token: UInt64, send: Send) throws {
        let outcome = pipeline.withUnsafeBytes { key in
            send(
                OutputRecord(
                    kind: .order, key: key, value: bytes, headers: UnsafeBufferPointer(start: headers, count: 0),
                    origin: RecordReference(
                        key: nil, keyCount: 0, value: nil, valueCount: 0, offset: -1, timestamp: .min, handle: nil),
                    token: token, partition: -1))
        }
        if outcome == .tooLarge { throw OutputTooLarge() }
    }

    /// Sends a score; false: the topic can never take it.
    private func writeScore(
        _ row: OutputRow, _ models: ModelSet, origin: UnsafeRawBufferPointer, token: UInt64, send: Send
    ) -> Bool {
        models.planHeader.withUnsafeBytes { plan in
            models.versionHeader.withUnsafeBytes { model in
                var count = 0
                func add(_ name: StaticString, _ value: UnsafeRawBufferPointer) {
                    headers[count] = OutputHeader(name: name, value: value)
                    count += 1
                }
                add("riffle-origin", origin)
                add("riffle-plan", plan)
                if !model.isEmpty { add("riffle-model", model) }
                if row.record.mayHaveHeaders {
                    if let trace = source.header("traceparent", of: row.record) { add("traceparent", trace) }
                    if let state = source.header("tracestate", of: row.record) { add("tracestate", state) }
                }
                let output = OutputRecord(
                    kind: .score, key: key(row), value: row.value,
                    headers: UnsafeBufferPointer(start: headers, count: count), origin: row.record, token: token,
                    partition: row.partition)
                return send(output) != .tooLarge
            }
        }
    }

    private func writeDeadLetter(
        _ row: OutputRow, origin: UnsafeRawBufferPointer, token: UInt64, send: Send
    ) throws {
        let record = row.record
        let attempts = "\((source.header(Self.attemptsHeader, of: record).flatMap(Self.number) ?? 0) + 1)"
        // The dead letter has a time of its own; put back, the event is to have its own again.
        let time = record.timestamp == .min ? "" : "\(record.timestamp / 1_000)"
        let texts = (problem(of: row) + [attempts, time, "value", "key, value and headers"]).map { Array($0.utf8) }
        // One run of bytes, so that the headers point into memory that stays.
        let bytes = texts.flatMap { $0 }
        try bytes.withUnsafeBytes { bytes in
            var start = 0
            let parts = texts.map { text in
                defer { start += text.count }
                return UnsafeRawBufferPointer(rebasing: bytes[start..<start + text.count])
            }
            headers[0] = OutputHeader(name: "riffle-error-code", value: parts[0])
            headers[1] = OutputHeader(name: "riffle-error", value: parts[1])
            headers[2] = OutputHeader(name: "riffle-origin", value: origin)
            headers[3] = OutputHeader(name: Self.attemptsHeader, value: parts[2])
            var count = 4
            if !time.isEmpty {
                headers[count] = OutputHeader(name: "riffle-timestamp", value: parts[3])
                count += 1
            }
            var output = OutputRecord(
                kind: .deadLetter, key: key(row),
                value: record.value.map { UnsafeRawBufferPointer(start: $0, count: record.valueCount) },
                headers: UnsafeBufferPointer(start: headers, count: count), origin: record, token: token,
                partition: row.partition)
            if send(output) != .tooLarge { return }
            // With these headers it passes the topic's bound: what can be kept is where it is and why.
            headers[count] = OutputHeader(name: "riffle-truncated", value: parts[4])
            output.value = nil
            output.headers = UnsafeBufferPointer(start: headers, count: count + 1)
            if send(output) != .tooLarge { return }
            headers[count] = OutputHeader(name: "riffle-truncated", value: parts[5])
            output.key = nil
            output.origin.handle = nil
            if send(output) == .tooLarge { throw OutputTooLarge() }
        }
    }

    /// The code and the text of what is wrong with a row.
    private func problem(of row: OutputRow) -> [String] {
        if row.disposition == .fault { return [row.fault.code.name, row.fault.message(schema: plan.schema)] }
        let bytes = row.value.count + row.record.keyCount
        return [
            "score-too-large",
            "the event's score and key have \(bytes) bytes, more than the producer may send: shorten the key, write fewer "
                + "features, or raise \"message.max.bytes\" under kafka.properties and on the topic",
        ]
    }

    private func key(_ row: OutputRow) -> UnsafeRawBufferPointer? {
        row.record.key.map { UnsafeRawBufferPointer(start: $0, count: row.record.keyCount) }
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
}
