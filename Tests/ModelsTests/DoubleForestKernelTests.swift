import Testing

@testable import Models

/// Every kernel against the naive forest, bit for bit, over seeded random forests and awkward inputs.
@Suite struct DoubleForestKernelTests {
    struct Shape: Sendable, CustomTestStringConvertible {
        var name: String
        var features: Int
        var trees: Int
        var leaves: Int
        var groups = 1
        var rules = DoubleSplit.Rule.allCases
        var isAwkward = false
        var isChain = false
        var isLinear = false

        var testDescription: String { name }
    }

    static let awkward: [Double] = [
        0, -0.0, .infinity, -.infinity, .leastNonzeroMagnitude, -.leastNonzeroMagnitude, .greatestFiniteMagnitude, 1,
        1.0.nextUp, 1.0.nextDown, -1, 1e-35, -1e-35, DoubleSplit.zeroMax, -DoubleSplit.zeroMax,
        DoubleSplit.zeroMax.nextUp, (-DoubleSplit.zeroMax).nextDown, DoubleSplit.zeroMax.nextDown, 31, 32, 63.9, -0.5,
        4_294_967_296, 1e300,
    ]

    private static let shapes: [Shape] = [
        Shape(name: "single leaves", features: 1, trees: 5, leaves: 1),
        Shape(name: "stumps", features: 3, trees: 19, leaves: 2),
        Shape(name: "one plane", features: 4, trees: 17, leaves: 8),
        Shape(name: "edge of a plane", features: 4, trees: 6, leaves: 9),
        Shape(name: "eight planes", features: 6, trees: 7, leaves: 64, rules: [.missingRight]),
        Shape(name: "more planes", features: 6, trees: 9, leaves: 65),
        Shape(name: "most leaves of masks", features: 6, trees: 9, leaves: 256),
        Shape(name: "one leaf too many for masks", features: 6, trees: 9, leaves: 257),
        Shape(name: "plain walks", features: 6, trees: 9, leaves: 300, rules: [.missingIsZero, .missingLeft]),
        Shape(name: "several groups", features: 5, trees: 12, leaves: 12, groups: 3),
        Shape(name: "awkward thresholds", features: 3, trees: 30, leaves: 10, isAwkward: true),
        Shape(
            name: "more thresholds than a byte", features: 2, trees: 60, leaves: 30, rules: [.missingRight, .zeroLeft]),
        Shape(name: "all categories", features: 2, trees: 20, leaves: 6, rules: [.categories]),
        Shape(name: "too many columns for blocks", features: 400, trees: 60, leaves: 60),
        Shape(name: "chains", features: 3, trees: 3, leaves: 60, isChain: true),
        Shape(name: "deep chains", features: 3, trees: 9, leaves: 300, isChain: true),
        Shape(name: "linear leaves", features: 4, trees: 11, leaves: 9, isLinear: true),
    ]

