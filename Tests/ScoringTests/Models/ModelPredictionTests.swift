import Foundation
import Models
import Testing

@testable import Scoring

/// `riffle model predict` on the fixtures that the libraries wrote.
@Suite struct ModelPredictionTests {
    private static let fixtures = TestFiles.packageRoot.appending(path: "Tests/ModelsTests/Fixtures")

    private static func path(_ name: String) -> String { fixtures.appending(path: name).path }

    private static func model(_ name: String) throws -> Model {
        let bytes = try Data(contentsOf: fixtures.appending(path: name))
        return try Model.load([UInt8](bytes), path: name, options: ModelOptions(output: 0))
    }

    private func predict(
        _ name: String, input: String, raw: Bool = true, contributions: Bool = false, keep: [String] = [],
        passingOver: [String] = []
    ) throws -> [String] {
        try TestFiles.withFolder { folder in
            var columns = ModelPrediction.Columns()
            columns.raw = raw
            columns.contributions = contributions
            columns.keep = keep
            let output = folder.appending(path: "out.csv").path
            let outcome = try ModelPrediction(model: Self.model(name), columns: columns).run(
                input: input, output: output)
            let lines = try String(contentsOfFile: output, encoding: .utf8).split(separator: "\n").map(String.init)
            #expect(lines.count == outcome.rows + 1)
            #expect(outcome.passedOver == passingOver)
            return lines
        }
    }

    private func expected(_ name: String) throws -> [[Double]] {
        try String(contentsOfFile: Self.path(name), encoding: .utf8).split(separator: "\n").dropFirst()
            .map { $0.split(separator: ",").map { Double($0) ?? .nan } }
    }

    @Test func xgboostIsWrittenAsFloatsThatReadBack() throws {
        let lines = try predict("binary.json", input: Self.path("inputs.csv"))
        #expect(lines[0] == "raw0,pred0")
        let expected = try expected("binary.expected.csv")
        #expect(lines.count == expected.count + 1)
        for (line, row) in zip(lines.dropFirst(), expected) {
            let cells = line.split(separator: ",").map { Float($0)! }
            #expect(cells[0] == Float(row[0]))
            #expect(abs(cells[1] - Float(row[1])) <= 2 * Float(row[1]).ulp)
        }
    }

    @Test func lightGBMIsWrittenAsDoublesWithContributions() throws {
        let lines = try predict("LightGBM/binary.txt", input: Self.path("LightGBM/inputs.csv"), contributions: true)
        let model = try Self.model("LightGBM/binary.txt")
        let names = ["raw0", "pred0"] + (0...model.featureCount).map { "contrib\($0)" }
        #expect(lines[0] == names.joined(separator: ","))
        let expected = try expected("LightGBM/binary.expected.csv")
        #expect(lines.count == expected.count + 1)
        for (line, row) in zip(lines.dropFirst(), expected) {
            let cells = line.split(separator: ",").map { Double($0)! }
            #expect(cells[0] == row[0])
            #expect(abs(cells[1] - row[1]) <= 1e-15)
            let sum = cells[2...].reduce(0, +)
            #expect(abs(sum - cells[0]) <= 1e-9 * max(1, abs(cells[0])))
        }
    }

    @Test func columnsStandInAnyOrderAndBlanksAreMissing() throws {
        try TestFiles.withFolder { folder in
            let plain = folder.appending(path: "plain.csv").path
            let turned = folder.appending(path: "turned.csv").path
            try "amount,weekend,count_1d,mean_1d,count_7d,risk_7d,ratio,gap\n178,1,nan,75.5,17,0.25,0.5,14\n"
                .write(toFile: plain, atomically: true, encoding: .utf8)
            try "\"gap\",ratio,risk_7d,count_7d,mean_1d,count_1d,weekend,amount\r\n14, 0.5,0.25,17,75.5,,1,178\r\n"
                .write(toFile: turned, atomically: true, encoding: .utf8)
            let lines = try predict("binary.json", input: plain, raw: false)
            #expect(lines[0] == "pred0")
            #expect(try predict("binary.json", input: turned, raw: false) == lines)
        }
    }

