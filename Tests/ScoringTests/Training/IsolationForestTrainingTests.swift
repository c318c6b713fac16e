import Configuration
import Engine
import Events
import Foundation
import Models
import Testing

@testable import Scoring

/// Forests from a pipeline's history, held against forests from tables of what replay writes.
struct IsolationForestTrainingTests {
    private static let rows = 400

    private static func workspace(_ changes: [(String, String)] = []) throws -> ReplayWorkspace {
        let workspace = try ReplayWorkspace()
        try workspace.write("events.csv", ReplayWorkspace.table(rows: rows))
        let text = changes.reduce(ReplayWorkspace.pipeline) { text, change in
            text.replacingOccurrences(of: change.0, with: change.1)
        }
        try workspace.write("pipeline.yaml", text)
        return workspace
    }

    private static func train(
        _ workspace: ReplayWorkspace, to output: String, _ change: (inout TrainingOptions) -> Void = { _ in }
    ) throws -> TrainingOutcome {
        let (features, file) = PipelineFeatures.load(path: workspace.file("pipeline.yaml"))
        var options = TrainingOptions(inputs: [workspace.file("events.csv")], output: workspace.file(output))
        options.parameters = IsolationForestParameters(treeCount: 20, sample: 64, seed: 5)
        change(&options)
        return try IsolationForestTraining(try #require(features, "\(file.rendered())"), options: options).run()
    }

    /// What replay says of the pipeline's features, a table of them alone.
    private static func table(_ workspace: ReplayWorkspace, _ names: [String]) throws -> [[Substring]] {
        _ = try workspace.replay("events.csv", to: "rows.csv")
        let lines = try workspace.text("rows.csv").split(separator: "\n").map {
            $0.split(separator: ",", omittingEmptySubsequences: false)
        }
        let columns = try names.map { name in try #require(lines[0].firstIndex { $0 == name }) }
        return lines.map { line in columns.map { line[$0] } }
    }

    private static func write(_ table: [[Substring]], _ workspace: ReplayWorkspace) throws {
        try workspace.write("table.csv", table.map { $0.joined(separator: ",") + "\n" }.joined())
    }

    private static func trainOfTable(_ workspace: ReplayWorkspace) throws -> TrainingOutcome {
        try IsolationForestTraining.train(
            table: workspace.file("table.csv"), output: workspace.file("of-table.json"), features: [],
            parameters: IsolationForestParameters(treeCount: 20, sample: 64, seed: 5))
    }

    @Test(arguments: [1, 3])
    func aPipelinesForestIsThatOfItsRows(workers: Int) throws {
        let workspace = try Self.workspace()
        let outcome = try Self.train(workspace, to: "forest.json") { $0.workers = workers }
        #expect(outcome.rowCount == Self.rows && outcome.inputCount == 2 && outcome.forest.treeCount == 20)
        #expect(outcome.summary?.scored == UInt64(Self.rows))
        try Self.write(try Self.table(workspace, ["amount", "customer_tx_1d"]), workspace)
        #expect(try Self.trainOfTable(workspace).rowCount == Self.rows)
        let bytes = try workspace.bytes("forest.json")
        #expect(bytes.count == outcome.fileBytes)
        #expect(try workspace.bytes("of-table.json") == bytes)
        let model = try Model.load(bytes, path: "forest.json")
        #expect(model.featureCount == 2)
    }

    /// What stands there may be scoring, and took its time.
    @Test func aModelIsNotReplacedInSilence() throws {
        let workspace = try Self.workspace()
        _ = try Self.train(workspace, to: "forest.json")
        let first = try workspace.bytes("forest.json")
        let version = try ModelReport(file: workspace.file("forest.json")).sha256.prefix(16)
        let refusal = try #require(throws: ReplayFailure.self) {
            _ = try Self.train(workspace, to: "forest.json") { $0.parameters.seed = 6 }
        }
        #expect(refusal.kind == .usage)
        #expect(refusal.description.contains("forest.json is there, version sha256:\(version): --replace puts"))
        #expect(try workspace.bytes("forest.json") == first)
        #expect(workspace.files == ["events.csv", "forest.json"])
        _ = try Self.train(workspace, to: "forest.json") {
            $0.parameters.seed = 6
            $0.mayReplace = true
        }
        #expect(try workspace.bytes("forest.json") != first)
        // Of a table, too; an empty file is none.
        try Self.write(try Self.table(workspace, ["amount", "customer_tx_1d"]), workspace)
        try workspace.write("of-table.json", "")
        _ = try Self.trainOfTable(workspace)
        let second = #expect(throws: ReplayFailure.self) { _ = try Self.trainOfTable(workspace) }
        #expect(second?.description.contains("--replace") == true)
    }

    @Test func whatIsOddAboutHistoryIsSaid() throws {
        let workspace = try Self.workspace()
        let outcome = try Self.train(workspace, to: "forest.json")
        #expect(outcome.cautions.count == 1)
        #expect(outcome.cautions.first?.contains("--from 2018-04-02T00:00:00Z leaves them out") == true)
        let refusal = try #require(throws: ReplayFailure.self) {
            _ = try Self.train(workspace, to: "other.json") { $0.rows.from = .maximum }
        }
        let span = "; the events' times are from 2018-04-01T00:00:00Z to 2018-04-17T15:00:00Z"
        #expect(refusal.description.hasSuffix(span))
        // Without a text column of which nothing is asked.
        try workspace.write("table.csv", "amount,name,customer_tx_1d\n1,\"a, b\",2\n3,c,4\n")
        let table = try IsolationForestTraining.train(
            table: workspace.file("table.csv"), output: workspace.file("of-table.json"),
            features: ["customer_tx_1d", "amount"],
            parameters: IsolationForestParameters(treeCount: 2, sample: 2, seed: 5))
        #expect(table.rowCount == 2 && table.inputCount == 2)
    }

