import Foundation
import Testing

@testable import Models

/// What a summary says of a file is what the library says of it: `Fixtures/importance.py` wrote the tables.
@Suite struct ModelSummaryTests {
    /// A csv whose cells are texts, a dictionary for each row.
    static func rows(_ name: String) throws -> [[String: String]] {
        let lines = try FixtureFiles.text(name).split(separator: "\n")
        let head = lines[0].split(separator: ",").map(String.init)
        return lines.dropFirst().map { line in
            let cells = line.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
            return Dictionary(uniqueKeysWithValues: zip(head, cells))
        }
    }

    static func path(library: String, model: String) -> String {
        library == "xgboost"
            ? "\(FixtureFiles.folder)/\(model).json" : "\(LightGBMFixture.ownFolder)/\(model).txt"
    }

    static func summary(_ path: String, _ iterations: Iterations = .best) throws -> ModelSummary {
        ModelSummary(
            inspecting: try FixtureFiles.bytes(path), options: ModelOptions(iterations: iterations, output: 0))
    }

    /// Numbers of the size of float32's precision, for the library adds in float32.
    private static func near(_ value: Double?, _ text: String?) -> Bool {
        guard let text, let wanted = Double(text) else { return value == nil || text == "" }
        guard let value else { return false }
        return abs(value - wanted) <= 2e-6 * max(1e-3, abs(wanted))
    }

    @Test func importanceIsTheLibrarys() throws {
        let rows = try Self.rows("importance.csv")
        #expect(rows.count > 290)
        for (model, rows) in Dictionary(grouping: rows, by: { "\($0["library"]!) \($0["model"]!)" }) {
            let path = Self.path(library: rows[0]["library"]!, model: rows[0]["model"]!)
            let summary = try Self.summary(path)
            #expect(Set(summary.importance.map(\.input)) == Set(rows.map { Int($0["input"]!)! }), "\(model)")
            for row in rows {
                guard let found = summary.importance.first(where: { $0.input == Int(row["input"]!) }) else { continue }
                let place = "\(model), input \(found.input)"
                #expect(Double(found.splits) == Double(row["weight"]!), "\(place)")
                #expect(Self.near(found.totalGain, row["total_gain"]), "\(place): \(found)")
                #expect(Self.near(found.gain, row["gain"]), "\(place): \(found)")
                // LightGBM tells no cover; ours is the training rows that came by.
                if row["total_cover"] == "" {
                    #expect(found.totalCover ?? 0 > 0, "\(place)")
                    continue
                }
                #expect(Self.near(found.totalCover, row["total_cover"]), "\(place): \(found)")
                #expect(Self.near(found.cover, row["cover"]), "\(place): \(found)")
            }
            let gains = summary.importance.map { $0.totalGain ?? 0 }
            #expect(gains == gains.sorted(by: >), "\(model)")
        }
    }

    @Test func sizesAreTheLibrarys() throws {
        let rows = try Self.rows("sizes.csv")
        #expect(rows.count > 60)
        for row in rows {
            let summary = try Self.summary(Self.path(library: row["library"]!, model: row["model"]!))
            let model = "\(row["library"]!) \(row["model"]!)"
            let trees = try #require(summary.trees, "\(model)")
            #expect(trees.count == Int(row["trees"]!), "\(model)")
            #expect(trees.leaves == Int(row["leaves"]!), "\(model)")
            #expect(trees.splits == trees.leaves - trees.count, "\(model)")
            #expect(trees.depthMax == Int(row["depth"]!), "\(model)")
            #expect(abs(trees.depthMean - Double(row["mean_depth"]!)!) < 1e-12, "\(model)")
            #expect(summary.problems == [], "\(model)")
        }
    }

