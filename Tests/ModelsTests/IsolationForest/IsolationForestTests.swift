import Foundation
import Testing

@testable import Models

@Suite struct IsolationForestTests {
    // MARK: path lengths

    @Test func meanPathLengthsAreThePapers() {
        // scikit-learn's _average_path_length.
        let expected: [(rows: Int, length: Double)] = [
            (0, 0), (1, 0), (2, 1), (3, 1.207_392_357_589_623), (10, 3.748_880_484_475_505),
            (256, 10.244_770_920_119_917), (1_000_000, 26.785_452_445_730_613),
        ]
        for (rows, length) in expected {
            #expect(abs(PathLengths.expected(rows) - length) <= 1e-12 * max(1, length), "\(rows) rows")
        }
    }

    @Test func treesAreAsDeepAsTheLogarithmOfTheirSample() {
        let expected = [0: 0, 1: 0, 2: 1, 3: 2, 4: 2, 5: 3, 255: 8, 256: 8, 257: 9, 1 << 20: 20]
        for (sample, depth) in expected { #expect(IsolationTree.depthMax(sample: sample) == depth, "\(sample) rows") }
    }

    // MARK: samples

    @Test func everyRowIsAsLikelyInASample() {
        let (rows, capacity, reservoirs) = (50, 5, 4_000)
        var counts = [Int](repeating: 0, count: rows)
        for number in 0..<reservoirs {
            var reservoir = RowReservoir(capacity: capacity, width: 1, random: SampleRandom(seed: 3, tree: number))
            for row in 0..<rows where row == reservoir.next {
                [Double(row)].withUnsafeBufferPointer { reservoir.take($0) }
            }
            #expect(Set(reservoir.values).count == capacity, "a row twice in reservoir \(number)")
            for value in reservoir.values { counts[Int(value)] += 1 }
        }
        let share = Double(capacity) / Double(rows)
        let mean = Double(reservoirs) * share
        let deviation = (mean * (1 - share)).squareRoot()
        for (row, count) in counts.enumerated() {
            #expect(abs(Double(count) - mean) < 5 * deviation, "row \(row) was drawn \(count) times, expected \(mean)")
        }
    }

    @Test func aSampleOfAllRowsHoldsEachOnce() {
        let table = TrainingTable.random(rows: 40, width: 2, seed: 1)
        var reservoir = RowReservoir(capacity: 40, width: 2, random: SampleRandom(seed: 1, tree: 0))
        for number in 0..<40 where number == reservoir.next {
            table.row(number).withUnsafeBufferPointer { reservoir.take($0) }
        }
        #expect(reservoir.values == table.values)
    }

    // MARK: trees

    /// Each row of the sample walks down as the scorer would: the nodes' counts have to be those of the file.
    @Test(arguments: [0, 0.3] as [Double], [1, 2, 3] as [UInt64])
    func nodesHoldTheRowsThatComeBy(missing: Double, seed: UInt64) {
        let table = TrainingTable.random(rows: 200, width: 4, missing: missing, seed: seed)
        let forest = table.train()
        #expect(forest.sample == 200)
        for (number, tree) in forest.trees.enumerated() {
            var counts = [Int32](repeating: 0, count: tree.nodeCount)
            for row in 0..<table.rowCount {
                let values = table.row(row)
                var node = 0
                counts[0] += 1
                while tree.features[node] >= 0 {
                    let goesRight = NaiveIsolationForest.goesRight(tree, values, node)
                    node = Int(goesRight ? tree.rights[node] : tree.lefts[node])
                    counts[node] += 1
                }
            }
            #expect(counts == tree.rows, "seed \(seed), tree \(number)")
            #expect(tree.depths().max()! <= 8)
            #expect(tree.rows.allSatisfy { $0 > 0 })
            // What is left whole could not be split, or lies as deep as trees go.
            for (node, depth) in tree.depths().enumerated() where tree.features[node] < 0 && missing == 0 {
                #expect(tree.rows[node] == 1 || depth == 8, "seed \(seed), tree \(number), node \(node)")
            }
        }
    }

    @Test func missingValuesGoWhereTheOthersGo() {
        // One side of nearly every split is much larger: over many trees a missing value follows it by its share.
        var table = TrainingTable(width: 1)
        for row in 0..<256 { table.values.append(row < 250 ? Double(row) : 1e6) }
        let forest = table.train(.init(treeCount: 400))
        let right = forest.trees.count { $0.missingRight[0] == 1 }
        // Nearly every first threshold lies between 249 and 1e6: 6 of 256 rows are on the right, 9 of 400 trees.
        #expect((2...25).contains(right), "\(right) of 400 trees send it right")
    }

    @Test func constantInputsAreNotAskedFor() throws {
        var table = TrainingTable(width: 4)
        for row in 0..<100 { table.values += [7, Double(row), .nan, row % 2 == 0 ? 1e-36 : -1e-40] }
        let forest = table.train()
        #expect(forest.unusedInputs == ["x0", "x2", "x3"])
        #expect(forest.trees.allSatisfy { $0.features.contains(1) })
    }

    @Test func whatCannotBeToldApartScoresOneHalf() throws {
        let nothing = [[Double]](repeating: [1, .nan], count: 300)
        for rows in [[[1, 2]], nothing, [[Double]](repeating: [3, 4], count: 2)] {
            let forest = TrainingTable(width: 2, values: rows.flatMap { $0 }).train()
            #expect(forest.trees.allSatisfy { $0.nodeCount == 1 })
            for row in [[1.0, 2.0], [.nan, .infinity], [-1e300, 0]] {
                #expect(try Self.scores(forest, row) == [0.5])
            }
        }
    }

    @Test func extremeNumbersAreSplit() throws {
        var table = TrainingTable.random(rows: 300, width: 2, seed: 9)
        table.values[4] = .infinity
        table.values[8] = -.infinity
        table.values[10] = .greatestFiniteMagnitude
        table.values[12] = -.greatestFiniteMagnitude
        let forest = table.train(.init(treeCount: 50, sample: 512))
        for tree in forest.trees { #expect(tree.thresholds.allSatisfy { $0.isFinite }) }
        let odd = try Self.scores(forest, [.infinity, 0])[0]
        let usual = try Self.scores(forest, [0, 0])[0]
        #expect(odd > 0.6 && usual < 0.55, "\(odd), \(usual)")
    }

    // MARK: forests

    @Test func theSameSeedGivesTheSameBytes() {
        let table = TrainingTable.random(rows: 700, width: 3, missing: 0.1, seed: 4)
        let parameters = IsolationForestParameters(treeCount: 12, sample: 64, seed: 5)
        #expect(table.train(parameters).fileBytes() == table.train(parameters).fileBytes())
        var other = parameters
        other.seed = 6
        #expect(table.train(parameters).trees != table.train(other).trees)
    }

    /// No logarithm has a part in it, so that it is the same on every machine.
    @Test func aSmallForestIsAsItAlwaysWas() {
        let forest = TrainingTable(width: 2, values: [1, 0, 2, .nan, 4, 0.5, 9, 0.25]).train(.init(treeCount: 2))
        #expect(String(decoding: forest.fileBytes(), as: UTF8.self) == Self.smallForest)
    }

    static let smallForest = """
        {"format":"riffle-isolation-forest","version":1,
        "inputs":["x0","x1"],
        "sample":4,"seed":1,"rows":4,
        "trees":[
        {"feature":[0,1,-1,-1,-1],"threshold":[4.405057424229035,0.08407562816879321,0,0,0],\
        "missing_right":[0,1,0,0,0],"left":[1,2,-1,-1,-1],"right":[4,3,-1,-1,-1],"rows":[4,3,1,2,1]},
        {"feature":[0,0,-1,-1,-1],"threshold":[7.460591572931294,2.367224038025625,0,0,0],\
        "missing_right":[0,1,0,0,0],"left":[1,2,-1,-1,-1],"right":[4,3,-1,-1,-1],"rows":[4,3,2,1,1]}
        ]}

        """

    @Test(arguments: [1, 2, 3] as [UInt64])
    func scoresAreThoseOfTheRecursion(seed: UInt64) throws {
        let table = TrainingTable.random(rows: 900, width: 5, missing: 0.1, seed: seed)
        let forest = table.train(.init(treeCount: 33, sample: 256, seed: Int(seed)))
        let model = try Model.load(forest.fileBytes(), path: "")
        #expect(model.format == .isolationForest)
        #expect(model.featureNames == ["x0", "x1", "x2", "x3", "x4"])
        let found = try #require(model.predictor as? IsolationForestPredictor)
        #expect(found.forest == forest)
        #expect(found.forest.fileBytes() == forest.fileBytes())

        var random = SeededGenerator(seed: seed)
        let thresholds = forest.trees.flatMap(\.thresholds)
        let values = (0..<500 * 5).map { _ in DoubleForestKernelTests.value(thresholds, &random) }
        let expected = (0..<500).map { NaiveIsolationForest.raw(forest, Array(values[$0 * 5..<$0 * 5 + 5])) }
        for batch in [1, 3, 8, 100, 500] {
            let (raw, predictions) = found.outputs(values, rowCount: 500, stride: 5, batch: batch)
            #expect(raw == expected, "seed \(seed), batch \(batch)")
            #expect(predictions == expected.map { exp2($0) })
            #expect(predictions.allSatisfy { (0...1).contains($0) })
        }
    }

    // MARK: explanations

    @Test(arguments: [1, 2] as [UInt64])
    func contributionsAddUpToTheRawOutput(seed: UInt64) throws {
        let forest = TrainingTable.random(rows: 500, width: 4, missing: 0.05, seed: seed).train()
        let model = try Model.load(forest.fileBytes(), path: "")
        let explainer = try model.makeExplainer()
        var random = SeededGenerator(seed: seed)
        let thresholds = forest.trees.flatMap(\.thresholds)
        let values = (0..<50 * 4).map { _ in DoubleForestKernelTests.value(thresholds, &random) }
        var found = [Double](repeating: .nan, count: 50 * 5)
        explainer.explain(rows: values, rowCount: 50, stride: 4, scratch: ExplanationScratch(), into: &found)
        for row in 0..<50 {
            let values = Array(values[row * 4..<row * 4 + 4])
            let expected = NaiveIsolationForest.contributions(forest, values)
            for column in 0..<5 { #expect(abs(found[row * 5 + column] - expected[column]) < 1e-12, "seed \(seed)") }
            let sum = found[row * 5..<row * 5 + 5].reduce(0, +)
            #expect(abs(sum - NaiveIsolationForest.raw(forest, values)) < 1e-12, "seed \(seed), row \(row)")
        }
    }

    @Test func whatIsFarOutIsTheReason() throws {
        let forest = TrainingTable.random(rows: 500, width: 4, seed: 7).train(.init(treeCount: 100))
        let explainer = try Model.load(forest.fileBytes(), path: "").makeExplainer()
        var found = [Double](repeating: .nan, count: 5)
        explainer.explain(rows: [0, 0, 0, 50], rowCount: 1, stride: 4, scratch: ExplanationScratch(), into: &found)
        #expect(found[3] > 0.2 && found[..<3].allSatisfy { abs($0) < 0.1 }, "\(found)")
    }

    @Test func oneRowHasNoReasons() throws {
        let forest = TrainingTable(width: 2, values: [1, 2]).train()
        let explainer = try Model.load(forest.fileBytes(), path: "").makeExplainer()
        var found = [Double](repeating: .nan, count: 3)
        explainer.explain(rows: [5, 5], rowCount: 1, stride: 2, scratch: ExplanationScratch(), into: &found)
        #expect(found == [0, 0, -1])
    }

    // MARK: looking into a file

    @Test func theFileIsDescribed() throws {
        let forest = TrainingTable.random(rows: 600, width: 3, seed: 2).train(.init(treeCount: 7, sample: 32, seed: 8))
        let summary = ModelSummary(inspecting: forest.fileBytes())
        #expect(summary.problems.isEmpty)
        #expect(summary.format == .isolationForest)
        #expect(summary.inputs.map(\.name) == ["x0", "x1", "x2"])
        let trees = try #require(summary.trees)
        #expect(trees.count == 7 && trees.splits + trees.leaves == forest.nodeCount && trees.depthMax <= 5)
        #expect(summary.importance.reduce(0) { $0 + $1.splits } == trees.splits)
        #expect(summary.notes.contains("each tree was grown from 32 of 600 rows, with seed 8"))
        #expect(summary.evaluation?.kernels.first?.hasPrefix("leaf masks: 7 of 7 trees") == true)
    }

    @Test func aRefusedFileIsDescribedByWhatIsWrong() {
        let summary = ModelSummary(
            inspecting: Array(IsolationForestRefusalTests.replaced("\"left\":[1,", by: "\"left\":[0,").utf8))
        #expect(summary.format == .isolationForest)
        #expect(summary.evaluation == nil)
        #expect(summary.problems.map(\.code) == ["model-child-out-of-range"])
    }

    @Test func namesMayHoldAnything() throws {
        var trainer = IsolationForestTrainer(inputs: ["a \"b\"\n", "ü, {}", ""], parameters: .init(treeCount: 1))
        [1, 2, 3].withUnsafeBufferPointer { trainer.add($0) }
        let model = try Model.load(trainer.train().fileBytes(), path: "")
        #expect(model.featureNames == ["a \"b\"\n", "ü, {}", ""])
    }

    @Test func parametersHaveBounds() {
        #expect(IsolationForestParameters().problem(inputCount: 17) == nil)
        let wrong: [(IsolationForestParameters, Int, String)] = [
            (.init(), 0, "at least one input"), (.init(), 70_000, "65536"), (.init(treeCount: 0), 1, "1 to 10000"),
            (.init(treeCount: 10_001), 1, "1 to 10000"), (.init(sample: 1), 1, "2 to 1048576"),
            (.init(sample: 1 << 20 + 1), 1, "2 to 1048576"), (.init(seed: -1), 1, "negative"),
            (.init(treeCount: 1_000, sample: 1 << 20), 1, "fewer trees or smaller samples"),
        ]
        for (parameters, inputs, text) in wrong {
            let problem = parameters.problem(inputCount: inputs) ?? ""
            #expect(problem.contains(text), "\(parameters): \(problem)")
        }
    }

    private static func scores(_ forest: IsolationForest, _ rows: [Double]) throws -> [Double] {
        let model = try Model.load(forest.fileBytes(), path: "")
        return model.predictor.outputs(
            rows, rowCount: rows.count / model.featureCount, stride: model.featureCount, batch: 1
        ).predictions
    }
}
