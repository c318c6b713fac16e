import Events
import Foundation
import Testing

@testable import Engine

/// Several models, and an expression that makes one score of theirs.
struct SeveralModelsTests {
    private static let weighted = "0.7 * forest + 0.3 * boost"
    private static let fallback = "if is_missing(terminal_mean) then boost else forest"

    /// Each model scores as it does alone, whatever inputs it takes, and `score` is computed from these in doubles.
    @Test func eachScoresAsAloneAndTheScoreIsTheirs() throws {
        let log = PaymentStream(seed: 21, events: 400)
        let plan = PaymentPlan(rules: [], outputFeatures: ["terminal_mean"], combination: Self.weighted)
        let records = try Self.scores(plan, log.log())
        #expect(records.count > 300)
        let alone = try [PaymentPlan.NamedModel.forest, .boost].map { model in
            try Self.scores(PaymentPlan(rules: [], models: [model]), log.log())
        }
        #expect(alone.map(\.count) == [records.count, records.count])
        for (index, record) in records.enumerated() {
            let own = try [alone[0][index], alone[1][index]].map { try $0.text("score") }
            #expect(try record.text("scores") == "{\"forest\":\(own[0]),\"boost\":\(own[1])}", "\(record.text)")
            // A float32 is widened before it is computed with.
            let forest = try Double(#require(Float(own[0])))
            let boost = try #require(Double(own[1]))
            #expect(try record.text("score") == "\(0.7 * forest + 0.3 * boost)", "\(record.text)")
            #expect(record.text.contains("\"model\":\"forest+boost\",\"version\":\"sha256:0b\","))
            #expect(record.headers["riffle-model"] == "sha256:0b" && record.headers["riffle-plan"] == PaymentPlan.hash)
        }
    }

    @Test func oneTakesThePlaceOfAnotherWhereAFeatureIsMissing() throws {
        let plan = PaymentPlan(rules: [], outputFeatures: ["terminal_mean"], combination: Self.fallback)
        let records = try Self.scores(plan, PaymentStream(seed: 22, events: 400).log())
        var missing = 0
        for record in records {
            let isMissing = try record.text("features") == "{\"terminal_mean\":null}"
            if isMissing { missing += 1 }
            // A float32 reads back as one, and is widened then.
            let number = try isMissing ? record.number("boost") : Double(#require(Float(record.text("forest"))))
            #expect(try record.number("score") == number, "\(record.text)")
        }
        #expect(missing > 10 && records.count - missing > 10)
    }

    /// The score is that model's: it prints as it does.
    @Test(arguments: ["forest", "boost"])
    func aScoreThatIsOneModels(name: String) throws {
        let plan = PaymentPlan(rules: [("both", "forest > 0.5 and boost > 0.5"), ("not", "true")], combination: name)
        let records = try Self.scores(plan, PaymentStream(seed: 23, events: 300).log())
        for record in records {
            #expect(try record.text("score") == record.text(name))
            let isBoth = try record.number("forest") > 0.5 && record.number("boost") > 0.5
            #expect(try record.text("decision") == (isBoth ? "\"both\"" : "\"not\""), "\(record.text)")
        }
        let decisions = try Set(records.map { try $0.text("decision") })
        #expect(decisions.count == 2)
    }

    /// What is missing is null, and no rule holds that reads it.
    @Test func aScoreMayBeMissing() throws {
        let plan = PaymentPlan(
            rules: [("high", "score >= 0"), ("none", "is_missing(score)")], outputFeatures: ["terminal_mean"],
            combination: "forest / (terminal_mean * 0)")
        let records = try Self.scores(plan, PaymentStream(seed: 24, events: 60).log())
        #expect(!records.isEmpty)
        for record in records {
            #expect(try record.text("score") == "null" && record.text("decision") == "\"none\"", "\(record.text)")
            #expect(try (0...1).contains(record.number("forest")))
        }
    }

    @Test(arguments: [1, 7, 512], [1, 3])
    func batchesAndWorkersChangeNothing(batchRows: Int, workers: Int) throws {
        let plan = try PaymentPlan(
            outputFeatures: ["terminal_mean"], combination: Self.weighted, reversesInputs: true
        ).make()
        let stream = PaymentStream(seed: 25, events: 700)
        let expected = ExpectedOutputs(stream.log(), plan: plan)
        let run = StreamRun(plan, stream.log(), workers: workers, inlineRowsMax: 0) { $0.batchRowsMax = batchRows }
        _ = try run.run()
        #expect(run.sink.outputs.map(\.asExpected) == expected.outputs)
    }

    /// Inputs in another order than the features' are gathered for one model after the other.
    @Test func eachModelHasInputsOfItsOwn() throws {
        let stream = PaymentStream(seed: 26, events: 200)
        let both = try Self.scores(
            PaymentPlan(rules: [], combination: Self.weighted, reversesInputs: true), stream.log())
        for model in [PaymentPlan.NamedModel.forest, .boost] {
            var plan = PaymentPlan(rules: [], models: [model], reversesInputs: true)
            let alone = try Self.scores(plan, stream.log())
            plan.reversesInputs = false
            let plain = try Self.scores(plan, stream.log())
            #expect(try both.map { try $0.text(model.name) } == alone.map { try $0.text("score") })
            #expect(try alone.map { try $0.text("score") } != plain.map { try $0.text("score") })
        }
    }

    private static func scores(_ plan: PaymentPlan, _ log: MemoryLog) throws -> [ScoreText] {
        let run = StreamRun(try plan.make(), log) { $0.batchRowsMax = 50 }
        _ = try run.run()
        return run.sink.scores.map { ScoreText(text: $0.value ?? "", headers: $0.headers) }
    }
}

/// A score record as text, to be read key by key without losing a digit.
struct ScoreText {
    let text: String
    let headers: [String: String]

    /// What stands behind a key, as it was written.
    func text(_ key: String) throws -> String {
        let rest = try #require(text.split(separator: "\"\(key)\":", maxSplits: 1).dropFirst().first, "\(key): \(text)")
        if rest.first == "{" { return String(rest.prefix { $0 != "}" }) + "}" }
        return String(rest.prefix { $0 != "," && $0 != "}" })
    }

    func number(_ key: String) throws -> Double { try #require(try Double(text(key)), "\(key): \(text)") }
}
