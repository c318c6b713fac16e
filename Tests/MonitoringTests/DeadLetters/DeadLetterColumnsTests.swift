import Engine
import Events
import Testing

@testable import Monitoring

@Suite struct DeadLetterColumnsTests {
    private static func time(origin: String?, timestamp: Int64?, recordTime: Int64) -> Int64? {
        let batch = EventBatch(schema: DeadLetterColumns.schema, capacity: 1)
        let bytes = origin.map { Array($0.utf8) }
        let columns = DeadLetterColumns(origin: "payments")
        if let bytes {
            bytes.withUnsafeBytes {
                columns.append(
                    origin: $0, timestamp: timestamp, recordTime: recordTime, offset: 3, lane: 0, to: batch)
            }
        } else {
            columns.append(
                origin: nil, timestamp: timestamp, recordTime: recordTime, offset: 3, lane: 0, to: batch)
        }
        return batch.count == 0 ? nil : batch.eventTimes[0]
    }

    @Test func theTimeIsThatOfTheEventsRecord() {
        let hour: Int64 = 3_600_000_000
        #expect(Self.time(origin: "payments/0/1", timestamp: 500, recordTime: 900) == 500)
        #expect(Self.time(origin: "payments/0/1", timestamp: nil, recordTime: 900) == 900)
        #expect(Self.time(origin: "payments/0/1", timestamp: 500, recordTime: .min) == 500)
        #expect(Self.time(origin: "payments/0/1", timestamp: nil, recordTime: .min) == nil)
        #expect(Self.time(origin: "payments/0/1", timestamp: 900 + hour, recordTime: 900) == 900 + hour)
        #expect(
            Self.time(origin: "payments/0/1", timestamp: 901 + hour, recordTime: 900) == 900, "it cannot be known yet")
    }

    @Test func lettersOfOtherTopicsAreNotCounted() {
        for origin in [nil, "", "payments", "payments2/0/1", "other/0/1", "labels/payments/1"] {
            #expect(Self.time(origin: origin, timestamp: 500, recordTime: 900) == nil, "\(origin ?? "none")")
        }
    }

    @Test func millisecondsAreReadFromDigits() {
        func read(_ text: String) -> Int64? { Array(text.utf8).withUnsafeBytes { DeadLetterColumns.timestamp($0) } }
        #expect(read("0") == 0 && read("1764000000123") == 1_764_000_000_123_000)
        for text in ["", "-1", "+1", "1.5", " 1", "12345678901234567890"] { #expect(read(text) == nil, "\(text)") }
    }

    @Test func aFileIsReadAsTheListWritesIt() throws {
        let text = """
            {"partition":0,"offset":1,"time":"2025-01-01T00:01:00Z","timestamp":"2025-01-01T00:00:59.5Z","origin":"payments/0/5","code":"invalid-json"}
            {"partition":0,"offset":2,"time":"2025-01-01T00:02:00Z","timestamp":null,"origin":"payments/0/6"}

            {"partition":0,"offset":3,"time":"2025-01-01T00:02:00Z","origin":"labels/0/6"}
            {"partition":0,"offset":4,"time":"2025-01-01T00:02:00Z","origin":null}
            {"partition":0,"offset":5,"time":7}
            nonsense
            """
        let reader = DeadLetterFileReader(
            TextSource(text), name: "letters", columns: DeadLetterColumns(origin: "payments"))
        let batch = EventBatch(schema: DeadLetterColumns.schema, capacity: 10)
        try reader.fill(batch)
        #expect((0..<batch.count).map { batch.eventTimes[$0] - PaymentScores.start } == [59_500_000, 120_000_000])
        #expect((0..<batch.count).map { batch.offsets[$0] } == [1, 2])
        #expect(
            reader.faultCount == 2 && reader.firstFault?.hasPrefix("letters:6: ") == true, "\(reader.firstFault ?? "")")
        batch.removeAll()
        try reader.fill(batch)
        #expect(batch.count == 0)
    }
}
