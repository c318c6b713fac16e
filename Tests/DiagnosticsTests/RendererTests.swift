import Testing

@testable import Diagnostics

@Suite struct RendererTests {
    private func printed(
        _ text: String, line: Int = 1, column: Int, length: Int = 1, suggestion: String? = nil
    ) -> [Substring] {
        let source = SourceText(path: "a.yaml", text: text)
        let range = SourceRange(start: SourcePosition(line: line, column: column), length: length)
        let diagnostic = Diagnostic(code: "some-code", "it is wrong", at: range, suggestion: suggestion)
        return DiagnosticRenderer(source: source).text(diagnostic).split(
            separator: "\n", omittingEmptySubsequences: false)
    }

    @Test func lineCaretAndSuggestion() {
        let lines = printed(
            "a: 1\n  mean: maen(x)\n", line: 2, column: 9, length: 4, suggestion: "did you mean \"mean\"?")
        #expect(lines[0] == "a.yaml:2:9: error: it is wrong [some-code]")
        #expect(lines[1] == "    2 |   mean: maen(x)")
        #expect(lines[2] == "      |         ^~~~ did you mean \"mean\"?")
        #expect(lines.count == 4 && lines[3].isEmpty)
    }

    @Test(arguments: [
        ("\tkey: x", 7, "    1 |     key: x", "      |          ^"),
        ("ab\tc: x", 7, "    1 | ab  c: x", "      |        ^"),
        ("名前: x", 5, "    1 | 名前: x", "      |       ^"),
        ("e\u{301}e\u{301}: x", 7, "    1 | e\u{301}e\u{301}: x", "      |     ^"),
        ("🙂🙂x", 3, "    1 | 🙂🙂x", "      |     ^"),
        ("a\u{1B}[31mb", 7, "    1 | a\u{FFFD}[31mb", "      |       ^"),
        ("a\u{202E}b", 3, "    1 | a\u{FFFD}b", "      |   ^"),
    ])
    func caretStandsUnderItsText(text: String, column: Int, line: String, caret: String) {
        let lines = printed(text, column: column)
        #expect(lines[1] == line)
        #expect(lines[2] == caret)
    }

    @Test func markIsAsWideAsWideText() {
        #expect(printed("名前: x", column: 1, length: 2)[2] == "      | ^~~~")
    }

    @Test(arguments: [1, 5, 60, 150, 400, 795, 800])
    func longLinesAreCutAroundTheCaret(column: Int) {
        let text = (0..<200).map { "\($0 % 10)abc" }.joined()
        let lines = printed(text, column: column, length: 4)
        let body = Array(lines[1].dropFirst(8))
        let caret = lines[2].dropFirst(8).prefix { $0 == " " }.count
        #expect(body.count <= SourceExcerpt.columnsMax + 2)
        #expect(body[caret] == Array(text)[column - 1])
        #expect((body.first == "…") == (column > 41))
        #expect((body.last == "…") == (column < 741))
    }

    @Test func placesBeyondTheTextDoNotTrap() {
        #expect(printed("ab", column: 3)[2] == "      |   ^")
        #expect(printed("ab", column: 99)[2] == "      |   ^")
        #expect(printed("ab", line: 7, column: 3)[1] == "    7 | ")
        #expect(printed("", column: 1, length: 50)[2] == "      | ^")
        #expect(printed("ab", line: 123_456, column: 1)[1] == "123456 | ")
    }

    @Test func withoutAPlaceOnlyTheMessage() {
        let renderer = DiagnosticRenderer(source: SourceText(path: "a.yaml", text: "x"))
        #expect(renderer.text(Diagnostic(code: "c", "gone", at: nil)) == "a.yaml: error: gone [c]\n")
    }

    @Test func notesFollowWithTheirPlaces() {
        let source = SourceText(path: "a.yaml", text: "one: 1\none: 2\n")
        let second = SourceRange(start: SourcePosition(line: 2, column: 1), length: 3)
        let first = SourceRange(start: SourcePosition(line: 1, column: 1), length: 3)
        let diagnostic = Diagnostic(
            .warning, code: "twice", "one\u{7}two", at: second, notes: [.init("first here", at: first), .init("mind")])
        #expect(
            DiagnosticRenderer(source: source).text(diagnostic) == """
                a.yaml:2:1: warning: one\\u{7}two [twice]
                    2 | one: 2
                      | ^~~
                a.yaml:1:1: note: first here
                    1 | one: 1
                      | ^~~
                a.yaml: note: mind

                """)
    }

    @Test func sortedByPosition() {
        let places = [(3, 1), (1, 9), (1, 2)].map { SourceRange(start: SourcePosition(line: $0, column: $1)) }
        let some = places.map { Diagnostic(code: "c", "m", at: $0) } + [Diagnostic(code: "none", "m", at: nil)]
        let sorted = some.sortedByPosition()
        #expect(sorted.map { $0.range?.start.line } == [1, 1, 3, nil])
        #expect(sorted.map { $0.range?.start.column } == [2, 9, 1, nil])
    }

    @Test func coloursOnlyWhenAsked() {
        let source = SourceText(path: "a.yaml", text: "x")
        let diagnostic = Diagnostic(code: "c", "m", at: SourceRange(start: SourcePosition(line: 1, column: 1)))
        let plain = DiagnosticRenderer(source: source).text(diagnostic)
        let coloured = DiagnosticRenderer(source: source, usesColour: true).text(diagnostic)
        #expect(!plain.contains("\u{1B}"))
        #expect(coloured.contains("\u{1B}[1;31merror:\u{1B}[0m"))
        var stripped = coloured
        for code in ["1;31", "1;32", "1", "0"] { stripped = stripped.split(separator: "\u{1B}[\(code)m").joined() }
        #expect(stripped == plain)
    }

    @Test func tally() {
        let error = Diagnostic(code: "c", "m", at: nil)
        let warning = Diagnostic(.warning, code: "c", "m", at: nil)
        #expect(DiagnosticRenderer.tally([]) == nil)
        #expect(DiagnosticRenderer.tally([error, error, warning]) == "2 errors, 1 warning")
        #expect(DiagnosticRenderer.tally([warning, warning]) == "2 warnings")
    }
}
