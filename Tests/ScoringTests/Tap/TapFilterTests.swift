import Configuration
import Diagnostics
import Engine
import Foundation
import Testing

@testable import Scoring

/// What `--where` of `riffle tap` reads of records, whatever stands in them.
@Suite struct TapFilterTests {
    private static func assembly() throws -> PipelineAssembly {
        let workspace = try ReplayWorkspace()
        let text = ReplayWorkspace.pipeline.replacing(
            "output: {topic: scores}", with: "output: {topic: scores, features: all, fields: [tx_amount, customer_id]}")
        try workspace.write("pipeline.yaml", text)
        return try #require(PipelineAssembly.load(path: workspace.file("pipeline.yaml")).assembly)
    }

    private static func matches(_ condition: String, _ json: String, _ kind: TapKind = .scores) throws -> Bool {
        let filter = try TapFilter(condition, kind, of: try assembly())
        return Array(json.utf8).withUnsafeBytes { filter.matches($0, time: .min) }
    }

    private static let score =
        #"{"id":"7","pipeline":"small","model":"stump","version":"sha256:00","event_time":"2018-04-01T23:00:00Z","#
        + #""score":0.73,"decision":"block","reasons":[],"features":{"amount":25,"customer_tx_1d":null},"#
        + #""fields":{"tx_amount":25.00,"customer_id":"a"},"other":{"x":[1,{}]}}"#

    @Test(arguments: [
        ("score > 0.7", true), ("score > 0.8", false), ("decision == 'block' and id == '7'", true),
        ("amount == 25", true), ("features.amount > 25", false), ("is_missing(customer_tx_1d)", true),
        ("customer_tx_1d > 0", false), ("tx_amount == 25", true), ("fields.customer_id == 'a'", true),
        ("customer_id == 'b'", false), ("hour(event_time) == 23", true), ("model in ['stump', 'x']", true),
        ("true", true),
    ])
    func scores(condition: String, holds: Bool) throws {
        #expect(try Self.matches(condition, Self.score) == holds)
    }

    @Test(arguments: ["", "{", "[]", "null", #"{"id":7,"event_time":"2018-04-01T23:00:00Z"}"#, #"{"id":"7"}"#, "{}"])
    func whatCannotBeReadIsNotWanted(json: String) throws { #expect(try !Self.matches("true", json)) }

    @Test func lettersAndAlerts() throws {
        let letter = #"{"code":"wrong-type","attempts":2,"origin":"t/0/1","topic":"t","message":"field","time":null}"#
        #expect(try Self.matches("code == 'wrong-type' and attempts == 2 and topic == 't'", letter, .deadLetters))
        #expect(try !Self.matches("is_missing(truncated) and attempts > 2", letter, .deadLetters))
        let alert = #"{"state":"firing","severity":"critical","series":"score","summary":"it moved"}"#
        #expect(try Self.matches("state == 'firing' and series == 'score'", alert, .alerts))
        #expect(try !Self.matches("severity == 'warning'", alert, .alerts))
    }

    @Test(arguments: [
        ("scor > 1", TapKind.scores, "unknown-name"), ("score >", .scores, "expression-syntax"),
        ("score", .scores, "wrong-type"), ("attempts > 1", .alerts, "unknown-name"),
    ])
    func mistakesHaveTheirPlace(condition: String, kind: TapKind, code: String) throws {
        let assembly = try Self.assembly()
        do {
            _ = try TapFilter(condition, kind, of: assembly)
            Issue.record("\(condition) passes")
        } catch {
            #expect(!error.problems.isEmpty)
            #expect(error.problems.allSatisfy { $0.range?.start.line == 1 })
            if code != "wrong-type" { #expect(error.problems.map(\.code).contains(code), "\(error.problems)") }
        }
    }
}
