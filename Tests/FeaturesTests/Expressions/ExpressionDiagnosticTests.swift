import Diagnostics
import Events
import Testing

@testable import Features

/// One wrong expression: `«` and `»` stand around what the caret covers; then the code, and a part of the message or
/// the suggestion.
struct WrongExpression: CustomTestStringConvertible {
    let text: String
    let code: ExpressionDiagnostic
    let range: SourceRange
    let said: String

    init(_ marked: String, _ code: ExpressionDiagnostic, _ said: String) {
        let scalars = Array(marked.unicodeScalars)
        let opening = scalars.firstIndex(of: "«") ?? 0
        let closing = scalars.firstIndex(of: "»") ?? 0
        text = String(String.UnicodeScalarView(scalars.filter { $0 != "«" && $0 != "»" }))
        range = SourceRange(
            start: SourcePosition(
                line: ExpressionFixture.start.line, column: ExpressionFixture.start.column + opening),
            length: closing - opening - 1)
        self.code = code
        self.said = said
    }

    var testDescription: String { String(text.prefix(60)) }
}

@Suite struct ExpressionDiagnosticTests {
    static let syntax: [WrongExpression] = [
        WrongExpression("amount «=» 5", .syntax, "write \"==\" to compare"),
        WrongExpression("amount > 5 «&&» flag", .syntax, "write \"and\""),
        WrongExpression("flag «||» label", .syntax, "write \"or\""),
        WrongExpression("«!»flag", .syntax, "write \"not\""),
        WrongExpression("n «<>» 5", .syntax, "write \"!=\""),
        WrongExpression("n «**» 2", .syntax, "pow(x, y)"),
        WrongExpression("n «^» 2", .syntax, "pow(x, y)"),
        WrongExpression("n «//» 2", .syntax, "floor(x / y)"),
        WrongExpression("n «?» 1 : 2", .syntax, "if … then … else …"),
        WrongExpression("n «@» 2", .syntax, "unexpected character \"@\""),
        WrongExpression("channel == «“»web”", .syntax, "write \"'\""),
        WrongExpression("flag «AND» label", .syntax, "write \"and\""),
        WrongExpression("n +«»", .syntax, "expected a value, found the end of the expression"),
        WrongExpression("n + «*» 2", .syntax, "expected a value, found \"*\""),
        WrongExpression("«+»n", .syntax, "leave the sign out"),
        WrongExpression("n «n»", .syntax, "expected an operator, found \"n\""),
        WrongExpression("(n + 1«»", .syntax, "expected \")\", found the end"),
        WrongExpression("n + 1«)»", .syntax, "there is no \"(\" to close"),
        WrongExpression("max(n, 1«»", .syntax, "expected \")\""),
        WrongExpression("max(n, «)»", .syntax, "expected a value"),
        WrongExpression("n «[»1]", .syntax, "a list stands only behind \"in\""),
        WrongExpression("«[»1]", .syntax, "a list stands only behind \"in\""),
        WrongExpression("n in «1»", .syntax, "write \"x in [1, 2]\""),
        WrongExpression("n in [«f0»]", .syntax, "a list holds only literals"),
        WrongExpression("n in [«]»", .syntax, "expected a number or a text"),
        WrongExpression("n in [1«»", .syntax, "expected \"]\""),
        WrongExpression("n in [1] «+» 2", .syntax, "put parentheses around \"… in […]\""),
        WrongExpression("- «not» flag", .syntax, "put parentheses around \"not …\""),
        WrongExpression("n == «not» flag", .syntax, "put parentheses around \"not …\""),
        WrongExpression("1 + «if» flag then 1 else 2", .syntax, "put parentheses around \"if"),
        WrongExpression("if flag «1» else 2", .syntax, "expected \"then\""),
        WrongExpression("if flag then 1«»", .syntax, "expected \"else\""),
        WrongExpression("if (flag«,» 1, 2)", .syntax, "expected \")\""),
        WrongExpression("n «not» 5", .syntax, "expected an operator"),
        WrongExpression("«»", .syntax, "expression is empty"),
        WrongExpression("«» \n ", .syntax, "expression is empty"),
        WrongExpression("a«\u{0}»b", .syntax, "unexpected character \"\\u{0}\""),
        WrongExpression("n «.» n", .syntax, "unexpected character"),
        WrongExpression("1 < n «<» 5", .chainedComparison, "write \"a < b and b < c\""),
        WrongExpression("n in [1] «==» flag", .chainedComparison, "follows another one"),
        WrongExpression("«.5» + n", .invalidNumber, "write \"0.\""),
        WrongExpression("«5.» + n", .invalidNumber, "no digit behind the point"),
        WrongExpression("«1__0»", .invalidNumber, "only between two digits"),
        WrongExpression("«10_»", .invalidNumber, "only between two digits"),
        WrongExpression("«7days» + n", .invalidNumber, "a whole number and a unit"),
        WrongExpression("«0.5h»", .invalidNumber, "a whole number and a unit"),
        WrongExpression("«1__0d»", .invalidNumber, "only between two digits"),
        WrongExpression("n + «99999999999999999999d»", .numberOutOfRange, "is too long"),
        WrongExpression("«9_000_000_000_000_000w»", .numberOutOfRange, "is too long"),
        WrongExpression("n in [«7d»]", .syntax, "a list holds only literals"),
        WrongExpression("«1.2.3»", .invalidNumber, "is not valid"),
        WrongExpression("«1e»", .invalidNumber, "is not valid"),
        WrongExpression("«0x1F»", .invalidNumber, "is not valid"),
        WrongExpression("n + «1e999»", .numberOutOfRange, "does not fit"),
        WrongExpression("«1e-999» + n", .numberOutOfRange, "does not fit"),
        WrongExpression("channel == «'web»", .unterminatedText, "close it with '"),
        WrongExpression("channel == «\"web»\n\"", .unterminatedText, "close it with \""),
        WrongExpression("channel == 'web«\\»", .unterminatedText, "ends after a backslash"),
        WrongExpression("channel == '«\\q»'", .invalidEscape, "expected one of"),
        WrongExpression("channel == '«\\u12»'", .invalidEscape, "four hexadecimal digits"),
        WrongExpression("channel == '«\\ud800»'", .invalidEscape, "half of a surrogate pair"),
        WrongExpression("channel == '«\\ud800\\ud800»'", .invalidEscape, "half of a surrogate pair"),
        WrongExpression("channel == '«\\udc00»'", .invalidEscape, "half of a surrogate pair"),
    ]

