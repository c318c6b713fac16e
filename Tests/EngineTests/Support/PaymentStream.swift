import Events
import Features
import Workers

@testable import Engine

/// Seeded payments over several partitions: ties, events out of order and late, faults of several kinds, and markers.
struct PaymentStream {
    /// 2024-03-01T00:00:00Z, a Friday.
    static let start: Int64 = 1_709_251_200_000

    var seed: UInt64
    var partitions = 3
    var events = 1_200
    var hasFaults = true
    var hasMarkers = true

    func log() -> MemoryLog {
        var random = SeededGenerator(seed: seed)
        var logs = Array(repeating: [LogEntry](), count: partitions)
        var now = Self.start
        for number in 0..<events {
            // Several events share a time.
            if random.next() % 3 > 0 { now += Int64(random.next() % 240_000) }
            let customer = Int(random.next() % 17)
            var payment = Payment(
                id: "p\(number)", at: now, customer: "customer-\(customer)", terminal: Int64(random.next() % 5),
                cents: Int(random.next() % 20_000))
            let partition = customer % partitions
            switch random.next() % 40 {
            case 0...3: payment.at -= Int64(random.next() % 500_000)
            case 4: payment.at -= 3_600_000
            case 5: payment.terminal = nil
            default: break
            }
            var record = payment.record
            record.timestamp = now * 1_000
            if hasFaults {
                switch random.next() % 40 {
                case 0: record.value = Array("{\"payment\":\"p\(number)\",".utf8)
                case 1: record.value = nil
                case 2: record.value = Array(Payment(id: "p\(number)", at: now * 2, customer: "x").json.utf8)
                default: break
                }
            }
            logs[partition].append(.record(record))
            if hasMarkers && random.next() % 25 == 0 { logs[partition].append(.marker) }
        }
        if hasMarkers { for partition in 0..<partitions { logs[partition].append(.marker) } }
        return MemoryLog(logs)
    }
}

/// What has to come out of a log: its events in merge order, as one batch, and computed without the engine.
struct ExpectedOutputs {
    struct Output: Hashable {
        var origin: String
        var key: String?
        /// The score; `nil` for a dead letter.
        var score: String?
        /// The dead letter's code.
        var code: String?
    }

    private(set) var outputs: [Output] = []
    /// Events that leave no trace: dropped as late.
    private(set) var silent: Set<String> = []

    init(_ log: MemoryLog, plan: ScoringPlan) {
        let rows = Self.decode(log, plan: plan)
        let pool = WorkerPool(workerCount: 1)
        let pipeline = ScoringPipeline(plan: plan, pool: pool, inlineRowsMax: .max)
        let context = pipeline.makeContext(capacity: max(1, log.recordCount))
        var watermark = Int64.min
        for (_, partition, row) in Self.mergeOrder(rows) {
            let target = context.batch.count
            context.batch.append(row: row, of: rows[partition])
            var disposition = RowDisposition.score
            let time = rows[partition].eventTimes[row]
            if rows[partition].faults[row].code != .none {
                disposition = .fault
            } else if watermark != .min && time < watermark - plan.late.afterMicroseconds && plan.late.action != .score
            {
                disposition = plan.late.action == .drop ? .lateDropped : .fault
                if disposition == .fault { context.batch.faults[target] = Fault(.late) }
            } else {
                watermark = max(watermark, time)
            }
            context.frame.dispositions[target] = disposition
        }
        let starts = log.partitions.indices.map {
            LaneStart(topic: log.topic, partition: Int32($0), offset: 0, mutedUntil: 0)
        }
        pipeline.process(context, origin: OriginText(lanes: starts))
        for row in 0..<context.batch.count {
            let (partition, offset) = (Int(context.batch.lanes[row]), context.batch.offsets[row])
            let origin = "\(log.topic)/\(partition)/\(offset)"
            let key = log.partitions[partition][Int(offset)].record?.key.map { String(decoding: $0, as: UTF8.self) }
            switch context.frame.dispositions[row] {
            case .score:
                let score = String(decoding: context.output(row), as: UTF8.self)
                outputs.append(Output(origin: origin, key: key, score: score))
            case .fault: outputs.append(Output(origin: origin, key: key, code: context.batch.faults[row].code.name))
            default: silent.insert(origin)
            }
        }
    }

    private static func decode(_ log: MemoryLog, plan: ScoringPlan) -> [EventBatch] {
        let decoder = JSONEventDecoder(schema: plan.schema, limits: plan.decodeLimits)
        return log.partitions.enumerated().map { partition, entries in
            let batch = EventBatch(schema: plan.schema, capacity: max(1, entries.count))
            for (offset, entry) in entries.enumerated() {
                guard let record = entry.record else { continue }
                func decode(_ value: UnsafeRawBufferPointer?) {
                    decoder.decode(
                        value: value, recordTime: record.timestamp, offset: Int64(offset), lane: Int32(partition),
                        into: batch)
                }
                if let value = record.value { value.withUnsafeBytes { decode($0) } } else { decode(nil) }
            }
            return batch
        }
    }

    /// By (highest time so far in the partition, partition, offset), which is what sorting says.
    static func mergeOrder(_ partitions: [EventBatch]) -> [(time: Int64, partition: Int, row: Int)] {
        var rows: [(time: Int64, partition: Int, row: Int)] = []
        for (partition, batch) in partitions.enumerated() {
            var highest = Int64.min
            for row in 0..<batch.count {
                if batch.faults[row].code == .none { highest = max(highest, batch.eventTimes[row]) }
                rows.append((highest, partition, row))
            }
        }
        return rows.sorted { ($0.time, $0.partition, $0.row) < ($1.time, $1.partition, $1.row) }
    }
}

extension MemoryOutput {
    var asExpected: ExpectedOutputs.Output {
        ExpectedOutputs.Output(
            origin: origin, key: key, score: kind == .score ? value : nil, code: headers["riffle-error-code"])
    }
}
