import Configuration
import Diagnostics
import Events
import Features
import Testing
import Workers

@testable import Engine

/// Every aggregate there is, through the whole engine: the bytes of scores and of replayed rows depend on the events and
/// their order alone.
struct EveryAggregateTests {
    private static let pipeline = """
        pipeline: everything
        kafka: {brokers: "localhost:9092", group: everything}
        sources:
          payments:
            topic: payments
            key: customer
            id: payment
            time: {field: at, format: epoch-ms}
            fields:
              payment: string
              customer: string
              terminal: {type: int, optional: true, nullable: true}
              amount: {type: decimal, scale: 2}
            late: {after: 10m, then: score}
            ahead: 1h
        features:
        """

    /// The groups of aggregates over entities and windows; names are made different by the group.
    private static func group(_ name: String, by key: String, _ options: String, hasEnd: Bool) -> String {
        let aggregates = [
            "count": "count()", "pause": "time_since_last()", "sum": "sum(amount)", "mean": "mean(log(amount + 1))",
            "min": "min(amount)", "max": "max(amount)", "spread": "stddev(amount)",
            "log_spread": "stddev(log(amount + 1))", "first": "first(amount)", "last": "last(amount)",
            "previous": "previous(amount)", "different": "distinct(amount)", "texts": "distinct(customer)",
            "high": "\"quantile(amount, 0.95)\"", "large": "{value: count(), where: amount > 100}",
            "large_mean": "{value: mean(amount), where: amount > 100}",
            hasEnd ? "rate" : "trend": hasEnd ? "rate(1h)" : "\"ewma(amount, 1h)\"",
        ]
        let lines = aggregates.sorted { $0.key < $1.key }.map { "      \(name)_\($0.key): \($0.value)" }
        return "  - by: \(key)\n    \(options)\n    aggregates:\n" + lines.joined(separator: "\n") + "\n"
    }

    static func plan() throws -> ScoringPlan {
        let text =
            pipeline + "\n"
            + group("c", by: "customer", "over: [5m, 2h]", hasEnd: true)
            + group("p", by: "customer", "over: [2h]\n    include_current: false", hasEnd: true)
            + group("t", by: "terminal", "over: [1h]\n    delay: 20m", hasEnd: true)
            + group("a", by: "terminal", "over: all", hasEnd: false)
            + "output: {topic: scores, features: all}\ndead_letter: {topic: dead}\n"
        var file = PipelineFile.load(bytes: Array(text.utf8), path: "everything.yaml", environment: [:])
        let compiled = file.compile()
        let plan = try #require(compiled, "\(file.rendered())")
        return ScoringPlan(
            pipeline: "everything", sources: plan.sources, decodeLimits: DecodeLimits(), idField: plan.sources[0].id,
            features: plan.features, featureLimits: FeatureLimits(shardCount: 4), model: nil, rules: [],
            outputFeatures: plan.outputFeatures, isOrderIrrelevant: plan.isOrderIrrelevant, planHash: PaymentPlan.hash)
    }

    @Test func nothingIsLeftOut() throws {
        let functions = Set(try Self.plan().features.entities.flatMap { $0.aggregates.map(\.function) })
        #expect(functions.count == AggregateCatalogue.standard.specs.count, "\(functions)")
    }

    @Test(arguments: [1, 7, 4_096], [1, 3])
    func batchesWorkersAndFetchesChangeNothing(batchRows: Int, workers: Int) throws {
        let plan = try Self.plan()
        let stream = PaymentStream(seed: 31, events: 600)
        let expected = ExpectedOutputs(stream.log(), plan: plan)
        #expect(expected.outputs.count { $0.score != nil } > 400)
        for takeRows in [3, Int.max] {
            let context = "\(batchRows) rows, \(workers) workers, takes of \(takeRows)"
            let run = StreamRun(plan, stream.log(), workers: workers, inlineRowsMax: 0) { settings in
                settings.batchRowsMax = batchRows
            }
            run.source.takeRowsMax = takeRows
            _ = try run.run()
            let found = run.sink.outputs.map(\.asExpected)
            #expect(found.count == expected.outputs.count, "\(context)")
            let difference = zip(found, expected.outputs).first { $0 != $1 }
            #expect(difference == nil, "\(context)")
            run.expectAllReleased(context)
        }
    }

    @Test(arguments: RecordFormat.allCases, [1, 3])
    func replaysAreEqual(format: RecordFormat, workers: Int) throws {
        let plan = try Self.plan()
        let file = PaymentFile(seed: 32, events: 600)
        let expected = try ReplayRun(plan: plan, outputFormat: format, inlineRowsMax: .max).run(file.ndjson)
        #expect(expected.summary.scored == 600)
        for (batchRows, pieceBytes) in [(1, 100), (7, 1_001), (513, Int.max), (4_096, 64)] {
            let run = ReplayRun(
                plan: plan, outputFormat: format, workers: workers, batchRows: batchRows, pieceBytes: pieceBytes)
            let result = try run.run(file.csv)
            #expect(result.output.bytes == expected.output.bytes, "batches of \(batchRows), pieces of \(pieceBytes)")
        }
    }

    /// A key as long as its event may be, and one that is longer: faults that leave no state behind.
    @Test func aKeyOfAMegabyteIsAFault() throws {
        let plan = try Self.plan()
        func line(_ number: Int, customerBytes: Int) -> String {
            Payment(id: "p\(number)", at: PaymentStream.start, customer: String(repeating: "k", count: customerBytes))
                .json
        }
        let lengths = [10, 1 << 20, 5_000, 4_096, 4_097, 200_000, 20]
        let text = lengths.enumerated().map { line($0.offset, customerBytes: $0.element) }.joined(separator: "\n")
        let result = try ReplayRun(plan: plan).run(text + "\n")
        #expect(result.summary.scored == 3)
        #expect(result.faults.map(\.line) == [2, 3, 5, 6])
        #expect(result.output.lines.count == 4)
    }
}