    static let meaning: [WrongExpression] = [
        WrongExpression("n + «amuont»", .unknownName, "did you mean \"amount\"?"),
        WrongExpression("«labels.tx»", .unknownName, "name \"labels.tx\" is not known"),
        WrongExpression("«hour» + 1", .unknownName, "it is a function: hour(time)"),
        WrongExpression("«TRUE»", .unknownName, "write \"true\""),
        WrongExpression("n + «7d»", .typeMismatch, "behind the argument of an aggregate"),
        WrongExpression("max(n, «1h»)", .typeMismatch, "an aggregate such as rate(1h)"),
        WrongExpression("bucket(«'web'», 10)", .typeMismatch, "needs a field"),
        WrongExpression("bucket(«n», 10)", .typeMismatch, "needs a text"),
        WrongExpression("ratio(«channel», 10)", .typeMismatch, "needs a number"),
        WrongExpression("«haversine_km(n, n)»", .wrongArgumentCount, "haversine_km(lat1, lon1, lat2, lon2)"),
        WrongExpression("n + «zscore(1, 1, 0)»", .alwaysMissing, "missing for every event"),
        WrongExpression("n * «later»", .unavailableName, "cannot be read here: it is defined further down"),
        WrongExpression("n + «log2p»(n)", .unknownFunction, "did you mean \"log1p\"?"),
        WrongExpression("n + «mean»(n)", .unknownFunction, "is an aggregate"),
        WrongExpression("«amount»(2)", .unknownFunction, "leave the parentheses out"),
        WrongExpression("1 + «abs()»", .wrongArgumentCount, "takes 1 argument, found 0"),
        WrongExpression("«max(n)» + 1", .wrongArgumentCount, "takes at least 2 arguments, found 1"),
        WrongExpression("«clamp(n, 1)»", .wrongArgumentCount, "write clamp(x, low, high)"),
        WrongExpression("n + «channel»", .typeMismatch, "\"+\" needs a number, found a text"),
        WrongExpression("n + «'5'»", .typeMismatch, "write it without quotes"),
        WrongExpression("-«channel»", .typeMismatch, "a text can be compared only"),
        WrongExpression("«event_time» / 2", .typeMismatch, "take hour(event_time)"),
        WrongExpression("channel == «5»", .typeMismatch, "write it as a text: '5'"),
        WrongExpression("«5» == channel", .typeMismatch, "\"==\" compares a number with a text"),
        WrongExpression("amount == «'5'»", .typeMismatch, "write it without quotes"),
        WrongExpression("channel == «n»", .typeMismatch, "compares a text with a number"),
        WrongExpression("event_time > «5»", .typeMismatch, "compares a time with a number"),
        WrongExpression("«channel» < 'web'", .typeMismatch, "write \"==\", \"!=\" or \"in\""),
        WrongExpression("flag and «amount»", .typeMismatch, "compare it, as in \"amount > 0\""),
        WrongExpression("«amount» and flag", .typeMismatch, "\"and\" needs true or false"),
        WrongExpression("not «(n + 1)»", .typeMismatch, "\"not\" needs true or false"),
        WrongExpression("flag or «n»", .typeMismatch, "compare it, as in \"n > 0\""),
        WrongExpression("n or «flag»", .typeMismatch, "needs a number as its default"),
        WrongExpression("n or «0 > 5»", .typeMismatch, "parentheses"),
        WrongExpression("«channel» or 'none'", .typeMismatch, "\"or\" needs"),
        WrongExpression("n or «'none'»", .typeMismatch, "found a text"),
        WrongExpression("if «n» then 1 else 2", .typeMismatch, "\"if\" needs true or false"),
        WrongExpression("if flag then «channel» else 2", .typeMismatch, "\"then\" needs a number"),
        WrongExpression("if flag then 1 else «'x'»", .typeMismatch, "\"else\" needs a number"),
        WrongExpression("n in [1, «'a'»]", .typeMismatch, "\"in\" behind a number needs a number"),
        WrongExpression("channel in ['a', «1»]", .typeMismatch, "write it as a text: '1'"),
        WrongExpression("«event_time» in [1]", .typeMismatch, "\"in\" needs"),
        WrongExpression("hour(«amount»)", .typeMismatch, "\"time\" of function \"hour\" needs a time"),
        WrongExpression("abs(«channel»)", .typeMismatch, "\"x\" of function \"abs\" needs a number"),
        WrongExpression("is_missing(«'a'»)", .typeMismatch, "needs a field, found a text literal"),
        WrongExpression("«channel»", .typeMismatch, "a test needs a number, found a text"),
        WrongExpression("«'web'»", .typeMismatch, "cannot be a text literal"),
        WrongExpression("«event_time»", .typeMismatch, "a test needs a number, found a time"),
        WrongExpression("n + «1 / 0»", .alwaysMissing, "is missing for every event"),
    ]