    @Test func roundsThatDoNotScoreAreTold() throws {
        let path = "\(FixtureFiles.folder)/stopped_best.json"
        let best = try Self.summary(path)
        let all = try Self.summary(path, .all)
        #expect(best.rounds?.inFile == 7)
        #expect(all.rounds == ModelSummary.Rounds(inFile: 7, used: 7))
        #expect(try #require(best.rounds).used < 7)
        // The library's importance is that of all trees.
        #expect(best.importance == all.importance)
        #expect(best.trees == all.trees)
    }

    @Test func xgboostSaysWhatItsInputsAre() throws {
        let summary = try Self.summary("\(FixtureFiles.folder)/named_categories.json")
        #expect(summary.format == .xgboostJSON)
        #expect(summary.libraryVersion == "3.2.0")
        #expect(summary.booster == "gbtree")
        #expect(summary.objective == "reg:squarederror")
        #expect(summary.inputs.map(\.name) == ["channel", "amount", "zone"])
        #expect(summary.inputs.map(\.type) == ["c", "float", "c"])
        #expect(summary.inputs[0].categories == ["app", "pos", "web"])
        #expect(summary.inputs[2].categories == ["10", "20", "30"])
        #expect(summary.inputs.map(\.categoryCount) == [3, 0, 3])
        #expect(summary.outputs == .init(raw: 1, predictions: 1, score: 0, precision: "float32"))
        #expect(summary.notes.count == 2)
        #expect(try Self.summary("\(FixtureFiles.folder)/dart.json").booster == "dart")
        let linear = try Self.summary("\(FixtureFiles.folder)/linear.json")
        #expect(linear.booster == "gblinear")
        #expect(linear.trees == nil)
        #expect(linear.evaluation?.kernels.first?.hasPrefix("linear: ") == true)
    }

    @Test func lightgbmSaysWhatItsInputsAre() throws {
        let summary = try Self.summary("\(LightGBMFixture.ownFolder)/named_categories.txt")
        #expect(summary.format == .lightgbmText)
        #expect(summary.libraryVersion == "v4")
        #expect(summary.booster == "gbdt")
        #expect(summary.objective == "regression")
        #expect(summary.inputs.map(\.name) == ["channel", "amount", "zone"])
        #expect(summary.inputs.map(\.type) == ["categorical", "numerical", "categorical"])
        #expect(summary.inputs[0].categories == ["app", "für", "web"])
        #expect(summary.inputs[2].categories == ["10", "20", "30"])
        #expect(summary.inputs.map(\.categoryCount) == [3, 0, 3])
        #expect(summary.inputs[1].range == [-3.2514384154965383, 2.5369295701318877])
        #expect(summary.trees?.categorySplits == 6)
        #expect(summary.outputs?.precision == "float64")
        #expect(try Self.summary("\(LightGBMFixture.ownFolder)/rf.txt").booster == "rf")
        #expect(try Self.summary("\(LightGBMFixture.ownFolder)/linear.txt").trees?.linear ?? 0 > 0)
    }

    @Test func anIsolationForestSaysWhatItKeeps() throws {
        let forest = TrainingTable.random(rows: 400, width: 3, seed: 4).train(.init(treeCount: 7, sample: 64))
        let summary = ModelSummary(inspecting: forest.fileBytes())
        #expect(summary.format == .isolationForest)
        #expect(summary.problems == [])
        #expect(summary.inputs.map(\.name) == forest.inputs)
        let trees = try #require(summary.trees)
        #expect(trees.count == 7)
        #expect(trees.leaves + trees.splits == forest.nodeCount)
        #expect(trees.depthMax == forest.trees.map { $0.depths().max() ?? 0 }.max())
        #expect(summary.importance.reduce(0) { $0 + $1.splits } == trees.splits)
        #expect(summary.importance.allSatisfy { $0.totalGain == nil && $0.totalCover ?? 0 > 0 })
        #expect(summary.evaluation?.memoryBytes ?? 0 > forest.nodeCount * 25)
        #expect(summary.notes == ["each tree was grown from 64 of 400 rows, with seed \(forest.seed)"])
        // What a file of another version holds is told all the same.
        let newer = String(decoding: forest.fileBytes(), as: UTF8.self).replacing(
            "\"version\":1", with: "\"version\":9")
        let refused = ModelSummary(inspecting: Array(newer.utf8))
        #expect(refused.libraryVersion == "9")
        #expect(refused.trees == trees)
        #expect(refused.problems.map(\.code) == ["model-unsupported-format"])
    }

