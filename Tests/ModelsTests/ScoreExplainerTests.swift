import Testing

@testable import Models

/// Which raw output a score follows.
@Suite struct ScoreExplainerTests {
    private final class Silent: Explaining {
        let featureCount: Int
        let rawCount: Int

        init(_ featureCount: Int, _ rawCount: Int) {
            self.featureCount = featureCount
            self.rawCount = rawCount
        }

        func explain(
            rows: UnsafePointer<Double>, rowCount: Int, stride: Int, scratch: ExplanationScratch,
            into contributions: UnsafeMutablePointer<Double>
        ) {}
    }

    @Test func theScoresOwnRawOutput() throws {
        let single = try ScoreExplainer(Silent(4, 1), outputCount: 1, output: 0)
        #expect((single.rawOutput, single.isReversed) == (0, false))
        let third = try ScoreExplainer(Silent(4, 3), outputCount: 3, output: 2)
        #expect((third.rawOutput, third.isReversed) == (2, false))
        #expect((third.contributionCount, third.contributionStart) == (15, 10))
        // Two classes of one margin.
        let second = try ScoreExplainer(Silent(4, 1), outputCount: 2, output: 1)
        #expect((second.rawOutput, second.isReversed) == (0, false))
        let first = try ScoreExplainer(Silent(4, 1), outputCount: 2, output: 0)
        #expect((first.rawOutput, first.isReversed) == (0, true))
    }

    /// The number of the most probable class follows no margin.
    @Test(arguments: [(3, 1), (1, 3), (2, 3)])
    func aScoreThatFollowsNoneIsRefused(rawCount: Int, outputCount: Int) {
        let failure = #expect(throws: ModelFailure.self) {
            try ScoreExplainer(Silent(4, rawCount), outputCount: outputCount, output: 0)
        }
        #expect(failure?.code == .unsupportedConstruct)
    }

    @Test func whatARowTakesIsBounded() throws {
        _ = try ScoreExplainer(Silent(2_000, 1_000), outputCount: 1_000, output: 0)
        let failure = #expect(throws: ModelFailure.self) {
            try ScoreExplainer(Silent(2_100, 1_000), outputCount: 1_000, output: 0)
        }
        #expect(failure?.code == .tooLarge)
    }

    @Test func aModelsOwn() throws {
        let model = try Model.load(
            FixtureFiles.bytes("\(FixtureFiles.folder)/LightGBM/multiclass.txt"), path: "multiclass.txt",
            options: ModelOptions(output: 1))
        let explainer = try model.makeScoreExplainer()
        #expect((explainer.rawOutput, explainer.featureCount) == (1, 8))
    }
}
