import Testing

@testable import Models

/// Every kernel against the naive forest, bit for bit, over seeded random forests and awkward inputs.
@Suite struct ForestKernelTests {
    struct Shape: Sendable, CustomTestStringConvertible {
        var name: String
        var features: Int
        var trees: Int
        var leaves: Int
        var groups = 1
        var thresholds: [Float] = []
        /// A chain: each split has a leaf at one side.
        var isChain = false
        /// So many categories, in about half of all splits.
        var categories = 0
        /// Splits share one of so many sets; 0: each has its own.
        var sets = 0

        var testDescription: String { name }
    }

    private static let awkward: [Float] = [
        0, -0.0, .infinity, -.infinity, .leastNonzeroMagnitude, -.leastNonzeroMagnitude, .greatestFiniteMagnitude, 1,
        Float(1).nextUp, Float(1).nextDown, -1,
    ]

    private static let shapes: [Shape] = [
        Shape(name: "single leaves", features: 1, trees: 5, leaves: 1),
        Shape(name: "stumps", features: 3, trees: 9, leaves: 2),
        Shape(name: "one plane", features: 4, trees: 17, leaves: 8),
        Shape(name: "edge of a plane", features: 4, trees: 6, leaves: 9),
        Shape(name: "all planes", features: 6, trees: 7, leaves: 64),
        Shape(name: "one leaf too many for masks", features: 6, trees: 5, leaves: 65),
        Shape(name: "large trees", features: 5, trees: 4, leaves: 700),
        Shape(name: "several groups", features: 5, trees: 12, leaves: 12, groups: 3),
        Shape(name: "awkward thresholds", features: 3, trees: 30, leaves: 10, thresholds: awkward),
        Shape(name: "more thresholds than a byte", features: 2, trees: 60, leaves: 30),
        Shape(name: "too many columns for blocks", features: 400, trees: 60, leaves: 60),
        Shape(name: "chains", features: 3, trees: 3, leaves: 60, isChain: true),
        Shape(name: "deep chains", features: 3, trees: 2, leaves: 500, isChain: true),
        Shape(name: "few sets of categories", features: 4, trees: 21, leaves: 9, categories: 40, sets: 5),
        Shape(name: "more sets than columns", features: 4, trees: 21, leaves: 14, groups: 3, categories: 9),
        Shape(name: "sets in large trees", features: 4, trees: 5, leaves: 90, categories: 300, sets: 7),
        Shape(name: "sets in deep chains", features: 3, trees: 5, leaves: 30, isChain: true, categories: 64, sets: 9),
    ]

