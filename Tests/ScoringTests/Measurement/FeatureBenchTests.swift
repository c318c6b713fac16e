import Engine
import Events
import Features
import Testing

@testable import Scoring

struct FeatureBenchTests {
    private func options(keys: Int = 200) -> FeatureBenchOptions {
        var options = FeatureBenchOptions()
        options.keys = [keys]
        options.eventsPerKey = 5
        options.rounds = 2
        options.eventsMeasured = 700
        options.batchRowsMax = 256
        return options
    }

    @Test(arguments: FeatureBenchShape.allCases)
    func shapesAreWhatTheySay(shape: FeatureBenchShape) {
        let plan = shape.plan(keysPerEntity: 1_000)
        #expect(!plan.features.names.isEmpty && plan.models.isEmpty && plan.rules.isEmpty)
        #expect(plan.features.expressions.isEmpty)
        #expect(plan.features.entities.contains { $0.windows.contains(where: \.isTiled) } == (shape == .tiled))
        if shape == .entities {
            #expect(plan.features.featureCount == 20)
            #expect(plan.features.entities.count == 4)
        }
        #expect(!shape.summary.isEmpty)
    }

    @Test func handbookHasTwelveWindows() {
        #expect(FeatureBench.handbookPlan().features.featureCount == 12)
        let result = FeatureBench(options()).handbookRows(300)
        #expect(result.passes.count == 2 && result.isSame)
        #expect(result.passes.allSatisfy { $0.scored == 300 && $0.features > 0 })
        #expect(FeatureBenchText.handbook(result).contains("300 payments"))
    }

    /// Every figure is of the same work: a seed gives the same features, round by round.
    @Test(arguments: FeatureBenchShape.allCases)
    func aSeedGivesTheSameFeatures(shape: FeatureBenchShape) {
        let row = FeatureBench(options()).row(shape, keys: 200)
        #expect(row.rounds.map(\.events) == [700, 700])
        #expect(row.filled == 1_000)
        #expect(row.stateBytes > 0 && row.best > 0 && row.best <= row.median)
        let again = FeatureBench(options()).row(shape, keys: 200)
        #expect(again.rounds.map(\.hash) == row.rounds.map(\.hash))
        #expect(row.rounds[0].hash != row.rounds[1].hash)
        var other = options()
        other.seed = 2
        #expect(FeatureBench(other).row(shape, keys: 200).rounds[0].hash != row.rounds[0].hash)
        #expect(FeatureBenchText.line(row, first: row).contains(shape.rawValue))
    }

    @Test(arguments: FeatureBenchEvents.Spread.allCases)
    func cardsComeAsOftenAsIsSaid(spread: FeatureBenchEvents.Spread) throws {
        let schema = FeatureBenchShape.sums.plan(keysPerEntity: 10).schema
        let batch = EventBatch(schema: schema, capacity: 3_000)
        var events = FeatureBenchEvents(cards: 100, eventsPerCard: 30, days: 30, spread: spread, seed: 5)
        events.append(3_000, to: batch)
        let card = try #require(schema.index(named: "card"))
        var counts: [String: Int] = [:]
        for row in 0..<batch.count {
            #expect(batch.string(card, row: row).count == FeatureBenchEvents.nameBytes)
            counts[String(decoding: batch.string(card, row: row), as: UTF8.self), default: 0] += 1
            if row > 0 { #expect(batch.eventTimes[row] > batch.eventTimes[row - 1]) }
        }
        #expect(counts.count == 100)
        #expect(counts.values.allSatisfy { $0 == 30 } == (spread == .even))
        // A month of events: the last is less than a step before its end.
        let span = batch.eventTimes[2_999] - batch.eventTimes[0]
        #expect(span < 30 * 86_400_000_000 && span > 29 * 86_400_000_000)
    }

    /// The estimate of `riffle check` against what the engine reserves. Of so few keys a quarter is room in pages and
    /// chunks that sixteen shards have begun; the bench itself holds a million keys to 20 %.
    @Test func theEstimateIsNearTheState() {
        var options = options()
        options.eventsPerKey = 8
        let memory = FeatureBench(options).memory(.sums, keys: 30_000)
        #expect(memory.keys > 29_900 && memory.events == 240_000)
        let ratio = memory.estimatedBytes / Double(memory.stateBytes)
        #expect((0.65...1.2).contains(ratio), "\(memory)")
    }

    @Test func memoryGoesFromProcessToProcess() throws {
        let memory = FeatureBench.Memory(
            keys: 1_000, events: 5_000, estimatedBytes: 654_321.5, stateBytes: 700_000, residentBytes: 690_000)
        #expect(FeatureBench.Memory(line: memory.line) == memory)
        for line in ["", "1 2 3 4", "1 2 x 4 5", "a process that failed"] {
            #expect(FeatureBench.Memory(line: line) == nil)
        }
        let text = FeatureBenchText.line(memory, shape: .sums)
        #expect(text.contains("654") && text.contains("0.95 (met)"))
    }
}
