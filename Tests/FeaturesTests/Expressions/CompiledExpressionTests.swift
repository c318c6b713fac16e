import Diagnostics
import Events
import Testing

@testable import Features

@Suite struct CompiledExpressionTests {
    @Test(
        arguments: [
            ("amount", 0), ("n", 1), ("flag", 3), ("label", 4), ("(n)", 1), ("ratio", nil), ("channel", nil),
            ("opened", nil),
            ("event_time", nil), ("f0", nil), ("score", nil), ("n + 0", nil), ("-n", nil), ("5", nil),
        ] as [(String, Int?)])
    func plainFields(text: String, field: Int?) throws {
        let program = try #require(ExpressionFixture.compile(text, for: ExpressionFixture.anything).program)
        #expect(program.plainField == field.map { FieldIndex($0) })
    }

    @Test func referencesSayWhatIsRead() throws {
        let program = try #require(ExpressionFixture.compile("amount + f1 * (labels.n or score) + amount").program)
        #expect(program.references.map(\.name) == ["amount", "f1", "labels.n", "score", "amount"])
        #expect(program.references.map(\.range.start.column) == [11, 20, 26, 38, 47])
        #expect(program.readsLabel)
        #expect(try !#require(ExpressionFixture.compile("amount + f0").program).readsLabel)
        #expect(try #require(ExpressionFixture.compile("label").program).readsLabel)
    }

