import Testing

@testable import Features

struct TiledWindowTests {
    /// - Parameter accuracy: the width of a tile as a share of the window's length.
    static func window(delay: Int64, length: Int64, accuracy: Double) -> WindowPlan {
        WindowPlan(
            delayMicroseconds: delay, lengthMicroseconds: length,
            tileMicroseconds: max(1, Int64(Double(length) * accuracy)))
    }

    static func plan(_ index: Int, accuracy: Double? = nil, outputs: [TileOutput] = TileFixture.outputs)
        -> TiledWindowPlan
    {
        let delays: [Int64] = [0, 0, 250, 1_000, 0, 33, 0]
        let lengths: [Int64] = [1_000, 1_000, 1_000, 990, 70, 1_000, 1_003]
        let lates: [Int64] = [0, 300, 150, 500, 40, 0, 2_000]
        let accuracies = [0.1, 0.1, 0.05, 0.2, 0.01, 0.25, 0.01]
        let place = index % delays.count
        return TiledWindowPlan(
            window: window(
                delay: delays[place], length: lengths[place], accuracy: accuracy ?? accuracies[place]),
            lateMicroseconds: lates[place],
            outputs: index % 3 != 1 ? outputs : outputs.map { $0.beforeTheEvent(delay: delays[place]) })
    }

    static func spread(_ plan: TiledWindowPlan, _ seed: Int) -> Int64 {
        max(1, plan.width * [1, 4, 30][seed % 3] / 2)
    }

