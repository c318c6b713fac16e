import Diagnostics
import Events
import Testing

@testable import Configuration

/// Files of pipeline tests: what is read, and how mistakes are told.
@Suite struct CaseFileTests {
    private static func file(_ text: String, _ environment: [String: String] = [:]) -> CaseFile {
        CaseFile.load(bytes: Array(text.utf8), path: "t.yaml", environment: environment)
    }

    private static func test(_ step: String) -> CaseFile {
        file("tests:\n  - name: one\n    steps:\n      - \(step)\n")
    }

    @Test func aFileIsReadWhole() throws {
        let file = Self.file(
            """
            tolerance: 0.01
            defaults:
              payments: {amount: 1, card: {number: "4711"}}
            tests:
              - name: first
                tolerance: 0
                steps:
                  - event: {id: 1}
                    source: labels
                    record_time: 2018-09-30T23:59:57Z
                    expect: {outcome: dead-letter, fault: late, field: at, late: true}
                  - json: '{"id":'
                  - files: {payments: a.csv, labels: b.ndjson.gz}
                  - restart: snapshot
                  - ask: {by: card, key: 7, at: 2018-10-01}
                    expect: {features: {n_1d: 3, m_1d: missing}}
                expect:
                  - {id: 9, score: 0.4..0.6, decision: none, models: {a: "> 1"}, reasons: []}
            """)
        #expect(file.diagnostics.isEmpty, "\(file.rendered())")
        let test = try #require(file.cases.first)
        #expect(test.name.value == "first" && test.tolerance == 0 && test.steps.count == 5)
        #expect(test.steps[0].source?.value == "labels")
        #expect(test.steps[0].recordTime?.value.microseconds == 1_538_351_997_000_000)
        #expect(test.steps[0].expectation?.fault?.value == "late" && test.steps[0].expectation?.isLate?.value == true)
        guard case .files(let files) = test.steps[2].action, case .ask(let ask) = test.steps[4].action else {
            Issue.record("\(test.steps)")
            return
        }
        #expect(files.map(\.path.value) == ["a.csv", "b.ndjson.gz"])
        #expect(ask.key.value == "7" && TimeText.string(ask.at.value) == "2018-10-01T00:00:00Z")
        #expect(test.steps[4].expectation?.features.map(\.expected) == [.equal(3), .missing])
        let last = try #require(test.expectations.first)
        #expect(last.id?.value == "9" && last.score?.expected == .between(0.4, 0.6))
        #expect(last.reasons?.isEmpty == true && last.models.first?.expected == .greater(1))
        #expect(file.defaults.count == 1)
        #expect(CaseFile.load(path: "a/b/c.yaml").resolved("x.csv") == "a/b/x.csv")
        #expect(file.resolved("x.csv") == "x.csv" && file.resolved("/x.csv") == "/x.csv")
    }

    @Test(arguments: [
        ("event: {id: 1}", "no-expectation", 2),
        ("{event: {id: 1}, expect: {}}", "no-expectation", 4),
        ("{event: {id: 1}, json: x, expect: {late: true}}", "several-in-item", 4),
        ("{expect: {late: true}}", "several-in-item", 4),
        ("{event: 7, expect: {late: true}}", "wrong-kind", 4),
        ("{event: {id: 1}, expect: {outcome: scord}}", "unknown-value", 4),
        ("{event: {id: 1}, expect: {fault: lat}}", "unknown-value", 4),
        ("{event: {id: 1}, expect: {score: much}}", "invalid-expectation", 4),
        ("{event: {id: 1}, expect: {score: 1 +- -1}}", "invalid-expectation", 4),
        ("{event: {id: 1}, expect: {featurs: {a: 1}}}", "unknown-key", 4),
        ("{event: {id: 1}, record_time: today, expect: {late: true}}", "invalid-time", 4),
        ("{restart: snapshot, expect: {late: true}}", "inapplicable-key", 4),
        ("{restart: sometimes}", "unknown-value", 4),
        ("{ask: {by: a, key: b, at: 2018-01-01}, source: x, expect: {features: {a: 1}}}", "inapplicable-key", 4),
        ("{ask: {by: a, at: 2018-01-01}, expect: {features: {a: 1}}}", "missing-key", 4),
        ("{event: {id: \"${NOBODY}\"}, expect: {late: true}}", "unset-variable", 4),
    ])
    func mistakesAreToldWithTheirPlace(step: String, code: String, line: Int) {
        let found = Self.test(step).diagnostics
        #expect(found.map(\.code) == [code])
        #expect(found.first?.range?.start.line == line)
        #expect(found.first?.severity == .error)
    }