    @Test func aGraphIsListedInOrder() throws {
        let summary = try Self.summary("\(FixtureFiles.folder)/onnx/logistic_zipmap.onnx")
        let graph = try #require(summary.graph)
        #expect(summary.format == .onnx)
        #expect(graph.producer.hasPrefix("skl2onnx "))
        #expect(graph.operators.map(\.name) == ["Scaler", "LinearClassifier", "Cast", "ZipMap"])
        #expect(graph.operators.allSatisfy { $0.isSupported && $0.nodes == 1 })
        #expect(graph.operatorSets.contains { $0.domain == "ai.onnx.ml" && $0.version > 0 })
        #expect(graph.inputs.map(\.type) == ["float[rows, \(try #require(summary.inputCount))]"])
        #expect(graph.outputs.map(\.type) == ["int64[rows]", "sequence of maps"])
        #expect(summary.outputs == .init(raw: 2, predictions: 2, score: 1, precision: "float32"))
        #expect(summary.importance == [])
        let forest = try Self.summary("\(FixtureFiles.folder)/onnx/isolation.onnx")
        let trees = try #require(forest.trees)
        #expect(forest.graph?.operators.first { $0.name.hasPrefix("TreeEnsemble") }?.nodes == trees.count)
        #expect(trees.splits == trees.leaves - trees.count)
        #expect(trees.depthMean > 1 && trees.depthMean <= Double(trees.depthMax))
    }

    /// The stated memory is that of the arrays that are kept, which a second way of counting bounds.
    @Test func memoryFollowsTheNodes() throws {
        let summary = try Self.summary("\(FixtureFiles.folder)/deep.json")
        let trees = try #require(summary.trees)
        let evaluation = try #require(summary.evaluation)
        let nodes = trees.leaves + trees.splits
        // As read 25 bytes a node, as packed for walks 20.
        #expect(evaluation.memoryBytes >= nodes * 45)
        #expect(evaluation.memoryBytes <= nodes * 45 + 4_096)
        #expect(evaluation.kernels == ["walks: all 2 trees, nodes in float32"])
        let masked = try Self.summary("\(FixtureFiles.folder)/binary.json")
        #expect(masked.evaluation?.kernels.first?.hasPrefix("leaf masks: 8 of 8 trees, ") == true)
        #expect(masked.evaluation?.kernels.last == "walks: all trees in calls of fewer rows")
    }

    /// Every model that loads has a summary without problems that says how it runs; one that does not has problems.
    @Test func everyFixtureIsDescribed() throws {
        let folders = ["", "/LightGBM", "/onnx"].map { FixtureFiles.folder + $0 }
        var count = 0
        for folder in folders {
            for name in try FileManager.default.contentsOfDirectory(atPath: folder).sorted() {
                guard [".json", ".txt", ".onnx"].contains(where: name.hasSuffix) else { continue }
                let bytes = try FixtureFiles.bytes("\(folder)/\(name)")
                let summary = ModelSummary(inspecting: bytes, options: ModelOptions(output: 0))
                let model = try Model.load(bytes, path: name, options: ModelOptions(output: 0))
                #expect(summary.problems == [], "\(name)")
                #expect(summary.format == model.format, "\(name)")
                #expect(summary.inputCount == model.featureCount, "\(name)")
                #expect(summary.outputs?.predictions == model.outputCount, "\(name)")
                #expect(summary.evaluation.map { !$0.kernels.isEmpty && $0.memoryBytes > 0 } == true, "\(name)")
                count += 1
            }
        }
        #expect(count > 120)
    }
}
