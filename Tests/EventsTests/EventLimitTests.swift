import Testing

@testable import Events

/// Limits, nesting, and which of several faults is reported.
@Suite struct EventLimitTests {
    @Test func sizes() {
        let event = "{\"x\":1}"
        #expect(Decode.json(event, .one(.int), limits: DecodeLimits(eventBytesMax: 7)).fault == .none)
        #expect(
            Decode.json(event, .one(.int), limits: DecodeLimits(eventBytesMax: 6)).fault
                == Fault(.eventTooLarge, byteOffset: 6))
    }

    @Test(arguments: [63, 64, 65, 4_095, 4_096, 4_097, 8_192, 262_144])
    func longEvents(length: Int) {
        let frame = "{\"x\":1,\"y\":\"\"}"
        let filled = "{\"x\":1,\"y\":\"" + String(repeating: "é", count: (length - frame.utf8.count) / 2)
        let event = filled + String(repeating: "a", count: length - filled.utf8.count - 2) + "\"}"
        #expect(event.utf8.count == length)
        #expect(Decode.json(event, .one(.int)).cells == [.number(1)])
        #expect(
            Decode.json(event + " ", .one(.int), limits: DecodeLimits(eventBytesMax: length)).fault.code
                == .eventTooLarge)
    }

    @Test func megabytes() {
        let event =
            "{\"y\":[" + [String](repeating: "{\"a\":[1,\"\\n\"]}", count: 300_000).joined(separator: ",")
            + "],\"x\":1}"
        #expect(Decode.json(event, .one(.int)).fault.code == .eventTooLarge)
        #expect(Decode.json(event, .one(.int), limits: DecodeLimits(eventBytesMax: 1 << 24)).cells == [.number(1)])
    }

    @Test(arguments: [("[", "]"), ("{\"a\":", "}")])
    func depthInSkippedFields(open: String, close: String) {
        for depth in 62...64 {
            let value = String(repeating: open, count: depth) + "1" + String(repeating: close, count: depth)
            let row = Decode.json("{\"y\":\(value),\"x\":1}", .one(.int))
            // The event's own object is the first level.
            #expect(row.fault.code == (depth + 1 <= 64 ? .none : .nestedTooDeep))
            let within = Decode.json("{\"x\":\(value)}", .one(.int))
            #expect(within.fault.code == (depth + 1 <= 64 ? .wrongType : .nestedTooDeep))
        }
        let endless = String(repeating: open, count: 40_000)
        #expect(Decode.json("{\"y\":" + endless, .one(.int)).fault.code == .nestedTooDeep)
        #expect(Decode.json(endless, .one(.int)).fault.code == .nestedTooDeep)
        let deep = "{\"y\":\(String(repeating: "[", count: 40_000))\(String(repeating: "]", count: 40_000)),\"x\":1}"
        #expect(Decode.json(deep, .one(.int), limits: DecodeLimits(depthMax: 50_000)).cells == [.number(1)])
    }

    @Test func depthOnDeclaredPaths() {
        let schema = EventSchema(fields: [FieldPlan(name: "x", path: ["a", "b", "c"], type: .int)], time: .record)
        let event = "{\"a\":{\"b\":{\"c\":1}}}"
        #expect(Decode.json(event, schema, limits: DecodeLimits(depthMax: 3)).cells == [.number(1)])
        #expect(
            Decode.json(event, schema, limits: DecodeLimits(depthMax: 2)).fault == Fault(.nestedTooDeep, byteOffset: 10)
        )
        #expect(
            Decode.json(event, schema, limits: DecodeLimits(depthMax: 1)).fault == Fault(.nestedTooDeep, byteOffset: 5))
        #expect(Decode.json("{}", schema, limits: DecodeLimits(depthMax: 1)).fault.code == .fieldMissing)
    }

    @Test func stringLengths() throws {
        let limits = DecodeLimits(stringBytesMax: 4)
        #expect(Decode.json("{\"x\":\"éé\"}", .one(.string), limits: limits).fault == .none)
        #expect(Decode.json("{\"x\":\"\\u00e9\\u00e9\"}", .one(.string), limits: limits).fault == .none)
        #expect(
            Decode.json("{\"x\":\"ééa\"}", .one(.string), limits: limits).fault
                == Fault(.stringTooLong, field: 0, byteOffset: 5))
        #expect(Decode.json("{\"x\":\"a\",\"y\":\"ééa\"}", .one(.string), limits: limits).fault == .none)
        let rows = try Decode.csv(header: "x,y", ["éé,12345", "ééa,1"], .one(.string), limits: limits)
        #expect(rows.map(\.fault) == [.none, Fault(.stringTooLong, field: 0)])
    }

    static let nested = EventSchema(
        fields: [
            FieldPlan(name: "a", path: ["o", "a"], type: .int, isNullable: true),
            FieldPlan(name: "b", path: ["o", "p", "b"], type: .int, isOptional: true, isNullable: true),
            FieldPlan(name: "c", path: ["c"], type: .int),
            FieldPlan(name: "c_text", path: ["c2"], type: .string, isOptional: true),
        ], time: .record)

    @Test(
        arguments: [
            ("{\"o\":{\"a\":1,\"p\":{\"b\":2}},\"c\":3}", [.number(1), .number(2), .number(3), .absent]),
            ("{\"c\":3,\"o\":{\"p\":{\"z\":{},\"b\":2},\"a\":1}}", [.number(1), .number(2), .number(3), .absent]),
            ("{\"o\":{\"a\":1},\"c\":3}", [.number(1), .absent, .number(3), .absent]),
            ("{\"o\":{\"a\":1,\"p\":{}},\"c\":3}", [.number(1), .absent, .number(3), .absent]),
            ("{\"o\":{\"a\":null,\"p\":null},\"c\":3}", [.null, .null, .number(3), .absent]),
            ("{\"o\":null,\"c\":3}", [.null, .null, .number(3), .absent]),
            ("{\"\\u006f\":{\"\\u0061\":1},\"c\":3}", [.number(1), .absent, .number(3), .absent]),
            (
                "{\"a\":9,\"b\":9,\"p\":{\"b\":9},\"o\":{\"a\":1,\"c\":9,\"o\":{\"a\":9}},\"c\":3}",
                [.number(1), .absent, .number(3), .absent]
            ),
        ] as [(String, [Cell])])
    func nestedPaths(event: String, cells: [Cell]) {
        let row = Decode.json(event, Self.nested)
        #expect(row.fault == .none)
        #expect(row.cells == cells)
    }

    @Test(arguments: [
        ("{\"c\":3}", Fault(.fieldMissing, field: 0, byteOffset: 7)),
        ("{\"o\":{\"a\":1}}", Fault(.fieldMissing, field: 2, byteOffset: 13)),
        ("{}", Fault(.fieldMissing, field: 0, byteOffset: 2)),
        ("{\"o\":5,\"c\":3}", Fault(.wrongType, field: 0, byteOffset: 5)),
        ("{\"o\":[{\"a\":1}],\"c\":3}", Fault(.wrongType, field: 0, byteOffset: 5)),
        ("{\"o\":{\"p\":\"x\"},\"c\":3}", Fault(.wrongType, field: 1, byteOffset: 10)),
        ("{\"o\":{\"a\":1},\"c\":3,\"o\":{}}", Fault(.duplicateField, field: 0, byteOffset: 19)),
        ("{\"o\":{\"a\":1,\"a\":1},\"c\":3}", Fault(.duplicateField, field: 0, byteOffset: 12)),
        ("{\"o\":{\"a\":1,\"p\":{},\"\\u0070\":{}},\"c\":3}", Fault(.duplicateField, field: 1, byteOffset: 19)),
        ("{\"c\":null,\"o\":7}", Fault(.fieldNull, field: 2, byteOffset: 5)),
        // The first in document order wins; missing fields come last.
        ("{\"o\":7,\"c\":null}", Fault(.wrongType, field: 0, byteOffset: 5)),
        ("{\"c\":\"3\",\"y\":tru}", Fault(.wrongType, field: 2, byteOffset: 5)),
        ("{\"y\":tru,\"c\":\"3\"}", Fault(.invalidJSON, byteOffset: 5)),
        ("{\"c\":3,\"y\":tru}", Fault(.invalidJSON, byteOffset: 11)),
    ])
    func nestedFaults(event: String, fault: Fault) {
        #expect(Decode.json(event, Self.nested).fault == fault)
    }

    @Test func fieldsMayShareAPathOrLieOnAnothersWay() {
        let schema = EventSchema(
            fields: [
                FieldPlan(name: "money", path: ["v"], type: .decimal(scale: 2)),
                FieldPlan(name: "text", path: ["v"], type: .string),
                FieldPlan(name: "inner", path: ["v", "w"], type: .int, isOptional: true, isNullable: true),
            ], time: .record)
        #expect(Decode.json("{\"v\":\"1.5\"}", schema).cells == [.number(150), .text("1.5"), .absent])
        #expect(Decode.json("{\"v\":\"1.\\u0035\"}", schema).cells == [.number(150), .text("1.5"), .absent])
        #expect(Decode.json("{\"v\":1.5}", schema).fault == Fault(.wrongType, field: 1, byteOffset: 5))
        #expect(Decode.json("{\"v\":{\"w\":1}}", schema).fault == Fault(.wrongType, field: 0, byteOffset: 5))
        #expect(Decode.json("{\"v\":null}", schema).fault == Fault(.fieldNull, field: 0, byteOffset: 5))
    }

    /// Many fields of one escaped string: what is written out must not grow with the number of fields.
    @Test func manyFieldsOfOneEscapedString() {
        let fields = (0..<200).map { FieldPlan(name: "f\($0)", path: ["v"], type: .string) }
        let text = String(repeating: "\\n", count: 1_990)
        let row = Decode.json("{\"v\":\"\(text)\"}", EventSchema(fields: fields, time: .record))
        #expect(row.fault == .none)
        #expect(row.cells == [Cell](repeating: .text(String(repeating: "\n", count: 1_990)), count: 200))
    }

    /// Hundreds of keys, long and alike, in any order.
    @Test func manyKeys() {
        let names =
            (0..<300).map { "a rather long key that differs in the middle \($0 % 17)-\($0) and ends alike" }
            + ["", "k", "abcdefg", "abcdefgh", "abcdefghi", "key with \"quotes\" and \\", "é"]
        let schema = EventSchema(fields: names.map { FieldPlan(name: $0, path: [$0], type: .int) }, time: .record)
        var random = SeededGenerator(seed: 5)
        let batch = names.indices
        for _ in 0..<20 {
            let members = batch.shuffled(using: &random).map { index in
                let key = written(capacity: 600) { out in
                    Array(names[index].utf8).withUnsafeBufferPointer { JSONText.writeString($0, to: out) }
                }
                return "\(key):\(index)"
            }
            let row = Decode.json("{" + members.joined(separator: ",") + "}", schema)
            #expect(row.fault == .none)
            #expect(row.cells == batch.map { .number(Int64($0)) })
        }
    }

    /// The decoder remembers the order of keys: another order, more keys and fewer must not confuse it.
    @Test func orderOfKeysMayChange() {
        let events = [
            "{\"o\":{\"a\":1,\"p\":{\"b\":2}},\"c\":3}", "{\"c\":3,\"o\":{\"p\":{\"b\":2},\"a\":1}}",
            "{\"y\":{\"a\":7},\"c\":3,\"z\":[],\"o\":{\"q\":1,\"p\":{\"b\":2},\"r\":1,\"a\":1}}",
            "{\"o\":{\"a\":1,\"p\":{\"b\":2}},\"c\":3}", "{ \"c\" : 3 , \"o\" : { \"a\":1 , \"p\":{\"b\" :2 } } }",
            "{\"cc\":4,\"oo\":5,\"o\":{\"aa\":1,\"a\":1,\"p\":{\"b\":2}},\"c\":3}",
        ]
        let rows = Decode.json((0..<5).flatMap { _ in events }.map { Array($0.utf8) }, Self.nested)
        #expect(rows.count == 30)
        for row in rows { #expect(row.cells == [.number(1), .number(2), .number(3), .absent]) }
        let cut = Decode.json(
            ["{\"c\":3}", "{\"c", "{\"c\"", "{\"c}\":3}", "{\"c\\\":3}"].map { Array($0.utf8) }, Self.nested)
        #expect(cut.map(\.fault.code) == [.fieldMissing, .invalidJSON, .invalidJSON, .fieldMissing, .invalidJSON])
    }

    @Test func nothingLeaksFromRowToRow() {
        let full = JSONEventDecoderTests.payment
        let bare = "{\"id\":1,\"at\":\"2018-09-30T23:59:58Z\",\"customer\":{\"id\":\"\"},\"amount\":0,\"fraud\":null}"
        let broken = "{\"id\":5,\"at\":\"2018-09-30T23:59:59Z\",\"amount\":\"x\"}"
        let events = [full, bare, broken, "", bare, full].map { Array($0.utf8) }
        let batch = EventBatch(schema: .payments, capacity: 6)
        let decoder = JSONEventDecoder(schema: .payments)
        for _ in 0..<2 {
            batch.removeAll()
            for event in events {
                event.withUnsafeBytes {
                    decoder.decode(value: $0, recordTime: Decode.recordTime, offset: 0, lane: 0, into: batch)
                }
            }
            let rows = (0..<6).map { DecodedRow(batch, $0) }
            let alone = events.map { Decode.json([$0], .payments)[0] }
            #expect(rows == alone)
            #expect(
                rows[1].cells == [
                    .number(1), .number(1_538_351_998_000_000), .text(""), .absent, .number(0), .absent, .null,
                ])
            #expect(batch.words[3][1] == 0 && batch.words[5][1] == 0 && batch.words[6][1] == 0)
            // The time was read before the fault was found; of the rest nothing stands.
            #expect(rows[2].fault.code == .wrongType && rows[2].time == 1_538_351_999_000_000)
            #expect(rows[2].cells == [Cell](repeating: .absent, count: 7))
            #expect(rows[3].fault.code == .invalidJSON && rows[3].time == .min)
        }
    }
}
