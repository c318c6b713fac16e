import Configuration
import Diagnostics
import Engine
import Foundation
import Testing

@testable import Scoring

/// A replay of a pipeline with several models: from its YAML to the columns of its rows.
@Suite struct SeveralModelsReplayTests {
    private static let other = ReplayWorkspace.model.replacing("[20,10,1,-1,0]", with: "[20,10,2,-2,0]")
    private static let table = """
        transaction_id,tx_datetime,customer_id,tx_amount,tx_fraud
        1,2018-04-01T00:00:00Z,1,5.00,0
        2,2018-04-01T01:00:00Z,1,15.00,0
        3,2018-04-01T02:00:00Z,1,25.00,1

        """

    private let space: ReplayWorkspace

    init() throws {
        space = try ReplayWorkspace()
        let models = """
            models:
              one: {file: model.json}
              two: {file: other.json}
            score: if customer_tx_1d > 2 then two else (one + two) / 2
            """
        try space.write(
            "pipeline.yaml",
            ReplayWorkspace.pipeline.replacing("model: {name: stump, file: model.json}", with: models)
                .replacing("score >= 0.7", with: "score >= 0.7 and one > 0.5"))
        try space.write("other.json", Self.other)
        try space.write("in.csv", Self.table)
    }

    private static func sigmoid(_ margin: Float) -> Float { 1 / (1 + Float(exp(-Double(margin)))) }

    @Test func eachModelHasAColumn() throws {
        _ = try space.replay("in.csv", to: "out.csv")
        let rows = try space.text("out.csv").split(separator: "\n").map { $0.split(separator: ",").map(String.init) }
        #expect(
            rows.first == [
                "transaction_id", "event_time", "amount", "customer_tx_1d", "one", "two", "score", "decision",
            ])
        let margins: [(one: Float, two: Float)] = [(-1, -2), (0, 0), (1, 2)]
        #expect(rows.count == 4)
        for (row, margin) in zip(rows.dropFirst(), margins) {
            let (one, two) = try (#require(Float(row[4])), #require(Float(row[5])))
            #expect(abs(one - Self.sigmoid(margin.one)) < 1e-6 && abs(two - Self.sigmoid(margin.two)) < 1e-6, "\(row)")
            #expect(row[6] == "\(row[3] == "3" ? Double(two) : (Double(one) + Double(two)) / 2)", "\(row)")
            #expect(row[7] == (margin.one > 0 ? "block" : "allow"), "\(row)")
        }
        _ = try space.replay("in.csv", to: "out.ndjson") { $0.outputFormat = .ndjson }
        let line = try space.text("out.ndjson").split(separator: "\n").first
        #expect(line?.contains(",\"one\":\(rows[1][4]),\"two\":\(rows[1][5]),\"score\":\(rows[1][6]),") == true)
    }

    /// One of several is replaced by its name.
    @Test func oneModelMayBeOverridden() throws {
        let path = space.file("pipeline.yaml")
        func load(_ model: String?) -> (assembly: PipelineAssembly?, problems: [String]) {
            let (assembly, file) = PipelineAssembly.load(path: path, modelPath: model, checksProperties: false)
            return (assembly, file.diagnostics.map { "\($0.message) | \($0.suggestion ?? "")" })
        }
        let plain = try #require(load(nil).assembly).scoring.models
        let changed = try #require(load("one=" + space.file("other.json")).assembly).scoring.models
        #expect(changed.models[0].version == plain.models[1].version && changed.models[0].name == "one")
        #expect(changed.models[1].version == plain.models[1].version)
        #expect(changed.version != plain.version && changed.planHash != plain.planHash)
        for wrong in ["other.json", "three=x.json", "=x"] {
            let (assembly, problems) = load(wrong)
            #expect(assembly == nil)
            #expect(
                problems == [
                    "\"\(wrong)\" does not say in the place of which model | write NAME=FILE, with one of one, two"
                ])
        }
    }

    /// As docs/PIPELINE.md says: a line a model, hashed and cut.
    @Test func theVersionIsThatOfAllModels() throws {
        let (assembly, file) = PipelineAssembly.load(path: space.file("pipeline.yaml"), checksProperties: false)
        let models = try #require(assembly, "\(file.rendered())").scoring.models
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/sha256sum")
        let (input, output) = (Pipe(), Pipe())
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        let text = models.models.map { "\($0.name) \($0.version)\n" }.joined()
        try input.fileHandleForWriting.write(contentsOf: Data(text.utf8))
        try input.fileHandleForWriting.close()
        let digest = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(models.version == "sha256:\(digest.prefix(16))" && models.name == "one+two")
    }
}
