import Testing

@testable import Models

/// Margins bit for bit, predictions within 2 float32 ulp, leaves one for one: what the library itself made of each
/// model.
@Suite struct XGBoostParityTests {
    @Test func thereAreFixtures() {
        #expect(FixtureFiles.own.count >= 20)
    }

    @Test(arguments: FixtureFiles.own)
    func ownFixtures(_ fixture: ModelFixture) throws {
        try check(fixture)
    }

    @Test(
        .enabled(
            if: FixtureFiles.exists(FixtureFiles.goldenFolder),
            "no golden models: set RIFFLE_SHARED to the folder that holds golden/models/xgboost"),
        arguments: FixtureFiles.golden)
    func goldenFixtures(_ fixture: ModelFixture) throws {
        try check(fixture)
    }

    private func check(_ fixture: ModelFixture) throws {
        let model = try fixture.anyModel()
        let inputs = try fixture.inputTable()
        let expected = try fixture.expected()
        #expect(inputs.columnCount == model.featureCount)
        for kernel in ForestPredictor.Kernel.allCases {
            let predictor = ForestPredictor(model.forest!, kernel: kernel)
            for batch in [1, 2, 7, 16, 64, 256, inputs.rowCount] {
                check(predictor, inputs, expected, batch: batch, "\(fixture.name), \(kernel), batches of \(batch)")
            }
        }
        try checkLeaves(model, inputs, fixture)
    }

    private func check(
        _ predictor: ForestPredictor, _ inputs: Table, _ expected: Table, batch: Int, _ comment: String
    ) {
        let groups = predictor.groupCount
        let margins = predictor.margins(
            inputs.values, rowCount: inputs.rowCount, stride: inputs.columnCount, batch: batch)
        for group in 0..<groups {
            let column = expected.column("margin\(group)")
            let differing = column.indices.filter { margins[$0 * groups + group].bitPattern != column[$0].bitPattern }
            #expect(differing.isEmpty, "\(comment): margins of rows \(differing.prefix(5))")
        }
        let predictions = predictor.predictions(margins)
        for output in 0..<predictor.outputCount {
            let column = expected.column("pred\(output)")
            let worst = column.indices.map { ulps(predictions[$0 * predictor.outputCount + output], column[$0]) }.max()!
            #expect(worst <= 2, "\(comment): a prediction is \(worst) ulp off")
        }
    }

    private func checkLeaves(_ model: Model, _ inputs: Table, _ fixture: ModelFixture) throws {
        guard let leaves = try fixture.leaves() else { return }
        #expect(leaves.columnCount == model.forestPredictor.treeCount)
        for row in 0..<leaves.rowCount {
            let expected = leaves.values[row * leaves.columnCount..<(row + 1) * leaves.columnCount].map { Int32($0) }
            let found = model.forestPredictor.leaves(inputs.values, row: row, stride: inputs.columnCount)
            #expect(found == expected, "\(fixture.name), row \(row)")
        }
    }

    @Test func whatTheFileSaysIsKept() throws {
        let model = try FixtureFiles.own.first { $0.name == "binary" }!.model()
        #expect(model.featureNames.prefix(3) == ["amount", "weekend", "count_1d"])
        #expect(model.objective == "binary:logistic")
        #expect(model.libraryVersion == "3.2.0")
        #expect(model.roundCount == 8)
        #expect(model.forest!.depth == 4)
        #expect(model.outputCount == 1)
    }

    @Test func theBestIterationIsTheDefault() throws {
        let bytes = try FixtureFiles.bytes(FixtureFiles.folder + "/stopped_best.json")
        let best = try Model.load(bytes, path: "")
        let all = try Model.load(bytes, path: "", options: .init(iterations: .all))
        #expect(best.roundsUsed < best.roundCount)
        #expect(all.roundsUsed == all.roundCount)
        #expect(best.forestPredictor.treeCount < all.forestPredictor.treeCount)
    }

    @Test func theScoreIsTheChosenOutput() throws {
        let fixture = FixtureFiles.own.first { $0.name == "softprob" }!
        let inputs = try fixture.inputTable()
        let expected = try fixture.expected()
        for output in 0..<3 {
            let model = try fixture.model(output: output)
            let scores = model.scores(inputs.values, rowCount: inputs.rowCount, stride: inputs.columnCount)
            let column = expected.column("pred\(output)")
            #expect(column.indices.allSatisfy { ulps(scores[$0], column[$0]) <= 2 })
        }
    }

    /// With the base margin added behind the trees instead of before them, most rows differ in the last bits.
    @Test func theBaseMarginComesFirst() throws {
        let fixture = FixtureFiles.own.first { $0.name == "squared_error" }!
        let forest = try #require(fixture.model().forest)
        let inputs = try fixture.inputTable()
        let expected = try fixture.expected().column("margin0")
        var baseLast = 0
        for row in 0..<inputs.rowCount {
            let values = Array(inputs.values[row * inputs.columnCount..<(row + 1) * inputs.columnCount])
            #expect(NaiveForest.margins(forest, values) == [expected[row]])
            let trees = NaiveForest.margins(forest, values, base: [0])[0]
            if trees + forest.baseMargins[0] != expected[row] { baseLast += 1 }
        }
        #expect(baseLast > inputs.rowCount / 4, "\(baseLast) rows tell the two orders apart")
    }
}
