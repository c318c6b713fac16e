import Events
import Testing

@testable import Features

/// Random histories against the oracle.
struct WindowOracleTests {
    /// How a history is drawn. Times lie on a grid that divides all windows, so that events fall on their exact edges.
    struct Shape: CustomTestStringConvertible, Sendable {
        let name: String
        let keys: Int
        let events: Int
        let late: Int64
        /// Per cent of events that are older than the newest, up to `backMax` ticks.
        let outOfOrder: Int
        let backMax: Int64
        /// Ticks between events, at most; now and then a gap is a hundred times as long.
        let stepMax: Int64
        let gaps: Int

        var testDescription: String { name }
    }

    static let tick: Int64 = 1_000_000

    static let shapes = [
        Shape(name: "in order, ties", keys: 3, events: 900, late: 0, outOfOrder: 0, backMax: 0, stepMax: 1, gaps: 0),
        Shape(name: "gaps", keys: 5, events: 900, late: 2, outOfOrder: 5, backMax: 2, stepMax: 3, gaps: 5),
        Shape(name: "within late", keys: 4, events: 900, late: 10, outOfOrder: 40, backMax: 10, stepMax: 2, gaps: 1),
        Shape(name: "beyond late", keys: 4, events: 900, late: 3, outOfOrder: 30, backMax: 60, stepMax: 2, gaps: 2),
        Shape(name: "one key", keys: 1, events: 700, late: 5, outOfOrder: 20, backMax: 30, stepMax: 1, gaps: 0),
        Shape(name: "many keys", keys: 400, events: 2_000, late: 4, outOfOrder: 20, backMax: 40, stepMax: 1, gaps: 1),
    ]

    static func history(_ shape: Shape, seed: UInt64) -> [HistoryEvent] {
        var random = HistoryRandom(seed: seed)
        var now: Int64 = 1_500_000_000_000_000
        var events: [HistoryEvent] = []
        while events.count < shape.events {
            now += Int64.random(in: 0...shape.stepMax, using: &random) * tick * (random.chance(shape.gaps) ? 100 : 1)
            var event = HistoryEvent(time: now)
            if random.chance(shape.outOfOrder) {
                event.time -= Int64.random(in: 0...shape.backMax, using: &random) * tick
            }
            // Off the grid, beside an edge.
            if random.chance(20) { event.time += random.chance(50) ? 1 : -1 }
            let customer = Int.random(in: 0..<shape.keys, using: &random)
            event.customer = random.chance(3) ? nil : Array("c\(customer)".utf8)
            event.device = random.chance(3) ? nil : Int64.random(in: 0..<Int64(shape.keys), using: &random) - 2
            event.amount = Int64.random(in: -50_000...1_000_000, using: &random)
            event.quantity = random.chance(30) ? nil : Int64.random(in: -5...5, using: &random)
            event.flag = random.chance(30)
            event.ratio = random.chance(20) ? nil : Double.random(in: -1...10, using: &random)
            if random.chance(2) { event.disposition = .fault }
            if random.chance(2) { event.disposition = .lateDropped }
            if random.chance(10), event.disposition == .score { event.disposition = .muted }
            events.append(event)
            // A duplicate, as after a producer's retry.
            if random.chance(3) { events.append(event) }
        }
        return events
    }

    static func plan(late: Int64) -> HistoryPlan {
        var plan = HistoryPlan()
        plan.add(
            key: HistoryField.customer,
            windows: [(delay: 0, length: 4 * tick), (delay: 0, length: 10 * tick), (delay: 0, length: 40 * tick)],
            columns: HistoryPlan.allColumns, late: late * tick)
        plan.add(
            key: HistoryField.device,
            windows: [
                (delay: 5 * tick, length: 5 * tick), (delay: 5 * tick, length: 20 * tick),
                (delay: 10 * tick, length: 15 * tick),
                (delay: 0, length: 5 * tick),
            ], columns: [HistoryPlan.allColumns[2], HistoryPlan.allColumns[3]], late: late * tick, meanDefault: 0)
        plan.add(key: HistoryField.customer, windows: [(delay: 7 * tick, length: 3 * tick)], late: late * tick)
        return plan
    }

    @Test(arguments: shapes, [UInt64](1...6))
    func equalsOracle(shape: Shape, seed: UInt64) {
        let events = Self.history(shape, seed: seed)
        let plan = Self.plan(late: shape.late)
        let features = HistoryRun(plan).features(events)
        let found = differences(features, WindowOracle(plan: plan).features(events))
        #expect(found.isEmpty, "shape \(shape.name), seed \(seed): \(found.count) differ, first: \(found.prefix(3))")
    }

    /// The histories do what their names say: late, out of order, tied, on edges.
    @Test func historiesReachTheirCorners() {
        var (ties, edges, lateEvents, forgotten, disordered) = (0, 0, 0, 0, 0)
        for shape in Self.shapes {
            let events = Self.history(shape, seed: 1).filter { $0.disposition.entersState }
            let horizon = (40 + shape.late) * Self.tick
            var newest = Int64.min
            var times: [[UInt8]: Set<Int64>] = [:]
            for event in events {
                guard let customer = event.customer else { continue }
                newest = max(newest, event.time)
                if event.time < newest { disordered += 1 }
                if event.time < newest - shape.late * Self.tick { lateEvents += 1 }
                if event.time <= newest - horizon { forgotten += 1 }
                if times[customer, default: []].contains(event.time) { ties += 1 }
                if times[customer, default: []].contains(event.time - 10 * Self.tick) { edges += 1 }
                times[customer, default: []].insert(event.time)
            }
        }
        #expect(ties > 100 && edges > 100 && disordered > 100 && lateEvents > 100 && forgotten > 20)
    }

    /// Every order of five events around the edges of a window.
    @Test(arguments: [Int64(0), 3], [Int64(0), 1, 100])
    func everyOrderAroundAnEdge(delay: Int64, late: Int64) {
        var plan = HistoryPlan()
        plan.add(
            key: HistoryField.device, windows: [(delay: delay, length: 4), (delay: delay, length: 1)],
            columns: HistoryPlan.allColumns, late: late)
        var orders = 0
        for times in [
            [10, 9, 8, 12, 13], [5, 9, 9, 9, 13], [10, 11, 14, 15, 18], [1, 2, 3, 4, 5], [0, 0, 0, 3, 4],
        ] {
            for order in Self.orders(of: times.indices.map { $0 }) {
                let events = order.map { index in
                    HistoryEvent(
                        time: Int64(times[index]), amount: 1 << Int64(index), quantity: index == 2 ? nil : Int64(index),
                        flag: index > 2, ratio: Double(index) + 0.1)
                }
                let features = HistoryRun(plan, limits: FeatureLimits(shardCount: 1)).features(events, batchSize: 5)
                let found = differences(features, WindowOracle(plan: plan).features(events))
                #expect(found.isEmpty, "times \(times) in order \(order): \(found)")
                orders += 1
            }
        }
        #expect(orders == 5 * 120)
    }

    static func orders(of items: [Int]) -> [[Int]] {
        if items.count <= 1 { return [items] }
        return items.indices.flatMap { index -> [[Int]] in
            var rest = items
            let first = rest.remove(at: index)
            return orders(of: rest).map { [first] + $0 }
        }
    }
}
