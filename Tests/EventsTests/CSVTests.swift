import Testing

@testable import Events

@Suite struct CSVTests {
    static let header = "id,at,customer.id,customer.home.country,amount,risk,fraud"

    @Test func sameAsJSON() throws {
        let csv = [
            "1754154,2018-09-30T23:59:57Z,1263,DE,27.60,0.25,false",
            "1,2018-09-30 23:59:58.5,\"a \"\"b\"\",c\n\",,0,1e-3,1",
            "x,2018-09-30,c,,1,,true", "5,2018-09-31,c,,1,,0", "5,2018-09-30,c,,1.005,,0", "5,2018-09-30,c,,-1,,0",
            "5,2019-09-30,c,,1,,0", "99999999999999999999,2018-09-30,c,,1,,0", "5,2018-09-30,c,,1,1e999,0",
        ]
        let json = [
            JSONEventDecoderTests.payment,
            """
            {"id":1,"at":"2018-09-30 23:59:58.5","customer":{"id":"a \\"b\\",c\\n"},"amount":0,"risk":1e-3,"fraud":true}
            """,
            "{\"id\":\"x\",\"at\":\"2018-09-30\",\"customer\":{\"id\":\"c\"},\"amount\":1,\"fraud\":true}",
            "{\"id\":5,\"at\":\"2018-09-31\",\"customer\":{\"id\":\"c\"},\"amount\":1,\"fraud\":false}",
            "{\"id\":5,\"at\":\"2018-09-30\",\"customer\":{\"id\":\"c\"},\"amount\":1.005,\"fraud\":false}",
            "{\"id\":5,\"at\":\"2018-09-30\",\"customer\":{\"id\":\"c\"},\"amount\":-1,\"fraud\":false}",
            "{\"id\":5,\"at\":\"2019-09-30\",\"customer\":{\"id\":\"c\"},\"amount\":1,\"fraud\":false}",
            """
            {"id":99999999999999999999,"at":"2018-09-30","customer":{"id":"c"},"amount":1,"fraud":false}
            """,
            "{\"id\":5,\"at\":\"2018-09-30\",\"customer\":{\"id\":\"c\"},\"amount\":1,\"risk\":1e999,\"fraud\":false}",
        ]
        let left = try Decode.csv(header: Self.header, csv, .payments)
        let right = Decode.json(json.map { Array($0.utf8) }, .payments)
        #expect(left.map(\.cells) == right.map(\.cells))
        #expect(left.map(\.fault.code) == right.map(\.fault.code))
        #expect(left.map(\.fault.field) == right.map(\.fault.field))
        #expect(
            left.map(\.fault.code) == [
                .none, .none, .wrongType, .invalidTime, .tooManyDecimals, .numberOutOfRange, .timeAhead,
                .numberOutOfRange,
                .numberOutOfRange,
            ])
    }

    @Test func randomEventsAreTheSameInBothFormats() throws {
        let seed: UInt64 = 21
        var random = SeededGenerator(seed: seed)
        var csv: [String] = []
        var json: [[UInt8]] = []
        for _ in 0..<500 {
            let id = Int64.random(in: .min ... .max, using: &random)
            let time = EventTime(microseconds: Int64.random(in: 0...1_538_351_997_000_000, using: &random))
            let at = TimeText.string(time)
            let units = Int64.random(in: 0...100_000_000, using: &random)
            let amount = written { NumberText.writeDecimal(units: units, scale: 2, to: $0) }
            let risk = Double(bitPattern: random.next() >> 2)
            let customer = String(
                (0..<Int.random(in: 1...20, using: &random)).map { _ in "ab\",\n é\\\r".randomElement(using: &random)! }
            )
            let quoted = "\"" + customer.replacing("\"", with: "\"\"") + "\""
            let fraud = Bool.random(using: &random)
            csv.append("\(id),\(at),\(quoted),,\(amount),\(risk),\(fraud)")
            let text = written(capacity: 200) { out in
                Array(customer.utf8).withUnsafeBufferPointer { JSONText.writeString($0, to: out) }
            }
            let event = """
                {"fraud":\(fraud),"customer":{"id":\(text)},"at":"\(at)","risk":\(risk),"amount":\(amount),"id":\(id)}
                """
            json.append(Array(event.utf8))
        }
        let left = try Decode.csv(header: Self.header, csv, .payments)
        #expect(left.allSatisfy { $0.fault == .none }, "seed \(seed)")
        #expect(left == Decode.json(json, .payments), "seed \(seed)")
    }

    @Test func columnsAreFoundByPathThenByName() throws {
        let schema = EventSchema(
            fields: [
                FieldPlan(name: "customer", path: ["customer", "id"], type: .string),
                FieldPlan(name: "country", path: ["customer", "country"], type: .string, isOptional: true),
                FieldPlan(name: "again", path: ["customer", "id"], type: .int, isOptional: true),
            ], time: .record)
        #expect(
            try Decode.csv(header: "customer.id,customer", ["1,2"], schema)[0].cells == [
                .text("1"), .absent, .number(1),
            ])
        #expect(
            try Decode.csv(header: "\u{FEFF}extra,country,customer,\"e \"\"x\"\"\"", ["0,DE,7,"], schema)[0].cells
                == [.text("7"), .text("DE"), .absent])
    }

    @Test func headerProblems() {
        #expect(throws: CSVHeaderError.missing(columns: ["id", "at", "customer.id", "fraud"], found: ["amount", "x"])) {
            try Decode.csv(header: "amount,x", [], .payments)
        }
        #expect(throws: CSVHeaderError.repeated(columns: ["id"])) {
            try Decode.csv(header: Self.header + ",id", [], .payments)
        }
        #expect(throws: CSVHeaderError.malformed) { try Decode.csv(header: "\"id,at", [], .payments) }
        #expect(throws: CSVHeaderError.malformed) { try Decode.csv(header: "\"id\"x,at", [], .payments) }
        #expect(throws: CSVHeaderError.missing(columns: ["x"], found: [""])) {
            try Decode.csv(header: "", [], .one(.int))
        }
        #expect(throws: Never.self) { try Decode.csv(header: Self.header + ",y,y", [], .payments) }
        let text = "\(CSVHeaderError.missing(columns: ["id"], found: ["amount", "x"]))"
        #expect(text == "the header has no column \"id\"; it has \"amount\", \"x\"")
    }

    @Test(arguments: [
        ("1,2", Fault.none), ("1", Fault(.wrongColumnCount, byteOffset: 1)),
        ("1,2,3", Fault(.wrongColumnCount, byteOffset: 4)),
        ("", Fault(.wrongColumnCount)), (",2", Fault(.fieldMissing, field: 0, byteOffset: 2)),
        ("\"\",2", Fault(.wrongType, field: 0)),
        ("\"1\",2", .none), ("\"1\" ,2", Fault(.invalidCSV)), ("1,\"2", Fault(.invalidCSV, byteOffset: 2)),
        ("1,\"2\"\"", Fault(.invalidCSV, byteOffset: 2)), ("1,2\"3", .none), (" 1,2", Fault(.wrongType, field: 0)),
        ("x,2,3", Fault(.wrongColumnCount, byteOffset: 4)), ("007,2", Fault(.wrongType, field: 0)),
        ("1.0,2", Fault(.wrongType, field: 0)), ("null,2", Fault(.wrongType, field: 0)), ("1,\"a\nb\"", .none),
        ("12,", .none),
    ])
    func records(record: String, fault: Fault) throws {
        #expect(try Decode.csv(header: "x,y", [record], .one(.int))[0].fault == fault)
    }

    @Test func presence() throws {
        func fault(_ schema: EventSchema) throws -> FaultCode {
            try Decode.csv(header: "x,y", [","], schema)[0].fault.code
        }
        #expect(try fault(.one(.int)) == .fieldMissing)
        #expect(try fault(.one(.int, isOptional: true)) == .none)
        #expect(try fault(.one(.int, isNullable: true)) == .none)
        #expect(
            try Decode.csv(header: "x,y", ["\"\",", ",\"\""], .one(.string, isOptional: true)).map(\.cells) == [
                [.text("")], [.absent],
            ])
    }

    @Test(
        arguments: [
            ("true", 1), ("True", 1), ("1", 1), ("false", 0), ("False", 0), ("0", 0), ("\"true\"", 1), ("TRUE", nil),
            ("yes", nil),
            ("1.0", nil), ("2", nil), ("t", nil),
        ] as [(String, Int64?)])
    func flags(text: String, value: Int64?) throws {
        let row = try Decode.csv(header: "x", [text], .one(.bool))[0]
        #expect(row.cells == [value.map { .number($0) } ?? .absent])
        #expect(row.fault.code == (value == nil ? .wrongType : .none))
    }

    @Test(arguments: ["nan", "NaN", "inf", "-inf", "Infinity", "1,5", "1e999", ".5", "5."])
    func notNumbers(text: String) throws {
        let code = try Decode.csv(header: "x", ["\"\(text)\""], .one(.float))[0].fault.code
        #expect(code == (text == "1e999" ? .numberOutOfRange : .wrongType))
    }

    /// What an escaped cell left behind must not run into a later, shorter one.
    @Test func unescapedCellsEndWhereTheyEnd() throws {
        let schema = EventSchema(
            fields: [FieldPlan(name: "a", path: ["a"], type: .string), FieldPlan(name: "x", path: ["x"], type: .int)],
            time: .record)
        let rows = try Decode.csv(header: "a,x", ["\"9\"\"99999999\",1", "\"\"\"\",2", "\"\"\"\",\"3\""], schema)
        #expect(
            rows.map(\.cells) == [
                [.text("9\"99999999"), .number(1)], [.text("\""), .number(2)], [.text("\""), .number(3)],
            ])
    }

    @Test func limitsAndEncoding() throws {
        let batch = EventBatch(schema: .one(.string), capacity: 4)
        let decoder = try Array("x".utf8).withUnsafeBytes {
            try CSVEventDecoder(schema: .one(.string), limits: DecodeLimits(eventBytesMax: 4), header: $0)
        }
        for bytes in [[0x61, 0xC3], [0x61, 0xC3, 0xA9], [0x61, 0x61, 0x61, 0x61], [0x61, 0x61, 0x61, 0x61, 0x61]]
            as [[UInt8]]
        {
            bytes.withUnsafeBytes { decoder.decode(record: $0, recordTime: 1, offset: 0, lane: 0, into: batch) }
        }
        #expect(
            (0..<4).map { batch.faults[$0] } == [
                Fault(.invalidUTF8, byteOffset: 1), .none, .none, Fault(.eventTooLarge, byteOffset: 4),
            ])
    }
}
