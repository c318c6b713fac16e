import Testing

@testable import Events

@Suite struct TextTests {
    @Test(arguments: [
        ("", "\"\""), ("abc", "\"abc\""), ("a\"b\\c/", "\"a\\\"b\\\\c/\""), ("\u{8}\t\n\u{C}\r", "\"\\b\\t\\n\\f\\r\""),
        ("\0\u{1}\u{1F}\u{7F}", "\"\\u0000\\u0001\\u001f\u{7F}\""), ("é€😀\u{2028}", "\"é€😀\u{2028}\""),
    ])
    func jsonStrings(text: String, expected: String) {
        let bytes = Array(text.utf8)
        let out = written(capacity: JSONText.bytesMax(forLength: bytes.count)) { out in
            bytes.withUnsafeBufferPointer { JSONText.writeString($0, to: out) }
        }
        #expect(out == expected)
        #expect(Decode.json("{\"x\":\(out)}", .one(.string)).cells == [.text(text)])
    }

    @Test func anyBytesGiveSoundJSON() {
        let seed: UInt64 = 4
        var random = SeededGenerator(seed: seed)
        for _ in 0..<3_000 {
            let length = Int.random(in: 0...24, using: &random)
            let bytes = (0..<length).map { _ in
                UInt8.random(in: 0...255, using: &random) | (Bool.random(using: &random) ? 0x80 : 0)
            }
            let text = written(capacity: JSONText.bytesMax(forLength: length)) { out in
                bytes.withUnsafeBufferPointer { JSONText.writeString($0, to: out) }
            }
            let isValid = String(validating: bytes, as: UTF8.self) != nil
            let row = Decode.json("{\"x\":\(text)}", .one(.string))
            #expect(row.fault == .none, "seed \(seed), \(bytes)")
            if isValid {
                #expect(row.cells == [.text(String(decoding: bytes, as: UTF8.self))], "seed \(seed), \(bytes)")
            }
        }
        let worst = [UInt8](repeating: 1, count: 40)
        let text = written(capacity: JSONText.bytesMax(forLength: 40)) { out in
            worst.withUnsafeBufferPointer { JSONText.writeString($0, to: out) }
        }
        #expect(text.utf8.count == JSONText.bytesMax(forLength: 40))
    }

    @Test(
        arguments: [
            (0, "0"), (0.1, "0.1"), (27.6, "27.6"), (1e21, "1e+21"), (-1.5, "-1.5"), (5e-7, "5e-07"), (.nan, "nan"),
            (.infinity, "inf"),
            (-.infinity, "-inf"), (-0.0, "-0"), (1.7976931348623157e308, "1.7976931348623157e+308"),
        ] as [(Double, String)])
    func doubles(value: Double, expected: String) {
        #expect(written(capacity: NumberText.bytesMax) { NumberText.write(value, to: $0) } == expected)
    }

    @Test func floatsReadBack() {
        #expect(written { NumberText.write(Float(0.1), to: $0) } == "0.1")
        #expect(written { NumberText.write(Float.leastNonzeroMagnitude, to: $0) } == "1e-45")
        #expect(written { NumberText.write(Float.nan, to: $0) } == "nan")
        let seed: UInt64 = 6
        var random = SeededGenerator(seed: seed)
        for _ in 0..<5_000 {
            let double = Double(bitPattern: random.next())
            let float = Float(bitPattern: UInt32(truncatingIfNeeded: random.next()))
            if double.isFinite {
                let text = written(capacity: NumberText.bytesMax) { NumberText.write(double, to: $0) }
                #expect(
                    Double(text) == double
                        && Self.parse(text) == (double.isNormal || double == 0 ? double : Self.parse(text)),
                    "seed \(seed)")
                #expect(Decode.json("{\"x\":\(text)}", .one(.float)).cells == [.float(double)], "seed \(seed), \(text)")
            }
            if float.isFinite {
                #expect(
                    Float(written(capacity: NumberText.bytesMax) { NumberText.write(float, to: $0) }) == float,
                    "seed \(seed)")
            }
        }
    }

    @Test(
        arguments: [
            (0, 0, "0"), (0, 2, "0.00"), (5, 2, "0.05"), (-5, 2, "-0.05"), (2_760, 2, "27.60"), (2_760, 0, "2760"),
            (.min, 0, "-9223372036854775808"), (.min, 18, "-9.223372036854775808"), (.max, 2, "92233720368547758.07"),
        ] as [(Int64, Int, String)])
    func decimals(units: Int64, scale: Int, expected: String) {
        #expect(
            written(capacity: NumberText.bytesMax) { NumberText.writeDecimal(units: units, scale: scale, to: $0) }
                == expected)
    }

    @Test func integers() {
        for value in [0, 1, -1, .max, .min] as [Int64] {
            let text = written(capacity: NumberText.bytesMax) { NumberText.write(value, to: $0) }
            #expect(text == "\(value)")
            #expect(Array(text.utf8).withUnsafeBufferPointer { NumberText.parseInt($0) } == value)
        }
        for text in ["", "9223372036854775808", "1 ", "1.0", "x", "+1"] {
            #expect(Array(text.utf8).withUnsafeBufferPointer { NumberText.parseInt($0) } == nil)
        }
    }

    static func parse(_ text: String) -> Double? {
        Array(text.utf8).withUnsafeBufferPointer { NumberText.parseDouble($0) }
    }

    @Test func parsing() {
        #expect(Self.parse("0.1") == 0.1)
        #expect(Self.parse("-1E3") == -1_000)
        #expect(Self.parse("007") == 7)
        for text in ["", "x", "1x", "1,5", " 1", "nan", "inf", "1e999", "+1", "0x1p3"] {
            #expect(Self.parse(text) == nil, "\(text)")
        }
        // What stands behind the text is not looked at.
        let digits = Array("12345".utf8)
        #expect(
            digits.withUnsafeBufferPointer { NumberText.parseDouble(UnsafeBufferPointer(rebasing: $0[1..<3])) } == 23)
    }

    @Test func messagesSayWhatAndHowWithoutValues() {
        for code in FaultCode.allCases {
            for field in [-1, 0, 4, 5, 99] {
                let text = Fault(code, field: field, byteOffset: 17).message(schema: .payments)
                #expect(text.contains(": "), "\(text)")
                #expect(!text.contains("Optional") && text.first?.isLowercase == true, "\(text)")
            }
        }
        #expect(
            Fault(.wrongType, field: 0, byteOffset: 6).message(schema: .payments)
                == "field \"id\" is not an integer (at byte 6): send a whole number without quotes, point or exponent")
        #expect(
            Fault(.numberOutOfRange, field: 4, byteOffset: 9).message(schema: .payments)
                == "field \"amount\" is out of range (at byte 9): send a number from 0.00 to 1000000.00")
        #expect(
            Fault(.fieldMissing, field: 2, byteOffset: 9).message(schema: .payments)
                == "field \"customer\" is missing: send it, or declare the field optional")
        #expect(
            Fault(.tooManyDecimals, field: 4).message(schema: .payments).hasSuffix(
                "send at most 2, or raise the field's scale"))
        #expect(
            Fault(.numberOutOfRange, field: 0).message(schema: .one(.float, floats: 0...1)).hasSuffix("from 0.0 to 1.0")
        )
    }
}