    @Test(arguments: shapes, [1, 2] as [UInt64])
    func kernelsAgree(_ shape: Shape, seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let forest = try Self.forest(shape, &random)
        // Rows stand apart by more than they are long.
        let stride = shape.features + Int.random(in: 0...3, using: &random)
        let rowCount = 150
        let thresholds = forest.trees.flatMap(\.nodes.value)
        var values: [Float] = []
        for _ in 0..<rowCount * stride {
            values.append(
                shape.categories > 0 && Bool.random(using: &random)
                    ? Self.category(shape.categories, &random) : Self.value(thresholds, &random))
        }
        var expected: [Float] = []
        for row in 0..<rowCount {
            expected += NaiveForest.margins(forest, Array(values[row * stride..<row * stride + shape.features]))
        }
        for kernel in ForestPredictor.Kernel.allCases {
            let predictor = ForestPredictor(forest, kernel: kernel)
            for batch in [1, 3, 4, 5, 16, 17, 64, 81, rowCount] {
                let margins = predictor.margins(values, rowCount: rowCount, stride: stride, batch: batch)
                let differing = margins.indices.filter { margins[$0].bitPattern != expected[$0].bitPattern }
                #expect(
                    differing.isEmpty,
                    "\(shape.name), seed \(seed), \(kernel), batches of \(batch): margins \(differing.prefix(5))")
            }
        }
    }

    /// A model whose rows are complete takes another path than one with a missing value.
    @Test func completeRowsAndRowsWithMissingValues() throws {
        var random = SeededGenerator(seed: 3)
        let forest = try Self.forest(Shape(name: "", features: 4, trees: 11, leaves: 14), &random)
        let complete = (0..<80).map { _ in Float.random(in: -2...2, using: &random) }
        var missing = complete
        missing[79] = .nan
        for values in [complete, missing] {
            let expected = (0..<20).flatMap { NaiveForest.margins(forest, Array(values[$0 * 4..<$0 * 4 + 4])) }
            for kernel in ForestPredictor.Kernel.allCases {
                for batch in [1, 20] {
                    let predictor = ForestPredictor(forest, kernel: kernel)
                    #expect(predictor.margins(values, rowCount: 20, stride: 4, batch: batch) == expected)
                }
            }
        }
    }

    @Test func threadsShareAPredictor() async throws {
        var random = SeededGenerator(seed: 4)
        let forest = try Self.forest(Shape(name: "", features: 6, trees: 20, leaves: 20), &random)
        let values = (0..<6 * 500).map { _ in Float.random(in: -2...2, using: &random) }
        let predictor = ForestPredictor(forest)
        let expected = predictor.margins(values, rowCount: 500, stride: 6, batch: 500)
        await withTaskGroup(of: [Float].self) { group in
            for batch in [1, 7, 64, 100, 256, 499] {
                group.addTask { predictor.margins(values, rowCount: 500, stride: 6, batch: batch) }
            }
            for await margins in group { #expect(margins == expected) }
        }
    }

    @Test func noRowsAndNoTrees() throws {
        let forest = try Forest(checking: ForestSpec(featureCount: 0, trees: [], baseMargins: [0.25, -1]))
        let predictor = ForestPredictor(forest)
        #expect(predictor.margins([0, 0], rowCount: 2, stride: 1, batch: 2) == [0.25, -1, 0.25, -1])
        var untouched: [Float] = [7]
        [Float(0)].withUnsafeBufferPointer {
            predictor.predictMargins(rows: $0.baseAddress!, rowCount: 0, stride: 1, into: &untouched)
        }
        #expect(untouched == [7])
    }

    @Test func keysHaveTheOrderOfTheFloats() {
        let sorted: [Float] = [
            -.infinity, -.greatestFiniteMagnitude, -1, -.leastNonzeroMagnitude, 0, .leastNonzeroMagnitude, 1,
            .greatestFiniteMagnitude, .infinity,
        ]
        let keys = sorted.map(FeatureRanks.key)
        #expect(zip(keys, keys.dropFirst()).allSatisfy { $0 < $1 })
        #expect(FeatureRanks.key(-0.0) == FeatureRanks.key(0))
        // Missing values need room below and above.
        #expect(keys[0] > .min && keys.last! < .max)
    }

    static func value(_ thresholds: [Float], _ random: inout SeededGenerator) -> Float {
        switch Int.random(in: 0..<10, using: &random) {
        case 0: .nan
        case 1: -Float.nan
        case 2: awkward.randomElement(using: &random)!
        case 3, 4: thresholds.randomElement(using: &random)!
        case 5: thresholds.randomElement(using: &random)!.nextDown
        default: Float.random(in: -2...2, using: &random)
        }
    }

    /// Of the range, beside it, between two of them, or none at all.
    static func category(_ count: Int, _ random: inout SeededGenerator) -> Float {
        let whole = Float(Int.random(in: -1...count + 1, using: &random))
        return [whole, whole, whole, whole + 0.75, -0.5, 16_777_215, 16_777_216, 1e30].randomElement(using: &random)!
    }

    private static func categorySet(_ shape: Shape, _ random: inout SeededGenerator) -> CategorySet {
        var own = random
        if shape.sets > 0 { own = SeededGenerator(seed: .random(in: 0..<UInt64(shape.sets), using: &random)) }
        let size = Int.random(in: 1...max(1, shape.categories / 2), using: &own)
        let members = (0..<size).map { _ in Int32.random(in: 0..<Int32(shape.categories), using: &own) }
        _ = random.next()
        return CategorySet(members)
    }

    static func forest(_ shape: Shape, _ random: inout SeededGenerator) throws -> Forest {
        var trees: [TreeSpec] = []
        for number in 0..<shape.trees { trees.append(tree(shape, group: number % shape.groups, &random)) }
        let margins = (0..<shape.groups).map { _ in Float.random(in: -3...3, using: &random) }
        return try Forest(
            checking: ForestSpec(featureCount: shape.features, trees: trees, baseMargins: margins))
    }

    /// Grows a tree by splitting leaves until there are enough.
    private static func tree(_ shape: Shape, group: Int, _ random: inout SeededGenerator) -> TreeSpec {
        var tree = TreeSpec(left: [-1], right: [-1], feature: [0], value: [0], defaultLeft: [0], group: group)
        if shape.categories > 0 { tree.setOfNode = [TreeSpec.noSet] }
        var leaves = [0]
        while leaves.count < shape.leaves {
            let chosen = shape.isChain ? leaves.count - 1 : Int.random(in: 0..<leaves.count, using: &random)
            let node = leaves.remove(at: chosen)
            let children = [tree.left.count, tree.left.count + 1].shuffled(using: &random)
            tree.left[node] = Int32(children[0])
            tree.right[node] = Int32(children[1])
            tree.feature[node] = Int32.random(in: 0..<Int32(shape.features), using: &random)
            tree.value[node] = shape.thresholds.randomElement(using: &random) ?? .random(in: -2...2, using: &random)
            tree.defaultLeft[node] = Bool.random(using: &random) ? 1 : 0
            if shape.categories > 0, Bool.random(using: &random) {
                tree.setOfNode[node] = Int32(tree.categorySets.count)
                tree.categorySets.append(categorySet(shape, &random))
            }
            for _ in children {
                if shape.categories > 0 { tree.setOfNode.append(TreeSpec.noSet) }
                tree.left.append(TreeSpec.noChild)
                tree.right.append(TreeSpec.noChild)
                tree.feature.append(0)
                tree.value.append(0)
                tree.defaultLeft.append(0)
            }
            leaves += children
        }
        for leaf in leaves { tree.value[leaf] = .random(in: -1...1, using: &random) }
        return tree
    }
}
