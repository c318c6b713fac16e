import CAllocationCounter
import Foundation
import Models
import Testing

/// Explanations allocate when a scratch is new and never again, whatever the model. In the suite of the other tests
/// that count, since there is one counter.
extension WarmPathTests {
    private static let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "ModelsTests/Fixtures")

    private static let explained: [(file: String, missing: Double?)] = [
        ("binary.json", nil), ("binary.json", -999), ("softprob.json", nil), ("categorical.json", nil),
        ("deep.json", nil), ("linear.json", nil), ("LightGBM/binary.txt", nil), ("onnx/counted_two.onnx", nil),
        ("onnx/logistic_zipmap.onnx", nil), ("onnx/path_lengths.onnx", nil), ("isolation forest", nil),
    ]

    @Test(arguments: explained.indices)
    func warmExplanationsAllocateNothing(number: Int) throws {
        let (file, missing) = Self.explained[number]
        let bytes =
            file == "isolation forest"
            ? WarmModels.isolationForest(inputs: 5)
            : [UInt8](try Data(contentsOf: Self.fixtures.appending(path: file)))
        let model = try Model.load(bytes, path: file, options: .init(output: 0, missing: missing))
        let explainer = try model.makeExplainer()
        let scratch = ExplanationScratch()
        let rowCount = 100
        var rows = (0..<rowCount * model.featureCount).map { (number: Int) -> Double in Double(number * 37 % 101) / 10 }
        for number in stride(from: 0, to: rows.count, by: 11) { rows[number] = .nan }
        let width = explainer.rawCount * (model.featureCount + 1)
        var contributions = [Double](repeating: 0, count: rowCount * width)
        allocation_counter_watch_thread(true)
        defer { allocation_counter_watch_thread(false) }
        let allocations = rows.withUnsafeBufferPointer { rows in
            contributions.withUnsafeMutableBufferPointer { target in
                func explain(_ count: Int) {
                    explainer.explain(
                        rows: rows.baseAddress!, rowCount: count, stride: model.featureCount, scratch: scratch,
                        into: target.baseAddress!)
                }
                // The first call is the widest, so that nothing grows behind it.
                explain(rowCount)
                allocation_counter_start()
                explain(1)
                explain(rowCount)
                explain(7)
                return allocation_counter_stop()
            }
        }
        #expect(allocations == 0, "\(file)")
        #expect(contributions.contains { $0 != 0 && $0.isFinite })
    }
}
