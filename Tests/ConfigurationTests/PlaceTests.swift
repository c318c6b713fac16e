import Diagnostics
import Testing

@testable import Configuration

/// Where a part of an expression stands, however YAML lets it be written.
@Suite struct PlaceTests {
    /// `amount:` is on this line, and its value starts in this column.
    private static let line = 13
    private static let column = 13

    @Test(arguments: [
        ("tx_amount * maen(x)", Self.line, Self.column + 12),
        ("'tx_amount * maen(x)'", Self.line, Self.column + 13),
        ("\"tx_amount * maen(x)\"", Self.line, Self.column + 13),
        ("'it''s * maen(x)'", Self.line, Self.column + 9),
        ("\"a\\t\\u0041\\x42 maen(x)\"", Self.line, Self.column + 15),
        ("\"tx_amount *\\\n      maen(x)\"", Self.line + 1, 7),
        ("tx_amount *\n      maen(x)", Self.line + 1, 7),
        ("'tx_amount\n\n\n      * maen(x)'", Self.line + 3, 9),
        ("|\n      tx_amount *\n        maen(x)", Self.line + 2, 9),
        (">-\n      tx_amount *\n      maen(x)", Self.line + 2, 7),
        ("${RATE} * maen(x)", Self.line, Self.column + 10),
        ("\"${RATE:-0.5} * maen(x)\"", Self.line, Self.column + 16),
        ("🙂ç * maen(x)", Self.line, Self.column + 5),
    ])
    func partOfAnExpression(yaml: String, line: Int, column: Int) throws {
        let (spec, diagnostics) = PipelineSpec.parse(
            text: Pipelines.amount(yaml), path: "p", environment: ["RATE": "0.123456789"])
        #expect(diagnostics.isEmpty)
        guard case .expression(let feature)? = spec?.features.first else { throw Unexpected(what: "feature") }
        let scalars = Array(feature.expression.value.unicodeScalars)
        let offset = try #require(
            scalars.indices.first { Array(scalars[$0...].prefix(4)) == Array("maen".unicodeScalars) })
        let range = feature.expression.range(ofScalarsAt: offset, length: 4)
        #expect(range == SourceRange(start: SourcePosition(line: line, column: column), length: 4))
    }

    @Test(arguments: ["a b", "'a'' b'", "\"a\\n b\"", "|\n      a\n      b", "${RATE} b", "a\n      b"])
    func noPlaceTraps(yaml: String) throws {
        let (spec, _) = PipelineSpec.parse(text: Pipelines.amount(yaml), path: "p", environment: ["RATE": ""])
        guard case .expression(let feature)? = spec?.features.first else { throw Unexpected(what: "feature") }
        for offset in [-1, 0, 1, 2, 3, 50, Int.max / 2] {
            for length in [-1, 0, 1, 10, Int.max / 2] {
                #expect(feature.expression.range(ofScalarsAt: offset, length: length).start.line >= Self.line)
            }
        }
    }

    @Test func aDiagnosticOfTheTextIsMovedIntoTheFile() throws {
        let (spec, _) = PipelineSpec.parse(
            text: Pipelines.amount("|\n      one +\n        two"), path: "p", environment: [:])
        guard case .expression(let feature)? = spec?.features.first else { throw Unexpected(what: "feature") }
        #expect(feature.expression.value == "one +\n  two\n")
        let inText = SourceRange(start: SourcePosition(line: 2, column: 3), length: 3)
        let beyond = SourceRange(start: SourcePosition(line: 99, column: 3), length: 3)
        let moved = feature.expression.placed(
            Diagnostic(code: "c", "m", at: inText, notes: [.init("n", at: inText), .init("b", at: beyond), .init("o")]))
        let expected = SourceRange(start: SourcePosition(line: Self.line + 2, column: 9), length: 3)
        #expect(moved.range == expected)
        #expect(moved.notes.map(\.range) == [expected, feature.expression.range, nil])
    }
}
