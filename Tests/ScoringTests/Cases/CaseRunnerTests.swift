import Configuration
import Diagnostics
import Engine
import Foundation
import Testing

@testable import Scoring

/// Tests that users write, from the file to the report.
@Suite struct CaseRunnerTests {
    /// Runs a file of tests on the small pipeline of replays.
    private static func run(
        _ text: String, _ files: [String: String] = [:], only: String? = nil
    ) throws -> CaseFileOutcome {
        let workspace = try ReplayWorkspace()
        for (name, text) in files { try workspace.write(name, text) }
        try workspace.write("tests.yaml", text)
        let assembly = try #require(PipelineAssembly.load(path: workspace.file("pipeline.yaml")).assembly)
        return CaseRunner(assembly).run(path: workspace.file("tests.yaml")) { name in
            only.map { name.contains($0) } ?? true
        }
    }

    private static let defaults =
        "defaults: {transactions: {customer_id: a, tx_amount: 1, tx_datetime: 2018-04-01T00:00:00Z}}\n"

    private static func steps(_ steps: String) -> String { defaults + "tests:\n  - name: one\n    steps:\n" + steps }

    @Test func whatHoldsPasses() throws {
        let outcome = try Self.run(
            Self.steps(
                """
                      - event: {transaction_id: 1, tx_amount: 5}
                        expect: {outcome: scored, late: false, features: {amount: 5, customer_tx_1d: 1}, decision: allow}
                      - restart: snapshot
                      - event: {transaction_id: 2, tx_amount: 25}
                        expect: {features: {customer_tx_1d: 2}, score: 0.7310586, decision: block}
                      - restart: log
                      - files: {transactions: more.csv}
                      - ask: {by: customer_id, key: a, at: 2018-04-01T12:00:00Z}
                        expect: {features: {customer_tx_1d: 3}}
                    expect:
                      - {id: 7, features: {amount: 1.5, customer_tx_1d: 3}}

                """), ["more.csv": "transaction_id,tx_datetime,customer_id,tx_amount\n7,2018-04-01T01:00:00Z,a,1.5\n"])
        #expect(outcome.diagnostics.isEmpty, "\(outcome.rendered)")
        #expect(outcome.outcomes.map(\.failure) == [nil])
        #expect(outcome.outcomes.first?.differences == [])
        #expect(outcome.outcomes.first?.events == 3 && outcome.outcomes.first?.compared == 11)
    }

