import Diagnostics
import Events
import Testing

@testable import Features

@Suite struct ExpressionValueTests {
    @Test(
        arguments: [
            // Numbers.
            ("1_000_000", 1e6), ("0.5", 0.5), ("1.5e-3", 0.0015), ("2E+2", 200), ("1_0.2_5", 10.25), ("0", 0),
            ("0e5", 0),
            // Precedence and association.
            ("1 + 2 * 3", 7), ("(1 + 2) * 3", 9), ("10 - 4 - 3", 3), ("100 / 10 / 5", 2), ("2 * 7 % 4", 2),
            ("-2 + 5", 3),
            ("--2", 2), ("-2 * -3", 6), ("7 - -2", 9), ("1 + 2 < 2 * 2", 1), ("not 1 > 2 and true", 1),
            ("not (1 > 2 or true)", 0), ("not true or true", 1), ("not not true", 1), ("true or false and false", 1),
            ("(true or false) and false", 0), ("1 < 2 and not 2 < 1 or false", 1), ("(1 == 1) == true", 1),
            ("not 1 in [2]", 1), ("-1 in [-1]", 1), ("not -1 + 3 * 2 > 4 and true", 0),
            ("1 - 2 * 3 - 4 / 2 + 5 % 3", -5),
            // The remainder has the sign of the divisor.
            ("7 % 3", 1), ("-7 % 3", 2), ("7 % -3", -2), ("-7 % -3", -1), ("5.5 % 2", 1.5), ("6 % 3", 0),
            ("1 % 0", nil),
            // What is not finite is missing.
            ("1 / 0", nil), ("0 / 0", nil), ("1e300 * 1e300", nil), ("-1e308 - 1e308", nil), ("1e308 + 1e308", nil),
            // Comparisons.
            ("1 < 1", 0), ("1 <= 1", 1), ("1 > 1", 0), ("1 >= 1", 1), ("1 == 1", 1), ("1 != 1", 0), ("true == 1", 1),
            ("'a' == 'a'", 1), ("'a' != \"a\"", 0), ("'a' == 'b'", 0), ("'\u{E9}' == 'e\u{301}'", 0),
            // Lists.
            ("3 in [1, 2, 3]", 1), ("4 in [1, 2, 3]", 0), ("-4 in [-4]", 1), ("4 not in [1]", 1), ("true in [1]", 1),
            ("'b' in ['a', 'b']", 1), ("'b' not in ['a', 'b']", 0), ("1 + 2 in [3] and true", 1), ("1/0 in [1]", nil),
            // Choices.
            ("if 1 < 2 then 10 else 20", 10), ("if 1 > 2 then 10 else if true then 30 else 40", 30),
            ("1 + (if false then 1 else 2) * 2", 5), ("if 1 / 0 > 1 then 1 else 2", nil),
            ("if true then 1 else 1 / 0", 1),
            // Defaults.
            ("1 / 0 or 5", 5), ("1 or 5", 1), ("1 / 0 or 2 / 0 or 7", 7), ("1/0 > 2 or 0", 0), ("true or 0", 1),
            ("2 * 3 or 1", 6),
        ] as [(String, Double?)])
    func constants(text: String, expected: Double?) throws {
        #expect(try ExpressionFixture.value(text) == expected, "\(text)")
        // Folded: a constant needs no instruction.
        let program = try #require(ExpressionFixture.compile(text).program)
        #expect(program.instructions.isEmpty)
        let constant = try #require(program.constant)
        #expect(constant.isNaN ? expected == nil : constant == expected)
    }

