import Events
import Testing

@testable import Features

/// State depends on events newer than the watermark less the declared horizon, and on nothing else.
struct StateHorizonTests {
    /// Times on a grid with events just beside it; the values of doubles are such that their sums are exact, wherever
    /// they begin.
    private static func events(seed: UInt64) -> [HistoryEvent] {
        let shape = WindowOracleTests.Shape(
            name: "horizon", keys: 3, events: 260, late: 4, outOfOrder: 40, backMax: 8, stepMax: 3, gaps: 1)
        return WindowOracleTests.history(shape, seed: seed).map { event in
            var event = event
            event.ratio = event.ratio.map { ($0 * 16).rounded() / 16 }
            return event
        }
    }

    private static var plan: FeaturePlan { WindowOracleTests.plan(late: 4).plan }

    /// The places of a history where a restart that reads `horizon` back gives other features than no restart.
    private static func differingRestarts(
        _ events: [HistoryEvent], horizon: Int64, of plan: FeaturePlan = plan, every step: Int = 1
    ) -> [String] {
        let limits = FeatureLimits(shardCount: 1)
        let expected = StateRun(plan, limits, batchRowsMax: events.count).features(events, 0..<events.count).bits
        var watermark = Int64.min
        var differing: [String] = []
        for restart in events.indices {
            if restart % step != 0 {
                if events[restart].disposition.entersState { watermark = max(watermark, events[restart].time) }
                continue
            }
            let log = events[..<restart].filter { $0.disposition.entersState && $0.time > watermark - horizon }
            let run = StateRun(plan, limits, batchRowsMax: events.count)
            _ = run.features(log, 0..<log.count)
            // What an event of the watermark's time or a late one sees shows soon.
            let end = min(restart + 60, events.count)
            let found = run.features(events, restart..<end).bits
            let row = found.indices.first { found[$0] != expected[restart + $0] }
            if let row {
                let features = found[row].indices.filter { found[row][$0] != expected[restart + row][$0] }
                differing.append("restart at \(restart), event \(restart + row), features \(features)")
            }
            if events[restart].disposition.entersState { watermark = max(watermark, events[restart].time) }
        }
        return differing
    }

    @Test(arguments: [UInt64](1...3))
    func theDeclaredHorizonIsEnough(seed: UInt64) {
        let events = Self.events(seed: seed)
        let differing = Self.differingRestarts(events, horizon: Self.plan.horizonMicroseconds)
        #expect(differing.isEmpty, "seed \(seed): \(differing.prefix(3))")
    }

    /// Every aggregate over windows that end, of events of the scored source and of another.
    @Test(arguments: [UInt64](1...2))
    func theHorizonOfEveryAggregateIsEnough(seed: UInt64) {
        var plan = HistoryPlan()
        for source in 0...1 {
            plan.add(
                source: source, key: HistoryField.device, askedBy: source == 0 ? nil : HistoryField.asked,
                windows: AggregateOracleTests.windows(all: false), columns: AggregateOracleTests.columns,
                asking: AggregateOracleTests.everything, late: 4 * AggregateOracleTests.tick)
        }
        let shape = WindowOracleTests.Shape(
            name: "horizon", keys: 3, events: 200, late: 4, outOfOrder: 40, backMax: 8, stepMax: 3, gaps: 1)
        let events = AggregateOracleTests.history(shape, seed: seed).map { event in
            var event = event
            event.ratio = event.ratio.map { ($0 * 16).rounded() / 16 }
            return event
        }
        let horizon = plan.plan.horizonMicroseconds
        let differing = Self.differingRestarts(events, horizon: horizon, of: plan.plan, every: 5)
        let asked = plan.entities[0].aggregates.map { "\($0.function) \($0.valueColumn ?? -1) \($0.window)" }
        #expect(differing.isEmpty, "seed \(seed): \(differing.prefix(3)) of \(asked)")
        #expect(!Self.differingRestarts(events, horizon: horizon / 2, of: plan.plan, every: 5).isEmpty)
    }

    /// Windows of tiles, whatever the doubles that they sum: a rebuilt state gives the same bits.
    @Test(arguments: [UInt64](1...2))
    func theHorizonOfTilesIsEnough(seed: UInt64) {
        var plan = HistoryPlan()
        for source in 0...1 {
            plan.add(
                source: source, key: HistoryField.device, askedBy: source == 0 ? nil : HistoryField.asked,
                windows: TiledAggregateTests.tiled, columns: AggregateOracleTests.columns,
                asking: AggregateOracleTests.everything, late: 4 * AggregateOracleTests.tick)
        }
        let shape = WindowOracleTests.Shape(
            name: "horizon", keys: 3, events: 200, late: 4, outOfOrder: 40, backMax: 8, stepMax: 3, gaps: 1)
        let events = AggregateOracleTests.history(shape, seed: seed).map { event in
            var event = event
            event.ratio = event.ratio.map { $0 * 1.1 }
            return event
        }
        let horizon = plan.plan.horizonMicroseconds
        #expect(horizon == (30 + 4) * AggregateOracleTests.tick + 1_700_000)
        let differing = Self.differingRestarts(events, horizon: horizon, of: plan.plan, every: 5)
        #expect(differing.isEmpty, "seed \(seed): \(differing.prefix(3))")
        // The tile that the oldest instant is in has to be whole.
        let less = Self.differingRestarts(events, horizon: horizon - 1_700_000, of: plan.plan, every: 1)
        #expect(!less.isEmpty, "seed \(seed): a tile less is enough, too")
    }

    /// The canaries: a microsecond less, a window less and no lateness are each found.
    @Test func nothingLessIsEnough() {
        let declared = Self.plan.horizonMicroseconds
        let seeds = [UInt64](1...6)
        for (name, horizon) in [
            ("a microsecond less", declared - 1),
            ("the longest window left out", Self.plan.entities[1].horizonMicroseconds),
            ("lateness left out", declared - Self.plan.entities[0].lateMicroseconds),
        ] {
            let found = seeds.contains { !Self.differingRestarts(Self.events(seed: $0), horizon: horizon).isEmpty }
            #expect(found, "\(name) is not found")
        }
    }
}