    /// Equal, but for the rounding of what doubles are summed to.
    private func expectEqual(
        _ found: [Double], _ expected: [Double], of outputs: [TileOutput] = TileFixture.outputs, _ note: Comment
    ) {
        for output in outputs {
            let (left, right) = (found[output.feature], expected[output.feature])
            if left.bitPattern == right.bitPattern || left == right { continue }
            let isRounded =
                output.function == .stddev
                || output.column.shape == .double && (output.function == .sum || output.function == .mean)
            let tolerance = isRounded ? max(1e-11 * right.magnitude, 1e-5) : 0
            #expect(
                (left - right).magnitude <= tolerance,
                "\(output.function) of word \(output.column.valueWord): \(left), not \(right): \(note)")
        }
    }

    @Test(arguments: 0..<21)
    func itIsAFoldOverTheTilesThatAreIn(seed: Int) {
        let plan = Self.plan(seed)
        let run = TileRun(plan)
        var oracle = TileOracle(plan: plan)
        let events = TileFixture.history(
            seed: seed, count: 260, spread: Self.spread(plan, seed), late: plan.lateMicroseconds)
        for (index, event) in events.enumerated() {
            expectEqual(run.take(event), oracle.take(event), "seed \(seed), event \(index)")
            #expect(run.tileCount <= plan.tilesPerKeyMax)
            if index % 7 == 0 {
                let time = event.watermark - Int64(index % 5) * plan.width
                expectEqual(
                    run.ask(time: time, watermark: event.watermark),
                    oracle.ask(time: time, watermark: event.watermark), "seed \(seed), asked at \(index)")
            }
        }
    }

    /// Alone, no other aggregate makes the total be made anew.
    @Test(arguments: TileFixture.outputs.indices)
    func everyAggregateAloneIsThatFold(index: Int) {
        let output = TileFixture.outputs[index]
        let alone = TileOutput(
            function: output.function, column: output.column, parameter: output.parameter,
            defaultValue: output.defaultValue, feature: 0, isBeforeEvent: output.isBeforeEvent)
        for seed in 0..<4 {
            let plan = Self.plan(index + seed, accuracy: 0.1, outputs: [alone])
            let run = TileRun(plan)
            var oracle = TileOracle(plan: plan)
            let events = TileFixture.history(
                seed: 3_000 + index * 4 + seed, count: 120, spread: Self.spread(plan, seed),
                late: plan.lateMicroseconds)
            for (place, event) in events.enumerated() {
                expectEqual(run.take(event), oracle.take(event), of: [alone], "seed \(seed), event \(place)")
            }
        }
    }

    @Test(arguments: 0..<14)
    func aSnapshotIsInvisible(seed: Int) {
        let plan = Self.plan(seed)
        let events = TileFixture.history(
            seed: 1_000 + seed, count: 200, spread: Self.spread(plan, seed), late: plan.lateMicroseconds)
        let run = TileRun(plan)
        var copy = TileRun(plan)
        for (index, event) in events.enumerated() {
            if index % 3 == 1 {
                let other = TileRun(plan)
                #expect(other.restore(run.image), "seed \(seed), event \(index)")
                #expect(other.image == run.image, "seed \(seed), event \(index)")
                copy = other
            }
            let (left, right) = (run.take(event), copy.take(event))
            #expect(left.map(\.bitPattern) == right.map(\.bitPattern), "seed \(seed), event \(index)")
        }
    }

    /// State depends on events newer than the watermark less the horizon alone.
    @Test(arguments: 0..<14)
    func aRebuildFromTheHorizonIsInvisible(seed: Int) {
        let plan = Self.plan(seed)
        let events = TileFixture.history(
            seed: 2_000 + seed, count: 200, spread: Self.spread(plan, seed), late: plan.lateMicroseconds)
        let run = TileRun(plan)
        for event in events[..<120] { _ = run.take(event) }
        let rebuilt = TileRun(plan)
        let edge = events[119].watermark - plan.horizonMicroseconds
        for event in events[..<120] where event.time > edge { _ = rebuilt.take(event) }
        for (index, event) in events[120...].enumerated() {
            let (left, right) = (rebuilt.take(event), run.take(event))
            #expect(left.map(\.bitPattern) == right.map(\.bitPattern), "seed \(seed), event \(index)")
        }
    }

    // MARK: - Edges

    private func counting(delay: Int64, length: Int64, accuracy: Double) -> TiledWindowPlan {
        let count = TileOutput(
            function: .count, column: .everyEvent, parameter: .nan, defaultValue: .nan, feature: 0,
            isBeforeEvent: false)
        return TiledWindowPlan(
            window: Self.window(delay: delay, length: length, accuracy: accuracy), lateMicroseconds: 0,
            outputs: [count])
    }

    private func event(_ time: Int64) -> TileEvent {
        TileEvent(time: time, watermark: time, amount: 1, quantity: nil, ratio: 1, text: 1, flag: true)
    }

    /// Without delay the window is never shorter than asked, and longer by less than a tile.
    ///
    /// ```
    ///   0         10        20  ...  100      110        window of 100, tiles of 10
    ///   ├─────────┼─────────┼─   ...  ┼────────┤
    ///   0 leaves at 109: the last instant of its tile is 100 old then
    /// ```
    @Test func anUndelayedWindowIsNeverTooShort() {
        for (time, count) in [(99, 2.0), (100, 2), (108, 2), (109, 1), (200, 1)] {
            let run = TileRun(counting(delay: 0, length: 100, accuracy: 0.1))
            _ = run.take(event(0))
            #expect(run.take(event(Int64(time)))[0] == count, "at \(time)")
        }
    }

    /// With a delay nothing younger than it is ever in.
    @Test func aDelayedWindowHoldsNothingTooYoung() {
        let counts: [(Int64, Double)] = [(29, 0), (30, 0), (38, 0), (39, 1), (40, 1), (138, 1), (139, 0)]
        for (time, count) in counts {
            let run = TileRun(counting(delay: 30, length: 100, accuracy: 0.1))
            _ = run.take(event(0))
            #expect(run.take(event(time))[0] == count, "at \(time)")
        }
    }

    @Test func hotKeysHaveAsManyTilesAsTheAccuracyAsks() {
        let plan = counting(delay: 0, length: 30 * 86_400_000_000, accuracy: 0.01)
        let run = TileRun(plan)
        var random = HistoryRandom(seed: 4)
        var time: Int64 = 0
        for _ in 0..<30_000 {
            time += Int64.random(in: 0...1_000_000_000, using: &random)
            _ = run.take(event(time))
            #expect(run.tileCount <= 102)
        }
        #expect(run.tileCount >= 100)
        #expect(plan.tilesPerKeyMax <= 104)
    }

    /// At the limit the oldest tile goes, as if its events had never been.
    @Test(arguments: [1, 2, 5, 40], [1, 2])
    func atTheLimitTheOldestTileIsForgotten(tilesMax: Int, planIndex: Int) {
        let plan = TiledWindowPlan(
            window: Self.plan(planIndex, accuracy: 0.01).window, lateMicroseconds: 300, outputs: TileFixture.outputs,
            tilesMax: tilesMax)
        let run = TileRun(plan)
        var oracle = TileOracle(plan: plan)
        var forgotten = 0
        for (index, event) in TileFixture.history(seed: 60 + tilesMax, count: 300, spread: 20, late: 0).enumerated() {
            if let newest = oracle.events.last?.time, event.time < newest { continue }
            let expected = oracle.take(event)
            // As tiles go before the event enters, so do their events.
            let tiles = Set(oracle.events.map { $0.time.quotient(by: plan.width) })
            let isAtLimit = tiles.count > tilesMax
            if isAtLimit {
                let oldest = tiles.min() ?? 0
                oracle.events.removeAll { $0.time.quotient(by: plan.width) == oldest }
                forgotten += 1
            }
            let found = run.take(event)
            if !isAtLimit { expectEqual(found, expected, "\(tilesMax) tiles, event \(index)") }
            let asked = run.ask(time: event.time, watermark: event.watermark)
            expectEqual(
                asked, oracle.ask(time: event.time, watermark: event.watermark), "\(tilesMax) tiles, after \(index)")
            #expect(run.tileCount <= tilesMax)
        }
        #expect(forgotten > 0 && run.forgotten > 0 && run.forgotten <= forgotten)
    }

    @Test func timesAtTheEndsOfTimeAreSafe() {
        let times: [Int64] = [
            .min, .min + 1, .min + 2_000, -1, 0, 1, .max - 2_000, .max - 1, .max, .max, 5, .min,
        ]
        for index in 0..<7 {
            let run = TileRun(Self.plan(index))
            var random = HistoryRandom(seed: 6)
            var watermark = Int64.min
            for time in times + times.reversed() {
                watermark = max(watermark, time)
                let event = TileFixture.anyEvent(time: time, watermark: watermark, &random)
                #expect(run.take(event).count == TileFixture.outputs.count)
            }
            #expect(run.tileCount > 0)
        }
    }

    @Test func blocksComeBackWithTheKey() {
        let plan = Self.plan(1)
        let layout = TileLayout(plan)
        let view = UnsafeMutableRawPointer.allocate(byteCount: layout.tileBytes, alignment: 8)
        defer { view.deallocate() }
        let kernel = TileKernel(layout, view: view)
        var arena = BlockArena()
        var features = [Double](repeating: 0, count: layout.outputs.count)
        let record = UnsafeMutableRawPointer.allocate(byteCount: layout.recordBytes, alignment: 8)
        defer { record.deallocate() }
        var reserved = 0
        for round in 0..<12 {
            kernel.makeBlank(record)
            for event in TileFixture.history(seed: 8, count: 150, spread: 60, late: 300) {
                _ = kernel.take(
                    record, time: event.time, watermark: event.watermark, values: event.words, to: &features, &arena)
            }
            kernel.release(record, &arena)
            if round == 1 { reserved = arena.bytesReserved }
        }
        #expect(arena.bytesReserved == reserved)
    }

    // MARK: - Images

    @Test func spoiltImagesAreRefusedOrSafe() {
        var random = HistoryRandom(seed: 80)
        var accepted = 0
        for round in 0..<700 {
            let plan = Self.plan(round % 7)
            let run = TileRun(plan)
            let events = TileFixture.history(
                seed: round, count: 12, spread: Self.spread(plan, round), late: plan.lateMicroseconds)
            for event in events { _ = run.take(event) }
            let bytes = spoilt(run.image, &random)
            let other = TileRun(plan)
            guard other.restore(bytes) else {
                #expect(other.tileCount == 0)
                continue
            }
            accepted += 1
            for event in events.suffix(6) { _ = other.take(event) }
            var time = events[11].watermark
            for _ in 0..<6 {
                time += Int64.random(in: 0...plan.width * 8, using: &random)
                _ = other.take(TileFixture.anyEvent(time: time, watermark: time, &random))
            }
            #expect(other.tileCount <= plan.tilesPerKeyMax)
        }
        print("tiles: \(accepted) of 700 spoilt images were still images")
        #expect(accepted > 0)
    }
}

extension TileOutput {
    /// As of a window that leaves the event itself out.
    fileprivate func beforeTheEvent(delay: Int64) -> TileOutput {
        TileOutput(
            function: function, column: column, parameter: parameter, defaultValue: defaultValue, feature: feature,
            isBeforeEvent: isBeforeEvent || delay == 0)
    }
}

extension Int64 {
    /// Rounded down.
    fileprivate func quotient(by divisor: Int64) -> Int64 {
        self / divisor - (self % divisor < 0 ? 1 : 0)
    }
}