    @Test func otherMistakes() {
        #expect(Self.file("").diagnostics.map(\.code) == ["empty-file"])
        #expect(Self.file("tests: []").diagnostics.map(\.code) == ["empty-value"])
        #expect(Self.file("a: [").diagnostics.map(\.code) == ["yaml-syntax"])
        #expect(CaseFile.load(path: "/nowhere/at/all.yaml").diagnostics.map(\.code) == ["unreadable-file"])
        let twice = Self.file(
            """
            tests:
              - {name: a, steps: [{event: {id: 1}, expect: {late: false}}]}
              - {name: a, steps: [{event: {id: 1}, expect: {late: false}}]}
            """)
        #expect(twice.diagnostics.map(\.code) == ["duplicate-name"] && twice.diagnostics[0].notes.count == 1)
        let wide = Self.file("tolerance: 2\ntests: [{name: a, steps: [{event: {id: 1}, expect: {late: false}}]}]")
        #expect(wide.diagnostics.map(\.code) == ["out-of-range"])
    }

    @Test(
        arguments: [
            ("3", 3, true), ("3", 3.000_000_000_1, false), ("0.5", 0.500_000_1, true), ("0.5", 0.501, false),
            ("-0.5", -0.500_000_1, true), ("1e-9", 1.000_000_5e-9, true), ("1e-9", 0, false), ("1_000", 1_000, true),
            ("0.5 +- 0.01", 0.509, true), ("0.5+-0.01", 0.511, false), ("> 1", 1.1, true), (">1", 1, false),
            (">= 1", 1, true), ("< 1", 1, false), ("<= 1", 1, true), ("1..2", 2, true), ("1..2", 2.1, false),
            ("true", 1, true), ("true", 0, false), ("false", 0, true), ("missing", .nan, true), ("missing", 0, false),
            ("< 1", .nan, false), ("0", .nan, false), ("0", -0.0, true), ("missing", .infinity, false),
        ] as [(String, Double, Bool)])
    func numbers(text: String, value: Double, holds: Bool) throws {
        let expected = try #require(ExpectedValue(text))
        #expect(expected.holds(for: value, tolerance: 0.000_001) == holds)
    }