    @Test(arguments: [
        ("amount", 12.5), ("n", 3), ("ratio", 0.5), ("flag", 1), ("label", 0), ("f0", 2), ("f1", -1.5), ("b0", 1),
        ("score", 0.25), ("labels.amount", 12.5), ("amount * 2 - n", 22), ("-amount", -12.5), ("-ratio * 2", -1),
        ("not flag", 0), ("flag + b0", 2), ("flag and not label", 1), ("amount / max(f0, 1)", 6.25), ("n % 2", 1),
        ("score >= 0.9 or amount > 10 and n > 2", 1), ("score >= 0.9 or amount > 10 and n > 3", 0), ("f0 or 0", 2),
        ("channel == 'web'", 1), ("'web' == channel", 1), ("channel != 'web'", 0), ("channel == country", 0),
        ("channel != country", 1), ("channel == channel", 1), ("channel in ['app', 'web']", 1),
        ("channel not in ['app', 'web']", 0), ("channel in ['app']", 0), ("channel == 'webs'", 0), ("channel == ''", 0),
        ("n in [1, 3]", 1), ("n not in [1, 3]", 0), ("day_of_week(event_time) in [6, 7]", 1),
        ("hour(event_time) <= 6", 1), ("opened < event_time", 1), ("opened >= event_time", 0), ("opened == opened", 1),
        ("opened != event_time", 1), ("opened <= event_time", 1), ("opened > event_time", 0), ("hour(opened)", 0),
        ("day_of_week(opened)", 4), ("if flag then amount else n", 12.5), ("if label then amount else n", 3),
        ("min(amount, n, ratio)", 0.5), ("clamp(n, 0, 2)", 2), ("is_missing(channel)", 0), ("is_missing(opened)", 0),
        ("is_missing(amount)", 0), ("is_missing(event_time)", 0),
        ("((((amount))))", 12.5), ("\tamount\n  +\r\n n ", 15.5),
    ])
    func columns(text: String, expected: Double) throws {
        var row = ExpressionRow()
        row.eventTime = 1_538_273_400_000_000  // Sunday 2018-09-30T02:10:00Z
        #expect(try ExpressionFixture.value(text, row) == expected, "\(text)")
    }

    @Test(
        arguments: [
            ("amount", nil), ("n + 1", nil), ("n - 1", nil), ("1 * n", nil), ("1 / n", nil), ("1 % n", nil),
            ("-n", nil),
            ("n < 1", nil), ("n == 1", nil), ("n != 1", nil), ("n != n", nil), ("flag == label", nil),
            ("not flag", nil),
            ("channel == 'web'", nil), ("channel != 'web'", nil), ("channel == country", nil),
            ("channel in ['web']", nil),
            ("channel not in ['web']", nil), ("n in [1]", nil), ("n not in [1]", nil), ("opened < event_time", nil),
            ("event_time == opened", nil), ("hour(opened)", nil), ("day_of_week(opened)", nil), ("f0", nil),
            ("b0", nil),
            ("ratio", nil), ("if flag then 1 else 2", nil), ("if true then n else 2", nil),
            ("if true then 1 else n", 1),
            ("min(n, 1)", nil), ("max(1, n)", nil), ("min(1, 2, n)", nil), ("pow(n, 0)", nil), ("pow(1, n)", nil),
            ("clamp(n, 0, 1)", nil), ("clamp(1, n, 2)", nil), ("clamp(1, 0, n)", nil), ("is_missing(n)", 1),
            ("is_missing(channel)", 1), ("is_missing(opened)", 1), ("is_missing(event_time)", 0),
            ("is_missing(n + 1)", 1),
            ("coalesce(n, amount, 4)", 4), ("coalesce(n, amount)", nil), ("n or 9", 9), ("n or amount or 9", 9),
            ("n or amount", nil), ("flag or 0", 0), ("n > 5 or 1", 1), ("coalesce(flag, true)", 1),
        ] as [(String, Double?)])
    func missing(text: String, expected: Double?) throws {
        let row = ExpressionRow(
            amountUnits: nil, n: nil, ratio: nil, flag: nil, label: nil, channel: nil, country: nil, opened: nil,
            f0: nil,
            f1: nil, b0: nil)
        #expect(try ExpressionFixture.value(text, row) == expected, "\(text)")
    }

