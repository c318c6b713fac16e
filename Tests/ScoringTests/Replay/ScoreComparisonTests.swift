import Engine
import Events
import Foundation
import Testing

@testable import Scoring

/// Score records held against what a replay computes.
struct ScoreComparisonTests {
    private let space: ReplayWorkspace
    private static let columns = ["amount", "customer_tx_1d", "score", "decision"]

    init() throws {
        space = try ReplayWorkspace()
        try space.write("in.csv", ReplayServiceTests.smallTable)
    }

    private static func record(
        _ id: Int, _ time: String, _ features: String, score: String, decision: String = "allow"
    ) -> String {
        #"{"id":"\#(id)","pipeline":"small","event_time":"\#(time)","score":\#(score),"decision":"\#(decision)","#
            + #""reasons":[],"features":{\#(features)}}"# + "\n"
    }

    private static let records = [
        record(1, "2018-04-01T00:00:00Z", #""amount":9.99,"customer_tx_1d":1"#, score: "0.26894143"),
        record(2, "2018-04-01T00:00:01.5Z", #""amount":15,"customer_tx_1d":2"#, score: "0.5"),
        record(
            3, "2018-04-02T00:00:01.5Z", #""amount":20,"customer_tx_1d":1"#, score: "0.7310586", decision: "block"),
    ]

    private func compare(
        _ records: [String], configure: (inout ReplayOptions) -> Void = { _ in }
    ) throws -> ComparisonReport {
        try space.write("scores.ndjson", records.joined())
        let outcome = try space.replay("in.csv", to: "out.csv") {
            $0.comparedFile = space.path + "/scores.ndjson"
            configure(&$0)
        }
        return try #require(outcome.comparison)
    }

    @Test func whatWasScoredIsEqual() throws {
        let report = try compare(Self.records)
        #expect(report.isEqual && report.compared == 3 && report.columns.map(\.name) == Self.columns)
        #expect(report.columns.allSatisfy { $0.equal == 3 && $0.different == 0 && $0.unwritten == 0 })
        // No order is asked for, and nothing has to be written beside it.
        let alone = try compare(Self.records.reversed()) { $0.output = nil }
        #expect(alone == report)
    }

    @Test func everyDifferenceIsCountedWhereItIs() throws {
        let report = try compare([
            Self.records[0].replacing("9.99", with: "9.990"),
            Self.records[1].replacing("0.5", with: "0.50000006").replacing("\"customer_tx_1d\":2", with: "\"x\":2"),
            Self.records[2].replacing("block", with: "review").replacing("\"amount\":20", with: "\"amount\":null"),
        ])
        #expect(!report.isEqual && report.compared == 3)
        #expect(report.columns.map(\.different) == [1, 0, 1, 1])
        #expect(report.columns.map(\.equal) == [2, 2, 2, 2])
        #expect(report.columns.map(\.unwritten) == [0, 1, 0, 0])
        let first = report.columns.compactMap(\.differences.first)
        #expect(first.map(\.id) == ["3", "2", "3"])
        #expect(first[0].recorded == "missing" && first[0].computed == "20.0")
        #expect(first[2].recorded == "another" && first[2].computed == "block")
    }

    @Test func whatOnlyOneSideHasIsTold() throws {
        let report = try compare([
            Self.records[0], Self.records[0].replacing("9.99", with: "1"), Self.records[2],
            Self.record(4, "2018-04-02T00:00:01.5Z", #""amount":1,"customer_tx_1d":1"#, score: "null"),
        ])
        #expect(!report.isEqual && report.compared == 2 && report.repeated == 1)
        #expect(report.missing == 1 && report.firstMissing == ["2"])
        #expect(report.extra == 1 && report.firstExtraLines == [4])
        #expect(report.columns.allSatisfy { $0.different == 0 })
    }

    @Test func timesThatWereNotAskedForAreNotCompared() throws {
        // Half a second apart: texts of times without their Z stand in the order of the times.
        let report = try compare(Self.records) {
            $0.rows.from = EventTime(microseconds: 1_522_540_801_000_000)
            $0.rows.before = EventTime(microseconds: 1_522_540_802_000_000)
        }
        #expect(report.isEqual && report.compared == 1 && report.outside == 2)
        let sample = try compare(Self.records) { $0.rows.keyShare = 1e-9 }
        #expect(sample.isEqual && sample.compared == 0 && sample.extra == 0)
    }

    @Test(arguments: ["nonsense\n", "{}\n", #"{"id":1.5,"event_time":"x","score":1,"features":{}}"# + "\n"])
    func whatIsNoScoreIsAFailure(line: String) throws {
        let failure = try #require(throws: ReplayFailure.self) { _ = try compare([Self.records[0], line]) }
        #expect(failure.kind == .environment && failure.description.contains("line 2 is no score record, nor a row"))
        #expect(!space.files.contains("out.csv"))
    }

    /// More records than a table begins with, most of them of nobody.
    @Test func aTableGrows() {
        var table = ScoreTable()
        for number in 0..<20_000 {
            let place = table.insert(ScoreTable.Key(high: number, low: number % 97), line: UInt32(number), width: 2)
            #expect(place == number * 2)
        }
        #expect(table.insert(ScoreTable.Key(high: 5, low: 5), line: 0, width: 2) == nil)
        #expect((0..<20_000).allSatisfy { table.take(ScoreTable.Key(high: $0, low: $0 % 97)) == $0 || $0 == 19_999 })
        #expect(table.take(ScoreTable.Key(high: 1, low: 2)) == nil)
        #expect(table.untaken(atMost: 3).count == 0)
    }
}
