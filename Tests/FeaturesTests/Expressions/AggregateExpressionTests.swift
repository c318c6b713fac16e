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

    /// Durations are kept in microseconds, which a double holds exactly up to 285 years.
    @Test func durationsAreParameters() throws {
        let day = 86_400_000_000.0
        #expect(compile("ewma(n, 7d)").aggregate?.parameters == [7 * day])
        #expect(compile("ewma(n, 400d) or 1").aggregate?.parameters == [400 * day])
        #expect(compile("rate(1_000ms)").aggregate?.parameters == [1_000_000])
        #expect(compile("rate(1w)").aggregate?.parameterRanges == [range(5, 2)])
        let spellings = ["60s", "1m", "60_000ms", "60000000us"].map { compile("rate(\($0))").aggregate?.parameters }
        #expect(spellings.allSatisfy { $0 == [60_000_000] })
        #expect(compile("quantile(n, 0)").aggregate?.parameters == [0])
        #expect(compile("quantile(n, 1)").aggregate?.parameters == [1])
    }

    /// What the reference says of each is said in full, and its example compiles.
    @Test(arguments: AggregateCatalogue.standard.specs.map(\.name))
    func specs(name: String) throws {
        let spec = try #require(AggregateCatalogue.standard[name])
        #expect(ParsedExpression.isName(name))
        #expect(spec.accepts.isEmpty == spec.function.countsEvents)
        #expect(spec.summary.hasSuffix(".") && !spec.error.isEmpty && !spec.missingRule.isEmpty)
        #expect(spec.emptyValue == "0" || spec.emptyValue == "missing")
        #expect(spec.windows.allow(isUnbounded: true) || spec.windows.allow(isUnbounded: false))
        let fields = spec.example.replacing("tx_amount", with: "amount").replacing("terminal_id", with: "channel")
        let (aggregate, diagnostics) = compile(fields)
        #expect(diagnostics.isEmpty, "\(diagnostics)")
        #expect(aggregate?.function == name)
        #expect(aggregate?.parameters.count == (spec.parameter == nil ? 0 : 1))
    }

    @Test func everyFunctionOfTheKernelHasOneSpec() {
        let functions = AggregateCatalogue.standard.specs.map(\.function)
        #expect(Set(functions).count == functions.count)
        for raw in UInt8.min...UInt8.max {
            guard let function = AggregateFunction(rawValue: raw) else { continue }
            #expect(functions.contains(function), "\(function)")
        }
        #expect(Set(AggregateCatalogue.standard.specs.map(\.name)).count == functions.count)
    }

    @Test func textArguments() throws {
        let argument = try #require(compile("distinct(channel)").aggregate?.argument)
        #expect(argument.type == .text && argument.plainField == nil)
        #expect(argument.bareBinding?.place == .field(FieldIndex(5), .string))
    }

    @Test(arguments: [
        ("maen(n)", "unknown-aggregate", 0, 4, "did you mean \"mean\"?"),
        ("hour(event_time)", "unknown-aggregate", 0, 4, "the aggregates are count, rate, sum, mean"),
        ("avg(n)", "unknown-aggregate", 0, 3, "write mean(x)"),
        ("MEDIAN(n)", "unknown-aggregate", 0, 6, "write quantile(x, p)"),
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
        ("quantile(n, 95)", "parameter-out-of-range", 12, 2, "allowed: 0 to 1"),
        ("quantile(n, -0.5)", "parameter-out-of-range", 12, 4, "allowed: 0 to 1"),
        ("quantile(n, 7d)", "type-mismatch", 12, 2, ""),
        ("ewma(n, 7)", "type-mismatch", 8, 1, "write a whole number and a unit, such as 7d"),
        ("ewma(n, (999d))", "parameter-out-of-range", 8, 6, ""),
        ("ewma(n)", "wrong-argument-count", 0, 7, "write ewma(x, half_life)"),
        ("rate(1ms)", "parameter-out-of-range", 5, 3, "allowed: 1s to 400d"),
        ("rate(401d)", "parameter-out-of-range", 5, 4, "allowed: 1s to 400d"),
        ("rate()", "wrong-argument-count", 0, 6, "write rate(unit)"),
        ("time_since_last(n)", "wrong-argument-count", 0, 18, "write time_since_last()"),
        ("distinct(opened)", "type-mismatch", 9, 6, ""),
        ("mean(7d)", "type-mismatch", 5, 2, ""),
        ("count() or 1h", "type-mismatch", 11, 2, ""),
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