    @Test(arguments: shapes, [1, 2] as [UInt64])
    func kernelsAgree(_ shape: Shape, seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let forest = try Self.forest(shape, &random)
        // Rows stand apart by more than they are long.
        let stride = shape.features + Int.random(in: 0...3, using: &random)
        let rowCount = 70
        let thresholds = forest.trees.flatMap { $0.spec.splits.map(\.threshold) }
        let values = (0..<rowCount * stride).map { _ in Self.value(thresholds, &random) }
        let expected = (0..<rowCount).flatMap {
            NaiveDoubleForest.margins(forest, Array(values[$0 * stride..<$0 * stride + shape.features]))
        }
        for kernel in DoubleForestPredictor.Kernel.allCases {
            let predictor = DoubleForestPredictor(forest, kernel: kernel)
            for batch in [1, 3, 8, 17, 64, rowCount] {
                let found = predictor.outputs(values, rowCount: rowCount, stride: stride, batch: batch).raw
                let differing = found.indices.filter { ulps(found[$0], expected[$0]) != 0 }
                #expect(
                    differing.isEmpty,
                    "\(shape.name), seed \(seed), \(kernel), batches of \(batch): margins \(differing.prefix(5))")
            }
        }
    }

    /// More rows than a block holds, and predictions alone, raw outputs alone, neither.
    @Test func blocksAndTargets() throws {
        var random = SeededGenerator(seed: 5)
        let forest = try Self.forest(Shape(name: "", features: 3, trees: 9, leaves: 8), &random)
        let predictor = DoubleForestPredictor(forest)
        let values = (0..<3 * 600).map { _ in Double.random(in: -2...2, using: &random) }
        let both = predictor.outputs(values, rowCount: 600, stride: 3, batch: 600)
        let small = predictor.outputs(values, rowCount: 600, stride: 3, batch: 9)
        #expect(both.raw == small.raw && both.predictions == small.predictions)
        var alone = [Double](repeating: .nan, count: 600)
        predictor.predict(rows: values, rowCount: 600, stride: 3, raw: nil, predictions: &alone)
        #expect(alone == both.predictions)
        predictor.predict(rows: values, rowCount: 600, stride: 3, raw: &alone, predictions: nil)
        #expect(alone == both.raw)
        predictor.predict(rows: values, rowCount: 600, stride: 3, raw: nil, predictions: nil)
        predictor.predict(rows: values, rowCount: 0, stride: 3, raw: &alone, predictions: nil)
        #expect(alone == both.raw)
    }

    static func value(_ thresholds: [Double], _ random: inout SeededGenerator) -> Double {
        switch Int.random(in: 0..<10, using: &random) {
        case 0: .nan
        case 1: -Double.nan
        case 2: awkward.randomElement(using: &random)!
        case 3: thresholds.randomElement(using: &random) ?? 0
        case 4: (thresholds.randomElement(using: &random) ?? 0).nextUp
        case 5, 6: Double(Int.random(in: -2..<70, using: &random))
        default: Double.random(in: -2...2, using: &random)
        }
    }

    static func forest(_ shape: Shape, _ random: inout SeededGenerator) throws -> DoubleForest {
        var trees: [DoubleTreeSpec] = []
        for number in 0..<shape.trees { trees.append(tree(shape, group: number % shape.groups, &random)) }
        return try DoubleForest(
            checking: DoubleForestSpec(
                featureCount: shape.features, trees: trees, groupCount: shape.groups,
                transform: shape.groups > 1 ? .softmax : .logistic(slope: 1)))
    }

    /// Grows a tree by splitting leaves until there are enough.
    private static func tree(_ shape: Shape, group: Int, _ random: inout SeededGenerator) -> DoubleTreeSpec {
        var tree = DoubleTreeSpec(splits: [], leafValues: [.random(in: -1...1, using: &random)], group: group)
        while tree.leafValues.count < shape.leaves {
            let leaf =
                shape.isChain ? tree.leafValues.count - 1 : Int.random(in: 0..<tree.leafValues.count, using: &random)
            let number = Int32(tree.splits.count)
            for index in tree.splits.indices {
                if tree.splits[index].left == ~Int32(leaf) { tree.splits[index].left = number }
                if tree.splits[index].right == ~Int32(leaf) { tree.splits[index].right = number }
            }
            let children = [~Int32(leaf), ~Int32(tree.leafValues.count)].shuffled(using: &random)
            var split = DoubleSplit(
                feature: .random(in: 0..<Int32(shape.features), using: &random), left: children[0],
                right: children[1],
                threshold: shape.isAwkward
                    ? awkward.randomElement(using: &random)! : .random(in: -2...2, using: &random),
                rule: shape.rules.randomElement(using: &random)!)
            if split.rule == .categories {
                split.firstWord = Int32(tree.categoryWords.count)
                split.wordCount = .random(in: 0...3, using: &random)
                for _ in 0..<split.wordCount { tree.categoryWords.append(.random(in: 0...(.max), using: &random)) }
            }
            tree.splits.append(split)
            tree.leafValues.append(.random(in: -1...1, using: &random))
        }
        if shape.isLinear { tree.linear = linear(shape, leaves: tree.leafValues.count, &random) }
        return tree
    }

    private static func linear(_ shape: Shape, leaves: Int, _ random: inout SeededGenerator) -> LinearLeaves {
        var linear = LinearLeaves(constants: [], bounds: [0], features: [], coefficients: [])
        for _ in 0..<leaves {
            linear.constants.append(.random(in: -1...1, using: &random))
            for _ in 0..<Int.random(in: 0...3, using: &random) {
                linear.features.append(.random(in: 0..<Int32(shape.features), using: &random))
                linear.coefficients.append(.random(in: -1...1, using: &random))
            }
            linear.bounds.append(Int32(linear.features.count))
        }
        return linear
    }
}
