import Events
import Testing

@Suite struct JSONDocumentTests {
    @Test func valuesOfEveryKind() throws {
        let root = try JSONDocument(
            parsing: #"{"a":null,"b":true,"c":-7,"d":18446744073709551615,"e":2.5,"f":"x\u00e9","g":[1,2],"h":{}}"#
        ).root
        #expect(root.kind == .object)
        #expect(root.count == 8)
        #expect(root["a"]?.kind == .null)
        #expect(root["b"]?.bool == true)
        #expect(root["c"]?.int64 == -7)
        #expect(root["c"]?.kind == .integer)
        #expect(root["c"]?.uint64 == nil)
        #expect(root["d"]?.uint64 == .max)
        #expect(root["d"]?.int64 == nil)
        #expect(root["e"]?.double == 2.5)
        #expect(root["e"]?.int64 == nil)
        #expect(root["c"]?.double == -7)
        #expect(root["f"]?.string == "xé")
        #expect(root["g"]?.elements?.map(\.int64) == [1, 2])
        #expect(root["h"]?.members?.isEmpty == true)
        #expect(root["z"] == nil)
        #expect(root.members?.map(\.key) == ["a", "b", "c", "d", "e", "f", "g", "h"])
    }

    @Test func aValueOfAnotherKindIsNil() throws {
        let root = try JSONDocument(parsing: "[\"1\"]").root
        let text = try #require(root.elements?.first)
        #expect(text.int64 == nil && text.uint64 == nil && text.double == nil && text.bool == nil)
        #expect(text.elements == nil && text.members == nil && text["a"] == nil && text.count == 0)
        #expect(root.string == nil)
    }

    /// A value outlives the variable of its document.
    @Test func aValueKeepsItsDocument() throws {
        var document: JSONDocument? = try JSONDocument(parsing: "{\"a\":[\"kept\"]}")
        let value = document!.root["a"]!
        document = nil
        #expect(document == nil)
        #expect(value.elements?[0].string == "kept")
    }

    @Test func arraysInBulk() throws {
        let root = try JSONDocument(parsing: "[1,2.5,-3,16777217,1e39]").root
        #expect(try root.floats() == [1, 2.5, -3, 16_777_216, .infinity])
        #expect(try root.doubles() == [1, 2.5, -3, 16_777_217, 1e39])
        #expect(throws: JSONArrayFailure.element(1)) { _ = try root.int32s() }
        #expect(try JSONDocument(parsing: "[-2147483648,2147483647]").root.int32s() == [.min, .max])
        #expect(throws: JSONArrayFailure.element(0)) { _ = try JSONDocument(parsing: "[2147483648]").root.int32s() }
        #expect(try JSONDocument(parsing: "[true,false,0,255]").root.bytes() == [1, 0, 0, 255])
        #expect(throws: JSONArrayFailure.element(1)) { _ = try JSONDocument(parsing: "[1,256]").root.bytes() }
        #expect(throws: JSONArrayFailure.element(0)) { _ = try JSONDocument(parsing: "[null]").root.floats() }
        #expect(throws: JSONArrayFailure.notAnArray) { _ = try JSONDocument(parsing: "{}").root.floats() }
        #expect(try JSONDocument(parsing: "[]").root.int32s() == [])
    }

    @Test(arguments: [
        "", " ", "{", "[1,", "{\"a\":}", "[1] 2", "nul", "NaN", "[01]", "\"\u{1}\"", "[1e]", "{\"a\" 1}",
        "[18446744073709551616]",
    ])
    func invalidTextIsAnError(text: String) throws {
        let failure = try #require(throws: JSONFailure.self) { _ = try JSONDocument(parsing: text) }
        #expect(failure.code == .invalid)
        #expect(failure.message.first?.isLowercase == true, "\(failure)")
    }

    @Test func invalidBytesAreAnError() throws {
        for bytes in [[0x22, 0xFF, 0x22], [0x22, 0xC0, 0x80, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22]] as [[UInt8]] {
            let failure = try #require(throws: JSONFailure.self) {
                _ = try bytes.withUnsafeBytes { try JSONDocument(parsing: $0) }
            }
            #expect(failure.code == .invalid)
        }
    }

    @Test func limits() throws {
        let deep = String(repeating: "[", count: 20) + String(repeating: "]", count: 20)
        #expect(throws: Never.self) { _ = try JSONDocument(parsing: deep, limits: .init(depthMax: 21)) }
        let tooDeep = try #require(throws: JSONFailure.self) {
            _ = try JSONDocument(parsing: deep, limits: .init(depthMax: 10))
        }
        #expect(tooDeep.code == .tooDeep)
        let tooLarge = try #require(throws: JSONFailure.self) {
            _ = try JSONDocument(parsing: deep, limits: .init(bytesMax: 39))
        }
        #expect(tooLarge.code == .tooLarge)
    }

    @Test func duplicateKeys() throws {
        let text = #"{"a":1,"b":[{"c":1,"d":2,"c":3}],"a":2}"#
        let lenient = try JSONDocument(parsing: text).root
        #expect(lenient["a"]?.int64 == 1)
        for text in [text, #"[{"c":1,"d":2,"c":3}]"#, #"{"a":1,"\u0061":2}"#] {
            let failure = try #require(throws: JSONFailure.self) {
                _ = try JSONDocument(parsing: text, dialect: .init(rejectsDuplicateKeys: true))
            }
            #expect(failure.code == .duplicateKey)
        }
        #expect(throws: Never.self) {
            _ = try JSONDocument(parsing: #"{"a":{"a":1},"b":{"a":1}}"#, dialect: .init(rejectsDuplicateKeys: true))
        }
    }

    @Test func wordsForNumbersThatAreNotFinite() throws {
        let text = #"{"a":[NaN, Infinity,-Infinity,1.5],"NaN":"-Infinity \"NaN","b":NaN}"#
        #expect(throws: JSONFailure.self) { _ = try JSONDocument(parsing: text) }
        let root = try JSONDocument(parsing: text, dialect: .init(acceptsNonFiniteWords: true)).root
        let floats = try root["a"]!.floats()
        #expect(floats[0].isNaN)
        #expect(floats[1...] == [.infinity, -.infinity, 1.5])
        #expect(root["NaN"]?.string == "-Infinity \"NaN")
        #expect(root["b"]?.kind == .number)
        #expect(root["b"]?.double?.isNaN == true)
        for text in ["[Inf]", "[nan]", "[+Infinity]", "[NaNN]", "[1 NaN]"] {
            #expect(throws: JSONFailure.self, "\(text)") {
                _ = try JSONDocument(parsing: text, dialect: .init(acceptsNonFiniteWords: true))
            }
        }
    }
}
