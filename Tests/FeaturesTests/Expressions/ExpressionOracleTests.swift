import Diagnostics
import Events
import Testing

@testable import Features

@Suite struct ExpressionOracleTests {
    /// Made-up expressions give, bit for bit, what a walk over the tree gives for each row, at every block boundary.
    @Test(arguments: 1...6 as ClosedRange<UInt64>)
    func programsAgreeWithTreeWalk(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let rows = (0..<2_000).map { _ in ExpressionRow.random(&generator) }
        let fixture = ExpressionFixture(rows)
        for number in 0..<20 {
            let depth = Int.random(in: 1...4, using: &generator)
            let isTruth = Bool.random(using: &generator)
            let tree = isTruth ? OracleNode.truth(depth: depth, &generator) : .number(depth: depth, &generator)
            let text = tree.text(&generator)
            let (compiled, diagnostics) = ExpressionFixture.compile(text)
            let program = try #require(compiled, "seed \(seed), expression \(number): \(text): \(diagnostics)")
            #expect(program.type == (isTruth || tree.isBareBool ? .bool : program.type), "seed \(seed): \(text)")
            let expected = rows.map { ($0.value(of: tree) ?? .nan).bitPattern }
            for range in [0..<2_000, 0..<1, 0..<511, 0..<512, 0..<513, 700..<1_300, 1_999..<2_000] {
                let values = fixture.evaluate(program, rows: range).map(\.bitPattern)
                let place = "seed \(seed), expression \(number): \(text)"
                if let wrong = range.first(where: { values[$0 - range.lowerBound] != expected[$0] }) {
                    let (found, wanted) = (values[wrong - range.lowerBound], expected[wrong])
                    Issue.record("row \(wrong) of \(range): \(found), not \(wanted); \(rows[wrong]); \(place)")
                    return
                }
            }
        }
    }

    /// Texts that are nearly right are refused or run, and nothing else; both happen often enough to mean something.
    @Test(arguments: [21, 22, 23, 24] as [UInt64])
    func mutantsNeverCrash(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let fixture = ExpressionFixture((0..<3).map { _ in ExpressionRow.random(&generator) })
        var (parsed, run) = (0, 0)
        let mutants = 1_500
        for _ in 0..<mutants {
            let tree = OracleNode.number(depth: 3, &generator)
            var scalars = Array(tree.text(&generator).unicodeScalars)
            for _ in 0..<Int.random(in: 1...2, using: &generator) {
                // Half of them exchange whole words, which leaves more that parses.
                if Bool.random(using: &generator) {
                    Self.exchangeWord(in: &scalars, &generator)
                } else {
                    Self.change(&scalars, &generator)
                }
            }
            let text = String(String.UnicodeScalarView(scalars))
            var diagnostics: [Diagnostic] = []
            let language = ExpressionFixture.language
            guard let syntax = language.parse(text, at: ExpressionFixture.start, diagnostics: &diagnostics) else {
                #expect(diagnostics.count == 1, "seed \(seed): \(text)")
                continue
            }
            parsed += 1
            _ = language.compileAggregate(syntax, in: ExpressionFixture.scope, diagnostics: &diagnostics)
            let (program, problems) = ExpressionFixture.compile(text)
            #expect((program == nil) == problems.hasErrors, "seed \(seed): \(text)")
            guard let program else { continue }
            run += 1
            let values = fixture.evaluate(program)
            #expect(values.allSatisfy { !$0.isInfinite }, "seed \(seed): \(text)")
        }
        print("expression mutants, seed \(seed): \(parsed * 100 / mutants) % parse, \(run * 100 / mutants) % run")
        #expect(parsed * 10 >= mutants * 3 && run * 20 >= mutants)
    }

    private static let pieces = [
        "(", ")", "[", "]", ",", "'", "\"", "\\", "or", "and", "not", "in", "if", "then", "else", "-", "==", "<",
        "%",
        "1e308", "0", "_", ".", "é", "\u{0}", "\u{1F600}", "\\ud800", "\n", "channel", "hour(", "event_time", " ",
    ]

    private static func change(_ scalars: inout [Unicode.Scalar], _ generator: inout SeededGenerator) {
        let place = Int.random(in: 0...scalars.count, using: &generator)
        let piece = Array(pieces[Int.random(in: 0..<pieces.count, using: &generator)].unicodeScalars)
        switch Int.random(in: 0..<5, using: &generator) {
        case 0 where place < scalars.count: scalars.remove(at: place)
        case 1 where place < scalars.count: scalars[place] = piece[0]
        case 2: scalars.removeSubrange(place..<min(scalars.count, place + 6))
        case 3: scalars.insert(contentsOf: scalars.prefix(place).suffix(8), at: place)
        default: scalars.insert(contentsOf: piece, at: place)
        }
    }

    private static let kinds = [
        ["or", "and", "<", "<=", "==", "!=", "+", "-", "*", "/", "%"],
        ["amount", "n", "flag", "channel", "event_time", "score", "true", "1e308", "0", "'web'", "oops", "later"],
        ["abs", "min", "max", "clamp", "hour", "is_missing", "coalesce", "log", "mean"],
    ]

    /// Puts another word of the same kind in the place of one.
    private static func exchangeWord(in scalars: inout [Unicode.Scalar], _ generator: inout SeededGenerator) {
        let text = String(String.UnicodeScalarView(scalars))
        guard
            let tokens = try? ExpressionLexer.tokens(of: ExpressionText(text, at: ExpressionFixture.start)),
            let token = tokens.dropLast().randomElement(using: &generator),
            let kind = kinds.first(where: { $0.contains(String(String.UnicodeScalarView(scalars[token.offsets]))) }),
            let word = kind.randomElement(using: &generator)
        else { return change(&scalars, &generator) }
        scalars.replaceSubrange(token.offsets, with: Array(word.unicodeScalars))
    }
}

extension OracleNode {
    fileprivate var isBareBool: Bool {
        if case .name("flag") = self { return true }
        return false
    }
}

extension ExpressionRow {
    fileprivate func value(of tree: OracleNode) -> Double? { tree.value(self) }
}
