import Events
import Testing

@testable import Models

@Suite struct UBJSONDocumentTests {
    /// Ways to write the same tree.
    enum Style: CaseIterable {
        case plain, counted, typed
    }

    @Test(arguments: Style.allCases, ["binary_v1", "softprob_v1", "categorical_v1", "dart", "linear"])
    func everyContainerIsRead(style: Style, name: String) throws {
        let text = try FixtureFiles.bytes("\(FixtureFiles.folder)/\(name).json")
        let dialect = JSONDocument.Dialect(acceptsNonFiniteWords: true)
        let document = try text.withUnsafeBytes { try JSONDocument(parsing: $0, dialect: dialect) }
        var bytes: [UInt8] = []
        UBJSONWriter(style: style).write(document.root, to: &bytes)
        let options = ModelOptions(output: 0)
        let (model, expected) = (
            try Model.load(bytes, path: "", options: options), try Model.load(text, path: "", options: options)
        )
        #expect(model.forest == expected.forest)
        #expect(model.featureNames == expected.featureNames && model.roundsUsed == expected.roundsUsed)
    }

    @Test func numbersOfEveryType() throws {
        let cases: [(type: String, bytes: [UInt8], expected: [Float])] = [
            ("i", [0xFF, 0x7F], [-1, 127]), ("U", [0xFF, 0x01], [255, 1]), ("I", [0xFF, 0xFE, 0x01, 0x00], [-2, 256]),
            ("l", [0xFF, 0xFF, 0xFF, 0xFF, 0, 1, 0, 0], [-1, 65_536]),
            ("L", [0, 0, 0, 1, 0, 0, 0, 0], [4_294_967_296]), ("d", [0x3F, 0xC0, 0, 0], [1.5]),
            ("D", [0x3F, 0xF8, 0, 0, 0, 0, 0, 0], [1.5]),
        ]
        for (type, bytes, expected) in cases {
            let content = Array("[$\(type)#i".utf8) + [UInt8(expected.count)] + bytes
            #expect(try Self.parse(content).floats() == expected, "\(type)")
        }
        #expect(try Self.parse(Array("[i\u{5}U\u{6}]".utf8)).int32s() == [5, 6])
        #expect(try Self.parse(Array("[TFTi\u{7}]".utf8)).bytes() == [1, 0, 1, 7])
        #expect(try Self.parse(Array("[$S#i\u{2}i\u{1}ai\u{1}b".utf8)).strings() == ["a", "b"])
        #expect(try Self.parse(Array("{#i\u{2}i\u{1}aTi\u{1}bi\u{9}".utf8)).member("b")?.integer() == 9)
        #expect(try Self.parse(Array("{$i#i\u{2}i\u{1}a\u{4}i\u{1}b\u{9}".utf8)).member("b")?.integer() == 9)
    }

    static let broken: [(name: String, bytes: String)] = [
        ("nothing", ""), ("a marker alone", "{"), ("no end of an array", "[i\u{1}"),
        ("no end of an object", "{i\u{1}aT"),
        ("an unknown type", "[x]"), ("high precision", "[Hi\u{1}1]"), ("a no-op", "[N]"), ("a cut number", "[l\0\0"),
        ("more behind", "[]T"), ("a type without a count", "[$i\u{1}]"), ("a count of too many", "[#i\u{7F}"),
        ("elements that are not there", "[$d#L\0\0\0\u{1}\0\0\0\0"),
        ("values without bytes", "[$Z#L\u{7F}\0\0\0\0\0\0\0"),
        ("typed containers", "[$[#i\u{1}]"), ("a key twice", "{i\u{1}aTi\u{1}aF}"), ("a long key", "{I\u{7F}\u{7F}aT}"),
        ("a length that is a fraction", "[Sd\0\0\0\0]"), ("a counted array cut", "[#i\u{3}TT"),
    ]

