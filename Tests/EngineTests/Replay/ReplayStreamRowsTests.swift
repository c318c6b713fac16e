import Events
import Features
import Testing
import Workers

@testable import Engine

/// Rows that come from several partitions, and from a stretch that only rebuilds windows.
@Suite struct ReplayStreamRowsTests {
    private final class Collector: ByteSink {
        private(set) var bytes: [UInt8] = []
        private(set) var isFinished = false

        func write(_ bytes: UnsafeRawBufferPointer) { self.bytes += bytes }
        func finish() { isFinished = true }
    }

    private static let lanes = (0..<2).map {
        LaneStart(topic: "payments", partition: Int32($0) + 5, offset: 0, mutedUntil: 0)
    }

    @Test func rowsAreCalledByTheirPartitionAndCountedOnce() throws {
        let plan = try PaymentPlan(idType: nil).make()
        let pool = WorkerPool(workerCount: 1)
        defer { pool.shutDown() }
        let pipeline = ScoringPipeline(plan: plan, pool: pool)
        let context = pipeline.makeContext(capacity: 6)
        let decoder = JSONEventDecoder(schema: plan.schema)
        let dispositions: [RowDisposition] = [.muted, .mutedFault, .score, .fault, .lateDropped, .score]
        for (row, disposition) in dispositions.enumerated() {
            let json = "{\"at\":1709251200250,\"customer\":\"c\"\(disposition == .fault ? "" : ",\"amount\":1")}"
            Array(json.utf8).withUnsafeBytes {
                decoder.decode(
                    value: $0, recordTime: .min, offset: Int64(row), lane: Int32(row % 2), into: context.batch)
            }
            context.frame.dispositions[row] = disposition
        }
        pipeline.process(context)
        let rows = ReplayStreamRows(plan: plan, format: .csv, lanes: Self.lanes, batchRowsMax: 6, pool: pool)
        let sink = Collector()
        try rows.begin(sink)
        var faults: [String] = []
        try rows.add(context, to: sink) { faults.append("\(Self.lanes[$0].partition)/\($1) \($2.code.name)") }
        let lines = String(decoding: sink.bytes, as: UTF8.self).split(separator: "\n")
        #expect(lines.count == 3 && lines[0].hasPrefix("origin,event_time,"))
        #expect(lines[1].hasPrefix("payments/5/2,2024-03-01T00:00:00.25Z,1,"))
        #expect(lines[2].hasPrefix("payments/6/5,2024-03-01T00:00:00.25Z,1,"))
        #expect(faults == ["6/3 field-missing"])
        #expect(rows.muted == 2)

        var stream = StreamSummary()
        stream.late = 7
        let summary = try rows.end(sink, stream)
        #expect(sink.isFinished)
        #expect(summary.rows == 4 && summary.scored == 2 && summary.faults == 1 && summary.lateDropped == 1)
        #expect(summary.late == 7 && summary.count(of: .fieldMissing) == 1 && summary.batches == 1)
    }
}
