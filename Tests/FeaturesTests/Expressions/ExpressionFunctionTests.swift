import Diagnostics
import Events
import Foundation
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
        #expect(AggregateSpec.quantile.signature.signature == "quantile(x, p)")
        #expect(AggregateSpec.rate.signature.signature == "rate(unit)")
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

    /// The same on every machine and for all time: models are trained on these numbers. They were computed in Python from
    /// the description as well.
    @Test func bucketsNeverChange() throws {
        let texts = ["", "a", "web", "app", "12345678", "terminal-0042", String(repeating: "x", count: 1_000)]
        let expected: [Double] = [619_489, 455_807, 405_412, 405_373, 594_593, 183_665, 49_240]
        let program = try #require(ExpressionFixture.compile("bucket(channel, 1_000_000)").program)
        let rows = texts.map { ExpressionRow(channel: $0) }
        #expect(ExpressionFixture(rows).evaluate(program) == expected)
    }

    @Test func bucketsAreEven() throws {
        let rows = (0..<10_000).map { ExpressionRow(channel: "card-\($0)") }
        let program = try #require(ExpressionFixture.compile("bucket(channel, 10)").program)
        var counts = [Int](repeating: 0, count: 10)
        for value in ExpressionFixture(rows).evaluate(program) {
            let place = try #require(Int(exactly: value))
            counts[place] += 1
        }
        // Ten standard deviations around 1,000.
        #expect(counts.allSatisfy { (700...1_300).contains($0) }, "\(counts)")
    }

    @Test(
        arguments: [
            ("bucket(channel, 2.5)", nil), ("bucket(channel, -1)", nil), ("bucket(channel, 4294967297)", nil),
            ("bucket(channel, 1)", 0), ("ratio(1e308, 1e-308)", nil), ("ratio(0, 5)", 0), ("ratio(n, 2)", 1.5),
            ("zscore(1, 0, -1)", nil), ("zscore(1e308, -1e308, 1)", nil), ("zscore(n, 1, 4)", 0.5), ("ceil(-0.5)", 0),
            ("haversine_km(0, 361, 0, 0)", nil), ("haversine_km(90, 0, 90, 77) < 1e-9", 1),
            ("haversine_km(-91, 0, 0, 0)", nil),
            ("haversine_km(n, -5, n, 355) < 1e-9", 1), ("exp(710)", nil), ("pow(1e300, 2)", nil), ("1e308 * 10", nil),
            ("-1e308 * 10", nil), ("0 / 0", nil), ("5 % 0", nil), ("log(-0.0)", nil), ("sqrt(-0.0)", -0.0),
        ] as [(String, Double?)])
    func edges(text: String, value: Double?) throws {
        #expect(try ExpressionFixture.value(text) == value, "\(text)")
    }

    /// Against the spherical law of cosines, which is good for places that are far from each other.
    @Test func distancesAgainstTheLawOfCosines() throws {
        var random = SeededGenerator(seed: 11)
        let program = try #require(ExpressionFixture.compile("haversine_km(ratio, f0, f1, amount)").program)
        for _ in 0..<1_000 {
            let places = (0..<4).map { Double.random(in: $0 % 2 == 0 ? -89...89 : -180...180, using: &random) }
            let hundredths = Int64(places[3] * 100)
            let row = ExpressionRow(amountUnits: hundredths, ratio: places[0], f0: places[1], f1: places[2])
            let degree = Double.pi / 180
            let (y1, y2) = (places[0] * degree, places[2] * degree)
            let east = (Double(hundredths) / 100 - places[1]) * degree
            let cosine = sin(y1) * sin(y2) + cos(y1) * cos(y2) * cos(east)
            let expected = 6_371.0088 * acos(min(1, max(-1, cosine)))
            let found = ExpressionFixture([row]).evaluate(program)[0]
            guard expected > 10 else { continue }
            #expect((found / expected - 1).magnitude < 1e-6, "\(places), seed 11")
        }
        // Amsterdam to Paris, by the ellipsoid 430.5 km.
        let known = try #require(try ExpressionFixture.value("haversine_km(52.3702, 4.8952, 48.8566, 2.3522)"))
        #expect((known - 430).magnitude < 2)
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
