import Diagnostics
import Events
import Testing

@testable import Features

/// Texts that are made to hurt: each is answered within the limits, by a program or by diagnostics.
@Suite struct ExpressionHostileTests {
    private func codes(_ text: String) -> [String] { ExpressionFixture.compile(text).diagnostics.map(\.code) }

    @Test(arguments: [
        "(", "-(", "not (", "abs(", "if ", "if flag then ", "n + (", "max(n, ", "1 < (", "flag and not (",
    ])
    func deepNesting(opening: String) {
        #expect(codes(String(repeating: opening, count: 9_990 / opening.count)) == ["expression-too-deep"])
    }

    /// Depth at the limit, through all levels of precedence at once, fits the stack of a worker thread.
    @Test func nestingAtTheLimitRuns() throws {
        let levels = 99
        let text =
            String(repeating: "flag or flag and 1 < n + 2 * -(", count: levels / 2) + "n"
            + String(repeating: ")", count: levels / 2)
        let (program, diagnostics) = ExpressionFixture.compile(text)
        #expect(program != nil, "\(diagnostics)")
        let parentheses = String(repeating: "(", count: levels) + "n" + String(repeating: ")", count: levels)
        #expect(try ExpressionFixture.value(parentheses) == 3)
        #expect(codes("(" + parentheses + ")") == ["expression-too-deep"])
    }

    @Test func longChainsRun() throws {
        #expect(try ExpressionFixture.value(String(repeating: "-", count: 9_999) + "n") == -3)
        #expect(try ExpressionFixture.value(String(repeating: "not ", count: 2_001) + "flag") == 0)
        #expect(try ExpressionFixture.value("n" + String(repeating: "+n", count: 4_999)) == 15_000)
        #expect(try ExpressionFixture.value("flag" + String(repeating: " and flag", count: 1_100)) == 1)
        let list = (0..<2_000).map { "\($0)" }.joined(separator: ",")
        #expect(try ExpressionFixture.value("n in [\(list)]") == 1)
    }

    @Test func tooMuchAtOnce() {
        #expect(
            codes("max(" + Array(repeating: "n", count: 4_000).joined(separator: ",") + ")") == ["expression-too-large"]
        )
        let constants = (1...300).map { "n * \($0)" }.joined(separator: " + ")
        #expect(codes(constants) == ["expression-too-large"])
        #expect(codes(String(repeating: "a", count: 1_000_000)) == ["expression-too-long"])
        #expect(codes(String(repeating: "\u{1F600}", count: 10_001)) == ["expression-too-long"])
        let unknown = codes(Array(repeating: "x1", count: 3_000).joined(separator: "+"))
        #expect(unknown == Array(repeating: "unknown-name", count: ExpressionLimits().diagnosticsMax))
    }

    @Test func longWords() {
        let word = String(repeating: "w", count: 10_000)
        let (_, diagnostics) = ExpressionFixture.compile(word)
        #expect(diagnostics.map(\.code) == ["unknown-name"])
        #expect(diagnostics.allSatisfy { $0.message.unicodeScalars.count < 120 })
        #expect(codes(String(repeating: "9", count: 300)).isEmpty)
        #expect(codes(String(repeating: "9", count: 400)) == ["number-literal-out-of-range"])
        #expect(codes("0." + String(repeating: "0", count: 9_000) + "1") == ["number-literal-out-of-range"])
        #expect(codes("0." + String(repeating: "0", count: 9_000)).isEmpty)
        #expect(codes("1e" + String(repeating: "9", count: 5_000)) == ["number-literal-out-of-range"])
    }

    @Test(arguments: [
        "\u{0}", "\u{FEFF}n", "n\u{A0}+ 1", "\u{202E}n", "'\u{0}", "n\u{301}\u{301}", "\u{1F468}\u{200D}\u{1F469}",
        "\\u0041",
        "'\\u", "'\\u{41}'", "'\\", "n +\u{2028}1", "١ + ٢", "n ＋ 1", "\r\r\r", "﷽", "'\\uD83D\\u0041'", "#", "$n",
        "${n}",
    ])
    func oddCharacters(text: String) {
        let (program, diagnostics) = ExpressionFixture.compile(text)
        #expect(program == nil && diagnostics.hasErrors && diagnostics.allSatisfy { $0.range != nil })
    }
}
