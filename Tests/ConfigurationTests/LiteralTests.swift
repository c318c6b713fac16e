import Testing

@testable import Configuration

@Suite struct LiteralTests {
    @Test(
        arguments: [
            ("30d", 30 * 86_400_000_000), ("10m", 600_000_000), ("200ms", 200_000), ("1h", 3_600_000_000),
            ("5s", 5_000_000), ("1w", 604_800_000_000), ("500us", 500), ("1_000ms", 1_000_000), ("0s", 0),
            ("9223372036854775807us", Int64.max),
        ] as [(String, Int64)])
    func durations(text: String, microseconds: Int64) throws {
        #expect(try UnitLiteral.value(text, in: UnitLiteral.durations) == microseconds)
    }

    @Test(arguments: [
        "", "d", "10", "1.5h", "1 h", "1h30m", "h1", "١d", "1d ", "_1d", "1__0d", "9223372036854775808us", "16000000w",
    ])
    func notDurations(text: String) {
        #expect(throws: UnitLiteral.Failure.self) { try UnitLiteral.value(text, in: UnitLiteral.durations) }
    }

    @Test(
        arguments: [
            ("1 MiB", 1_048_576), ("256KiB", 262_144), ("64 B", 64), ("2 GiB", 2_147_483_648),
            ("1_024   KiB", 1_048_576),
        ] as [(String, Int64)])
    func sizes(text: String, bytes: Int64) throws {
        #expect(try UnitLiteral.value(text, in: UnitLiteral.sizes) == bytes)
    }

    @Test(
        arguments: [
            ("7days", "7d"), ("10 min", "10m"), ("3 seconds", "3s"), ("1 h", "1h"), ("5µs", "5us"), ("10", nil),
            ("days", nil), ("1fortnight", nil),
        ] as [(String, String?)])
    func durationsAreMended(text: String, expected: String?) {
        #expect(UnitLiteral.mended(text, in: UnitLiteral.durations) == expected)
    }

    @Test(
        arguments: [
            ("0", 2, 0), ("1_000_000", 2, 100_000_000), ("-0.5", 2, -50), ("0.05", 2, 5), ("12.340000", 2, 1_234),
            ("9.223372036854775807", 18, Int64.max), ("-9.223372036854775808", 18, Int64.min), ("+7", 0, 7),
            ("0007", 0, 7), ("1_0.2_5", 2, 1_025),
        ] as [(String, Int, Int64)])
    func unitsAreExact(text: String, scale: Int, expected: Int64) throws {
        #expect(try #require(NumberLiteral(text)).units(scale: scale) == expected)
    }

    @Test(
        arguments: [
            ("0.001", 2, NumberLiteral.Failure.tooPrecise), ("9.223372036854775808", 18, .tooLarge),
            ("-9.223372036854775809", 18, .tooLarge), ("99999999999999999999", 0, .tooLarge), ("10", 18, .tooLarge),
        ] as [(String, Int, NumberLiteral.Failure)])
    func unitsThatDoNotFit(text: String, scale: Int, failure: NumberLiteral.Failure) throws {
        let literal = try #require(NumberLiteral(text))
        #expect(throws: failure) { try literal.units(scale: scale) }
    }

    @Test(arguments: [
        "", "-", ".5", "5.", "1e3", "0x10", "1,000", "1__0", "_1", "1_", "1.2.3", " 1", "NaN", "inf", "٣",
    ])
    func notNumbers(text: String) {
        #expect(NumberLiteral(text) == nil)
    }

    @Test(arguments: [("1e4", 10_000.0), ("-273.15", -273.15), ("1_000.5", 1_000.5), ("2E-3", 0.002)])
    func doubles(text: String, expected: Double) throws {
        #expect(try NumberLiteral.double(text) == expected)
    }

    @Test(arguments: ["nan", "inf", "1e999", "0x1p3", "e5", "1e", "1e1.5", "1e1e1", ""])
    func notDoubles(text: String) {
        #expect(throws: NumberLiteral.Failure.self) { try NumberLiteral.double(text) }
    }

    @Test(
        arguments: [
            (0, "0"), (4_096, "4096"), (65_536, "65_536"), (-1_000_000, "-1_000_000"),
            (.min, "-9_223_372_036_854_775_808"),
        ] as [(Int64, String)])
    func integersInMessages(value: Int64, expected: String) {
        #expect(NumberLiteral.text(value) == expected)
        #expect((try? NumberLiteral.integer(expected)) == value)
    }

    @Test(
        arguments: [
            ("Card Fraud", "card-fraud"), ("card_fraud", "card-fraud"), ("!!!", nil),
            (String(repeating: "a", count: 65), nil),
        ] as [(String, String?)])
    func pipelineNamesAreMended(name: String, expected: String?) {
        #expect(!NameRule.pipeline.allows(name))
        #expect(NameRule.pipeline.mended(name) == expected)
    }
}
