import Events
import Testing

/// Rows of two sources in one batch: each fills its own columns, and says what orders it.
struct SourceRowsTests {
    private static let sources: [SourcePlan] = {
        let payments = EventSchema(
            fields: [
                FieldPlan(name: "id", path: ["id"], type: .string),
                FieldPlan(name: "at", path: ["at"], type: .time(.epochSeconds)),
            ], time: .field(FieldIndex(1)), aheadMicroseconds: 60_000_000)
        let labels = EventSchema(
            fields: [
                FieldPlan(name: "of", path: ["of"], type: .string),
                FieldPlan(name: "at", path: ["at"], type: .time(.epochSeconds)),
                FieldPlan(name: "known", path: ["known"], type: .time(.epochSeconds), isOptional: true),
                FieldPlan(name: "fraud", path: ["fraud"], type: .bool),
            ], time: .field(FieldIndex(1)), aheadMicroseconds: 60_000_000)
        let late = LatePolicy(afterMicroseconds: 0, action: .score)
        return [
            SourcePlan(
                name: "payments", topic: "p", schema: payments, columns: 0..<2, available: payments.time, late: late,
                key: nil, id: FieldIndex(0)),
            SourcePlan(
                name: "labels", topic: "l", schema: labels, columns: 2..<6, available: .field(FieldIndex(2)),
                late: late,
                key: nil, id: nil),
        ]
    }()

    private func batch() -> EventBatch {
        EventBatch(schema: SourcePlan.union(of: Self.sources), capacity: 8, hasOrderTimes: true)
    }

    private func decode(_ texts: [(source: Int, json: String)], recordTime: Int64 = .min) -> EventBatch {
        let batch = batch()
        let decoders = Self.sources.indices.map { JSONEventDecoder(source: $0, of: Self.sources) }
        for (row, text) in texts.enumerated() {
            Array(text.json.utf8).withUnsafeBytes {
                decoders[text.source].decode(
                    value: $0, recordTime: recordTime, offset: Int64(row), lane: 0, into: batch)
            }
        }
        return batch
    }

    @Test func aRowFillsItsOwnColumns() {
        let batch = decode([
            (1, #"{"of":"a","at":5,"known":9,"fraud":true}"#), (0, #"{"id":"b","at":7}"#),
            (1, #"{"of":"c","at":5,"known":9,"fraud":false}"#),
        ])
        #expect(
            batch.schema.fields.map(\.name) == ["id", "at", "labels.of", "labels.at", "labels.known", "labels.fraud"])
        #expect((0..<3).map { batch.sources[$0] } == [1, 0, 1])
        let presence = (0..<6).map { field in (0..<3).map { batch.presence[field][$0] == Presence.present } }
        let (own, other) = ([true, false, true], [false, true, false])
        #expect(presence == [other, other, own, own, own, own])
        #expect((0..<3).map { batch.words[5][$0] } == [1, 0, 0])
        #expect(batch.string(FieldIndex(2), row: 2).elementsEqual("c".utf8))
        #expect(batch.string(FieldIndex(0), row: 1).elementsEqual("b".utf8))
        let gathered = self.batch()
        for row in 0..<3 { gathered.append(row: row, of: batch) }
        #expect((0..<3).map { gathered.orderTimes[$0] } == [9_000_000, 7_000_000, 9_000_000])
        #expect(gathered.string(FieldIndex(2), row: 2).elementsEqual("c".utf8))
    }

    @Test func whatIsKnownBeforeItHappenedIsOrderedByItsTime() {
        let batch = decode([(1, #"{"of":"a","at":5,"known":3,"fraud":true}"#)])
        #expect(batch.orderTimes[0] == 5_000_000 && batch.eventTimes[0] == 5_000_000)
    }

    @Test func faultsNameTheFieldOfTheirSource() {
        let batch = decode(
            [
                (1, #"{"of":"a","at":5,"known":9,"fraud":3}"#), (1, #"{"of":"a","at":5,"fraud":true}"#),
                (1, #"{"of":"a","at":5,"known":900,"fraud":true}"#),
                (1, #"{"of":"a","at":800,"known":9,"fraud":true}"#),
                (0, #"{"id":"a","at":800}"#),
            ], recordTime: 10_000_000)
        let faults = (0..<5).map { batch.faults[$0] }
        #expect(faults.map(\.code) == [.wrongType, .fieldMissing, .timeAhead, .timeAhead, .timeAhead])
        #expect(faults.map(\.field) == [5, 4, 4, 3, 1])
        #expect(faults[1].message(schema: batch.schema).hasPrefix("field \"labels.known\" is missing"))
        #expect((0..<6).allSatisfy { batch.presence[$0][0] == Presence.absent })
    }

    @Test func tablesDoTheSame() throws {
        let batch = batch()
        let decoder = try Array("known,fraud,at,of".utf8).withUnsafeBytes {
            try CSVEventDecoder(source: 1, of: Self.sources, header: $0)
        }
        Array("9,true,5,a".utf8).withUnsafeBytes { decoder.decode(record: $0, offset: 1, lane: 0, into: batch) }
        #expect(batch.faults[0] == .none && batch.sources[0] == 1 && batch.orderTimes[0] == 9_000_000)
        #expect(batch.words[5][0] == 1 && batch.presence[0][0] == Presence.absent)
        // What orders events has to be there, though the field is optional.
        #expect(throws: CSVHeaderError.missing(columns: ["known"], found: ["fraud", "at", "of"])) {
            try Array("fraud,at,of".utf8).withUnsafeBytes {
                _ = try CSVEventDecoder(source: 1, of: Self.sources, header: $0)
            }
        }
    }
}
