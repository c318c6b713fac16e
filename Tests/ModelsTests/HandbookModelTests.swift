import Testing

@testable import Models

/// The models of the card-fraud protocol, which lie beside the checkout.
@Suite struct HandbookModelTests {
    private static let folder = FixtureFiles.shared + "/golden/models/handbook_e2e"

    @Test(
        .enabled(
            if: FixtureFiles.exists(folder),
            "no handbook models: set RIFFLE_SHARED to the folder that holds golden/models/handbook_e2e"),
        arguments: [("xgb_default_exact.json", 6), ("xgb_100_d3_eta01.json", 3)])
    func kernelsAgree(name: String, depth: Int) throws {
        let model = try Model.load(FixtureFiles.bytes("\(Self.folder)/\(name)"), path: name)
        #expect(model.featureCount == 15)
        #expect(model.forestPredictor.treeCount == 100)
        #expect(model.forest!.depth == depth)
        #expect(model.objective == "binary:logistic")
        var random = SeededGenerator(seed: 11)
        let rowCount = 600
        let thresholds = model.forest!.trees.flatMap(\.nodes.value)
        let values = (0..<rowCount * 15).map { _ in
            Int.random(in: 0..<12, using: &random) == 0 ? Float.nan : thresholds.randomElement(using: &random)!
        }
        let expected = (0..<rowCount).flatMap {
            NaiveForest.margins(model.forest!, Array(values[$0 * 15..<$0 * 15 + 15]))
        }
        for kernel in ForestPredictor.Kernel.allCases {
            let predictor = ForestPredictor(model.forest!, kernel: kernel)
            for batch in [1, 16, 256, rowCount] {
                let margins = predictor.margins(values, rowCount: rowCount, stride: 15, batch: batch)
                #expect(margins == expected, "\(kernel), batches of \(batch)")
            }
        }
        let scores = model.scores(values, rowCount: rowCount, stride: 15)
        #expect(scores.allSatisfy { $0 > 0 && $0 < 1 })
        #expect(Set(scores).count > rowCount / 4)
    }
}
