import Engine
import Events
import Foundation
import Testing

@testable import Scoring

/// What a replay of files says beside its rows.
@Suite struct ReplayCautionsTests {
    private static let hour: Int64 = 3_600_000_000
    /// 2018-04-01T00:00:00Z, where the tables begin.
    private static let start: Int64 = 1_522_540_800_000_000

    private static func row(_ id: Int, _ time: Int64) -> String {
        "\(id),\(TimeText.string(EventTime(microseconds: time))),\(id % 3),7.50,false\n"
    }

    private static func cautions(
        _ text: String, pipeline: String = ReplayWorkspace.pipeline, _ change: (inout ReplayOptions) -> Void = { _ in }
    ) throws -> [String] {
        let workspace = try ReplayWorkspace()
        try workspace.write("pipeline.yaml", pipeline)
        try workspace.write("events.csv", text)
        return try workspace.replay("events.csv", to: "rows.csv", change).cautions.map {
            $0.replacingOccurrences(of: workspace.path + "/", with: "")
        }
    }

    // MARK: - Late rows

    /// A table of 200 rows with one of the year 2099 on line 52.
    private static let poisoned: String = {
        var lines = ReplayWorkspace.table(rows: 200).split(separator: "\n").map { "\($0)\n" }
        lines.insert("900,2099-01-01T00:00:00Z,1,7.50,false\n", at: 51)
        return lines.joined()
    }()