    @Test(arguments: syntax + meaning)
    func saysWhatIsWrong(_ wrong: WrongExpression) throws {
        let (program, diagnostics) = ExpressionFixture.compile(wrong.text)
        #expect(diagnostics.count == 1, "\(diagnostics)")
        let diagnostic = try #require(diagnostics.first)
        #expect(diagnostic.code == wrong.code.rawValue)
        #expect(diagnostic.severity == (wrong.code == .alwaysMissing ? .warning : .error))
        #expect((program == nil) == (diagnostic.severity == .error))
        let texts = [diagnostic.message] + [diagnostic.suggestion].compactMap { $0 }
        #expect(texts.contains { $0.contains(wrong.said) }, "\(texts)")
        #expect(diagnostic.range == wrong.range)
    }

    @Test func limits() throws {
        let limits = ExpressionLimits(charactersMax: 40, depthMax: 3, registersMax: 4, diagnosticsMax: 2)
        let language = ExpressionLanguage(limits: limits)
        func codes(_ text: String) -> [String] {
            ExpressionFixture.compile(text, language: language).diagnostics.map(\.code)
        }
        #expect(codes(String(repeating: " ", count: 39) + "n") == [])
        #expect(codes(String(repeating: " ", count: 40) + "n") == ["expression-too-long"])
        #expect(codes("((n))") == [])
        #expect(codes("(((n)))") == ["expression-too-deep"])
        #expect(codes("-----n") == [] && codes("not not not not flag") == [])
        #expect(codes("if b0 then if b0 then ((1)) else 2 else") == ["expression-too-deep"])
        #expect(codes("abs(abs(abs(n)))") == ["expression-too-deep"])
        // Three arguments and the result.
        #expect(codes("min(n, f0, f1)") == [])
        #expect(codes("min(n, f0, f1, n)") == ["expression-too-large"])
        #expect(codes("aa + bb + cc") == ["unknown-name", "unknown-name"])
        // A long chain needs two registers, whatever its length.
        #expect(codes("n + f0 + f1 + n + f0 + f1 + n + f0 + f1") == [])
    }

