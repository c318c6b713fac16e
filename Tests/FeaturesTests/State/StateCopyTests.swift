import Events
import Testing

@testable import Features

/// Copying state out and putting it back is invisible, to the last bit.
struct StateCopyTests {
    /// Another engine goes on at every batch boundary.
    @Test(arguments: StateCase.all, [UInt64](1...4))
    func aRestartAtEveryBoundaryIsInvisible(state: StateCase, seed: UInt64) throws {
        let events = state.events(seed: seed)
        let whole = StateRun(state.plan, state.limits, batchRowsMax: events.count)
        let expected = whole.features(events, 0..<events.count)
        var random = HistoryRandom(seed: seed)
        var run = StateRun(state.plan, state.limits)
        var found: [[Double]] = []
        while found.count < events.count {
            let end = min(found.count + Int.random(in: 1...64, using: &random), events.count)
            found += run.features(events, found.count..<end)
            run = try run.restored()
        }
        #expect(found.bits == expected.bits, "seed \(seed)")
        #expect(run.engine.statistics.counts == whole.engine.statistics.counts, "seed \(seed)")
        #expect(run.engine.watermark == whole.engine.watermark)
    }

    /// Shards are copied at different places; the stream is read again from the first of them.
    @Test(arguments: StateCase.all, [UInt64](11...12))
    func shardsOfDifferentPlacesCatchUp(state: StateCase, seed: UInt64) throws {
        let events = Array(state.events(seed: seed).prefix(900))
        let boundaries = Array(stride(from: 0, through: events.count, by: 20))
        let original = StateRun(state.plan, state.limits)
        var expected: [[Double]] = []
        var images: [[[UInt8]]] = []
        var watermarks: [Int64] = []
        for boundary in boundaries {
            images.append(original.images())
            watermarks.append(original.engine.watermark)
            expected += original.features(events, boundary..<min(boundary + 20, events.count))
        }
        var random = HistoryRandom(seed: seed)
        var unguardedDifferences = 0
        for (place, boundary) in boundaries.enumerated() {
            // Every other place will do, where a state is dear.
            if state.hasEverything, place % 3 != 0 { continue }
            let places = images[place].indices.map { _ in
                min(place + Int.random(in: 0...4, using: &random), boundaries.count - 1)
            }
            let last = boundaries[places.max() ?? place]
            func rest(isGuarded: Bool) throws -> [[UInt64]] {
                let run = StateRun(state.plan, state.limits)
                try run.install(places.indices.map { images[places[$0]][$0] }, watermark: watermarks[place])
                run.engine.setReplayGuard(isGuarded ? places.map { StateRun.guardBefore(boundaries[$0]) } : nil)
                let muted = run.features(Array(events[..<last]), from: boundary, batchSize: 7, mutedUntil: last)
                #expect(muted.count == last - boundary)
                // Guards that are passed change nothing: every other time they stay.
                if place % 2 == 0 { run.engine.setReplayGuard(nil) }
                return run.features(events, from: last, batchSize: 33).bits
            }
            let wanted = Array(expected[last...]).bits
            #expect(try rest(isGuarded: true) == wanted, "seed \(seed), from \(boundary) to \(last)")
            if try rest(isGuarded: false) != wanted { unguardedDifferences += 1 }
        }
        // The canary: without guards events count twice, and that is seen.
        #expect(unguardedDifferences > boundaries.count / (state.hasEverything ? 6 : 2), "seed \(seed)")
    }

    /// The cases reach what they are there for.
    @Test func theCasesReachTheirCorners() {
        var statistics: [FeatureStateStatistics] = []
        for state in StateCase.all {
            let events = state.events(seed: 1)
            let run = StateRun(state.plan, state.limits, batchRowsMax: events.count)
            _ = run.features(events, 0..<events.count)
            statistics.append(run.engine.statistics)
        }
        let functions = Set(StateCase.all.flatMap { $0.plan.entities.flatMap(\.aggregates).map(\.function) })
        for spec in AggregateCatalogue.standard.specs {
            #expect(functions.contains(spec.function), "\(spec.name) is not tried")
        }
        #expect(statistics[0].keysEvicted == 0 && statistics[0].eventsForgotten == 0)
        #expect(statistics[1].keysEvicted > 20 && statistics[1].eventsForgotten > 20)
        #expect(statistics[2].keysEvicted > 20 && statistics[2].keysEmptied > 20)
        #expect(statistics[4].keysEvicted > 20 && statistics[4].eventsForgotten > 20)
    }

    /// A shard's table is as large as it was, though its keys have gone: it decides when emptied keys are dropped.
    @Test func theTableKeepsItsSize() throws {
        var plan = HistoryPlan()
        plan.add(key: HistoryField.device, windows: [(delay: 0, length: 100)])
        let limits = FeatureLimits(keysPerEntity: 500, shardCount: 1)
        let first = StateRun(plan.plan, limits, batchRowsMax: 1_000)
        var events = (0..<300).map { HistoryEvent(time: 0, device: Int64($0)) }
        events += (0..<300).map { HistoryEvent(time: 1_000 + Int64($0 / 10), device: Int64(1_000 + $0)) }
        _ = first.features(events, 0..<400)
        let second = try first.restored()
        #expect(second.engine.shards[0][0].tableCapacity == first.engine.shards[0][0].tableCapacity)
        #expect(first.engine.shards[0][0].tableCapacity > EntityShard.tableCapacityMin)
        #expect(second.features(events, 400..<600).bits == first.features(events, 400..<600).bits)
        #expect(second.engine.statistics.counts == first.engine.statistics.counts)
    }

    /// What no window can reach any more is not copied, and the copy of a copy is the same.
    @Test func copiesHoldNoMoreThanIsRemembered() throws {
        var plan = HistoryPlan()
        plan.add(
            key: HistoryField.device, windows: [(delay: 0, length: 100)], columns: HistoryPlan.allColumns, late: 10)
        let run = StateRun(plan.plan, FeatureLimits(shardCount: 1), batchRowsMax: 1_000)
        let events = (0..<1_000).map { HistoryEvent(time: Int64($0) * 10, ratio: Double($0)) }
        _ = run.features(events, 0..<1_000)
        let image = run.images()[0]
        let summary = try image.withUnsafeBytes { try ShardImageSummary($0) }
        #expect(summary == ShardImageSummary(task: 0, keys: 1, events: 11))
        #expect(try run.restored().images()[0] == image)
    }

    /// An image that held a larger shard before holds just the new one.
    @Test func imagesAreReused() {
        let state = StateCase.all[0]
        let events = state.events(seed: 5)
        let run = StateRun(state.plan, state.limits, batchRowsMax: events.count)
        _ = run.features(events, 0..<events.count)
        let images = run.images()
        let reused = ShardImage()
        for task in images.indices.reversed() + Array(images.indices) {
            run.engine.copyShard(task, into: reused)
            #expect(Array(reused.bytes) == images[task], "shard \(task)")
        }
        #expect(Set(images.map(\.count)).count > 1)
    }
}

extension ShardImageSummary {
    init(task: Int, keys: Int, events: Int) {
        let header = ShardImageHeader(task: task, keyCount: keys, eventCount: events)
        var bytes = [UInt8](repeating: 0, count: ShardImageHeader.byteCount)
        bytes.withUnsafeMutableBytes { header.write(to: $0.baseAddress!) }
        self = bytes.withUnsafeBytes { try! ShardImageSummary($0) }
    }
}
