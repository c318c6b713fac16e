import Events
import Testing

@testable import Features

/// Tiled windows through the engine: beside exact ones, in place of them, of events of another source.
struct TiledAggregateTests {
    static let tick = WindowOracleTests.tick

    /// Tiles that divide no window, so that edges fall anywhere in them.
    static let tiled = [
        WindowPlan(delayMicroseconds: 0, lengthMicroseconds: 30 * tick, tileMicroseconds: 1_700_000),
        WindowPlan(delayMicroseconds: 0, lengthMicroseconds: 4 * tick, tileMicroseconds: tick),
        WindowPlan(
            delayMicroseconds: 0, lengthMicroseconds: 30 * tick, includesCurrent: false, tileMicroseconds: 1_700_000),
        WindowPlan(delayMicroseconds: 5 * tick, lengthMicroseconds: 12 * tick, tileMicroseconds: 500_000),
    ]

    /// Exact windows that reach less far, and further, than those of tiles, and one without an end.
    static let mixed =
        tiled + [
            WindowPlan(delayMicroseconds: 0, lengthMicroseconds: 3 * tick),
            WindowPlan(delayMicroseconds: 2 * tick, lengthMicroseconds: 9 * tick),
        ]
    static let endless = [
        tiled[0], WindowPlan(delayMicroseconds: 0, lengthMicroseconds: WindowPlan.unbounded),
        WindowPlan(delayMicroseconds: 0, lengthMicroseconds: 60 * tick), tiled[3],
    ]

    static func plan(late: Int64, endless isEndless: Bool = true) -> HistoryPlan {
        var plan = HistoryPlan()
        func add(_ source: Int, _ windows: [WindowPlan]) {
            plan.add(
                source: source, key: HistoryField.device, askedBy: source == 0 ? nil : HistoryField.asked,
                windows: windows, columns: AggregateOracleTests.columns, asking: AggregateOracleTests.everything,
                late: late * tick)
        }
        add(0, tiled)
        add(0, mixed)
        add(1, tiled)
        add(1, isEndless ? endless : mixed)
        return plan
    }

    @Test(arguments: WindowOracleTests.shapes, [UInt64](1...2))
    func equalsOracle(shape: WindowOracleTests.Shape, seed: UInt64) {
        let events = Array(AggregateOracleTests.history(shape, seed: seed).prefix(180))
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

    /// Every order of five events around the edges of windows and tiles.
    @Test(arguments: [Int64(0), 1, 100])
    func everyOrderAroundAnEdge(late: Int64) {
        var plan = HistoryPlan()
        let windows = [
            WindowPlan(delayMicroseconds: 0, lengthMicroseconds: 6, tileMicroseconds: 3),
            WindowPlan(delayMicroseconds: 3, lengthMicroseconds: 4, tileMicroseconds: 2),
            WindowPlan(delayMicroseconds: 0, lengthMicroseconds: 4, includesCurrent: false, tileMicroseconds: 1),
        ]
        plan.add(
            key: HistoryField.device, windows: windows, columns: AggregateOracleTests.columns,
            asking: AggregateOracleTests.everything, late: late)
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
            }
        }
    }

    @Test(arguments: [UInt64](1...2))
    func batchSizesAndShardsChangeNothing(seed: UInt64) {
        let events = Array(AggregateOracleTests.history(WindowOracleTests.shapes[3], seed: seed).prefix(300))
        let plan = Self.plan(late: 3)
        let reference = HistoryRun(plan).features(events, batchSize: events.count).bits
        for (batchSize, shardCount) in [(1, 16), (7, 3), (64, 1)] {
            let run = HistoryRun(plan, limits: FeatureLimits(shardCount: shardCount))
            #expect(run.features(events, batchSize: batchSize).bits == reference, "seed \(seed), \(batchSize)")
        }
    }

    // MARK: - Keys

    private func counting(_ windows: [WindowPlan], late: Int64 = 0) -> HistoryPlan {
        var plan = HistoryPlan()
        plan.add(
            key: HistoryField.device, windows: windows, columns: [.doubles(compiled("ratio"))],
            asking: [.init(.count), .init(.sum, 0)], late: late)
        return plan
    }

    /// A key of nothing but tiles goes once its tiles have left, like one of an emptied ring; one that also remembers
    /// events stays as long as either needs it.
    @Test func keysWhoseTilesHaveLeftAreDropped() {
        let tiles = WindowPlan(delayMicroseconds: 0, lengthMicroseconds: 100, tileMicroseconds: 10)
        let short = WindowPlan(delayMicroseconds: 0, lengthMicroseconds: 20)
        for windows in [[tiles], [tiles, short]] {
            let run = HistoryRun(counting(windows), limits: FeatureLimits(shardCount: 1))
            // 200 keys a batch of 100 instants: room is made when the table fills, of what is older than 110.
            for round in 0..<8 {
                let events = (0..<200).map { index in
                    HistoryEvent(time: Int64(round * 100 + index / 2), device: Int64(round * 200 + index), ratio: 1)
                }
                #expect(run.features(events).count == 200)
            }
            let statistics = run.engine.statistics
            #expect(statistics.keysEmptied > 800 && statistics.keysEvicted == 0)
            #expect(UInt64(statistics.keys) + statistics.keysEmptied == 1_600)
            #expect(statistics.keys >= 220 && statistics.keys < 800)
        }
    }

    /// Memory that keys have had serves those that come after them.
    @Test func droppedKeysGiveTheirTilesBack() {
        var plan = HistoryPlan()
        plan.add(
            key: HistoryField.device,
            windows: [WindowPlan(delayMicroseconds: 0, lengthMicroseconds: 1_000, tileMicroseconds: 10)],
            columns: [.doubles(compiled("ratio"))],
            asking: [.init(.quantile, 0, 0.5), .init(.distinct, 0), .init(.stddev, 0)], late: 0)
        let run = HistoryRun(plan, limits: FeatureLimits(keysPerEntity: 64, shardCount: 1))
        var random = HistoryRandom(seed: 12)
        var bytes: [Int] = []
        for round in 0..<12 {
            let events = (0..<1_500).map { index in
                HistoryEvent(
                    time: Int64(round * 6_000 + index * 4), device: Int64(round * 50 + index % 50),
                    ratio: .random(in: 1...500, using: &random))
            }
            #expect(run.features(events).count == events.count)
            bytes.append(run.engine.statistics.bytes)
        }
        let statistics = run.engine.statistics
        #expect(statistics.keysEmptied > 100 && statistics.keysEvicted > 100)
        #expect(bytes[11] == bytes[4], "\(bytes)")
    }

    /// With nothing but tiles a key has no ring: its memory does not depend on the number of its events.
    @Test func aKeyOfTilesRemembersNoEvents() {
        let run = HistoryRun(
            counting([WindowPlan(delayMicroseconds: 0, lengthMicroseconds: 1_000_000, tileMicroseconds: 10_000)]),
            limits: FeatureLimits(shardCount: 1))
        func events(_ range: Range<Int>) -> [HistoryEvent] {
            range.map { HistoryEvent(time: Int64($0 * 20), device: 1, ratio: 0.1) }
        }
        #expect(run.features(events(0..<60_000)).count == 60_000)
        let before = run.engine.statistics.bytes
        let last = run.features(events(60_000..<160_000)).last
        // The oldest tile is all but its first instant too old, and holds 500 events.
        #expect(last?[0] == 50_500)
        #expect(run.engine.statistics.bytes == before)
        let image = ShardImage()
        run.engine.copyShard(0, into: image)
        #expect(image.byteCount < 8_000)
    }
}