    @Test(arguments: ["", "much", "1..", "2..1", "+- 1", "1 +- ", "> ", "=> 1", "nan", "inf", "1 2", "0x10"])
    func whatIsNoNumber(text: String) { #expect(ExpectedValue(text) == nil) }

    // MARK: - Events as JSON

    private static let source = SourcePlan(
        name: "payments", topic: "t",
        schema: EventSchema(
            fields: [
                FieldPlan(name: "id", path: ["id"], type: .int),
                FieldPlan(name: "card", path: ["card", "number"], type: .string),
                FieldPlan(name: "amount", path: ["amount"], type: .decimal(scale: 2)),
                FieldPlan(name: "at", path: ["at"], type: .time(.iso8601)),
                FieldPlan(name: "ok", path: ["ok"], type: .bool),
            ], time: .field(FieldIndex(3)), aheadMicroseconds: nil), columns: 0..<5,
        available: .field(FieldIndex(3)), late: LatePolicy(afterMicroseconds: 0, action: .score), key: nil,
        id: FieldIndex(0))

    private static func json(_ event: String, over standard: String? = nil) throws -> (String?, [Diagnostic]) {
        let defaults = standard.map { "defaults: {payments: \($0)}\n" } ?? ""
        let file = file(defaults + "tests: [{name: a, steps: [{event: \(event), expect: {late: false}}]}]")
        #expect(file.diagnostics.isEmpty, "\(file.rendered())")
        guard case .event(let value)? = file.cases.first?.steps.first?.action else { return (nil, file.diagnostics) }
        let problems = DiagnosticGathering()
        let bytes = value.merged(over: file.defaults.first?.event).json(of: source, into: problems)
        return (bytes.map { String(decoding: $0, as: UTF8.self) }, problems.diagnostics)
    }

    @Test(arguments: [
        ("{id: 1, amount: 12.50}", #"{"id":1,"amount":12.50}"#),
        ("{id: 007, amount: 1_000, ok: true}", #"{"id":7,"amount":1000,"ok":true}"#),
        ("{id: -0, amount: \"12.5\", ok: maybe}", #"{"id":-0,"amount":"12.5","ok":"maybe"}"#),
        ("{card: {number: 4711}, at: 2018-01-01}", #"{"card":{"number":"4711"},"at":"2018-01-01"}"#),
        ("{card: {number: null}, amount: 1e3}", #"{"card":{"number":null},"amount":1e3}"#),
        ("{card: {number: 'say \"hi\"'}, id: [1, x]}", #"{"card":{"number":"say \"hi\""},"id":[1,"x"]}"#),
    ])
    func eventsAreWhatAProducerWouldSend(event: String, wanted: String) throws {
        let (json, problems) = try Self.json(event)
        #expect(json == wanted)
        #expect(problems.isEmpty)
    }

    @Test func defaultsGiveWay() throws {
        let (json, _) = try Self.json("{amount: 2, at: 2018-01-01}", over: "{id: 1, amount: 1}")
        #expect(json == #"{"id":1,"amount":2,"at":"2018-01-01"}"#)
    }

    @Test(arguments: [("{amuont: 1}", "amount"), ("{card: {numbr: 1}}", "number")])
    func misspeltFieldsAreMistakes(event: String, meant: String) throws {
        let (json, problems) = try Self.json(event)
        #expect(json == nil)
        #expect(problems.map(\.code) == ["unknown-field"])
        #expect(problems.first?.suggestion == "did you mean \"\(meant)\"?")
    }

    /// Whatever the bytes are, they end in diagnostics or in a file.
    @Test(arguments: 0..<40)
    func hostileFilesEnd(seed: UInt64) {
        let text = Array(
            """
            defaults: {a: {b: 1}}
            tests:
              - name: x
                steps:
                  - event: {id: 1, c: [1, {d: 2}]}
                    expect: {features: {f: 1 +- 0.5}, late: true}
                  - ask: {by: a, key: b, at: 2018-01-01T00:00:00Z}
                    expect: {features: {f: "> 1"}}
            """.utf8)
        var random = MutationRandom(state: seed &* 77 &+ 5)
        for _ in 0..<50 {
            var bytes = text
            for _ in 0...Int(random.next() % 6) {
                let place = Int(random.next() % UInt64(bytes.count))
                switch random.next() % 3 {
                case 0: bytes[place] = UInt8(truncatingIfNeeded: random.next())
                case 1: bytes.remove(at: place)
                default: bytes.insert(UInt8(ascii: "{"), at: place)
                }
            }
            let file = CaseFile.load(bytes: bytes, path: "t.yaml", environment: [:])
            #expect(!file.cases.isEmpty || file.diagnostics.hasErrors, "seed \(seed)")
        }
    }

    private struct MutationRandom {
        var state: UInt64
        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state >> 17
        }
    }
}
