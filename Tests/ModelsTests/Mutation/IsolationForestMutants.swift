import Events
import Testing

@testable import Models

/// Riffle's own isolation forests; what loads must predict as a naive walk does.
extension MutatedFormat {
    static func isolationForest() -> MutatedFormat {
        let trained = TrainingTable.random(rows: 40, width: 3, seed: 1).train(.init(treeCount: 3, sample: 16))
        return MutatedFormat(
            name: "isolation-forest", sources: [Array(IsolationForestRefusalTests.good.utf8), trained.fileBytes()],
            mutant: changedNumbers,
            parses: { bytes in bytes.withUnsafeBytes { (try? JSONDocument(parsing: $0)) != nil } }, check: checkPaths)
    }

    /// Its file says most things twice: half of the mutants have one other digit and no more.
    private static func changedNumbers(_ source: [UInt8], _ random: inout SeededGenerator) -> [UInt8] {
        if Bool.random(using: &random) { return IsolationForestRefusalTests.mutant(of: source, &random) }
        var text = source
        let digits = UInt8(ascii: "1")...UInt8(ascii: "9")
        if let place = text.indices.filter({ digits.contains(text[$0]) }).randomElement(using: &random) {
            text[place] = .random(in: digits, using: &random)
        }
        return text
    }

    private static func checkPaths(_ model: Model, _ random: inout SeededGenerator, _ comment: String) {
        let width = model.featureCount
        guard width <= 100, let found = model.predictor as? IsolationForestPredictor else { return }
        let thresholds = found.forest.trees.flatMap(\.thresholds)
        let values = (0..<6 * width).map { _ in DoubleForestKernelTests.value(thresholds, &random) }
        let raw = found.outputs(values, rowCount: 6, stride: width, batch: 6).raw
        for row in 0..<6 {
            let expected = NaiveIsolationForest.raw(found.forest, Array(values[row * width..<(row + 1) * width]))
            #expect(ulps(raw[row], expected) == 0, "\(comment)")
        }
    }
}
