import Diagnostics
import Foundation
import Testing

@testable import Configuration

/// `schemas/pipeline.schema.json` against the pipelines that there are.
@Suite struct PipelineSchemaTests {
    private static let file = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("schemas/pipeline.schema.json")

    private static func node(_ text: String) -> YAMLNode? {
        YAMLReader.read(SourceText(path: "p.yaml", text: text), into: DiagnosticGathering())
    }

    @Test func theFileIsWhatTheProgramKnows() throws {
        if GoldenCase.isUpdating { try PipelineSchema.text.write(to: Self.file, atomically: true, encoding: .utf8) }
        let written = try String(contentsOf: Self.file, encoding: .utf8)
        #expect(written == PipelineSchema.text, "UPDATE_GOLDENS=1 rewrites it")
    }

    @Test func theFileForTestsIsWhatTheProgramKnows() throws {
        let url = Self.file.deletingLastPathComponent().appendingPathComponent("pipeline-tests.schema.json")
        if GoldenCase.isUpdating { try PipelineSchema.ofTests.write(to: url, atomically: true, encoding: .utf8) }
        let written = try String(contentsOf: url, encoding: .utf8)
        #expect(written == PipelineSchema.ofTests, "UPDATE_GOLDENS=1 rewrites it")
    }

    @Test func testsOfTheProjectConform() throws {
        let folder = Self.file.deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent(
            "pipelines")
        let validator = try SchemaValidator(text: PipelineSchema.ofTests)
        var seen = 0
        for pipeline in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
            let tests = folder.appendingPathComponent(pipeline).appendingPathComponent("tests")
            let names = (try? FileManager.default.contentsOfDirectory(atPath: tests.path)) ?? []
            for name in names where name.hasSuffix(".yaml") {
                let url = tests.appendingPathComponent(name)
                let text = try String(contentsOf: url, encoding: .utf8)
                #expect(try validator.accepts(try #require(Self.node(text))), "\(url.path)")
                let misspelt = try validator.accepts(try #require(Self.node(text.replacing("steps:", with: "stepps:"))))
                #expect(!misspelt, "\(url.path)")
                seen += 1
            }
        }
        #expect(seen >= 3)
    }

    @Test(arguments: ReferenceTests.examples)
    func examplesConform(example: ReferenceTests.Example) throws {
        let validator = try SchemaValidator(text: PipelineSchema.text)
        #expect(try validator.accepts(try #require(Self.node(example.text))))
    }

    /// It is never stricter than the program, and sees the mistakes that it can see.
    @Test func goldensConformUnlessTheyAreWrong() throws {
        let validator = try SchemaValidator(text: PipelineSchema.text)
        var refused: Set<String> = []
        var accepted = 0
        for golden in GoldenCase.all {
            let url = golden.folder.appendingPathComponent("pipeline.yaml")
            guard let text = try? String(contentsOf: url, encoding: .utf8), let node = Self.node(text) else { continue }
            let (file, _, _) = try golden.check()
            if try validator.accepts(node) {
                accepted += 1
            } else {
                #expect(file.diagnostics.hasErrors, "\(golden) is right, and the schema refuses it")
                refused.insert(golden.name)
            }
        }
        #expect(accepted > 20)
        let seen: Set = [
            "missing-key", "unknown-key", "wrong-kind", "unknown-value", "invalid-duration", "invalid-size",
            "invalid-boolean", "invalid-name", "unknown-aggregate", "empty-value", "several-in-item",
            "wrong-kind-root", "invalid-topic", "unknown-value-accuracy",
        ]
        #expect(seen.subtracting(refused).isEmpty, "\(seen.subtracting(refused)) pass")
    }

    @Test(arguments: [
        ("over: [1d]", "over: all", true), ("over: [1d]", "over: 7d", true), ("over: [1d]", "over: [1d, all]", true),
        ("over: [1d]", "over: []", false), ("over: [1d]", "over: [seven]", false),
        ("over: [1d]", "over: [\"${X}\"]", true),
        ("over: [1d]", "over: [1d], where: tx_amount > 1", true), ("over: [1d]", "over: [1d], where: [a]", false),
        ("over: [1d]", "over: [1d], include_current: false", true),
        ("over: [1d]", "over: [1d], include_current: never", false),
        ("count()", "{value: count(), where: tx_amount > 1}", true), ("count()", "{where: tx_amount > 1}", false),
        ("count()", "{value: count(), were: tx_amount > 1}", false), ("count()", "\"(count()) or 0\"", true),
        ("count()", "counter()", false), ("count()", "\"quantile(tx_amount, 0.95)\"", true),
        ("id: transaction_id", "id: transaction_id\n    available: {field: at, format: epoch-ms}", true),
        ("id: transaction_id", "id: transaction_id\n    available: never", false),
    ])
    func formsOfGroups(old: String, new: String, isRight: Bool) throws {
        let validator = try SchemaValidator(text: PipelineSchema.text)
        let text = PlanTests.text(features: "[{by: customer_id, over: [1d], aggregates: {n: count()}}]")
            .split(separator: "\n").filter { $0 != "" }.joined(separator: "\n")
        #expect(try validator.accepts(try #require(Self.node(text))))
        #expect(text.contains(old))
        #expect(try validator.accepts(try #require(Self.node(text.replacing(old, with: new)))) == isRight)
    }
}
