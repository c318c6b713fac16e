import Foundation
import Testing

@testable import Models

/// Explanations of graphs against scikit-learn's own trees, and margins against what graphs make of them.
@Suite struct GraphExplanationTests {
    private static let folder = FixtureFiles.folder + "/onnx"

    private struct Case {
        let model: Model
        let explainer: any Explaining
        let inputs: Table
        var rows: [Double] { inputs.values.map(Double.init) }

        init(_ name: String) throws {
            model = try ONNXModels.load("\(folder)/\(name).onnx")
            explainer = try model.makeExplainer()
            inputs = try Table("\(folder)/\(name.hasSuffix("_nan") ? "inputs_nan.csv" : "inputs.csv")")
        }

        /// By row and output.
        func margins() -> [[Double]] {
            let width = explainer.featureCount + 1
            let found = explainer.contributions(rows, rowCount: inputs.rowCount, stride: inputs.columnCount)
            return (0..<inputs.rowCount).map { row in
                (0..<explainer.rawCount).map { output in
                    let start = (row * explainer.rawCount + output) * width
                    return found[start..<start + width].reduce(0, +)
                }
            }
        }
    }

    /// Forests with training counts, and path lengths, whose graph holds no counts: by definition, in float64, where
    /// the graph's leaves are float32.
    @Test(arguments: ["counted_two", "counted_three", "counted_regressor", "path_lengths"])
    func asTheDefinition(name: String) throws {
        let one = try Case(name)
        let expected = try OutputColumns("\(Self.folder)/\(name).contributions.csv", columns: "contrib")
        let rowCount = expected.values.count / expected.columnCount
        let found = one.explainer.contributions(one.rows, rowCount: rowCount, stride: one.inputs.columnCount)
        try #require(found.count == expected.values.count && rowCount == 20)
        for (index, pair) in zip(found, expected.values).enumerated() where abs(pair.0 - pair.1) > 2e-6 {
            Issue.record("\(name): contribution \(index) is \(pair.0), by definition \(pair.1)")
        }
    }

    private static let identity: @Sendable ([Double]) -> [Double] = { $0 }
    private static let logistic: @Sendable ([Double]) -> [Double] = { $0.map { 1 / (1 + exp(-$0)) } }
    private static let softmax: @Sendable ([Double]) -> [Double] = { margins in
        let powers = margins.map { exp($0) }
        return powers.map { $0 / powers.reduce(0, +) }
    }

    private static let links: [(name: String, link: @Sendable ([Double]) -> [Double])] = [
        ("logistic_zipmap", logistic), ("logistic_three", softmax), ("linear", identity),
        ("linear_double", identity), ("named", logistic), ("columns", logistic), ("selected", logistic),
        ("linear_one_logistic", logistic), ("linear_one_none", identity), ("linear_one_softmax", identity),
        ("counted_two", identity), ("counted_three", identity),
        ("counted_regressor", identity), ("path_lengths", { [0.5 - exp2(-$0[0])] }),
    ]

    /// Contributions and base value together are the margin, of which the graph makes its output.
    @Test(arguments: links.indices)
    func marginsMakeOutputs(number: Int) throws {
        let (name, link) = Self.links[number]
        let one = try Case(name)
        let outputs = ONNXModels.predictions(one.model, one.rows, batch: 60)
        let count = one.model.outputCount
        for (row, margins) in one.margins().enumerated() {
            for (output, value) in link(margins).enumerated() {
                let given = outputs[row * count + output]
                if given.isNaN && value.isNaN { continue }
                #expect(abs(value - given) <= 2e-6 * max(1, abs(given)), "\(name), row \(row), output \(output)")
            }
        }
    }

    /// In a linear model an input's contribution depends on nothing but that input, and the base on nothing.
    @Test(arguments: ["logistic_zipmap", "columns", "selected", "linear_double"])
    func inputsAddUp(name: String) throws {
        let one = try Case(name)
        let width = one.explainer.featureCount
        let (first, second) = (Array(one.rows[..<width]), Array(one.rows[width..<2 * width]))
        let whole = one.explainer.contributions(first + second, rowCount: 2, stride: width)
        let count = one.explainer.rawCount * (width + 1)
        for input in 0..<width {
            var mixed = first
            mixed[input] = second[input]
            let found = one.explainer.contributions(mixed, rowCount: 1, stride: width)
            for place in 0..<count {
                let expected = place % (width + 1) == input ? whole[count + place] : whole[place]
                #expect(found[place] == expected, "\(name), input \(input), number \(place)")
            }
        }
    }

    /// What cannot be explained says why, and what to do.
    @Test func refusals() throws {
        let reasons: [(name: String, code: ModelFailure.Code, text: String)] = [
            ("tree", .missingField, "training counts"), ("forest_three", .missingField, "training counts"),
            ("xgb_binary_nan", .missingField, "training counts"),
            ("minimum_nan", .unsupportedConstruct, "least and greatest"),
            ("five_nan", .unsupportedConstruct, "unordered splits"),
            ("mlp_three", .unsupportedConstruct, "made from several inputs"),
            ("imputed_nan", .unsupportedConstruct, "made from several inputs"),
            ("sgd_three", .unsupportedConstruct, "supported"), ("stacking", .unsupportedConstruct, "supported"),
            ("integers", .unsupportedConstruct, "supported"),
        ]
        for (name, code, text) in reasons {
            let model = try ONNXModels.load("\(Self.folder)/\(name).onnx")
            let failure = #expect(throws: ModelFailure.self, "\(name)") { try model.makeExplainer() }
            #expect(failure?.code == code && failure?.suggestion != nil, "\(name)")
            let description = failure?.description ?? ""
            #expect(description.contains(text), "\(name): \(description)")
        }
    }

    /// Every fixture is explained or refused; what is explained has a number in every place of complete rows.
    @Test func everyGraphIsExplainedOrRefused() throws {
        var explained = 0
        var refused = 0
        for fixture in ONNXParityTests.own {
            let model = try ONNXModels.load("\(fixture.folder)/\(fixture.name).onnx")
            guard let explainer = try? model.makeExplainer() else {
                refused += 1
                continue
            }
            explained += 1
            let inputs = try Table("\(fixture.folder)/inputs.csv")
            let found = explainer.contributions(
                inputs.values.map(Double.init), rowCount: inputs.rowCount, stride: inputs.columnCount)
            #expect(explainer.rawCount == model.outputCount && explainer.featureCount == model.featureCount)
            #expect(!found.contains { !$0.isFinite }, "\(fixture.name)")
        }
        #expect(explained >= 12 && refused >= 40)
    }

    @Test func sizesOfLeavesFollowFromTheirLengths() throws {
        for size in [1, 2, 3, 4, 17, 255, 256, 10_000] {
            #expect(PathLengths.size(expected: Double(Float(PathLengths.expected(size)))) == size)
        }
        for rest in [-1, 0.25, 0.9, 1.1, 1e9, .nan, .infinity] { #expect(PathLengths.size(expected: rest) == nil) }
        // A tree whose leaves are no path lengths.
        var random = SeededGenerator(seed: 1)
        let shape = ForestKernelTests.Shape(name: "", features: 3, trees: 2, leaves: 5)
        let forest = try ForestKernelTests.forest(shape, &random)
        #expect(PathLengths.covered(forest) == nil)
    }
}