    /// The rows of a replay: columns that are no inputs stand among those that are, and hold anything.
    @Test func otherColumnsArePassedOverAndIdsHandedOn() throws {
        try TestFiles.withFolder { folder in
            let plain = folder.appending(path: "plain.csv").path
            let rows = folder.appending(path: "rows.csv").path
            try
                "amount,weekend,count_1d,mean_1d,count_7d,risk_7d,ratio,gap\n178,1,nan,75.5,17,0.25,0.5,14\n5,0,1,2,3,0,1,\n"
                .write(toFile: plain, atomically: true, encoding: .utf8)
            try #"""
            id,event_time,amount,"a,b",weekend,count_1d,mean_1d,count_7d,risk_7d,ratio,gap,score,decision
            "x,""1""",2026-03-01T08:05:00Z,178,"he said ""no"", twice",1,,75.5,17,0.25,0.5,14,0.5,allow
            y,,5,5" nails,0,1,2,3,0,1,,,"re,
            view"

            """#.write(toFile: rows, atomically: true, encoding: .utf8)
            let expected = try predict("binary.json", input: plain)
            let others = ["event_time", "a,b", "score", "decision"]
            let found = try predict("binary.json", input: rows, passingOver: others)
            #expect(found[0] == "id," + expected[0])
            #expect(found.dropFirst().elementsEqual(["\"x,\"\"1\"\"\"," + expected[1], "y," + expected[2]]))
            let kept = try predict(
                "binary.json", input: rows, keep: ["a,b", "amount", "id"],
                passingOver: ["event_time", "score", "decision"])
            #expect(kept[0] == "id,\"a,b\",amount," + expected[0])
            #expect(kept[1] == "\"x,\"\"1\"\"\",\"he said \"\"no\"\", twice\",178," + expected[1])
            #expect(kept[2] == "y,5\" nails,5," + expected[2])
            let unknown = #expect(throws: ReplayFailure.self) {
                _ = try predict("binary.json", input: rows, keep: ["colour"])
            }
            #expect(unknown?.description.contains("has no column \"colour\"") == true)
        }
    }

    @Test(arguments: [
        ("", "it is empty"), ("amount,weekend\n1,2\n", "no column \"count_1d\""),
        ("a,b\n1,2\n", "2 columns, none with the name of an input"),
        (
            "amount,other\n1,2\n",
            "no column \"weekend\", which is an input of the model, whose inputs are amount, weekend"
        ),
        ("amount,amount\n", "column \"amount\" is there twice"),
        ("amount,weekend,count_1d,mean_1d,count_7d,risk_7d,ratio,gap\n1,2\n", "row 1: 2 cells"),
        ("amount,weekend,count_1d,mean_1d,count_7d,risk_7d,ratio,gap\n1,2,3,4,5,6,7,8,9\n", "row 1: more than 8 cells"),
        ("amount,weekend,count_1d,mean_1d,count_7d,risk_7d,ratio,gap\n1,2,3,4,5,6,7,x\n", "\"x\" is no number"),
    ])
    func aWrongTableIsAnError(text: String, message: String) throws {
        try TestFiles.withFolder { folder in
            let input = folder.appending(path: "in.csv").path
            let output = folder.appending(path: "out.csv").path
            try text.write(toFile: input, atomically: true, encoding: .utf8)
            let prediction = try ModelPrediction(model: Self.model("binary.json"), columns: .init())
            let failure = try #require(throws: ReplayFailure.self) {
                _ = try prediction.run(input: input, output: output)
            }
            #expect("\(failure)".contains(message), "\(failure)")
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["in.csv"])
        }
    }

    @Test func xgboostIsExplained() throws {
        let lines = try predict("binary.json", input: Self.path("inputs.csv"), contributions: true)
        let width = try Self.model("binary.json").featureCount + 1
        for line in lines.dropFirst() {
            let cells = line.split(separator: ",").map { Double($0)! }
            #expect(cells.count == 2 + width)
            let sum = cells[2...].reduce(0, +)
            #expect(abs(sum - cells[0]) <= 1e-5 * max(1, abs(cells[0])))
        }
    }

    @Test func whatCannotBeExplainedIsRefused() throws {
        var columns = ModelPrediction.Columns()
        columns.contributions = true
        let failure = try #require(throws: ModelFailure.self) {
            _ = try ModelPrediction(model: Self.model("onnx/tree.onnx"), columns: columns)
        }
        #expect(failure.message.contains("training counts"), "\(failure)")
    }
}
