import Testing

@testable import Events

@Suite struct JSONEventDecoderTests {
    static let payment = """
        {"id":1754154,"at":"2018-09-30T23:59:57Z","customer":{"id":"1263","home":{"country":"DE"}},\
        "amount":27.60,"risk":0.25,"fraud":false}
        """

    @Test func everyTypeArrives() {
        let row = Decode.json(Self.payment, .payments)
        #expect(row.fault == .none)
        #expect(row.time == 1_538_351_997_000_000)
        #expect(
            row.cells == [
                .number(1_754_154), .number(1_538_351_997_000_000), .text("1263"), .text("DE"), .number(2_760),
                .float(0.25),
                .number(0),
            ])
    }

    @Test func originStands() {
        let batch = EventBatch(schema: .payments, capacity: 2)
        let decoder = JSONEventDecoder(schema: .payments)
        Array(Self.payment.utf8).withUnsafeBytes {
            decoder.decode(value: $0, recordTime: Decode.recordTime, offset: 42, lane: 3, into: batch)
        }
        decoder.decode(value: nil, recordTime: .min, offset: 43, lane: 4, into: batch)
        #expect(batch.count == 2)
        #expect(batch.offsets[0] == 42 && batch.lanes[0] == 3 && batch.recordTimes[0] == Decode.recordTime)
        #expect(batch.offsets[1] == 43 && batch.lanes[1] == 4 && batch.recordTimes[1] == .min)
        #expect(batch.faults[0] == .none && batch.faults[1] == Fault(.tombstone))
        #expect(batch.eventTimes[1] == .min)
    }

    @Test func codesOfBothSidesAgree() {
        #expect(FaultCode.sharedWithC.count == 17)
        for (code, number) in FaultCode.sharedWithC { #expect(Int(code.rawValue) == number, "\(code)") }
        #expect(Set(FaultCode.allCases.map(\.name)).count == FaultCode.allCases.count)
    }

    struct Broken: CustomTestStringConvertible {
        var event: String
        var code: FaultCode
        var field = -1
        var byte: Int?
        var testDescription: String { "\(code.name): \(event.prefix(60))" }
    }

    @Test(arguments: [
        Broken(event: "", code: .invalidJSON, byte: 0),
        Broken(event: "   \n", code: .invalidJSON),
        Broken(event: "{", code: .invalidJSON, byte: 1),
        Broken(event: "}", code: .invalidJSON, byte: 0),
        Broken(event: "nonsense", code: .invalidJSON, byte: 0),
        Broken(event: "\u{FEFF}{\"x\":1}", code: .invalidJSON, byte: 0),
        Broken(event: "{\"x\":1", code: .invalidJSON, byte: 6),
        Broken(event: "{\"x\":1}}", code: .invalidJSON, byte: 7),
        Broken(event: "{\"x\":1} {\"x\":1}", code: .invalidJSON, byte: 8),
        Broken(event: "{\"x\":1},", code: .invalidJSON, byte: 7),
        Broken(event: "{\"x\":1,}", code: .invalidJSON, byte: 7),
        Broken(event: "{,\"x\":1}", code: .invalidJSON, byte: 1),
        Broken(event: "{\"x\" 1}", code: .invalidJSON, byte: 5),
        Broken(event: "{\"x\"::1}", code: .invalidJSON, byte: 5),
        Broken(event: "{\"x\":}", code: .invalidJSON, byte: 5),
        Broken(event: "{\"x\":1 2}", code: .invalidJSON, byte: 7),
        Broken(event: "{\"x\":1]", code: .invalidJSON, byte: 6),
        Broken(event: "{x:1}", code: .invalidJSON, byte: 1),
        Broken(event: "{'x':1}", code: .invalidJSON, byte: 1),
        Broken(event: "{1:1}", code: .invalidJSON, byte: 1),
        Broken(event: "{\"x\":1\"y\":2}", code: .invalidJSON),
        Broken(event: "{\"y\":\"a\"b,\"x\":1}", code: .invalidJSON, byte: 8),
        Broken(event: "{\"y\":\"a\"\"b\",\"x\":1}", code: .invalidJSON, byte: 8),
        Broken(event: "{\"y\":\\\"b\",\"x\":1}", code: .invalidJSON),
        Broken(event: "{\"x\":1,\"y\":\"abc", code: .invalidJSON, byte: 15),
        Broken(event: "{\"x\":1,\"y\":\"a\nb\"}", code: .invalidJSON, byte: 13),
        Broken(event: "{\"x\":1,\"y\":\"a\\qb\"}", code: .invalidJSON, byte: 13),
        Broken(event: "{\"x\":1,\"y\":\"a\\u12G4\"}", code: .invalidJSON, byte: 13),
        Broken(event: "{\"x\":1,\"y\":\"a\\u12\"}", code: .invalidJSON, byte: 13),
        Broken(event: "{\"x\":1,\"a\\x\":2}", code: .invalidJSON, byte: 9),
        Broken(event: "{\"x\":1,\"y\":tru}", code: .invalidJSON, byte: 11),
        Broken(event: "{\"x\":1,\"y\":nulll}", code: .invalidJSON, byte: 11),
        Broken(event: "{\"x\":1,\"y\":True}", code: .invalidJSON, byte: 11),
        Broken(event: "{\"x\":1,\"y\":NaN}", code: .invalidJSON, byte: 11),
        Broken(event: "{\"x\":1,\"y\":-}", code: .invalidJSON, byte: 11),
        Broken(event: "{\"x\":1,\"y\":+1}", code: .invalidJSON, byte: 11),
        Broken(event: "{\"x\":1,\"y\":01}", code: .invalidJSON, byte: 11),
        Broken(event: "{\"x\":1,\"y\":1.}", code: .invalidJSON, byte: 11),
        Broken(event: "{\"x\":1,\"y\":.5}", code: .invalidJSON, byte: 11),
        Broken(event: "{\"x\":1,\"y\":1e}", code: .invalidJSON, byte: 11),
        Broken(event: "{\"x\":1,\"y\":1e+}", code: .invalidJSON, byte: 11),
        Broken(event: "{\"x\":1,\"y\":0x10}", code: .invalidJSON, byte: 11),
        Broken(event: "{\"x\":1,\"y\":1_0}", code: .invalidJSON, byte: 11),
        Broken(event: "{\"x\":1,\"y\":-Infinity}", code: .invalidJSON, byte: 11),
        Broken(event: "{\"x\":1,\"y\":[1,]}", code: .invalidJSON, byte: 14),
        Broken(event: "{\"x\":1,\"y\":[,1]}", code: .invalidJSON, byte: 12),
        Broken(event: "{\"x\":1,\"y\":[1 2]}", code: .invalidJSON, byte: 14),
        Broken(event: "{\"x\":1,\"y\":[1}}", code: .invalidJSON, byte: 13),
        Broken(event: "{\"x\":1,\"y\":{\"a\":1]}", code: .invalidJSON, byte: 17),
        Broken(event: "{\"x\":1,\"y\":{\"a\"}}", code: .invalidJSON, byte: 15),
        Broken(event: "{\"x\":1,\"y\":{\"a\":1,}}", code: .invalidJSON, byte: 18),
        Broken(event: "{\"x\":1,\"y\":{1}}", code: .invalidJSON, byte: 12),
        Broken(event: "{\"x\":1,\u{0C}\"y\":1}", code: .invalidJSON, byte: 7),
        Broken(event: "{\"x\":1\u{0C},\"y\":1}", code: .invalidJSON),
        Broken(event: "{\"x\":1\u{1A}2}", code: .invalidJSON),
        Broken(event: "{\"x\":1,\u{A0}\"y\":1}", code: .invalidJSON, byte: 7),
        Broken(event: "{\"x\":tru}", code: .invalidJSON, byte: 5),
        Broken(event: "{\"x\":[1,}", code: .invalidJSON, byte: 8),
        Broken(event: "[1,2", code: .invalidJSON),
        Broken(event: "[]", code: .notAnObject, byte: 0),
        Broken(event: " [{\"x\":1}]", code: .notAnObject, byte: 1),
        Broken(event: "1", code: .notAnObject),
        Broken(event: "\"x\"", code: .notAnObject),
        Broken(event: "null", code: .notAnObject),
        Broken(event: "{}", code: .fieldMissing, field: 0),
        Broken(event: "{\"X\":1}", code: .fieldMissing, field: 0),
        Broken(event: "{\"x\":null}", code: .fieldNull, field: 0, byte: 5),
        Broken(event: "{\"x\":1,\"x\":1}", code: .duplicateField, field: 0, byte: 7),
        Broken(event: "{\"x\":1,\"\\u0078\":1}", code: .duplicateField, field: 0, byte: 7),
        Broken(event: "{\"x\":\"5\"}", code: .wrongType, field: 0, byte: 5),
        Broken(event: "{\"x\":true}", code: .wrongType, field: 0, byte: 5),
        Broken(event: "{\"x\":5.5}", code: .wrongType, field: 0, byte: 5),
        Broken(event: "{\"x\":5.0}", code: .wrongType, field: 0, byte: 5),
        Broken(event: "{\"x\":5e0}", code: .wrongType, field: 0, byte: 5),
        Broken(event: "{\"x\":[5]}", code: .wrongType, field: 0, byte: 5),
        Broken(event: "{\"x\":{}}", code: .wrongType, field: 0, byte: 5),
        Broken(event: "{\"x\":9223372036854775808}", code: .numberOutOfRange, field: 0, byte: 5),
        Broken(event: "{\"x\":-9223372036854775809}", code: .numberOutOfRange, field: 0, byte: 5),
    ])
    func oneIntegerField(broken: Broken) {
        let row = Decode.json(broken.event, .one(.int))
        #expect(row.fault.code == broken.code)
        #expect(row.fault.field == Int16(broken.field))
        if let byte = broken.byte { #expect(row.fault.byteOffset == UInt32(byte)) }
        #expect(row.cells == [.absent])
    }

    @Test(arguments: [
        "{\"x\":1}", " { \"x\" : 1 } \n", "{\t\"x\"\r\n:1}", "{\"y\":\"\\\"\",\"x\":1}", "{\"y\":[],\"x\":1,\"z\":{}}",
        "{\"y\":{\"x\":[2,{\"x\":3}]},\"x\":1}", "{\"\":0,\"x\":1}", "{\"y\":1,\"y\":2,\"x\":1}", "{\"\\u0078\":1}",
        "{\"y\":[[[]],{\"a\":{\"b\":[]}},null,true,false,-0,1e400,\"\\ud83d\\ude00\"],\"x\":1}",
        "{\"big\":123456789012345678901234567890123456789012345678901234567890e99999999999999999999,\"x\":1}",
        "{\"xx\":2,\"x\":1,\"xy\":3,\"long key with the same length\":4}",
        "{\"y\":\"\\\\\\\\\",\"z\":\"a\\/b\",\"x\":1}",
    ])
    func soundEvents(event: String) {
        let row = Decode.json(event, .one(.int))
        #expect(row.fault == .none)
        #expect(row.cells == [.number(1)])
    }

    @Test(
        arguments: [
            ("0", 0), ("-0", 0), ("-1", -1), ("9223372036854775807", .max), ("-9223372036854775808", .min), ("10", 10),
        ] as [(String, Int64)])
    func integers(text: String, value: Int64) {
        #expect(Decode.json("{\"x\":\(text)}", .one(.int)).cells == [.number(value)])
    }

    @Test(arguments: [
        ("\"\"", ""), ("\"abc\"", "abc"), ("\"a\\\"b\"", "a\"b"), ("\"\\u0041\\u00e9\\u20ac\\ud83d\\ude00\"", "Aé€😀"),
        ("\"\\b\\f\\n\\r\\t\\/\\\\\"", "\u{8}\u{C}\n\r\t/\\"), ("\"é€😀\"", "é€😀"), ("\"\\u0000\"", "\0"),
        ("\" a \"  ", " a "),
        ("\"a,b}:{[]\"", "a,b}:{[]"), ("\"\\\\\"", "\\"),
    ])
    func strings(text: String, value: String) {
        #expect(Decode.json("{\"x\":\(text)}", .one(.string)).cells == [.text(value)])
        #expect(Decode.json("{\"a\":\"\\n\", \"x\":\(text),\"b\":\"\\t\"}", .one(.string)).cells == [.text(value)])
    }

    @Test(arguments: ["\\ud800", "\\ud800x", "\\ud800\\u0041", "\\udc00", "\\udfff\\ud800", "\\ud800\\ud800"])
    func halfSurrogates(escape: String) {
        #expect(Decode.json("{\"x\":\"\(escape)\"}", .one(.string)).fault == Fault(.invalidUTF8, byteOffset: 6))
        #expect(
            Decode.json("{\"x\":\"\",\"y\":\"\(escape)\"}", .one(.string)).fault == Fault(.invalidUTF8, byteOffset: 13))
    }

    @Test(
        arguments: [
            [0x80], [0xC0, 0xAF], [0xE2, 0x82], [0xF4, 0x90, 0x80, 0x80], [0xED, 0xA0, 0x80], [0xFF],
            [0xF0, 0x80, 0x80, 0x80],
            [0xE2, 0x82, 0x41], [0xC3],
        ] as [[UInt8]])
    func invalidUTF8(bytes: [UInt8]) {
        let front = Array("{\"x\":\"é€😀".utf8)
        let rows = Decode.json([front + bytes + Array("\"}".utf8), front + bytes], .one(.string))
        #expect(rows.map(\.fault) == [Fault](repeating: Fault(.invalidUTF8, byteOffset: front.count), count: 2))
    }

    @Test(
        arguments: [
            ("1", 1), ("0.1", 0.1), ("-2.5e-3", -0.0025), ("1E3", 1000),
            ("1.7976931348623157e308", 1.7976931348623157e308),
            ("5e-324", .leastNonzeroMagnitude), ("1e-400", 0),
            ("123456789012345678901234567890", 1.2345678901234568e29),
            ("0.1000000000000000055511151231257827021181583404541015625", 0.1), ("9007199254740993", 9007199254740992),
            ("2.2250738585072011e-308", Double(bitPattern: 0x000F_FFFF_FFFF_FFFF)), ("0e999999", 0),
        ] as [(String, Double)])
    func floats(text: String, value: Double) {
        #expect(Decode.json("{\"x\":\(text)}", .one(.float)).cells == [.float(value)])
    }

    @Test(arguments: [
        ("1e309", FaultCode.numberOutOfRange), ("-1e309", .numberOutOfRange),
        ("1\(String(repeating: "0", count: 400))", .numberOutOfRange),
        ("\"1\"", .wrongType), ("true", .wrongType), ("3.01", .numberOutOfRange), ("-1.01", .numberOutOfRange),
    ])
    func floatFaults(text: String, code: FaultCode) {
        #expect(
            Decode.json("{\"x\":\(text)}", .one(.float, floats: -1...3)).fault == Fault(code, field: 0, byteOffset: 5))
    }

    @Test(arguments: [("true", 1), ("false", 0)] as [(String, Int64)])
    func flags(text: String, value: Int64) {
        #expect(Decode.json("{\"x\":\(text)}", .one(.bool)).cells == [.number(value)])
    }

    @Test(arguments: ["1", "0", "\"true\"", "[true]"])
    func noFlags(text: String) {
        #expect(Decode.json("{\"x\":\(text)}", .one(.bool)).fault.code == .wrongType)
    }

    @Test func rangesAreInclusive() {
        let schema = EventSchema.one(.int, integers: -5...7)
        for value in -8...9 {
            let expected: FaultCode = (-5...7).contains(value) ? .none : .numberOutOfRange
            #expect(Decode.json("{\"x\":\(value)}", schema).fault.code == expected)
        }
        let money = EventSchema.one(.decimal(scale: 2), integers: 0...100_00)
        #expect(Decode.json("{\"x\":100.00}", money).fault == .none)
        #expect(Decode.json("{\"x\":100.01}", money).fault.code == .numberOutOfRange)
        #expect(Decode.json("{\"x\":-0.01}", money).fault.code == .numberOutOfRange)
    }
}
