import Diagnostics
import Events
import Testing

@testable import Features

/// What holds for every function of the catalogue, so that a new one is tested by being there.
@Suite struct ExpressionFunctionTests {
    @Test(arguments: FunctionCatalogue.standard.functions.map(\.name))
    func examplesHold(name: String) throws {
        let function = try #require(FunctionCatalogue.standard.function(named: name))
        #expect(!function.examples.isEmpty && !function.summary.isEmpty)
        #expect(ParsedExpression.isName(name))
        for example in function.examples {
            // Sunday 2018-09-30T23:59:57Z, as `FunctionSpec.Example` says.
            let row = ExpressionRow(eventTime: 1_538_351_997_000_000)
            #expect(try ExpressionFixture.value(example.expression, row) == example.value, "\(example.expression)")
            #expect(example.expression.contains("\(name)("))
        }
    }

    @Test(arguments: FunctionCatalogue.standard.functions.map(\.name))
    func missingArguments(name: String) throws {
        let function = try #require(FunctionCatalogue.standard.function(named: name))
        let row = ExpressionRow(n: nil, channel: nil, opened: nil)
        func argument(_ parameter: FunctionSpec.Parameter, missing: Bool) -> String {
            if parameter.accepts.contains(.number) { return missing ? "n" : "f0" }
            return parameter.accepts.contains(.time)
                ? (missing ? "opened" : "event_time") : (missing ? "channel" : "country")
        }
        for place in function.parameters.indices {
            let arguments = function.parameters.indices.map { argument(function.parameters[$0], missing: $0 == place) }
            let text = "\(name)(\(arguments.joined(separator: ", ")))"
            let value = try ExpressionFixture.value(text, row)
            switch function.missing {
            case .propagates: #expect(value == nil, "\(text)")
            case .handled(let rule):
                #expect(value != nil, "\(text)")
                #expect(!rule.isEmpty)
            }
        }
    }

    @Test func namesAreUnique() {
        let names = FunctionCatalogue.standard.names
        #expect(Set(names).count == names.count)
        for wanted in ["min", "max", "abs", "log1p", "day_of_week", "hour"] { #expect(names.contains(wanted)) }
    }

    @Test func signatures() {
        #expect(FunctionSpec.clamp.signature == "clamp(x, low, high)")
        #expect(FunctionSpec.max.signature == "max(x, y, …)")
        #expect(AggregateSignature("quantile", accepts: [.number], parameters: ["p"]).signature == "quantile(x, p)")
        #expect(AggregateSignature("count", accepts: []).signature == "count()")
    }

    /// Days and hours against counting from a known Monday.
    @Test func calendarAgainstCounting() throws {
        let hour: Int64 = 3_600_000_000
        // Monday 1969-12-29T00:00Z is three days before the epoch.
        let monday: Int64 = -3 * 24 * hour
        var rows: [ExpressionRow] = []
        var expected: [(day: Double, hour: Double)] = []
        for step in -400...400 {
            for edge in [Int64(0), 1, hour / 2, hour - 1] {
                rows.append(ExpressionRow(eventTime: monday + Int64(step) * hour + edge))
                // 100 weeks later the count is positive and division is plain.
                let hours = step + 100 * 168
                expected.append((Double(hours / 24 % 7 + 1), Double(hours % 24)))
            }
        }
        let fixture = ExpressionFixture(rows)
        let days = try #require(ExpressionFixture.compile("day_of_week(event_time)").program)
        let hours = try #require(ExpressionFixture.compile("hour(event_time)").program)
        #expect(fixture.evaluate(days) == expected.map(\.day))
        #expect(fixture.evaluate(hours) == expected.map(\.hour))
    }

    @Test(arguments: [
        (EventTime.minimum.microseconds, 1.0, 0.0),  // Monday 0001-01-01
        (EventTime.maximum.microseconds, 5.0, 23.0),  // Friday 9999-12-31
        (-1, 3.0, 23.0),  // Wednesday 1969-12-31
        (951_782_399_999_999, 1.0, 23.0),  // Monday 2000-02-28
        (951_782_400_000_000, 2.0, 0.0),  // Tuesday 2000-02-29
    ])
    func calendarAtEdges(time: Int64, day: Double, hour: Double) throws {
        let row = ExpressionRow(opened: time, eventTime: time)
        #expect(try ExpressionFixture.value("day_of_week(event_time)", row) == day)
        #expect(try ExpressionFixture.value("hour(opened)", row) == hour)
    }

    /// Microseconds beyond 2^53 are still told apart.
    @Test func timesCompareExactly() throws {
        let row = ExpressionRow(opened: EventTime.maximum.microseconds - 1, eventTime: EventTime.maximum.microseconds)
        #expect(try ExpressionFixture.value("opened < event_time", row) == 1)
        #expect(try ExpressionFixture.value("opened == event_time", row) == 0)
    }

    /// A function of one's own is one value: it is checked, folded and run like the others.
    @Test func catalogueIsOpen() throws {
        let length = FunctionSpec(
            "length", [FunctionSpec.Parameter("text", [.text]), FunctionSpec.Parameter("scale")], summary: "Bytes.",
            examples: [],
            kernel: { arguments, output in
                let (texts, scale) = (arguments.texts(0), arguments.numbers(1))
                for row in 0..<arguments.rows {
                    output[row] = texts.bytes(row).map { Double($0.count) * scale[row] } ?? .nan
                }
            })
        let answer = FunctionSpec("answer", [], summary: "A constant.", examples: []) { arguments, output in
            for row in 0..<arguments.rows { output[row] = 42 }
        }
        let language = ExpressionLanguage(functions: FunctionCatalogue([length, answer]))
        let program = try #require(
            ExpressionFixture.compile("length(channel, 2 * 5) + answer() + length(country, n)", language: language)
                .program)
        #expect(ExpressionFixture([ExpressionRow(n: 7, channel: "abc")]).evaluate(program) == [30 + 42 + 14])
        let (refused, diagnostics) = ExpressionFixture.compile("length('abc', 1)", language: language)
        #expect(refused == nil && diagnostics.map(\.code) == ["type-mismatch"])
    }
}