    @Test func whatDoesNotHoldIsToldWithItsWindow() throws {
        let outcome = try Self.run(
            Self.steps(
                """
                      - event: {transaction_id: 1}
                      - event: {transaction_id: 2, tx_datetime: 2018-04-01T01:00:00Z}
                        expect: {features: {customer_tx_1d: 3, amount: missing}, score: "> 0.9", decision: block, late: true}
                      - event: {transaction_id: 3, tx_amount: x}
                        expect: {features: {amount: 1}}
                      - event: {transaction_id: 4, tx_amount: x}
                        expect: {fault: late, field: tx_fraud}

                """))
        let test = try #require(outcome.outcomes.first)
        #expect(!test.hasPassed)
        let told = test.differences.map { "\($0.range.start.line) \($0.what): \($0.expected), \($0.got)" }
        #expect(
            told == [
                "7 late: true, false", "7 feature customer_tx_1d: 3, 2", "7 feature amount: missing, 1",
                "7 score: > 0.9, 0.26894143", "7 decision: block, allow",
                "9 outcome: scored, dead-letter (wrong-type: field \"tx_amount\" is not a decimal number (at byte 87): "
                    + "send a number with at most 2 digits behind the point)",
                "11 fault: late, wrong-type (wrong-type: field \"tx_amount\" is not a decimal number (at byte 87): "
                    + "send a number with at most 2 digits behind the point)",
                "11 field of the fault: tx_fraud, tx_amount",
            ])
        #expect(test.differences[0].subject == "event 2 at 2018-04-01T01:00:00Z")
        #expect(test.differences[5].subject == "the event of line 8")
        #expect(
            test.differences[1].details == [
                "customer_tx_1d is count()",
                "1d by customer_id: (2018-03-31T01:00:00Z, 2018-04-01T01:00:00Z], 2 events of transactions",
                "  2018-04-01T00:00:00Z  event 1", "* 2018-04-01T01:00:00Z  event 2",
            ])
        let report = CaseReport(pipeline: "small", files: [outcome])
        #expect(report.text(usesColour: false).hasSuffix("1 test: 0 passed, 1 failed\n"))
        #expect(report.text(usesColour: false).contains("            expected  3\n            got       2\n"))
        #expect(report.junit().contains("<failure message=\"event 2 at 2018-04-01T01:00:00Z: late\">"))
        #expect(report.junit().contains("&gt; 0.9"))
        #expect(report.junit().contains("<testsuites name=\"small\" tests=\"1\" failures=\"1\" errors=\"0\">"))
        let json = try JSONSerialization.jsonObject(with: Data(report.json().utf8)) as? [String: Any]
        #expect(json?["failed"] as? Int == 1 && json?["errors"] as? Bool == false)
    }

    @Test(arguments: [
        ("event: {transaction_id: 1}, expect: {features: {customer_tx_2d: 1}}", "unknown-feature", "customer_tx_1d"),
        ("event: {transaction_id: 1, tx_amuont: 2}, expect: {late: false}", "unknown-field", "tx_amount"),
        ("event: {transaction_id: 1}, expect: {decision: alow}", "unknown-decision", "allow"),
        ("event: {transaction_id: 1}, source: transaction, expect: {late: false}", "unknown-source", "transactions"),
        ("event: {transaction_id: 1}, expect: {fault: late, field: tx_amuont}", "unknown-field", "tx_amount"),
        ("event: {transaction_id: 1}, expect: {reasons: [amount]}", "inapplicable-key", "explain"),
        ("event: {transaction_id: 1}, expect: {models: {a: 1}}", "inapplicable-key", "score"),
        ("event: {transaction_id: 1}, expect: {outcome: dead-letter, score: 1}", "inapplicable-key", "one of both"),
        ("event: {transaction_id: 1}, expect: {outcome: scored, fault: late}", "inapplicable-key", "one of both"),
        (
            "ask: {by: customer, key: a, at: 2018-01-01}, expect: {features: {customer_tx_1d: 1}}", "unknown-entity",
            "id"
        ),
        ("ask: {by: customer_id, key: a, at: 2018-01-01}, expect: {features: {amount: 1}}", "unknown-feature", "tx_1d"),
        ("ask: {by: customer_id, key: a, at: 2018-01-01}, expect: {late: true}", "inapplicable-key", "remove"),
        ("files: {transactions: none.csv}", "unreadable-events", "path"),
        ("files: {transactoins: none.csv}", "unknown-source", "transactions"),
    ])
    func whatCannotBeCheckedIsAnError(step: String, code: String, suggestion: String) throws {
        let outcome = try Self.run(
            Self.steps("      - {\(step)}\n      - {event: {transaction_id: 2}, expect: {late: false}}\n"))
        #expect(outcome.diagnostics.map(\.code) == [code], "\(outcome.rendered)")
        #expect(outcome.diagnostics.first?.range?.start.line == 5)
        #expect(outcome.diagnostics.first?.suggestion?.contains(suggestion) == true, "\(outcome.rendered)")
        #expect(outcome.outcomes.isEmpty)
        let report = CaseReport(pipeline: "small", files: [outcome])
        #expect(report.hasErrors && report.junit().contains("errors=\"1\""))
    }

    @Test func idsThatAreNotThereOrTwice() throws {
        let text = Self.steps(
            """
                  - event: {transaction_id: 17}
                  - event: {transaction_id: 18}
                  - event: {transaction_id: 18}
                expect:
                  - {id: 16, late: false}
                  - {id: 18, late: false}

            """)
        let found = try Self.run(text).diagnostics
        #expect(found.map(\.code) == ["unknown-id", "ambiguous-id"])
        #expect(found.map { $0.range?.start.line } == [9, 10])
        #expect(found.first?.suggestion?.contains("\"17\"") == true && found.last?.notes.count == 2)
    }

    @Test func testsAreChosenByName() throws {
        let text =
            Self.defaults
            + "tests:\n"
            + ["small", "large"].map {
                "  - {name: \($0) amounts, steps: [{event: {transaction_id: 1}, expect: {decision: block}}]}\n"
            }.joined()
        #expect(try Self.run(text, only: "large").outcomes.map(\.name) == ["large amounts"])
        #expect(try Self.run(text).outcomes.count == 2)
    }

    /// A table becomes the events that a producer would have sent.
    @Test func tablesAreEvents() throws {
        let table =
            "transaction_id,customer_id,tx_datetime,tx_amount,tx_fraud,other\r\n"
            + "1,\"a, \"\"b\"\"\",2018-04-01T00:00:00Z,12.50,True,x\n2,7,2018-04-01T00:00:00Z,,,\n3,7\n"
        let workspace = try ReplayWorkspace()
        try workspace.write("events.csv", table)
        let assembly = try #require(PipelineAssembly.load(path: workspace.file("pipeline.yaml")).assembly)
        let file = CaseFile.load(
            bytes: Array(
                "tests: [{name: a, steps: [{files: {transactions: events.csv}}], expect: [{id: 1, late: false}]}]".utf8),
            path: workspace.file("t.yaml"), environment: [:])
        let problems = DiagnosticGathering()
        let program = try #require(CaseCompiler(assembly, file, into: problems).compile().first)
        #expect(problems.diagnostics.isEmpty)
        guard case .records(let records)? = program.steps.first else {
            Issue.record("\(program.steps)")
            return
        }
        #expect(
            records.map { String(decoding: $0.value, as: UTF8.self) } == [
                #"{"transaction_id":1,"customer_id":"a, \"b\"","tx_datetime":"2018-04-01T00:00:00Z","tx_amount":12.50,"#
                    + #""tx_fraud":true}"#,
                #"{"transaction_id":2,"customer_id":"7","tx_datetime":"2018-04-01T00:00:00Z"}"#, "3,7",
            ])
        #expect(program.ids == ["1", nil, nil])
    }
}
