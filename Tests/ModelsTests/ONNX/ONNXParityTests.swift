import Foundation
import Testing

@testable import Models

/// Within 1e-6 of what ONNX Runtime made of each model; the same bits however rows are split.
@Suite struct ONNXParityTests {
    struct Fixture: Sendable, CustomTestStringConvertible {
        let folder: String
        let name: String
        let inputs: String
        /// How the columns with ONNX Runtime's results begin.
        let columns: String

        var testDescription: String { name }
    }

    static let folder = FixtureFiles.folder + "/onnx"
    static let goldenFolder = FixtureFiles.shared + "/golden/models/onnx"

    static let own = fixtures(folder)

    /// What `generate.py FOLDER SEED` wrote: other models from other seeds.
    static let others = ProcessInfo.processInfo.environment["RIFFLE_ONNX_FIXTURES"].map(fixtures) ?? []

    private static func fixtures(_ folder: String) -> [Fixture] {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return files.filter { $0.hasSuffix(".onnx") }.sorted().map {
            let name = String($0.dropLast(5))
            let inputs = name.hasSuffix("_nan") ? "inputs_nan.csv" : "inputs.csv"
            return Fixture(folder: folder, name: name, inputs: inputs, columns: "pred")
        }
    }

    static let golden: [Fixture] = [
        ("logreg_scaled", "X.csv", "probabilities"), ("random_forest", "X.csv", "probabilities"),
        ("mlp_relu", "X.csv", "probabilities"), ("isolation_forest", "X.csv", "scores"),
        ("xgb_via_onnxmltools", "X_nan.csv", "probabilities"),
    ].map { Fixture(folder: goldenFolder, name: $0, inputs: $1, columns: $2) }

    @Test func thereAreFixtures() { #expect(Self.own.count >= 50) }

    @Test(arguments: own)
    func ownFixtures(_ fixture: Fixture) throws { try check(fixture) }

    @Test(.enabled(if: !others.isEmpty, "RIFFLE_ONNX_FIXTURES names no folder of other models"), arguments: others)
    func otherFixtures(_ fixture: Fixture) throws { try check(fixture) }

    @Test(.enabled(if: FixtureFiles.exists(goldenFolder), "no golden models: set RIFFLE_SHARED"), arguments: golden)
    func goldenFixtures(_ fixture: Fixture) throws { try check(fixture) }

    private func check(_ fixture: Fixture) throws {
        let path = "\(fixture.folder)/\(fixture.name)"
        let model = try ONNXModels.load(path + ".onnx")
        let inputs = try Table("\(fixture.folder)/\(fixture.inputs)")
        let rows = inputs.values.map { Double($0) }
        let expected = try OutputColumns(path + ".expected.csv", columns: fixture.columns)
        #expect(inputs.columnCount == model.featureCount)
        #expect(expected.columnCount == model.outputCount)
        let found = ONNXModels.predictions(model, rows, batch: inputs.rowCount)
        try #require(found.count == expected.values.count)
        var worst = 0.0
        for (one, other) in zip(found, expected.values) where one != other && !(one.isNaN && other.isNaN) {
            let error = abs(one - other) / max(1, abs(other))
            worst = error.isNaN ? .infinity : max(worst, error)
        }
        #expect(worst <= 1e-6, "\(fixture.name) is \(worst) off")
        for batch in [1, 3, 7, 64] {
            let again = ONNXModels.predictions(model, rows, batch: batch)
            #expect(again.map(\.bitPattern) == found.map(\.bitPattern), "\(fixture.name), batches of \(batch)")
        }
    }

    @Test func whatTheFileSaysIsKept() throws {
        let named = try ONNXModels.load(Self.folder + "/named.onnx", output: nil)
        #expect(named.format == .onnx)
        #expect(named.featureNames == ["amount", "kind", "count", "mean", "noise", "risk"])
        #expect(named.objective == "LinearClassifier")
        #expect(named.libraryVersion.hasPrefix("skl2onnx"))
        #expect(named.precision == .single)
        // Of two classes the second one is the score, of a regression its only output.
        #expect(named.outputCount == 2 && named.output == 1)
        #expect(try ONNXModels.load(Self.folder + "/linear.onnx", output: nil).output == 0)
        #expect(try ONNXModels.load(Self.folder + "/logistic_zipmap.onnx", output: nil).output == 1)
        // Of three classes one has to be named.
        let failure = #expect(throws: ModelFailure.self) {
            try ONNXModels.load(Self.folder + "/logistic_three.onnx", output: nil)
        }
        #expect(failure?.code == .badOutput)
    }

    /// Thirty operators for each tree run once, over its leaves: the trees become one forest.
    @Test func isolationForestsBecomeOneForest() throws {
        let model = try ONNXModels.load(Self.folder + "/isolation.onnx")
        let predictor = try #require(model.predictor as? GraphPredictor)
        #expect(predictor.stepCount <= 6)
    }

    /// Calls from many threads use scratch of their own.
    @Test func callsDoNotDisturbEachOther() async throws {
        let model = try ONNXModels.load(Self.folder + "/network.onnx")
        let inputs = try Table(Self.folder + "/inputs.csv")
        let rows = inputs.values.map { Double($0) }
        let expected = ONNXModels.predictions(model, rows, batch: 60)
        let results = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<40 {
                group.addTask {
                    (0..<5).allSatisfy { _ in ONNXModels.predictions(model, rows, batch: 13) == expected }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(results.count == 40 && results.allSatisfy { $0 })
    }
}

enum ONNXModels {
    static func load(_ path: String, output: Int? = 0) throws -> Model {
        try Model.load(FixtureFiles.bytes(path), path: path, options: .init(output: output))
    }

    static func predictions(_ model: Model, _ rows: [Double], batch: Int) -> [Double] {
        let width = max(1, model.featureCount)
        let count = rows.count / width
        var result = [Double](repeating: -1, count: count * model.outputCount)
        rows.withUnsafeBufferPointer { rows in
            result.withUnsafeMutableBufferPointer { result in
                for start in stride(from: 0, to: count, by: batch) {
                    model.predictor.predict(
                        rows: rows.baseAddress! + start * width, rowCount: min(batch, count - start), stride: width,
                        raw: nil, predictions: result.baseAddress! + start * model.outputCount)
                }
            }
        }
        return result
    }
}

/// The columns of a csv whose names begin so, as float64.
struct OutputColumns {
    let columnCount: Int
    let values: [Double]

    init(_ path: String, columns prefix: String) throws {
        var lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
        let names = lines.removeFirst().split(separator: ",")
        let places = names.indices.filter { names[$0].hasPrefix(prefix) }
        columnCount = places.count
        values = lines.flatMap { line in
            let cells = line.split(separator: ",")
            return places.map { Double(cells[$0]) ?? .nan }
        }
    }
}
