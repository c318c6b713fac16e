import Diagnostics
import Events
import Testing

@testable import Features

@Suite struct AggregateExpressionTests {
    private func compile(_ text: String) -> (aggregate: AggregateExpression?, diagnostics: [Diagnostic]) {
        var diagnostics: [Diagnostic] = []
        let language = ExpressionFixture.language
        guard let parsed = language.parse(text, at: ExpressionFixture.start, diagnostics: &diagnostics) else {
            return (nil, diagnostics)
        }
        let aggregate = language.compileAggregate(parsed, in: ExpressionFixture.scope, diagnostics: &diagnostics)
        return (aggregate, diagnostics)
    }

    private func range(_ column: Int, _ length: Int) -> SourceRange {
        SourceRange(
            start: SourcePosition(line: ExpressionFixture.start.line, column: ExpressionFixture.start.column + column),
            length: length)
    }

    @Test func countTakesNothing() throws {
        let aggregate = try #require(compile("count()").aggregate)
        #expect(aggregate.function == "count" && aggregate.argument == nil && aggregate.defaultValue == nil)
        #expect(aggregate.functionRange == range(0, 5) && aggregate.range == range(0, 7))
    }

    @Test func argumentAndDefault() throws {
        let aggregate = try #require(compile("mean(labels.label) or 0").aggregate)
        let argument = try #require(aggregate.argument)
        #expect(aggregate.function == "mean" && aggregate.defaultValue == 0 && aggregate.defaultRange == range(22, 1))
        #expect(argument.range == range(5, 12) && argument.plainField == FieldIndex(4) && argument.readsLabel)
        #expect(argument.references.map(\.binding.source) == [1])
        #expect(compile("mean(n) or -1.5").aggregate?.defaultValue == -1.5)
        #expect(compile("mean(n) or 1 / 4").aggregate?.defaultValue == 0.25)
        #expect(compile("mean(n) or false").aggregate?.defaultValue == 0)
        #expect(compile("(mean(n)) or 2").aggregate?.defaultValue == 2)
    }

    @Test func argumentsAreExpressions() throws {
        let aggregate = try #require(compile("sum(amount * 2 + min(n, 1)) or 0").aggregate)
        let argument = try #require(aggregate.argument)
        #expect(argument.plainField == nil && argument.references.map(\.name) == ["amount", "n"])
        #expect(ExpressionFixture([ExpressionRow()]).evaluate(argument) == [26])
        let orInside = try #require(compile("sum(n or 4)").aggregate?.argument)
        #expect(ExpressionFixture([ExpressionRow(n: nil)]).evaluate(orInside) == [4])
    }

    @Test func parametersAreConstants() throws {
        let aggregate = try #require(compile("quantile(amount, 0.9 + 0.05)").aggregate)
        #expect(aggregate.parameters == [0.9 + 0.05] && aggregate.parameterRanges == [range(17, 10)])
        #expect(aggregate.argument?.plainField == FieldIndex(0))
    }

    @Test func textArguments() throws {
        let argument = try #require(compile("distinct(channel)").aggregate?.argument)
        #expect(argument.type == .text && argument.plainField == nil)
        #expect(argument.bareBinding?.place == .field(FieldIndex(5), .string))
    }

    @Test(arguments: [
        ("maen(n)", "unknown-aggregate", 0, 4, "did you mean \"mean\"?"),
        ("hour(event_time)", "unknown-aggregate", 0, 4, ""),
        ("n", "aggregate-shape", 0, 1, "write a call, such as \"count()\""),
        ("n + 1", "aggregate-shape", 0, 5, "write a call"),
        ("mean(n) * 2", "aggregate-shape", 0, 11, "name \"mean(n)\" alone"),
        ("-sum(n)", "aggregate-shape", 0, 7, "name \"sum(n)\" alone"),
        ("mean(n) or 0 or 1", "aggregate-shape", 0, 17, "name \"mean(n)\" alone"),
        ("mean(n) or f0", "not-constant", 11, 2, "write a number"),
        ("mean(n) or 'a'", "type-mismatch", 11, 3, ""),
        ("mean(n) or oops", "unknown-name", 11, 4, ""),
        ("mean(n) or 0 / 0", "always-missing", 11, 5, ""),
        ("quantile(n, f0)", "not-constant", 12, 2, "write a number"),
        ("quantile(n)", "wrong-argument-count", 0, 11, "write quantile(x, p)"),
        ("count(n)", "wrong-argument-count", 0, 8, "write count()"),
        ("mean()", "wrong-argument-count", 0, 6, "write mean(x)"),
        ("min(n, 1)", "wrong-argument-count", 0, 9, "write min(x)"),
        ("mean(channel)", "type-mismatch", 5, 7, "a text can be compared only"),
        ("mean(mean(n))", "unknown-function", 5, 4, "name mean(x) under \"aggregates\""),
        ("mean(n", "expression-syntax", 6, 1, ""),
    ])
    func saysWhatIsWrong(text: String, code: String, column: Int, length: Int, said: String) throws {
        let (aggregate, diagnostics) = compile(text)
        #expect(diagnostics.map(\.code) == [code], "\(diagnostics)")
        let diagnostic = try #require(diagnostics.first)
        #expect(diagnostic.range == range(column, length))
        #expect((diagnostic.suggestion ?? "").contains(said))
        #expect((aggregate == nil) == (diagnostic.severity == .error))
    }
}
