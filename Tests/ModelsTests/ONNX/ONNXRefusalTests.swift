import Testing

@testable import Models

/// What is not read is refused with the operator and the node; what is hostile is refused with the place.
@Suite struct ONNXRefusalTests {
    /// One node, `domain.Operation`, with what it reads and makes.
    private static func node(
        _ operation: String, _ inputs: [String], _ outputs: [String], domain: String = "",
        _ attributes: [ProtoPiece] = []
    ) -> ProtoPiece {
        let texts = inputs.map { text(1, $0) } + outputs.map { text(2, $0) }
        return .message(
            1, kind: "node", texts + [text(3, "the node"), text(4, operation), text(7, domain)] + attributes)
    }

    private static func text(_ number: Int, _ text: String) -> ProtoPiece { .bytes(number, Array(text.utf8)) }

    private static func ints(_ name: String, _ numbers: [Int]) -> ProtoPiece {
        .message(
            5, kind: "attribute",
            [text(1, name)] + numbers.map { .varint(8, UInt64(bitPattern: Int64($0))) } + [.varint(20, 7)])
    }

    private static func int(_ name: String, _ number: Int) -> ProtoPiece {
        .message(5, kind: "attribute", [text(1, name), .varint(3, UInt64(bitPattern: Int64(number))), .varint(20, 2)])
    }

    private static func integers(_ name: String, _ numbers: [Int], dims: [Int]? = nil) -> ProtoPiece {
        .message(
            5, kind: "tensor",
            (dims ?? [numbers.count]).map { .varint(1, UInt64(bitPattern: Int64($0))) }
                + [.varint(2, 7), text(8, name)] + numbers.map { .varint(7, UInt64(bitPattern: Int64($0))) })
    }

    private static func value(_ number: Int, _ name: String, columns: Int?, type: UInt64 = 1) -> ProtoPiece {
        let rows = ProtoPiece.message(1, kind: "dim", [text(2, "N")])
        let width = ProtoPiece.message(1, kind: "dim", columns.map { [.varint(1, UInt64($0))] } ?? [])
        let tensor = ProtoPiece.message(
            1, kind: "tensor type", [.varint(1, type), .message(2, kind: "shape", [rows, width])])
        return .message(number, kind: "value", [text(1, name), .message(2, kind: "type", [tensor])])
    }

    private static func model(_ graph: [ProtoPiece], columns: Int? = 3, output: UInt64 = 1) -> [UInt8] {
        let values = [value(11, "X", columns: columns), value(12, "Y", columns: nil, type: output)]
        return ProtoPiece.encoded([
            .varint(1, 8), text(2, "by-hand"), .message(7, kind: "graph", graph + values),
            .message(8, kind: "set", [text(1, ""), .varint(2, 18)]),
        ])
    }

    private static func failure(_ bytes: [UInt8]) throws -> ModelFailure {
        try #require(throws: ModelFailure.self) { _ = try Model.load(bytes, path: "m", options: .init(output: 0)) }
    }

