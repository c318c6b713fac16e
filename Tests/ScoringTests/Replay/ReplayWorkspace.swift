import Configuration
import Engine
import Foundation
import Testing

@testable import Scoring

/// A folder with a small pipeline and its model, gone at the end.
final class ReplayWorkspace {
    let path: String

    /// Payments scored by amount alone: below 10, below 20, and the rest.
    static let pipeline = """
        pipeline: small
        kafka: {brokers: embedded, group: small}
        sources:
          transactions:
            topic: transactions
            key: customer_id
            id: transaction_id
            time: {field: tx_datetime, format: iso8601}
            fields:
              transaction_id: int
              customer_id: string
              tx_amount: {type: decimal, scale: 2}
              tx_fraud: {type: bool, label: true, optional: true}
        features:
          - amount: tx_amount
          - by: customer_id
            over: [1d]
            aggregates:
              customer_tx: count()
        model: {name: stump, file: model.json}
        decide:
          - block: score >= 0.7
          - allow: true
        output: {topic: scores}
        dead_letter: {topic: dead-letter}

        """

    static let model = """
        {"version":[3,0,0],"learner":{"feature_names":["amount","customer_tx_1d"],"feature_types":["float","float"],
        "attributes":{},"objective":{"name":"binary:logistic","reg_loss_param":{"scale_pos_weight":"1"}},
        "learner_model_param":{"base_score":"5E-1","num_class":"0","num_feature":"2","num_target":"1",
        "boost_from_average":"1"},
        "gradient_booster":{"name":"gbtree","model":{"gbtree_model_param":{"num_trees":"1","num_parallel_tree":"1"},
        "iteration_indptr":[0,1],"tree_info":[0],"trees":[{"id":0,"tree_param":{"num_deleted":"0","num_feature":"2",
        "num_nodes":"5","size_leaf_vector":"1"},"left_children":[1,3,-1,-1,-1],"right_children":[2,4,-1,-1,-1],
        "parents":[2147483647,0,0,1,1],"split_indices":[0,0,0,0,0],"split_conditions":[20,10,1,-1,0],
        "split_type":[0,0,0,0,0],
        "default_left":[0,0,0,0,0],"base_weights":[0,0,1,-1,0],"loss_changes":[0,0,0,0,0],"sum_hessian":[1,1,1,1,1],
        "categories":[],"categories_nodes":[],"categories_segments":[],"categories_sizes":[]}]}}}}
        """

    static let header = "transaction_id,tx_datetime,customer_id,tx_amount,tx_fraud\n"

    init() throws {
        path = FileManager.default.temporaryDirectory.path + "/riffle-replay-tests-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        try write("pipeline.yaml", Self.pipeline)
        try write("model.json", Self.model)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func file(_ name: String) -> String { "\(path)/\(name)" }

    func write(_ name: String, _ text: String) throws { try write(name, Array(text.utf8)) }

    func write(_ name: String, _ bytes: [UInt8]) throws { try Data(bytes).write(to: URL(fileURLWithPath: file(name))) }

    func text(_ name: String) throws -> String { String(decoding: try bytes(name), as: UTF8.self) }

    func bytes(_ name: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(fileURLWithPath: file(name)))) }

    /// Files but those that were there at the beginning, hidden ones too.
    var files: Set<String> {
        Set((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).subtracting([
            "pipeline.yaml", "model.json",
        ])
    }

    func plan() throws -> ScoringPlan {
        let (assembly, file) = PipelineAssembly.load(path: file("pipeline.yaml"), checksProperties: false)
        return try #require(assembly, "\(file.rendered())").scoring
    }

    /// Replays one file of the folder into another.
    func replay(
        _ input: String, to output: String, observer: (any ReplayProgressObserver)? = nil,
        _ change: (inout ReplayOptions) -> Void = { _ in }
    ) throws -> ReplayOutcome {
        func place(_ name: String) -> String { name == "-" || name.hasPrefix("/") ? name : file(name) }
        var options = ReplayOptions(input: place(input), output: place(output))
        change(&options)
        return try ReplayService(plan: plan(), options: options).run(observer: observer)
    }

    /// A failure's kind and text, with the folder's path cut out.
    func failure(_ body: () throws -> ReplayOutcome) throws -> (kind: ReplayFailure.Kind, text: String) {
        let failure = try #require(throws: ReplayFailure.self) { _ = try body() }
        return (failure.kind, failure.description.replacingOccurrences(of: path + "/", with: ""))
    }

    /// Rows of a table: transactions an hour apart, of three customers, amounts 1 to 29.
    static func table(rows: Int) -> String {
        (0..<rows).reduce(into: header) { text, row in
            let hour = row % 24
            let day = row / 24 % 28 + 1
            text += "\(row + 1),2018-04-\(day < 10 ? "0" : "")\(day)T\(hour < 10 ? "0" : "")\(hour):00:00Z,"
            text += "\(row % 3),\(row % 29 + 1).50,\(row % 5 == 0)\n"
        }
    }

    /// The bytes as gzip, by the code that compresses outputs.
    static func gzip(_ bytes: [UInt8], pieceBytes: Int = .max) throws -> [UInt8] {
        let sink = CollectingSink()
        let gzip = GzipByteSink(into: sink)
        var place = 0
        while place < bytes.count {
            let end = min(bytes.count, pieceBytes == .max ? bytes.count : place + pieceBytes)
            try bytes[place..<end].withUnsafeBytes { try gzip.write($0) }
            place = end
        }
        try gzip.finish()
        return sink.bytes
    }
}

/// Collects what is written; fails at the n-th write where told to.
final class CollectingSink: ByteSink {
    struct Refused: Error, Hashable {}

    private(set) var bytes: [UInt8] = []
    private(set) var writeBytes: [Int] = []
    private(set) var isFinished = false
    var failsAtWrite: Int?
    var failsAtFinish = false

    func write(_ bytes: UnsafeRawBufferPointer) throws {
        writeBytes.append(bytes.count)
        if writeBytes.count == failsAtWrite { throw Refused() }
        self.bytes += bytes
    }

    func finish() throws {
        if failsAtFinish { throw Refused() }
        isFinished = true
    }
}