    /// Kleene's tables, as columns and as constants.
    @Test(arguments: [true, false, nil], [true, false, nil] as [Bool?])
    func threeValuedLogic(left: Bool?, right: Bool?) throws {
        func and(_ x: Bool?, _ y: Bool?) -> Bool? {
            x == false || y == false ? false : (x == nil || y == nil ? nil : true)
        }
        func or(_ x: Bool?, _ y: Bool?) -> Bool? {
            x == true || y == true ? true : (x == nil || y == nil ? nil : false)
        }
        func number(_ x: Bool?) -> Double? { x.map { $0 ? 1 : 0 } }
        func written(_ x: Bool?) -> String { x.map { "\($0)" } ?? "(1 / 0 > 0)" }
        let row = ExpressionRow(flag: left, b0: number(right))
        #expect(try ExpressionFixture.value("flag and b0", row) == number(and(left, right)))
        #expect(try ExpressionFixture.value("flag or b0", row) == number(or(left, right)))
        #expect(try ExpressionFixture.value("not flag", row) == number(left.map { !$0 }))
        #expect(try ExpressionFixture.value("\(written(left)) and \(written(right))") == number(and(left, right)))
        #expect(try ExpressionFixture.value("\(written(left)) or \(written(right))") == number(or(left, right)))
    }

    @Test func missingHasOneBitPattern() throws {
        let texts = [
            "0 / f0 - 1 / 0", "-(n / 0)", "log(f1)", "f1", "ratio", "flag and b0", "score", "sqrt(f1) * 2", "f0 or f1",
        ]
        var row = ExpressionRow(n: nil, flag: nil, f0: -.nan, f1: Double(nan: 77, signaling: false), b0: -.nan)
        row.ratio = -.infinity
        row.score = -.nan
        for text in texts {
            let program = try #require(ExpressionFixture.compile(text).program)
            let value = ExpressionFixture([row]).evaluate(program)[0]
            #expect(value.bitPattern == Double.nan.bitPattern, "\(text)")
        }
    }

    @Test func infiniteInputsAreMissing() throws {
        let row = ExpressionRow(ratio: .infinity, f0: -.infinity, score: .infinity)
        for text in ["ratio", "f0", "score", "ratio > 1", "min(f0, 1)"] {
            #expect(try ExpressionFixture.value(text, row) == nil, "\(text)")
        }
    }

    @Test(arguments: [(0, 1), (2, 100), (9, 1_000_000_000), (18, 1_000_000_000_000_000_000)] as [(Int, Double)])
    func decimalsAreRoundedOnce(scale: Int, divisor: Double) throws {
        let plan = FieldPlan(name: "x", path: ["x"], type: .decimal(scale: scale))
        let schema = EventSchema(fields: [plan], time: .record)
        var scope = ExpressionScope()
        scope.bindFields(of: schema)
        var diagnostics = [Diagnostic]()
        let parsed = try #require(
            ExpressionFixture.language.parse("x", at: ExpressionFixture.start, diagnostics: &diagnostics))
        let program = try #require(
            ExpressionFixture.language.compile(parsed, for: .feature, in: scope, diagnostics: &diagnostics))
        let units: [Int64] = [0, 1, -1, 12_345, 1_999_999_999_999, 9_007_199_254_740_993, .max, .min]
        let batch = EventBatch(schema: schema, capacity: units.count)
        for (row, value) in units.enumerated() {
            batch.words[0][row] = value
            batch.presence[0][row] = Presence.present
        }
        var output = [Double](repeating: 0, count: units.count)
        program.evaluate(
            ExpressionInputs(batch: batch), rows: 0..<units.count,
            scratch: ExpressionScratch(registerCount: program.registerCount), into: &output)
        #expect(output == units.map { Double($0) / divisor })
        #expect(program.plainField == FieldIndex(0))
    }
}
