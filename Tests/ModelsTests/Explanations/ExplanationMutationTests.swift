import Testing

@testable import Models

/// Damaged models that load all the same: they are explained or refused, and what is explained adds up.
@Suite struct ExplanationMutationTests {
    private static let mutantsPerFormat = 150

    @Test(arguments: [1, 2] as [UInt64])
    func mutantsAreExplainedOrRefused(seed: UInt64) throws {
        let scratch = ExplanationScratch()
        for format in try MutatedFormat.all() {
            var random = SeededGenerator(seed: seed)
            var (loaded, explained, refused) = (0, 0, 0)
            for number in 0..<Self.mutantsPerFormat {
                let source = format.sources.randomElement(using: &random)!
                let mutant = format.mutant(source, &random)
                guard let model = try? Model.load(mutant, path: "", options: .init(output: 0)) else { continue }
                guard model.featureCount <= 1_000, model.outputCount <= 100 else { continue }
                loaded += 1
                let explainer: any Explaining
                do { explainer = try model.makeExplainer() } catch {
                    #expect(!error.message.isEmpty)
                    refused += 1
                    continue
                }
                explained += 1
                check(model, explainer, scratch, &random, "\(format.name), seed \(seed), mutant \(number)")
            }
            print("explained mutants, \(format.name): \(loaded) load, \(explained) explained, \(refused) refused")
            #expect(loaded >= 5 && explained + refused == loaded, "\(format.name), seed \(seed)")
        }
    }

    private func check(
        _ model: Model, _ explainer: any Explaining, _ scratch: ExplanationScratch, _ random: inout SeededGenerator,
        _ comment: String
    ) {
        let (width, count) = (model.featureCount, explainer.rawCount)
        // A model without inputs has rows all the same.
        let rows = (0..<max(1, 5 * width)).map { _ in Double(ForestKernelTests.value([0.5], &random)) }
        var found = [Double](repeating: .infinity, count: 5 * count * (width + 1))
        explainer.explain(rows: rows, rowCount: 5, stride: width, scratch: scratch, into: &found)
        #expect(count == model.predictor.rawCount, "\(comment)")
        guard model.format != .onnx else { return }
        let raw = model.predictor.outputs(rows, rowCount: 5, stride: width, batch: 5).raw
        for (output, margin) in raw.enumerated() {
            let parts = found[output * (width + 1)..<(output + 1) * (width + 1)]
            let sum = parts.reduce(0, +)
            // Damaged leaves may be of any size, and sums of them in float32 lose the small ones.
            let scale = parts.reduce(1) { max($0, abs($1)) }
            guard margin.isFinite, sum.isFinite, scale < 1e30 else { continue }
            #expect(abs(sum - margin) <= 1e-4 * scale, "\(comment), output \(output): \(sum), margin \(margin)")
        }
    }
}
