import Testing

@testable import Models

/// ONNX files that are taken apart, changed in a field or three, and put together again: most are still protocol
/// buffers, many still models. What loads gives the same bits however its rows are split.
extension MutatedFormat {
    static func onnx() throws -> MutatedFormat {
        let names = [
            "all_modes_nan", "two_mixed_logistic_nan", "five_nan", "network", "moves", "columns", "named",
            "linear_one_softmax",
        ]
        let sources = try names.map { try FixtureFiles.bytes("\(FixtureFiles.folder)/onnx/\($0).onnx") }
        for (name, source) in zip(names, sources) {
            let again = ProtoPiece.encoded(ProtoPiece.pieces(source[...], kind: "model"))
            #expect(try Model.load(again, path: name, options: .init(output: 0)).outputCount > 0)
        }
        return MutatedFormat(
            name: "onnx", sources: sources, mutant: changed,
            parses: { bytes in bytes.withUnsafeBytes { (try? ONNXFile(reading: $0)) != nil } }, check: checkGraph)
    }

    @Sendable
    private static func changed(_ source: [UInt8], _ random: inout SeededGenerator) -> [UInt8] {
        var pieces = ProtoPiece.pieces(source[...], kind: "model")
        for _ in 0..<Int.random(in: 1...3, using: &random) { ProtoPiece.mutate(&pieces, &random) }
        var bytes = ProtoPiece.encoded(pieces)
        switch Int.random(in: 0..<20, using: &random) {
        case 0 where !bytes.isEmpty: bytes.removeLast(Int.random(in: 1...max(1, bytes.count / 4), using: &random))
        case 1 where !bytes.isEmpty:
            bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
        default: break
        }
        return bytes
    }

    @Sendable
    private static func checkGraph(_ model: Model, _ random: inout SeededGenerator, _ comment: String) {
        let width = max(1, model.featureCount)
        guard width <= 1_000, model.outputCount <= 1_000 else { return }
        let special = [Double.nan, .infinity, -.infinity, 0, 1e300]
        let rows = (0..<5 * width).map { _ in
            Int.random(in: 0..<6, using: &random) == 0
                ? special.randomElement(using: &random)! : Double.random(in: -100...100, using: &random)
        }
        let all = ONNXModels.predictions(model, rows, batch: 5)
        let single = ONNXModels.predictions(model, rows, batch: 1)
        let differing = zip(all, single).contains { $0 != $1 && !($0.isNaN && $1.isNaN) }
        #expect(!differing, "\(comment)")
    }
}
