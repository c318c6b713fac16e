import Testing

@testable import Diagnostics

@Suite struct SourceTextTests {
    @Test(arguments: [
        ("", [""]), ("a", ["a"]), ("a\n", ["a", ""]), ("a\nb", ["a", "b"]), ("a\r\nb\r\n", ["a", "b", ""]),
        ("a\rb", ["a", "b"]), ("\n\n", ["", "", ""]), ("a\u{2028}b", ["a\u{2028}b"]),
    ])
    func lines(text: String, expected: [String]) {
        let source = SourceText(path: "t", text: text)
        let lines = (1...source.lineStarts.count).map { String(String.UnicodeScalarView(source.line($0))) }
        #expect(lines == expected)
        #expect(source.line(0).isEmpty && source.line(lines.count + 1).isEmpty)
    }

    @Test func positionsAndOffsetsAgree() {
        let source = SourceText(path: "t", text: "ab\n\nç🙂d\r\ne")
        for offset in 0...source.scalars.count {
            #expect(source.offset(of: source.position(at: offset)) == offset)
        }
        #expect(source.position(at: 5) == SourcePosition(line: 3, column: 2))
        #expect(source.offset(of: SourcePosition(line: 9, column: 1)) == nil)
        #expect(source.offset(of: SourcePosition(line: 1, column: 0)) == nil)
        #expect(source.offset(of: SourcePosition(line: 4, column: 9)) == nil)
    }

    @Test func quotedTextIsCut() {
        #expect("abc".quoted == "\"abc\"")
        #expect(String(repeating: "x", count: 60).quoted.count == 62)
        #expect(String(repeating: "x", count: 61).quoted == "\"" + String(repeating: "x", count: 59) + "…\"")
    }

    @Test func gatheringKeepsSoManyAndCountsTheRest() {
        let problems = DiagnosticGathering(problemsMax: 2)
        #expect(!problems.hasErrors)
        for line in [4, 3, 3, 2, 1] {
            problems.error("c", "m", at: SourceRange(start: SourcePosition(line: line, column: 1)))
        }
        #expect(problems.hasErrors)
        #expect(problems.diagnostics.map { $0.range?.start.line } == [3, 4, nil])
        #expect(problems.diagnostics.last?.message == "these are the first 2 problems, and there are more")
    }
}
