import Events
import Testing

@testable import Features

/// Every aggregate over every kind of window against the oracle.
struct AggregateOracleTests {
    static let tick = WindowOracleTests.tick

    static let columns: [ValueColumnPlan] =
        HistoryPlan.allColumns + [
            ValueColumnPlan(.ones, filter: compiled("flag")),
            ValueColumnPlan(.hashes(field: HistoryField.customer, mayBeMissing: true)),
            ValueColumnPlan(
                .integers(field: HistoryField.amount, scale: 2, mayBeMissing: false), filter: compiled("quantity > 0")),
            ValueColumnPlan(.doubles(compiled("ratio")), filter: compiled("flag")),
            ValueColumnPlan(
                .hashes(field: HistoryField.customer, mayBeMissing: true), filter: compiled("quantity > 0")),
        ]

    static let texts: Set<Int> = [5, 8]

    /// All aggregates over all columns that they take.
    static let everything: [HistoryPlan.Asked] = {
        var asked: [HistoryPlan.Asked] = [
            .init(.count), .init(.count, 4), .init(.rate, nil, 5e6), .init(.rate, 4, 1e6), .init(.timeSinceLast),
            .init(.timeSinceLast, 4, or: -1),
        ]
        for column in texts { asked.append(.init(.distinct, column)) }
        for column in [1, 3, 6] {
            let functions: [AggregateFunction] = [
                .sum, .mean, .min, .max, .stddev, .first, .last, .previous, .distinct,
            ]
            for function in functions { asked.append(.init(function, column, or: column == 1 ? -7 : nil)) }
            for p in [0.5, 0.95] { asked.append(.init(.quantile, column, p)) }
            asked.append(.init(.ewma, column, 3.5e6))
        }
        for column in [0, 7] {
            for function in [AggregateFunction.max, .stddev, .last, .distinct] { asked.append(.init(function, column)) }
        }
        return asked
    }()

    static func windows(all: Bool) -> [WindowPlan] {
        var windows = [
            WindowPlan(delayMicroseconds: 0, lengthMicroseconds: 4 * tick),
            WindowPlan(delayMicroseconds: 0, lengthMicroseconds: 30 * tick),
            WindowPlan(delayMicroseconds: 0, lengthMicroseconds: 4 * tick, includesCurrent: false),
            WindowPlan(delayMicroseconds: 5 * tick, lengthMicroseconds: 12 * tick),
        ]
        if all {
            windows.removeSubrange(1...2)
            windows += [
                WindowPlan(delayMicroseconds: 0, lengthMicroseconds: WindowPlan.unbounded),
                WindowPlan(
                    delayMicroseconds: 0, lengthMicroseconds: WindowPlan.unbounded, includesCurrent: false),
                WindowPlan(delayMicroseconds: 6 * tick, lengthMicroseconds: WindowPlan.unbounded),
            ]
        }
        return windows
    }

    /// One entity with windows that end, one with those since the beginning too, one fed by another source.
    static func plan(late: Int64) -> HistoryPlan {
        var plan = HistoryPlan()
        plan.add(
            key: HistoryField.device, windows: windows(all: false), columns: columns, asking: everything,
            late: late * tick)
        plan.add(
            key: HistoryField.device, windows: windows(all: true), columns: columns, asking: everything,
            late: late * tick)
        plan.add(
            source: 1, key: HistoryField.device, askedBy: HistoryField.asked, windows: windows(all: true),
            columns: columns, asking: everything, late: late * tick)
        return plan
    }

    /// A third of the events come from another source; their times are often far back.
    static func history(_ shape: WindowOracleTests.Shape, seed: UInt64) -> [HistoryEvent] {
        var random = HistoryRandom(seed: seed &+ 1_000)
        return WindowOracleTests.history(shape, seed: seed).map { event in
            var event = event
            // Values repeat, so that some are equal and some leave and come back.
            event.amount = Int64.random(in: -300...300, using: &random) * (random.chance(10) ? 1_000 : 1)
            event.ratio = event.ratio.map { random.chance(50) ? ($0 * 2).rounded() / 2 : $0 }
            event.asked = random.chance(5) ? nil : Int64.random(in: 0..<Int64(shape.keys), using: &random) - 2
            if random.chance(33) {
                event.source = 1
                if random.chance(60) { event.time -= Int64.random(in: 0...20, using: &random) * tick }
            }
            if let device = event.device { event.customer = Array("c\(device &* 7 % 5)".utf8) }
            return event
        }
    }

    @Test(arguments: WindowOracleTests.shapes, [UInt64](1...1))
    func equalsOracle(shape: WindowOracleTests.Shape, seed: UInt64) {
        let events = Array(Self.history(shape, seed: seed).prefix(220))
        let plan = Self.plan(late: shape.late)
        let features = HistoryRun(plan).features(events)
        let found = differences(features, WindowOracle(plan: plan).features(events))
        let names = plan.entities.flatMap { entity in
            entity.aggregates.map { "\($0.function) of \($0.valueColumn ?? -1) in \(entity.windows[$0.window])" }
        }
        #expect(
            found.isEmpty,
            "\(shape.name), seed \(seed): \(found.count) of \(names.count) features differ: \(found.prefix(3))")
    }

    /// Every order of five events around the edges of windows.
    @Test(arguments: [Int64(0), 1, 100])
    func everyOrderAroundAnEdge(late: Int64) {
        var plan = HistoryPlan()
        let windows = [
            WindowPlan(delayMicroseconds: 0, lengthMicroseconds: 4),
            WindowPlan(delayMicroseconds: 3, lengthMicroseconds: 4),
            WindowPlan(delayMicroseconds: 0, lengthMicroseconds: 4, includesCurrent: false),
        ]
        plan.add(
            key: HistoryField.device, windows: windows, columns: Self.columns, asking: Self.everything, late: late)
        var orders = 0
        for times in [[10, 9, 8, 12, 13], [5, 9, 9, 9, 13], [10, 11, 14, 15, 18]] {
            for order in WindowOracleTests.orders(of: times.indices.map { $0 }) {
                let events = order.map { index in
                    HistoryEvent(
                        time: Int64(times[index]), amount: [3, 1, 4, 1, 5][index],
                        quantity: index == 2 ? nil : Int64(index), flag: index != 1, ratio: [2.5, 7, 1, 7, 2][index])
                }
                let features = HistoryRun(plan, limits: FeatureLimits(shardCount: 1)).features(events, batchSize: 5)
                let found = differences(features, WindowOracle(plan: plan).features(events))
                #expect(found.isEmpty, "times \(times) in order \(order): \(found.prefix(3))")
                orders += 1
            }
        }
        #expect(orders == 3 * 120)
    }

    @Test(arguments: [UInt64](1...2))
    func batchSizesAndShardsChangeNothing(seed: UInt64) {
        let events = Array(Self.history(WindowOracleTests.shapes[3], seed: seed).prefix(300))
        let plan = Self.plan(late: 3)
        let reference = HistoryRun(plan).features(events, batchSize: events.count).bits
        for (batchSize, shardCount) in [(1, 16), (7, 3), (64, 1)] {
            let run = HistoryRun(plan, limits: FeatureLimits(shardCount: shardCount))
            #expect(run.features(events, batchSize: batchSize).bits == reference, "seed \(seed), \(batchSize)")
        }
    }
}
