import Testing

@testable import Events

@Suite struct DecimalTests {
    @Test(
        arguments: [
            ("27.60", 2, 2_760), ("27.6", 2, 2_760), ("27", 2, 2_700), ("0", 2, 0), ("-0.00", 2, 0),
            ("-27.65", 2, -2_765),
            ("1.25e1", 2, 1_250), ("125e-2", 2, 125), ("1.2500000000000000000000000", 2, 125), ("12500E-4", 2, 125),
            ("1e2", 0, 100),
            ("0.01", 2, 1), ("0.07", 2, 7), ("1.15", 2, 115), ("92233720368547758.07", 2, .max),
            ("-92233720368547758.08", 2, .min),
            ("0.000000000000000001", 18, 1), ("9.223372036854775807", 18, .max), ("0e-99999999999999999999", 2, 0),
            ("0.000e99", 2, 0), ("100000000000000000000000e-23", 2, 100), ("0.00000000000000000000000100e24", 2, 100),
            ("9223372036854775807", 0, .max),
        ] as [(String, Int, Int64)])
    func exact(text: String, scale: Int, units: Int64) throws {
        let schema = EventSchema.one(.decimal(scale: scale))
        #expect(Decode.json("{\"x\":\(text)}", schema).cells == [.number(units)])
        #expect(Decode.json("{\"x\":\"\(text)\"}", schema).cells == [.number(units)])
        #expect(try Decode.csv(header: "x", [text], schema)[0].cells == [.number(units)])
    }

    @Test(arguments: [
        ("27.601", 2, FaultCode.tooManyDecimals), ("0.001", 2, .tooManyDecimals), ("1e-3", 2, .tooManyDecimals),
        ("1.5", 0, .tooManyDecimals), ("1e-99999999999999999999", 2, .tooManyDecimals),
        ("0.1000000000000000000000000000000001", 2, .tooManyDecimals), ("123456789012345678901.5", 0, .tooManyDecimals),
        ("92233720368547758.08", 2, .numberOutOfRange), ("1e17", 2, .numberOutOfRange),
        ("1e99999999999999999999", 2, .numberOutOfRange), ("123456789012345678901", 0, .numberOutOfRange),
        ("-92233720368547758.09", 2, .numberOutOfRange), ("10000000000000000000000", 0, .numberOutOfRange),
        ("18446744073709551617", 0, .numberOutOfRange),
    ])
    func refused(text: String, scale: Int, code: FaultCode) throws {
        let schema = EventSchema.one(.decimal(scale: scale))
        #expect(Decode.json("{\"x\":\(text)}", schema).fault == Fault(code, field: 0, byteOffset: 5))
        #expect(Decode.json("{\"x\":\"\(text)\"}", schema).fault == Fault(code, field: 0, byteOffset: 5))
        #expect(try Decode.csv(header: "x", [text], schema)[0].fault == Fault(code, field: 0))
    }

    @Test(arguments: ["", " 1", "1 ", "+1", "1,5", "abc", "0x1", "1.", ".5", "--1", "1e", "NaN", "12a", "1\\u0000"])
    func noNumberInText(text: String) {
        #expect(
            Decode.json("{\"x\":\"\(text)\"}", .one(.decimal(scale: 2))).fault
                == Fault(.wrongType, field: 0, byteOffset: 5))
    }

    /// What an escaped text left behind must not run into a later, shorter one.
    @Test func escapedTextsEndWhereTheyEnd() {
        let events = ["{\"x\":\"\\u00319999\"}", "{\"x\":\"\\u0032\"}", "{\"x\":\"\\u0033.5\"}"]
        let rows = Decode.json(events.map { Array($0.utf8) }, .one(.decimal(scale: 2)))
        #expect(rows.map(\.cells) == [[.number(1_999_900)], [.number(200)], [.number(350)]])
    }

    @Test func otherTypesAreRefused() {
        for value in ["true", "[1]", "{\"a\":1}"] {
            #expect(Decode.json("{\"x\":\(value)}", .one(.decimal(scale: 2))).fault.code == .wrongType)
        }
    }

    /// Random units and scales, written by an independent rule, come back.
    @Test func randomRoundTrips() {
        var random = SeededGenerator(seed: 11)
        for _ in 0..<2_000 {
            let units = Int64.random(in: .min ... .max, using: &random) >> Int64.random(in: 0...62, using: &random)
            let scale = Int.random(in: 0...18, using: &random)
            var digits = String(units.magnitude)
            digits = String(repeating: "0", count: max(0, scale + 1 - digits.count)) + digits
            if scale > 0 { digits.insert(".", at: digits.index(digits.endIndex, offsetBy: -scale)) }
            let text = (units < 0 ? "-" : "") + digits
            #expect(Decode.json("{\"x\":\(text)}", .one(.decimal(scale: scale))).cells == [.number(units)], "\(text)")
            #expect(written { NumberText.writeDecimal(units: units, scale: scale, to: $0) } == text)
        }
    }
}