    @Test(arguments: broken)
    func brokenTextsAreRefused(_ text: (name: String, bytes: String)) throws {
        let failure = try #require(throws: ModelFailure.self) { _ = try Self.parse(Array(text.bytes.utf8)) }
        #expect(failure.code == .malformed, "\(failure)")
    }

    @Test func deepNestingIsRefused() throws {
        let text = [UInt8](repeating: UInt8(ascii: "["), count: 1_000_000)
        #expect(throws: ModelFailure.self) { _ = try Self.parse(text) }
    }

    @Test func everyBeginningIsRefused() throws {
        let whole = try FixtureFiles.bytes("\(FixtureFiles.folder)/categorical.ubj")
        for length in stride(from: 0, to: whole.count, by: 7) {
            #expect(throws: ModelFailure.self, "\(length) bytes") {
                _ = try Model.load(Array(whole.prefix(length)), path: "")
            }
        }
    }

    private static func parse(_ bytes: [UInt8]) throws -> ModelField {
        try bytes.withUnsafeBytes { ModelField(try UBJSONDocument(parsing: $0, depthMax: 128)) }
    }
}

/// JSON as UBJSON; numbers as XGBoost types them, lengths of several types.
private struct UBJSONWriter {
    let style: UBJSONDocumentTests.Style

    func write(_ value: JSONValue, to bytes: inout [UInt8]) {
        switch value.kind {
        case .null: bytes += "Z".utf8
        case .bool: bytes += (value.bool! ? "T" : "F").utf8
        case .integer: number("L", value.int64!, to: &bytes)
        case .number: number("D", Int64(bitPattern: value.double!.bitPattern), to: &bytes)
        case .string:
            bytes += "S".utf8
            text(value.string!, to: &bytes)
        case .array: array(value, to: &bytes)
        case .object:
            bytes += "{".utf8
            if style != .plain { count(value.members!.count, to: &bytes) }
            for (key, value) in value.members! {
                text(key, to: &bytes)
                write(value, to: &bytes)
            }
            if style == .plain { bytes += "}".utf8 }
        }
    }

    private func array(_ value: JSONValue, to bytes: inout [UInt8]) {
        let elements = value.elements!
        bytes += "[".utf8
        if style == .typed, !elements.isEmpty, elements.allSatisfy({ [.integer, .number].contains($0.kind) }) {
            let isWhole = elements.allSatisfy { $0.kind == .integer }
            bytes += (isWhole ? "$l" : "$D").utf8
            count(elements.count, to: &bytes)
            for element in elements {
                if isWhole {
                    big(Int32(element.int64!), to: &bytes)
                } else {
                    big(element.double!.bitPattern, to: &bytes)
                }
            }
            return
        }
        if style == .counted { count(elements.count, to: &bytes) }
        for element in elements { write(element, to: &bytes) }
        if style != .counted { bytes += "]".utf8 }
    }

    private func count(_ count: Int, to bytes: inout [UInt8]) {
        bytes += "#".utf8
        length(count, to: &bytes)
    }

    private func text(_ text: String, to bytes: inout [UInt8]) {
        length(text.utf8.count, to: &bytes)
        bytes += text.utf8
    }

    private func length(_ length: Int, to bytes: inout [UInt8]) {
        if let small = Int8(exactly: length), style != .typed {
            bytes += "i".utf8
            big(small, to: &bytes)
        } else if let middling = Int16(exactly: length) {
            bytes += "I".utf8
            big(middling, to: &bytes)
        } else {
            bytes += "L".utf8
            big(Int64(length), to: &bytes)
        }
    }

    private func number(_ type: String, _ bits: Int64, to bytes: inout [UInt8]) {
        bytes += type.utf8
        big(bits, to: &bytes)
    }

    private func big(_ number: some FixedWidthInteger, to bytes: inout [UInt8]) {
        withUnsafeBytes(of: number.bigEndian) { bytes += $0 }
    }
}
