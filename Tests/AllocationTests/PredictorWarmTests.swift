import CAllocationCounter
import Foundation
import Models
import Testing

/// Models by themselves, of every format. In the suite of the other tests that count, since there is one counter.
extension WarmPathTests {
    /// Blocks of rows, few rows and single ones.
    @Test(arguments: WarmModels.files)
    func warmModelsAllocateNothing(file: String) throws {
        for missing in [nil, -999.0] {
            let model = try WarmModels.load(file, missing: missing)
            #expect(WarmModels.allocations(model) == 0, "missing: \(missing.map { "\($0)" } ?? "none")")
        }
    }

    @Test func aWarmIsolationForestAllocatesNothing() throws {
        for missing in [nil, -999.0] {
            let model = try Model.load(
                WarmModels.isolationForest(inputs: 5), path: "odd.json",
                options: ModelOptions(output: 0, missing: missing))
            #expect(WarmModels.allocations(model) == 0, "missing: \(missing.map { "\($0)" } ?? "none")")
        }
    }
}

enum WarmModels {
    private static let folder =
        URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().path + "/ModelsTests/Fixtures"

    /// Each way to evaluate, and what several outputs, categories and missing values add.
    static let files = [
        "binary.json", "categorical.json", "deep.json", "softprob.json", "dart.json", "linear.json",
        "LightGBM/binary.txt", "LightGBM/categorical.txt", "LightGBM/multiclass.txt", "LightGBM/linear.txt",
        "LightGBM/wide.txt", "LightGBM/mask_edge.txt", "LightGBM/zero_missing.txt", "LightGBM/rf.txt",
        "onnx/isolation.onnx", "onnx/forest_deep_three.onnx", "onnx/logistic_zipmap.onnx", "onnx/network.onnx",
        "onnx/mlp_three.onnx", "onnx/imputed_nan.onnx", "onnx/columns.onnx", "onnx/stacking.onnx",
        "onnx/all_modes_nan.onnx", "onnx/calibrated.onnx",
    ]

    /// The file of a forest trained on numbers in no order, some of them missing.
    static func isolationForest(inputs: Int, trees: Int = 10, sample: Int = 256) -> [UInt8] {
        var trainer = IsolationForestTrainer(
            inputs: (0..<inputs).map { "x\($0)" },
            parameters: IsolationForestParameters(treeCount: trees, sample: sample))
        var bits: UInt64 = 1
        for _ in 0..<1_000 {
            let row = (0..<inputs).map { _ in
                bits = bits &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return bits >> 60 == 0 ? Double.nan : Double(bits >> 40)
            }
            row.withUnsafeBufferPointer { trainer.add($0) }
        }
        return trainer.train().fileBytes()
    }

    static func load(_ file: String, missing: Double?) throws -> Model {
        let content = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(file)"))
        return try Model.load([UInt8](content), path: file, options: ModelOptions(output: 0, missing: missing))
    }

    /// Whole numbers and others, some missing: every branch of a walk is taken.
    private static func value(_ place: Int) -> Double {
        if place % 11 == 0 { return .nan }
        if place % 3 == 0 { return Double(place % 7) }
        return Double(place % 1_009) / 7 - 60
    }

    static func allocations(_ model: Model) -> UInt64 {
        let width = model.featureCount
        let rowCount = 700
        let rows = (0..<rowCount * width).map(value)
        var scores = [Double](repeating: 0, count: rowCount)
        var raw = [Double](repeating: 0, count: rowCount * model.predictor.rawCount)
        allocation_counter_watch_thread(true)
        defer { allocation_counter_watch_thread(false) }
        func run() {
            rows.withUnsafeBufferPointer { rows in
                let start = rows.baseAddress!
                scores.withUnsafeMutableBufferPointer { scores in
                    var batch = 1
                    while batch <= rowCount {
                        model.score(rows: start, rowCount: batch, stride: width, into: scores.baseAddress!)
                        batch = batch * 3 + 1
                    }
                }
                raw.withUnsafeMutableBufferPointer { raw in
                    model.predictor.predict(
                        rows: start, rowCount: rowCount, stride: width, raw: raw.baseAddress!, predictions: nil)
                }
            }
        }
        run()
        allocation_counter_start()
        run()
        return allocation_counter_stop()
    }
}
