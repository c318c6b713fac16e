import Configuration
import Diagnostics
import Engine
import Events
import Features
import Foundation
import Models
import Testing

@testable import Scoring

/// `model.explain` from the pipeline file to the plan.
@Suite struct ExplainedPipelineTests {
    /// A pipeline with a LightGBM model, and what is written into its `model`.
    private static func load(_ model: String, fixture: String = "binary") throws -> (PipelineAssembly?, PipelineFile) {
        let path = TestFiles.packageRoot.path + "/Tests/ModelsTests/Fixtures/LightGBM/\(fixture).txt"
        let text = """
            pipeline: explained
            kafka: {brokers: "localhost:9092"}
            sources:
              payments: {topic: payments, key: card, id: id, time: {field: at, format: epoch-ms},
                fields: {id: int, card: string, amount: float}}
            features:
              - amount: amount
              - night: hour(event_time) <= 6
              - {by: card, over: [1h, 1d, 7d], aggregates: {spent: sum(amount), payments: count()}}
            model:
              name: m
              file: \(path)
              inputs: [night, amount, spent_1h, payments_1h, spent_1d, payments_1d, spent_7d, payments_7d]
              \(model)
            decide: [{review: score > 0.5}]
            output: {topic: scores}
            dead_letter: {topic: dead}
            """
        return try TestFiles.withFolder { folder in
            let file = folder.appending(path: "pipeline.yaml")
            try Data(text.utf8).write(to: file)
            let (assembly, found) = PipelineAssembly.load(path: file.path, checksProperties: false)
            return (assembly, found)
        }
    }

    private static func assembly(_ model: String) throws -> PipelineAssembly {
        let (assembly, file) = try load(model)
        return try #require(assembly, "\(file.rendered())")
    }

    @Test func whatIsWrittenIsInThePlan() throws {
        let scoring = try Self.assembly(
            "explain: {top: 5, when: score > 0.5 and amount > 10, direction: both, reasons: {spent_1h: much, night: late}, "
                + "budget: {events: 7, per: 2s}}"
        ).scoring
        let explanation = try #require(scoring.explanation)
        #expect(explanation.reasonsMax == 5 && explanation.direction == .both)
        #expect(explanation.condition != nil)
        #expect(explanation.budget == .init(eventsMax: 7, spanMicroseconds: 2_000_000))
        #expect(explanation.texts == [FeatureIndex(2): "much", FeatureIndex(1): "late"])
        #expect(scoring.models.models.first?.explainer?.featureCount == 8)
    }

    @Test func whatIsNotWrittenIsStandard() throws {
        let explanation = try #require(try Self.assembly("explain: {}").scoring.explanation)
        #expect(explanation.reasonsMax == 3 && explanation.direction == .up)
        #expect(explanation.condition == nil && explanation.budget == nil && explanation.texts.isEmpty)
        let plain = try Self.assembly("").scoring
        #expect(plain.explanation == nil && plain.models.models.first?.explainer == nil)
    }

    /// Every key decides bytes of records; none of them touches state.
    @Test func theScoringPlanHashCoversItAndTheStatePlanHashDoesNot() throws {
        let texts = [
            "", "explain: {}", "explain: {top: 4}", "explain: {when: score > 0.5}", "explain: {direction: both}",
            "explain: {reasons: {amount: much}}", "explain: {reasons: {amount: more}}",
            "explain: {budget: {events: 1, per: 1s}}", "explain: {budget: {events: 2, per: 1s}}",
            "explain: {budget: {events: 1, per: 2s}}",
        ]
        let assemblies = try texts.map(Self.assembly)
        #expect(Set(assemblies.map(\.scoring.models.planHash)).count == texts.count)
        #expect(Set(assemblies.map { $0.statePlanHash(cluster: "c") }).count == 1)
        let standard = try Self.assembly("explain: {top: 3, direction: up}")
        #expect(standard.scoring.models.planHash == assemblies[1].scoring.models.planHash)
    }

    @Test func aModelThatCannotBeExplainedIsRefused() throws {
        let (assembly, file) = try Self.load("explain: {top: 3}", fixture: "linear")
        #expect(assembly == nil)
        #expect(file.diagnostics.filter { $0.severity == .error }.map(\.code) == ["model-unsupported-construct"])
        #expect(try Self.load("", fixture: "linear").0 != nil)
    }
}
