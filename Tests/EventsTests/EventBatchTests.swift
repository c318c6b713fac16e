import Testing

@testable import Events

@Suite struct EventBatchTests {
    static func filled(_ events: [String]) -> EventBatch {
        let batch = EventBatch(schema: .payments, capacity: events.count)
        let decoder = JSONEventDecoder(schema: .payments)
        for (line, event) in events.enumerated() {
            Array(event.utf8).withUnsafeBytes {
                decoder.decode(
                    value: $0, recordTime: Decode.recordTime, offset: Int64(line), lane: Int32(line % 3), into: batch)
            }
        }
        return batch
    }

    @Test func gatheringCopiesAllOfARow() {
        let events = (0..<40).map { line in
            let start = "{\"id\":\(line),\"at\":\"2018-09-30T23:59:59Z\""
            if line % 5 == 4 { return start + ",\"amount\":true}" }
            let customer = String(repeating: "c", count: line * 9)
            let home = line % 2 == 0 ? ",\"home\":{\"country\":\"é\(line)\"}" : ""
            return start + ",\"customer\":{\"id\":\"\(customer)\"\(home)},\"amount\":\(line),\"fraud\":null}"
        }
        let source = Self.filled(events)
        let target = EventBatch(schema: .payments, capacity: 80)
        for round in 0..<2 {
            let order = (0..<40).reversed() + (0..<40)
            target.removeAll()
            for row in order { target.append(row: row, of: source) }
            #expect(target.count == 80)
            for (row, from) in order.enumerated() {
                #expect(DecodedRow(target, row) == DecodedRow(source, from), "round \(round)")
                #expect(target.offsets[row] == Int64(from) && target.lanes[row] == Int32(from % 3))
                #expect(target.recordTimes[row] == Decode.recordTime)
            }
        }
        // The source may go: nothing in the target points there.
        source.removeAll()
        #expect(DecodedRow(target, 79 - 1).cells[2] == .text(String(repeating: "c", count: 38 * 9)))
    }

    @Test func batchesAreUsedAgain() {
        let batch = Self.filled([JSONEventDecoderTests.payment])
        let place = batch.stringBytes
        batch.removeAll()
        #expect(batch.count == 0 && batch.stringBytesCount == 0)
        let decoder = JSONEventDecoder(schema: .payments)
        Array(JSONEventDecoderTests.payment.utf8).withUnsafeBytes {
            decoder.decode(value: $0, recordTime: Decode.recordTime, offset: 0, lane: 0, into: batch)
        }
        #expect(batch.stringBytes == place)
        #expect(DecodedRow(batch, 0).cells[2] == .text("1263"))
    }
}