    @Test func namesBeforeMeaning() throws {
        var diagnostics: [Diagnostic] = []
        let parsed = try #require(
            ExpressionLanguage().parse(
                "max(a, b.c) or a > 1", at: SourcePosition(line: 2, column: 5), diagnostics: &diagnostics))
        #expect(parsed.names.map(\.name) == ["a", "b.c", "a"])
        #expect(parsed.names.map(\.range.start.column) == [9, 12, 20])
        #expect(parsed.range == SourceRange(start: SourcePosition(line: 2, column: 5), length: 20))
    }

    @Test(arguments: [
        ("amount", true), ("_x9", true), ("größe", true), ("9x", false), ("", false), ("a-b", false), ("a.b", false),
        ("and", false), ("then", false), ("a b", false), ("in", false), ("event_time", true),
    ])
    func legalNames(name: String, isLegal: Bool) { #expect(ParsedExpression.isName(name) == isLegal) }

    @Test func reservedWordsAreNoNames() {
        #expect(ParsedExpression.reservedWords.contains("else"))
        for word in ParsedExpression.reservedWords { #expect(!ParsedExpression.isName(word)) }
    }

    @Test func scopesReplaceAndWithhold() {
        var scope = ExpressionScope()
        scope.bind("a", to: .score)
        scope.bind("b", to: .feature(slot: 1))
        scope.bind("a", to: .feature(slot: 2))
        #expect(scope.names == ["a", "b"] && scope.resolve("a") == .feature(slot: 2))
        scope.withhold("a", because: "no")
        #expect(scope.names == ["b"] && scope.resolve("a") == nil && scope.reason(withholding: "a") == "no")
        scope.bind("a", to: .score)
        #expect(scope.names == ["b", "a"] && scope.reason(withholding: "a") == nil)
    }

    /// Constants are shared, registers are used again.
    @Test(arguments: [
        ("n", 1), ("n + 1", 3), ("n + 1 + 1 + 1 + 1", 3), ("(n + 1) * (f0 + 1) * (f1 + 1)", 4), ("2 * 3 + 4", 1),
        ("max(n, f0) + max(n, f0)", 4), ("if flag then n else f0", 4),
    ])
    func registerCounts(text: String, count: Int) throws {
        #expect(try #require(ExpressionFixture.compile(text).program).registerCount == count)
    }

    @Test func outputsAreStrided() throws {
        let fixture = ExpressionFixture((0..<1_300).map { ExpressionRow(n: Int64($0)) })
        let program = try #require(ExpressionFixture.compile("n * 2").program)
        let values = fixture.evaluate(program, rows: 100..<1_300, outputStride: 7)
        #expect(values == (100..<1_300).map { Double($0) * 2 })
        let constant = try #require(ExpressionFixture.compile("2 * 3").program)
        #expect(fixture.evaluate(constant, rows: 0..<1_300, outputStride: 3) == Array(repeating: 6, count: 1_300))
        #expect(fixture.evaluate(program, rows: 5..<5) == [])
    }

    /// A program may write into the matrix that it reads from, in another slot.
    @Test func featuresInPlace() throws {
        let (rows, slots) = (1_100, 4)
        let matrix = UnsafeMutablePointer<Double>.allocate(capacity: rows * slots)
        defer { matrix.deallocate() }
        for layout in [(row: slots, slot: 1), (row: 1, slot: rows)] {
            for row in 0..<rows {
                for slot in 0..<slots { matrix[row * layout.row + slot * layout.slot] = Double(row + slot) }
            }
            var inputs = ExpressionInputs()
            inputs.features = UnsafePointer(matrix)
            inputs.featureRowStride = layout.row
            inputs.featureSlotStride = layout.slot
            let program = try #require(ExpressionFixture.compile("f0 * f1").program)
            program.evaluate(
                inputs, rows: 0..<rows, scratch: ExpressionScratch(registerCount: program.registerCount),
                into: matrix + 3 * layout.slot, outputStride: layout.row)
            for row in 0..<rows {
                #expect(matrix[row * layout.row + 3 * layout.slot] == Double(row * (row + 1)))
                #expect(matrix[row * layout.row] == Double(row))
            }
        }
    }

    /// Rows with a fault hold anything: no text may be read outside of the store.
    @Test func garbageWordsAreHarmless() throws {
        let texts = [
            "channel == 'web'", "channel in ['a', 'b']", "channel != country", "is_missing(channel)", "amount / n",
            "ratio",
            "hour(event_time) + day_of_week(opened)", "opened < event_time", "flag and label", "n % 7",
        ]
        var generator = SeededGenerator(seed: 11)
        let fixture = ExpressionFixture((0..<600).map { _ in ExpressionRow() })
        let edges: [Int64] = [.min, .max, -1, 0xFFFF_FFFF, 1 << 32, Int64(fixture.batch.stringBytesCount) << 32 | 1]
        for row in 0..<600 {
            fixture.batch.eventTimes[row] = row % 3 == 0 ? .min : Int64.random(in: .min ... .max, using: &generator)
            for field in fixture.batch.schema.fields.indices {
                fixture.batch.words[field][row] =
                    row % 2 == 0 ? edges[row / 2 % edges.count] : Int64.random(in: .min ... .max, using: &generator)
                fixture.batch.presence[field][row] =
                    row % 5 == 0 ? UInt8.random(in: .min ... .max, using: &generator) : 0
            }
        }
        for text in texts {
            let program = try #require(ExpressionFixture.compile(text).program)
            let values = fixture.evaluate(program)
            #expect(values.count == 600 && values.allSatisfy { $0.isFinite || $0.isNaN }, "\(text)")
        }
    }

    /// The word's place and length against a store of five bytes.
    @Test(
        arguments: [
            (0, 5, true), (4, 1, true), (5, 0, true), (0, 0, true), (0, 6, false), (5, 1, false), (4, 2, false),
            (6, 0, false),
            (0xFFFF_FFFF, 0, false), (0, 0xFFFF_FFFF, false), (0xFFFF_FFFF, 0xFFFF_FFFF, false),
        ] as [(UInt64, UInt64, Bool)])
    func textsLieInTheStore(start: UInt64, length: UInt64, isThere: Bool) {
        let bytes: [UInt8] = [1, 2, 3, 4, 5]
        let words = [Int64(bitPattern: start << 32 | length)]
        let isRead = bytes.withUnsafeBufferPointer { bytes in
            words.withUnsafeBufferPointer { words in
                [Presence.present].withUnsafeBufferPointer { presence in
                    TextColumn(
                        words: words.baseAddress!, presence: presence.baseAddress!, bytes: bytes.baseAddress!,
                        bytesCount: bytes.count
                    ).bytes(0) != nil
                }
            }
        }
        #expect(isRead == isThere)
    }

    @Test func textsWithOddBytes() throws {
        let row = ExpressionRow(channel: "a\u{0}b\"'\\\n\u{1F600}", country: "")
        #expect(try ExpressionFixture.value("channel == 'a\\u0000b\"\\'\\\\\\n\\ud83d\\uDE00'", row) == 1)
        #expect(try ExpressionFixture.value("channel == \"a\\u0000b\\\"'\\\\\\n😀\"", row) == 1)
        #expect(try ExpressionFixture.value("country == ''", row) == 1)
        #expect(try ExpressionFixture.value("'\\t\\r' == '\t\r'", row) == 1)
    }
}