    @Test func everyProblemIsReported() {
        let (_, diagnostics) = ExpressionFixture.compile("aaaaaa + channel * (flag and n) - frob(1)")
        #expect(diagnostics.map(\.code) == ["unknown-name", "type-mismatch", "type-mismatch", "unknown-function"])
    }

    @Test func everyCodeIsTested() {
        let tested = Set((Self.syntax + Self.meaning).map(\.code))
        let elsewhere: Set<ExpressionDiagnostic> = [
            .tooLong, .tooDeep, .tooLarge, .aggregateShape, .unknownAggregate, .notConstant,
            .parameterOutOfRange,
        ]
        #expect(tested.union(elsewhere) == Set(ExpressionDiagnostic.allCases))
    }

    @Test func codesAreStableWords() {
        for code in ExpressionDiagnostic.allCases {
            #expect(code.rawValue.allSatisfy { $0.isLowercase || $0 == "-" })
            #expect(code.entry.code == code.rawValue)
            #expect(code.entry.meaning.hasSuffix(".") && code.entry.remedy.hasSuffix("."))
        }
        #expect(Set(ExpressionDiagnostic.allCases.map(\.entry.meaning)).count == ExpressionDiagnostic.allCases.count)
    }

    @Test func purposesDecideTypes() {
        #expect(ExpressionFixture.compile("n > 5", for: .rule).diagnostics == [])
        #expect(ExpressionFixture.compile("true", for: .rule).program?.constant == 1)
        #expect(ExpressionFixture.compile("n > 5", for: .feature).program?.type == .bool)
        let rule = ExpressionFixture.compile("n + 5", for: .rule).diagnostics
        #expect(rule.map(\.message) == ["a rule needs true or false, found a number"])
        #expect(rule.map(\.suggestion) == ["compare it, as in \"n + 5 > 0\""])
        #expect(ExpressionFixture.compile("channel", for: ExpressionFixture.anything).program?.type == .text)
    }

    @Test func laterLinesStartInTheFirstColumn() throws {
        let (_, diagnostics) = ExpressionFixture.compile("amount +\n  (channel\n + 1)")
        let range = try #require(diagnostics.first?.range)
        #expect(range == SourceRange(start: SourcePosition(line: 8, column: 14), length: 7))
        // A range over several lines covers the first of them.
        let (_, warnings) = ExpressionFixture.compile("n + 1 /\n0")
        #expect(warnings.map(\.range) == [SourceRange(start: SourcePosition(line: 7, column: 15), length: 3)])
    }

    @Test func columnsCountScalars() throws {
        let (_, diagnostics) = ExpressionFixture.compile("channel == '👩‍👩‍👧é' and oops")
        let range = try #require(diagnostics.first?.range)
        #expect(range.start.column == 11 + "channel == '👩‍👩‍👧é' and ".unicodeScalars.count)
    }

    @Test func quotesAreShortAndPrintable() {
        #expect(quoted("a\nb\u{7F}\u{0}") == "\"a\\u{A}b\\u{7F}\\u{0}\"")
        #expect(quoted(String(repeating: "x", count: 100)).unicodeScalars.count == 63)
    }
}