    @Test func oneWrongTimeIsNamed() throws {
        let found = try Self.cautions(Self.poisoned) { $0.rows.from = EventTime(microseconds: Self.start) }
        #expect(
            found == [
                "caution: 150 of 201 rows are late: older than the newest before them by more than \"late.after\", so that "
                    + "their windows may not be whole. events.csv line 52, of 2099-01-01T00:00:00Z, made 150 of them late: "
                    + "mend that row or leave it out, or, if its time is right, raise \"late.after\""
            ])
    }

    /// By default `ahead` is an hour.
    @Test func whatIsAheadOfThePresentIsAFault() throws {
        let workspace = try ReplayWorkspace()
        try workspace.write("clean.csv", ReplayWorkspace.table(rows: 200))
        try workspace.write("poisoned.csv", Self.poisoned)
        let clean = try workspace.replay("clean.csv", to: "clean-rows.csv")
        #expect(clean.summary.faults == 0 && clean.summary.late == 0)
        let found = try workspace.replay("poisoned.csv", to: "rows.csv") {
            $0.settings.present = EventTime(microseconds: Self.start + 365 * 24 * Self.hour)
        }
        #expect(found.summary.count(of: .timeAhead) == 1 && found.summary.faults == 1 && found.summary.late == 0)
        #expect(try workspace.bytes("rows.csv") == workspace.bytes("clean-rows.csv"))
        // Without a present nothing is held against anything.
        #expect(try workspace.replay("poisoned.csv", to: "rows.csv").summary.late == 150)
    }

    /// Exactly `ahead` is in; the format of the file does not matter.
    @Test(arguments: [RecordFormat.csv, .ndjson])
    func theBoundIsExact(format: RecordFormat) throws {
        let workspace = try ReplayWorkspace()
        let times = [0, Self.hour, Self.hour + 1].map { TimeText.string(EventTime(microseconds: Self.start + $0)) }
        let lines = times.enumerated().map { number, time in
            format == .csv
                ? "\(number),\(time),1,7.50,false\n"
                : "{\"transaction_id\":\(number),\"tx_datetime\":\"\(time)\",\"customer_id\":\"1\",\"tx_amount\":7.5}\n"
        }
        let name = "events.\(format.rawValue)"
        try workspace.write(name, (format == .csv ? ReplayWorkspace.header : "") + lines.joined())
        let summary = try workspace.replay(name, to: "rows.csv") {
            $0.settings.present = EventTime(microseconds: Self.start)
        }.summary
        #expect(summary.scored == 2 && summary.count(of: .timeAhead) == 1)
    }

    @Test(arguments: [(20, 100, false), (21, 100, true), (21, 2_100, false), (22, 2_100, true)])
    func fewLateRowsAreUsual(late: Int, rows: Int, isTold: Bool) throws {
        // In order but for some of the last, an hour behind the newest.
        let times = (0..<rows).map { Self.start + Int64($0) * 1_000_000 }
        let text = times.enumerated().map { number, time in
            Self.row(number, number < rows - late ? time : time - 3 * Self.hour)
        }
        let found = try Self.cautions(ReplayWorkspace.header + text.joined()) {
            $0.rows.from = EventTime(microseconds: Self.start - 24 * Self.hour)
        }
        #expect(found.count { $0.hasPrefix("caution: \(late) of \(rows) rows are late") } == (isTold ? 1 : 0))
    }

    @Test func aFileInNoOrderHasNoSingleCause() throws {
        let text = (0..<60).map { number in
            Self.row(number, Self.start + Int64(number) * Self.hour - (number % 2 == 0 ? 0 : 12 * Self.hour))
        }
        let found = try Self.cautions(ReplayWorkspace.header + text.joined())
        #expect(found[0].contains("line 2, of 2018-04-01T00:00:00Z, made 1 of them late, more than any other"))
        #expect(found[0].hasSuffix("Sort it, or raise \"late.after\""))
    }

    // MARK: - Windows that are not full

    @Test func rowsBeforeWindowsAreFullAreTold() throws {
        let table = ReplayWorkspace.table(rows: 72)
        let found = try Self.cautions(table)
        let told =
            "note: rows of the first 1d see windows that are not full yet: --from 2018-04-02T00:00:00Z leaves them out"
        #expect(found == [told])
        #expect(try Self.cautions(table) { $0.rows.from = EventTime(microseconds: Self.start) } == [])
        let short =
            "note: no row sees full windows: the longest reaches back 1d, and the events begin at 2018-04-01T00:00:00Z"
        #expect(try Self.cautions(ReplayWorkspace.table(rows: 24)) == [short])
        let day = EventTime(microseconds: Self.start + 24 * Self.hour)
        #expect(try Self.cautions(table) { $0.rows.before = day } == [short])
    }

    @Test func theLongestWindowAndItsDelayCountAndWholeSecondsAreSaid() throws {
        let longer = ReplayWorkspace.pipeline.replacingOccurrences(
            of: "over: [1d]", with: "over: [1h, 1d, all]\n    delay: 2h")
        let text = ReplayWorkspace.header + Self.row(1, Self.start + 1) + Self.row(2, Self.start + 30 * Self.hour)
        let pipeline = longer.replacingOccurrences(
            of: "file: model.json", with: "file: model.json, inputs: [amount, customer_tx_1d]")
        let told =
            "note: rows of the first 26h see windows that are not full yet: --from 2018-04-02T02:00:01Z leaves them out"
        #expect(try Self.cautions(text, pipeline: pipeline) == [told])
    }

    // MARK: - Nothing

    @Test func nothingIsExplained() throws {
        let none = try Self.cautions(ReplayWorkspace.table(rows: 48)) {
            $0.rows.from = EventTime(microseconds: Self.start + 9_000 * Self.hour)
        }
        #expect(
            none == [
                "caution: no event is one of those asked for; the events' times are from 2018-04-01T00:00:00Z to "
                    + "2018-04-02T23:00:00Z"
            ])
        #expect(try Self.cautions(ReplayWorkspace.header) == ["caution: there are no events in events.csv"])
    }

    // MARK: - Inputs

    @Test func aSourceThatIsNotThereIsNamed() throws {
        let workspace = try ReplayWorkspace()
        try workspace.write("events.csv", ReplayWorkspace.table(rows: 2))
        func failure(_ name: String) throws -> (kind: ReplayFailure.Kind, text: String) {
            try workspace.failure {
                try workspace.replay("events.csv", to: "rows.csv") {
                    $0.inputs = ["\(name)=\(workspace.file("events.csv"))"]
                }
            }
        }
        let near = try failure("transaction")
        #expect(near.kind == .usage)
        #expect(
            near.text
                == "--input transaction=events.csv: there is no source \"transaction\": did you mean \"transactions\"?")
        #expect(try failure("x").text.hasSuffix("there is no source \"x\": expected one of \"transactions\""))
        // A file with such a name is a file.
        try workspace.write("transaction=events.csv", ReplayWorkspace.table(rows: 2))
        #expect(try workspace.replay("transaction=events.csv", to: "rows.csv").summary.scored == 2)
    }
}
