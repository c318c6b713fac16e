import Testing

@testable import Models

/// Explanations of XGBoost's models against the library's own and against the definition of Shapley values.
@Suite struct ForestExplanationTests {
    /// A file of contributions says what the library makes of the first rows.
    private static let fixtures: [ModelFixture] = {
        let names = FixtureFiles.own + [ModelFixture(folder: FixtureFiles.folder, name: "linear", inputs: "inputs.csv")]
        return names.filter { FixtureFiles.exists("\($0.folder)/\($0.name).contributions.csv") }
    }()

    @Test func thereAreFixtures() { #expect(Self.fixtures.count >= 16) }

    /// The library adds up in float32: what it says differs from the exact value by some of its ulps.
    @Test(arguments: fixtures)
    func asTheLibrary(_ fixture: ModelFixture) throws {
        let model = try fixture.anyModel()
        let inputs = try fixture.inputTable()
        let expected = try Table("\(fixture.folder)/\(fixture.name).contributions.csv")
        let rowCount = expected.rowCount
        let explainer = try model.makeExplainer()
        let rows = inputs.values.map(Double.init)
        let found = explainer.contributions(rows, rowCount: rowCount, stride: inputs.columnCount)
        #expect(explainer.rawCount == model.predictor.rawCount && found.count == expected.values.count)
        for (index, pair) in zip(found, expected.values).enumerated() {
            let allowed = 1e-5 * max(1, abs(Double(pair.1)))
            if abs(pair.0 - Double(pair.1)) > allowed {
                Issue.record("\(fixture.name): contribution \(index) is \(pair.0), the library's \(pair.1)")
            }
        }
        let raw = model.predictor.outputs(rows, rowCount: rowCount, stride: inputs.columnCount, batch: 64).raw
        let width = model.featureCount + 1
        for output in raw.indices {
            let sum = found[output * width..<(output + 1) * width].reduce(0, +)
            #expect(abs(sum - raw[output]) <= 1e-5 * max(1, abs(raw[output])), "\(fixture.name), raw output \(output)")
        }
    }

    private static let shapes: [ForestKernelTests.Shape] = [
        .init(name: "single leaves", features: 2, trees: 2, leaves: 1),
        .init(name: "stumps", features: 3, trees: 5, leaves: 2),
        .init(name: "one block of two points", features: 4, trees: 3, leaves: 9),
        .init(name: "one block of four points", features: 8, trees: 3, leaves: 30, groups: 2),
        .init(name: "two blocks", features: 13, trees: 1, leaves: 22, isChain: true),
        .init(name: "features that come again", features: 2, trees: 4, leaves: 40),
        .init(name: "one feature", features: 1, trees: 3, leaves: 12),
        .init(name: "categories", features: 5, trees: 4, leaves: 20, groups: 3, categories: 40),
    ]

    @Test(arguments: shapes, [1, 2] as [UInt64])
    func asTheDefinition(_ shape: ForestKernelTests.Shape, seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let forest = try Self.covered(ForestKernelTests.forest(shape, &random), &random)
        let explainer = try ForestExplainer(forest)
        let rowCount = shape.features > 10 ? 2 : 7
        let thresholds = forest.trees.flatMap(\.nodes.value)
        let rows = (0..<rowCount * shape.features).map { _ in
            shape.categories > 0 && Bool.random(using: &random)
                ? ForestKernelTests.category(shape.categories, &random) : ForestKernelTests.value(thresholds, &random)
        }
        let found = explainer.contributions(rows.map(Double.init), rowCount: rowCount, stride: shape.features)
        let width = forest.groupCount * (shape.features + 1)
        for row in 0..<rowCount {
            let values = Array(rows[row * shape.features..<(row + 1) * shape.features])
            let expected = Self.shapley(forest, values)
            for (index, pair) in zip(found[row * width..<(row + 1) * width], expected).enumerated() {
                #expect(abs(pair.0 - pair.1) < 1e-12, "\(shape.name), seed \(seed), row \(row): contribution \(index)")
            }
        }
    }

    /// One by one, in blocks and all at once, wide and narrow: the same bits.
    @Test func batchesDoNotMatter() throws {
        var random = SeededGenerator(seed: 5)
        for features in [3, 700] {
            let shape = ForestKernelTests.Shape(name: "", features: features, trees: 6, leaves: 20, groups: 2)
            let explainer = try ForestExplainer(Self.covered(ForestKernelTests.forest(shape, &random), &random))
            let rows = (0..<150 * features).map { _ in Double(ForestKernelTests.value([0.5], &random)) }
            let expected = explainer.contributions(rows, rowCount: 150, stride: features)
            for batch in [1, 7, 64] {
                let found = explainer.contributions(rows, rowCount: 150, stride: features, batch: batch)
                #expect(found.map(\.bitPattern) == expected.map(\.bitPattern), "\(features) features, batch \(batch)")
            }
        }
    }

    /// A value that counts as missing is explained as a missing one, whatever the model.
    @Test(arguments: ["binary.json", "linear.json"])
    func oneMoreMissingValue(file: String) throws {
        let bytes = try FixtureFiles.bytes("\(FixtureFiles.folder)/\(file)")
        let plain = try Model.load(bytes, path: file, options: .init(output: 0)).makeExplainer()
        let replacing = try Model.load(bytes, path: file, options: .init(output: 0, missing: -999)).makeExplainer()
        let inputs = try Table(FixtureFiles.folder + "/inputs.csv")
        let rows = inputs.values.map(Double.init)
        #expect(rows.contains { $0.isNaN })
        let expected = plain.contributions(rows, rowCount: inputs.rowCount, stride: inputs.columnCount)
        let replaced = rows.map { $0.isNaN ? -999 : $0 }
        let found = replacing.contributions(replaced, rowCount: inputs.rowCount, stride: inputs.columnCount)
        #expect(found == expected)
    }

    /// The library does not explain leaves of several targets: each target is one forest to the definition.
    @Test func vectorLeavesAreExplained() throws {
        let fixture = try #require(FixtureFiles.own.first { $0.name == "vector_leaf" })
        let model = try fixture.anyModel()
        let forest = try #require(model.forest)
        let inputs = try fixture.inputTable()
        let explainer = try model.makeExplainer()
        let width = forest.groupCount * (forest.featureCount + 1)
        let found = explainer.contributions(inputs.values.map(Double.init), rowCount: 4, stride: inputs.columnCount)
        for row in 0..<4 {
            let start = row * inputs.columnCount
            let expected = Self.shapley(forest, Array(inputs.values[start..<start + inputs.columnCount]))
            for (left, right) in zip(found[row * width..<(row + 1) * width], expected) {
                #expect(abs(left - right) < 1e-12)
            }
        }
    }

    @Test func withoutCoverNothingIsExplained() throws {
        var random = SeededGenerator(seed: 1)
        let shape = ForestKernelTests.Shape(name: "", features: 3, trees: 2, leaves: 3)
        let forest = try ForestKernelTests.forest(shape, &random)
        let missing = #expect(throws: ModelFailure.self) { try ForestExplainer(forest) }
        #expect(missing?.code == .missingField && missing?.place == "tree 0")
        var spec = ForestSpec(featureCount: 3, trees: forest.trees.map(\.nodes), baseMargins: forest.baseMargins)
        for tree in spec.trees.indices { spec.trees[tree].covers = spec.trees[tree].left.map { _ in -1 } }
        let negative = #expect(throws: ModelFailure.self) { try ForestExplainer(Forest(checking: spec)) }
        #expect(negative?.code == .badNumber && negative?.place == "tree 0, node 0")
        // Covers that say nothing leave halves.
        for tree in spec.trees.indices { spec.trees[tree].covers = spec.trees[tree].left.map { _ in 0 } }
        let halves = try ForestExplainer(Forest(checking: spec)).contributions([1, 2, 3], rowCount: 1, stride: 3)
        let margin = NaiveForest.margins(forest, [1, 2, 3])[0]
        #expect(abs(halves.reduce(0, +) - Double(margin)) < 1e-5)
    }

    /// The same forest with random covers, a split's the sum of its children's.
    private static func covered(_ forest: Forest, _ random: inout SeededGenerator) throws -> Forest {
        var trees: [TreeSpec] = []
        for tree in forest.trees {
            var spec = tree.nodes
            spec.covers = spec.left.map { _ in Float.random(in: 0.1...9, using: &random) }
            func cover(_ node: Int) -> Float {
                guard spec.left[node] != TreeSpec.noChild else { return spec.covers[node] }
                spec.covers[node] = cover(Int(spec.left[node])) + cover(Int(spec.right[node]))
                return spec.covers[node]
            }
            _ = cover(0)
            trees.append(spec)
        }
        return try Forest(
            checking: ForestSpec(featureCount: forest.featureCount, trees: trees, baseMargins: forest.baseMargins))
    }

    private static func shapley(_ forest: Forest, _ row: [Float]) -> [Double] {
        let features = row.count
        var result = [Double](repeating: 0, count: forest.groupCount * (features + 1))
        for (group, margin) in forest.baseMargins.enumerated() {
            result[group * (features + 1) + features] = Double(margin)
        }
        for tree in forest.trees {
            let base = tree.nodes.group * (features + 1)
            let game = NaiveShapley(playerCount: features) { mean(tree.nodes, 0, known: $0, row) }
            result[base + features] += game.values[0]
            for feature in 0..<features { result[base + feature] += game.value(of: feature) }
        }
        return result
    }

    /// The mean over the training rows of the leaves that can be reached where only some features are known.
    private static func mean(_ tree: TreeSpec, _ node: Int, known: Int, _ row: [Float]) -> Double {
        guard tree.left[node] != TreeSpec.noChild else { return Double(tree.value[node]) }
        let children = [Int(tree.left[node]), Int(tree.right[node])]
        if known & 1 << Int(tree.feature[node]) != 0 {
            return mean(tree, NaiveForest.child(tree, node, row), known: known, row)
        }
        let covers = children.map { Double(tree.covers[$0]) }
        let means = children.map { mean(tree, $0, known: known, row) }
        return (covers[0] * means[0] + covers[1] * means[1]) / (covers[0] + covers[1])
    }
}
