import Testing

@testable import Models

/// Contributions against the definition of Shapley values and against the library's own.
@Suite struct TreeContributionsTests {
    @Test(
        arguments: LightGBMFixture.own.filter {
            FixtureFiles.exists("\($0.folder)/\($0.name).contributions.csv")
        })
    func asTheLibrary(_ fixture: LightGBMFixture) throws {
        let model = try fixture.model()
        let inputs = try fixture.inputTable()
        let expected = try #require(try fixture.table("contributions"))
        let explainer = try model.makeExplainer()
        let found = explainer.contributions(
            inputs.values, rowCount: expected.rowCount, stride: inputs.columnCount)
        #expect(found.count == expected.values.count)
        let scale = max(1, expected.values.reduce(0) { max($0, abs($1)) })
        for (index, pair) in zip(found, expected.values).enumerated() where abs(pair.0 - pair.1) > 1e-9 * scale {
            Issue.record("\(fixture.name): contribution \(index) is \(pair.0), the library's \(pair.1)")
        }
        let raw = model.predictor.outputs(
            inputs.values, rowCount: inputs.rowCount, stride: inputs.columnCount, batch: 64
        ).raw
        let width = model.featureCount + 1
        for group in 0..<expected.rowCount * model.predictor.rawCount {
            let sum = found[group * width..<(group + 1) * width].reduce(0, +)
            #expect(abs(sum - raw[group]) <= 1e-9 * scale)
        }
    }

    /// From the definition: the value of a set of known features is the mean over the training rows of the leaves that
    /// can be reached, weighted along unknown splits.
    @Test(arguments: [1, 2, 3] as [UInt64])
    func asTheDefinition(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let shape = DoubleForestKernelTests.Shape(name: "", features: 9, trees: 4, leaves: 40, groups: 2)
        var forest = try DoubleForestKernelTests.forest(shape, &random)
        forest = try Self.counted(forest, &random)
        let explainer = try DoubleForestExplainer(DoubleForestPredictor(forest))
        for _ in 0..<4 {
            let row = (0..<9).map { _ in DoubleForestKernelTests.value([], &random) }
            let found = explainer.contributions(row, rowCount: 1, stride: 9)
            let expected = Self.shapley(forest, row.map { abs($0) <= NaiveDoubleForest.zeroMax ? 0 : $0 })
            for (index, pair) in zip(found, expected).enumerated() {
                #expect(abs(pair.0 - pair.1) < 1e-11, "seed \(seed): contribution \(index)")
            }
        }
    }

    @Test func pointsIntegratePolynomials() {
        for n in [1, 2, 4, 8, 12, 64] {
            let (points, weights) = GaussLegendre.rule(n)
            for degree in [0, 1, n, 2 * n - 1] {
                var sum = 0.0
                for (point, weight) in zip(points, weights) {
                    sum += weight * (0..<degree).reduce(1.0) { power, _ in power * point }
                }
                #expect(abs(sum * Double(degree + 1) - 1) < 1e-12, "\(n) points, degree \(degree)")
            }
        }
    }

    @Test func whatCannotBeExplainedIsRefused() throws {
        let folder = LightGBMFixture.ownFolder
        let linear = try LightGBMFixture(folder: folder, name: "linear", inputs: "").model()
        #expect(throws: ModelFailure.self) { try linear.makeExplainer() }
        let text = LightGBMRefusalTests.good.replacing("is_linear=1", with: "is_linear=0")
        let uncounted = try Model.load(Array(text.utf8), path: "")
        let failure = #expect(throws: ModelFailure.self) { try uncounted.makeExplainer() }
        #expect(failure?.code == .missingField && failure?.place == "tree 1")
    }

    /// The same forest with random training counts, a split's the sum of its children's.
    private static func counted(_ forest: DoubleForest, _ random: inout SeededGenerator) throws -> DoubleForest {
        var trees: [DoubleTreeSpec] = []
        for tree in forest.trees {
            var spec = tree.spec
            spec.leafCounts = spec.leafValues.map { _ in Double(Int.random(in: 1...50, using: &random)) }
            spec.splitCounts = spec.splits.map { _ in 0 }
            func count(_ child: Int32) -> Double {
                if child < 0 { return spec.leafCounts[Int(~child)] }
                let split = spec.splits[Int(child)]
                spec.splitCounts[Int(child)] = count(split.left) + count(split.right)
                return spec.splitCounts[Int(child)]
            }
            _ = count(tree.root)
            trees.append(spec)
        }
        return try DoubleForest(
            checking: DoubleForestSpec(
                featureCount: forest.featureCount, trees: trees, groupCount: forest.groupCount,
                transform: forest.transform))
    }

    private static func shapley(_ forest: DoubleForest, _ row: [Double]) -> [Double] {
        let features = row.count
        var result = [Double](repeating: 0, count: forest.groupCount * (features + 1))
        for tree in forest.trees {
            let game = NaiveShapley(playerCount: features) { mean(tree, tree.root, known: $0, row) }
            let base = tree.spec.group * (features + 1)
            result[base + features] += game.values[0]
            for feature in 0..<features { result[base + feature] += game.value(of: feature) }
        }
        return result
    }

    private static func mean(_ tree: DoubleForest.Tree, _ child: Int32, known: Int, _ row: [Double]) -> Double {
        guard child >= 0 else { return tree.spec.leafValues[Int(~child)] }
        let split = tree.spec.splits[Int(child)]
        if known & 1 << Int(split.feature) != 0 {
            let goesLeft = NaiveDoubleForest.goesLeft(split, row[Int(split.feature)], tree.spec.categoryWords)
            return mean(tree, goesLeft ? split.left : split.right, known: known, row)
        }
        let counts = [split.left, split.right].map {
            $0 < 0 ? tree.spec.leafCounts[Int(~$0)] : tree.spec.splitCounts[Int($0)]
        }
        return
            (counts[0] * mean(tree, split.left, known: known, row)
            + counts[1] * mean(tree, split.right, known: known, row)) / (counts[0] + counts[1])
    }
}
