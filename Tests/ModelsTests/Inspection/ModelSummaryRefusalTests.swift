import Foundation
import Testing

@testable import Models

/// Of a file that is refused a summary says what it is, and all that is wrong with it.
@Suite struct ModelSummaryRefusalTests {
    private static func summary(_ text: String) -> ModelSummary {
        ModelSummary(inspecting: Array(text.utf8), options: ModelOptions(output: 0))
    }

    @Test func allFaultsOfAnXGBoostFile() {
        let text = ModelRefusalTests.good
            .replacing("binary:logistic", with: "reg:unheard")
            .replacing("[1,3,-1,-1,-1]", with: "[1,99,-1,-1,-1]")
            .replacing("[7E-1,1E-1,-1E-1]", with: "[NaN,1E-1,-1E-1]")
        let summary = Self.summary(text)
        #expect(summary.format == .xgboostJSON)
        #expect(summary.objective == "reg:unheard")
        #expect(summary.libraryVersion == "3.2.0")
        #expect(summary.inputs.map(\.name) == ["a", "b"])
        #expect(summary.evaluation == nil)
        #expect(
            summary.problems.map(\.code) == [
                "model-unsupported-construct", "model-child-out-of-range", "model-threshold-not-a-number",
            ])
        #expect(
            summary.problems.map(\.place) == ["learner.objective.name", "tree 0, node 1", "tree 1, node 0"])
    }

    @Test func anOldVersionIsNamed() {
        let summary = Self.summary(ModelRefusalTests.good.replacing("[3,2,0]", with: "[1,5,2]"))
        #expect(summary.libraryVersion == "1.5.2")
        #expect(summary.problems.map(\.code) == ["model-unsupported-format"])
        #expect(summary.trees?.count == 2)
    }

    @Test func anUnknownBooster() {
        let summary = Self.summary(ModelRefusalTests.good.replacing("\"gbtree\"", with: "\"gbforest\""))
        #expect(summary.booster == "gbforest")
        #expect(summary.problems.map(\.message) == ["booster \"gbforest\" is not supported"])
    }

    @Test func allFaultsOfALightGBMFile() {
        let text = LightGBMRefusalTests.good
            .replacing("objective=binary sigmoid:1", with: "objective=unheard")
            .replacing("left_child=1 -1 -3", with: "left_child=1 -1 -9")
            .replacing("threshold=0.25", with: "threshold=a quarter")
        let summary = Self.summary(text)
        #expect(summary.format == .lightgbmText)
        #expect(summary.objective == "unheard")
        #expect(summary.evaluation == nil)
        #expect(
            summary.problems.map(\.place) == ["objective", "tree 0, leaf 8", "tree 1"], "\(summary.problems)")
    }

    @Test func operatorsThatAreNotReadAreAllNamed() throws {
        func text(_ number: Int, _ text: String) -> ProtoPiece { .bytes(number, Array(text.utf8)) }
        func node(_ operation: String, _ input: String, _ output: String) -> ProtoPiece {
            .message(1, kind: "node", [text(1, input), text(2, output), text(3, output), text(4, operation)])
        }
        func value(_ number: Int, _ name: String) -> ProtoPiece {
            let dims = [3].map { ProtoPiece.message(1, kind: "dim", [.varint(1, UInt64($0))]) }
            let rows = ProtoPiece.message(1, kind: "dim", [text(2, "N")])
            let tensor = ProtoPiece.message(
                1, kind: "tensor type", [.varint(1, 1), .message(2, kind: "shape", [rows] + dims)])
            return .message(number, kind: "value", [text(1, name), .message(2, kind: "type", [tensor])])
        }
        let graph = [
            node("Conv", "X", "a"), node("Relu", "a", "b"), node("Conv", "b", "c"), node("NoSuchThing", "c", "Y"),
            node("Unused", "X", "d"), value(11, "X"), value(12, "Y"),
        ]
        let bytes = ProtoPiece.encoded([
            .varint(1, 8), text(2, "by-hand"), .message(7, kind: "graph", graph),
            .message(8, kind: "set", [text(1, ""), .varint(2, 18)]),
        ])
        let summary = ModelSummary(inspecting: bytes)
        // What the output does not need refuses nothing.
        #expect(
            summary.problems.map(\.place) == ["node \"a\" (Conv)", "node \"Y\" (NoSuchThing)"], "\(summary.problems)")
        let operators = try #require(summary.graph).operators
        #expect(operators.map(\.name) == ["Conv", "Relu", "NoSuchThing", "Unused"])
        #expect(operators.map(\.nodes) == [2, 1, 1, 1])
        #expect(operators.map(\.isSupported) == [false, true, false, false])
    }

    @Test(
        arguments: [
            ([0x80, 4, 0x95], "a Python pickle is not supported"),
            (Array("CBM1....".utf8), "CatBoost's binary form is not supported"),
            (Array("{\"oblivious_trees\":[]}".utf8), "CatBoost JSON is not supported"), ([], "the file is empty"),
            (Array("hello".utf8), "the content is of no known kind"),
        ] as [([UInt8], String)])
    func whatItIsIsSaid(content: [UInt8], message: String) {
        let summary = ModelSummary(inspecting: content)
        #expect(summary.format == nil)
        #expect(summary.problems.map(\.message) == [message])
        #expect(summary.inputs == [])
    }

    @Test func problemsAreCappedAndCounted() {
        let tree = LightGBMRefusalTests.good.components(separatedBy: "Tree=1")[1].components(separatedBy: "\n\n")[0]
        let bad = tree.replacing("threshold=0.25", with: "threshold=x")
        let head = LightGBMRefusalTests.good.components(separatedBy: "\nTree=0")[0]
        let trees = (0..<100).map { "\nTree=\($0)\(bad.dropFirst(bad.hasPrefix("=") ? 2 : 0))\n\n" }.joined()
        let summary = Self.summary(head + trees + "end of trees\n")
        #expect(summary.problems.count == ModelSummary.problemsMax)
        #expect(summary.problemsOmitted > 0)
        #expect(summary.trees?.count == 100)
    }
}