    @Test(arguments: [
        ("", "Loop"), ("", "Conv"), ("", "NoSuchThing"), ("ai.onnx.ml", "SVMClassifier"),
        ("ai.onnx.ml", "SVMRegressor"),
        ("ai.onnx.ml", "TfIdf"), ("com.microsoft", "FusedGemm"), ("ai.onnx.ml", "Add"),
    ])
    func unknownOperatorsAreNamed(domain: String, operation: String) throws {
        let failure = try Self.failure(Self.model([Self.node(operation, ["X"], ["Y"], domain: domain)]))
        #expect(failure.code == .unsupportedConstruct)
        #expect(
            failure.place?.contains("\"the node\"") == true && failure.place?.contains(operation) == true, "\(failure)")
    }

    /// What the wanted output does not need is not asked about.
    @Test func nodesThatNothingNeedsAreNotLookedAt() throws {
        let graph = [Self.node("NoSuchThing", ["X"], ["L"]), Self.node("Relu", ["X"], ["Y"])]
        #expect(try Model.load(Self.model(graph), path: "m", options: .init(output: 0)).outputCount == 3)
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let bytes: [UInt8]
        let codes: [ModelFailure.Code]

        init(_ name: String, _ bytes: [UInt8], _ codes: ModelFailure.Code...) {
            testDescription = name
            self.bytes = bytes
            self.codes = codes
        }
    }

    static let hostile: [Case] = {
        let relu = node("Relu", ["X"], ["Y"])
        let good = model([relu])
        let shape = integers("s", [1 << 20])
        let many = (0..<200).flatMap { number in
            [
                node("ConstantOfShape", ["s"], ["c\(number)"]),
                node("Add", [number == 0 ? "X1" : "y\(number - 1)", "c\(number)"], ["y\(number)"]),
            ]
        }
        let square = integers("s", [4_096, 250])
        let product = [
            square, integers("t", [250, 4_096]), node("ConstantOfShape", ["s"], ["a"]),
            node("ConstantOfShape", ["t"], ["b"]), node("MatMul", ["a", "b"], ["c"]), node("ReduceSum", ["c"], ["d"]),
            node("Add", ["X", "d"], ["Y"]),
        ]
        let deep = (0..<100_001).map { _ in ProtoPiece.bytes(1, []) }
        return [
            Case("cut off", Array(good.dropLast(5)), .malformed),
            Case("a length beyond the end", [8, 8, 0x12, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F], .malformed),
            Case("a length of 2^63", [8, 8, 0x12] + Array(repeating: 0xFF, count: 9) + [1], .malformed),
            Case("a number without end", [8, 8, 0x28] + Array(repeating: 0xFF, count: 40), .malformed),
            Case("a group", [8, 8, 0x3A, 2, 0x0B, 0x0C], .malformed),
            Case("no graph", [8, 8, 0x12, 1, 65], .missingField),
            Case("two graphs", good + good, .malformed),
            Case("too many nodes", model(deep), .tooManyNodes),
            Case(
                "a circle",
                model([node("Relu", ["b"], ["a"]), node("Relu", ["a"], ["b"]), node("Add", ["X", "a"], ["Y"])]),
                .nodeReachedTwice),
            Case("its own input", model([node("Relu", ["Y"], ["Y"])]), .nodeReachedTwice),
            Case("made twice", model([relu, relu]), .malformed),
            Case("an input that nothing makes", model([node("Relu", ["nothing"], ["Y"])]), .missingField),
            Case("an output that nothing makes", model([node("Relu", ["X"], ["Z"])]), .missingField),
            Case("no columns", model([relu], columns: nil), .missingField),
            Case("a billion columns", model([relu], columns: 1_000_000_000), .tooManyFeatures, .missingField),
            Case("an output of texts", model([relu], output: 8), .unsupportedConstruct),
            Case(
                "a billion numbers",
                model([
                    integers("s", [1 << 30]), node("ConstantOfShape", ["s"], ["c"]), node("Add", ["X", "c"], ["Y"]),
                ]), .tooLarge),
            Case(
                "many large constants",
                model(
                    [shape, node("ReduceSum", ["X"], ["X1"], [ints("axes", [1])])] + many + [
                        node("Identity", ["y199"], ["Y"])
                    ]), .tooLarge
            ),
            Case("a large product of constants", model(product), .tooLarge),
            Case(
                "a tensor that claims more than it has",
                model([integers("s", [1], dims: [1 << 40]), relu, node("Add", ["X", "s"], ["Z"])]), .wrongLength),
            Case(
                "dimensions that overflow", model([integers("s", [1], dims: [1 << 40, 1 << 40]), relu]), .wrongLength),
            Case("a negative dimension", model([integers("s", [1], dims: [-1]), relu]), .wrongLength),
            Case("an axis outside", model([node("Softmax", ["X"], ["Y"], [int("axis", 7)])]), .wrongLength),
            Case("a sum over the rows", model([node("ReduceSum", ["X"], ["Y"])]), .unsupportedConstruct),
            Case(
                "an order that is none", model([node("Transpose", ["X"], ["Y"], [ints("perm", [0, 0])])]), .wrongLength),
            Case("rows apart", model([node("Split", ["X"], ["Y", "Z"], [int("axis", 0)])]), .unsupportedConstruct),
            Case(
                "a shape that mixes rows", model([integers("s", [-1, 2]), node("Reshape", ["X", "s"], ["Y"])]),
                .wrongLength),
            Case(
                "a place outside", model([integers("s", [9]), node("Gather", ["X", "s"], ["Y"], [int("axis", 1)])]),
                .featureOutOfRange),
            Case(
                "trees without nodes", model([node("TreeEnsembleRegressor", ["X"], ["Y"], domain: "ai.onnx.ml")]),
                .tooManyNodes),
        ]
    }()

    @Test(arguments: hostile)
    func hostileFilesAreRefused(_ this: Case) throws {
        let failure = try Self.failure(this.bytes)
        #expect(this.codes.contains(failure.code), "\(failure)")
    }

    /// A chain of as many nodes as there may be takes no recursion.
    @Test func longChainsAreCompiled() throws {
        let chain = (0..<20_000).map {
            Self.node("Identity", [$0 == 0 ? "X" : "v\($0)"], [$0 == 19_999 ? "Y" : "v\($0 + 1)"])
        }
        #expect(try Model.load(Self.model(chain.reversed()), path: "m", options: .init(output: 0)).outputCount == 3)
    }
}