    /// Features in another order, of some of the rows; windows are filled by all of them.
    @Test func rowsAndFeaturesAreChosen() throws {
        let workspace = try Self.workspace()
        // The sixth day of sixteen: rows are an hour apart.
        let first = EventTime(microseconds: 1_522_540_800_000_000 + 5 * 86_400_000_000)
        let outcome = try Self.train(workspace, to: "forest.json") { options in
            options.features = ["customer_tx_1d", "amount"]
            options.rows.from = first
            options.rows.before = EventTime(microseconds: first.microseconds + 2 * 86_400_000_000)
        }
        #expect(outcome.rowCount == 48)
        let table = try Self.table(workspace, ["customer_tx_1d", "amount"])
        try Self.write([table[0]] + table[121...168], workspace)
        #expect(try Self.trainOfTable(workspace).rowCount == 48)
        #expect(try workspace.bytes("of-table.json") == workspace.bytes("forest.json"))
    }

    /// What the pipeline's model takes for missing is missing to the forest that will be it.
    @Test func theModelsMissingValueCounts() throws {
        let workspace = try Self.workspace([("file: model.json", "file: model.json, missing: 7.5")])
        _ = try Self.train(workspace, to: "forest.json")
        var table = try Self.table(workspace, ["amount", "customer_tx_1d"])
        let missing = table.indices.filter { table[$0][0] == "7.5" }
        #expect(missing.count > 5)
        for row in missing { table[row][0] = "" }
        try Self.write(table, workspace)
        _ = try Self.trainOfTable(workspace)
        #expect(try workspace.bytes("of-table.json") == workspace.bytes("forest.json"))
    }

    /// Each mistake has an answer, and leaves no file behind.
    @Test func mistakesAreAnswered() throws {
        let workspace = try Self.workspace()
        func failure(_ change: @escaping (inout TrainingOptions) -> Void) throws -> ReplayFailure {
            try #require(throws: ReplayFailure.self) { _ = try Self.train(workspace, to: "forest.json", change) }
        }
        func expect(
            _ kind: ReplayFailure.Kind, _ text: String, _ change: @escaping (inout TrainingOptions) -> Void
        ) throws {
            let failure = try failure(change)
            #expect(failure.kind == kind && failure.description.contains(text), "\(failure)")
        }
        try expect(.usage, "no feature \"amonut\": did you mean \"amount\"?") { $0.features = ["amonut"] }
        try expect(.usage, "\"amount\" is there twice") { $0.features = ["amount", "amount"] }
        try expect(.usage, "no model \"stmup\": did you mean \"stump\"?") { $0.model = "stmup" }
        try expect(.usage, "1 to 10000") { $0.parameters.treeCount = 0 }
        try expect(.usage, "--workers is from 1") { $0.workers = 0 }
        try expect(.environment, "no rows to train on: 400 rows read, 0 of them") {
            $0.rows.from = EventTime(microseconds: 1_893_456_000_000_000)
        }
        try expect(.environment, "absent.csv") { $0.inputs = [workspace.file("absent.csv")] }
        #expect(workspace.files == ["events.csv"])
    }

    @Test func mistakesInTablesAreAnswered() throws {
        let workspace = try Self.workspace()
        func expect(_ text: String, table: String, features: [String] = []) throws {
            try workspace.write("table.csv", table)
            let failure = try #require(throws: ReplayFailure.self) {
                _ = try IsolationForestTraining.train(
                    table: workspace.file("table.csv"), output: workspace.file("of-table.json"), features: features,
                    parameters: IsolationForestParameters())
            }
            #expect(failure.description.contains(text), "\(failure)")
        }
        try expect("has no column \"c\": it has a, b", table: "a,b\n1,2\n", features: ["c"])
        try expect("two columns are called \"a\"", table: "a,a\n1,2\n")
        try expect("\"a\" is there twice", table: "a,b\n1,2\n", features: ["a", "a"])
        try expect("no rows to train on", table: "a,b\n")
        #expect(workspace.files == ["events.csv", "table.csv"])
    }
}
