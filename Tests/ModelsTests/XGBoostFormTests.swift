import Events
import Testing

@testable import Models

/// The two forms of a file give the same model, and models that are no forest predict as the library does.
@Suite struct XGBoostFormTests {
    private static let twins = ["binary", "dart", "categorical", "vector_leaf", "softprob_v1", "softprob_v2"]

    @Test(arguments: twins)
    func bothFormsGiveTheSameModel(name: String) throws {
        let (text, binary) = (try Self.load("\(name).json"), try Self.load("\(name).ubj"))
        #expect(text.forest == binary.forest)
        #expect(text.featureNames == binary.featureNames && text.objective == binary.objective)
        #expect(text.libraryVersion == binary.libraryVersion && text.notes == binary.notes)
        #expect(text.roundCount == binary.roundCount && text.roundsUsed == binary.roundsUsed)
        #expect(text.format == .xgboostJSON && binary.format == .xgboostUBJSON)
    }

    @Test(arguments: [Iterations.all, .best])
    func earlyStoppingIsInBothForms(iterations: Iterations) throws {
        let models = try ["stopped_all.json", "stopped_all.ubj"].map { try Self.load($0, iterations: iterations) }
        #expect(models[0].forest == models[1].forest)
        #expect((models[0].roundsUsed == models[0].roundCount) == (iterations == .all))
    }

    @Test(
        .enabled(
            if: FixtureFiles.exists(FixtureFiles.goldenFolder),
            "no golden models: set RIFFLE_SHARED to the folder that holds golden/models/xgboost"),
        arguments: FixtureFiles.golden)
    func goldenFormsAreTheSame(_ fixture: ModelFixture) throws {
        let binary = try FixtureFiles.bytes("\(fixture.folder)/\(fixture.name).ubj")
        #expect(try Model.load(binary, path: "", options: .init(output: 0)).forest == fixture.anyModel().forest)
    }

    @Test(arguments: ["linear.json", "linear.ubj"])
    func linearBoostersAreExact(file: String) throws {
        let model = try Self.load(file)
        #expect(model.forest == nil && model.predictor.rawCount == 3 && model.outputCount == 3)
        let inputs = try Table(FixtureFiles.folder + "/inputs.csv")
        let expected = try Table(FixtureFiles.folder + "/linear.predictions.csv")
        for batch in [1, 7, inputs.rowCount] {
            let (raw, predictions) = Self.predict(model.predictor, inputs, batch: batch)
            for row in 0..<inputs.rowCount {
                let line = expected.values[row * expected.columnCount..<(row + 1) * expected.columnCount]
                #expect(Array(line.prefix(3)) == Array(raw[row * 3..<row * 3 + 3]), "row \(row)")
                for output in 0..<3 {
                    #expect(ulps(predictions[row * 3 + output], line[line.startIndex + 3 + output]) <= 2, "row \(row)")
                }
            }
        }
    }

    /// Rows of doubles, which the engine has, take another way to the kernels than rows of floats.
    @Test(arguments: ["softprob", "binary", "quantiles", "categorical"])
    func rowsOfDoublesGiveTheSame(name: String) throws {
        let fixture = try #require(FixtureFiles.own.first { $0.name == name })
        let model = try fixture.anyModel()
        let inputs = try fixture.inputTable()
        let forest = model.forestPredictor
        let margins = forest.margins(
            inputs.values, rowCount: inputs.rowCount, stride: inputs.columnCount, batch: inputs.rowCount)
        for batch in [1, 5, 8, 40, 256, inputs.rowCount] {
            let (raw, predictions) = Self.predict(model.predictor, inputs, batch: batch)
            #expect(raw.map(\.bitPattern) == margins.map(\.bitPattern), "batches of \(batch)")
            #expect(predictions == forest.predictions(margins), "batches of \(batch)")
        }
    }

    @Test(arguments: ["binary.json", "linear.json"])
    func aValueCanCountAsMissing(file: String) throws {
        var inputs = try Table(FixtureFiles.folder + "/inputs.csv")
        let plain = try Self.load(file)
        let expected = Self.predict(plain.predictor, inputs, batch: 50)
        // 0.1 is no float32: such a model compares what it has rounded.
        let missing = -999.1
        let marked = try Self.load(file, missing: missing)
        #expect(marked.featureCount == plain.featureCount && marked.outputCount == plain.outputCount)
        inputs.values = inputs.values.map { $0.isNaN ? Float(missing) : $0 }
        for batch in [1, 50, 300] {
            let found = Self.predict(marked.predictor, inputs, batch: batch)
            #expect(found.raw == expected.raw && found.predictions == expected.predictions)
        }
        #expect(Self.predict(plain.predictor, inputs, batch: 50).raw != expected.raw)
    }

    @Test func categoricalInputsAreNamed() throws {
        let notes = try Self.load("categorical.json").notes
        #expect(notes == ["categorical inputs: weekend, count_7d; each is a category's code (0, 1, 2, ...)"])
        #expect(try Self.load("binary.json").notes.isEmpty)
    }

    /// Before 3.2 the score must lie between 0 and 1; since then it is held away from them.
    @Test func baseScoresAtTheEdge() throws {
        let objective = try #require(XGBoostObjective.all.first { $0.name == "binary:logistic" })
        let (old, new) = (
            XGBoostReader.Version(major: 3, minor: 1, patch: 3), XGBoostReader.Version(major: 3, minor: 2, patch: 0)
        )
        #expect(throws: ModelFailure.self) { _ = try objective.margin(of: 1, version: old, at: "") }
        #expect(try objective.margin(of: 0, version: new, at: "") == objective.margin(of: 1e-6, version: old, at: ""))
        #expect(try objective.margin(of: 1, version: new, at: "") > 13)
        #expect(
            try objective.margin(of: 0.25, version: new, at: "") == objective.margin(of: 0.25, version: old, at: ""))
        #expect(OutputTransform.logistic(-1_000) > 0)
    }

    private static func load(
        _ file: String, iterations: Iterations = .best, missing: Double? = nil
    ) throws -> Model {
        let bytes = try FixtureFiles.bytes("\(FixtureFiles.folder)/\(file)")
        return try Model.load(
            bytes, path: file, options: .init(iterations: iterations, output: 0, missing: missing))
    }

    private static func predict(
        _ predictor: any Predictor, _ inputs: Table, batch: Int
    ) -> (raw: [Float], predictions: [Float]) {
        var raw = [Double](repeating: .nan, count: inputs.rowCount * predictor.rawCount)
        var predictions = [Double](repeating: .nan, count: inputs.rowCount * predictor.outputCount)
        let rows = inputs.values.map(Double.init)
        rows.withUnsafeBufferPointer { rows in
            raw.withUnsafeMutableBufferPointer { raw in
                predictions.withUnsafeMutableBufferPointer { predictions in
                    for start in stride(from: 0, to: inputs.rowCount, by: batch) {
                        predictor.predict(
                            rows: rows.baseAddress! + start * inputs.columnCount,
                            rowCount: min(batch, inputs.rowCount - start), stride: inputs.columnCount,
                            raw: raw.baseAddress! + start * predictor.rawCount,
                            predictions: predictions.baseAddress! + start * predictor.outputCount)
                    }
                }
            }
        }
        return (raw.map(Float.init), predictions.map(Float.init))
    }
}
