import Events
import Testing

@testable import Features

/// Images that nobody wrote end in an error or in a state that can be used.
struct StateHostileTests {
    static let state = StateCase.all[1]

    /// An engine with some history, and copies of its shards.
    static func sample(
        _ count: Int = 400, of state: StateCase = state
    ) -> (run: StateRun, images: [[UInt8]], events: [HistoryEvent]) {
        let events = state.events(seed: 7)
        let run = StateRun(state.plan, state.limits)
        _ = run.features(Array(events[..<count]), from: 0, batchSize: 64)
        return (run, run.images(), events)
    }

    private func decode(_ run: StateRun, _ task: Int, _ bytes: [UInt8]) throws(ShardImageError) -> ShardState {
        // Bytes of their own, so that reading behind them is found.
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: max(1, bytes.count), alignment: 8)
        defer { copy.deallocate() }
        copy.copyBytes(from: bytes)
        return try run.engine.decodeShard(task, from: UnsafeRawBufferPointer(rebasing: copy[..<bytes.count]))
    }

    @Test func everyTruncationIsRefused() {
        let (run, images, _) = Self.sample()
        for task in [0, 4, 7] {
            #expect(images[task].count > 200)
            for count in images[task].indices {
                #expect(throws: ShardImageError.self) { try decode(run, task, Array(images[task][..<count])) }
            }
        }
    }

    @Test func truncationsOfTilesAreRefused() {
        let (run, images, _) = Self.sample(200, of: StateCase.all[5])
        for task in images.indices {
            for count in stride(from: 0, to: images[task].count, by: 97) {
                #expect(throws: ShardImageError.self) { try decode(run, task, Array(images[task][..<count])) }
            }
        }
    }

    @Test func whatStandsBehindTheEndIsRefused() {
        let (run, images, _) = Self.sample()
        for task in images.indices {
            #expect(throws: ShardImageError.trailingBytes) { try decode(run, task, images[task] + [0]) }
        }
    }

    /// Flipped bits, and numbers put in the place of others.
    @Test(arguments: [state, StateCase.all[3], StateCase.all[5]], [UInt64](1...3))
    func flippedBytesDoNoHarm(state: StateCase, seed: UInt64) throws {
        let (run, images, events) = Self.sample(250, of: state)
        var random = HistoryRandom(seed: seed)
        let words: [UInt32] = [0, 1, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 0xFFFF_FFFE, 64, 1 << 20]
        var (refused, used) = (0, 0)
        for _ in 0..<(state.hasEverything ? 500 : 1_500) {
            let task = Int.random(in: images.indices, using: &random)
            var bytes = images[task]
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let place = Int.random(in: bytes.indices, using: &random)
                if random.chance(50) {
                    bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
                } else {
                    let word = words[Int.random(in: words.indices, using: &random)]
                    for (offset, byte) in withUnsafeBytes(of: word, Array.init).enumerated()
                    where place + offset < bytes.count {
                        bytes[place + offset] = byte
                    }
                }
            }
            do {
                _ = try decode(run, task, bytes)
            } catch {
                refused += 1
                continue
            }
            used += 1
            var changed = images
            changed[task] = bytes
            let other = StateRun(state.plan, state.limits)
            try other.install(changed, watermark: run.engine.watermark)
            let features = other.features(Array(events[250..<300]), from: 0, batchSize: 50)
            #expect(features.count == 50)
            #expect(try other.restored().images().count == images.count, "seed \(seed)")
        }
        #expect(refused > 50 && used > 50, "seed \(seed): \(refused) refused, \(used) used")
    }

    // MARK: - By name

    @Test func imagesOfOthersAreRefused() throws {
        let (run, images, _) = Self.sample()
        #expect(throws: ShardImageError.otherShard(found: 1)) { try decode(run, 0, images[1]) }
        // The task in the header says that it is the right one, but its keys belong elsewhere.
        var renamed = images[1]
        renamed[0] = 0
        #expect(throws: ShardImageError.key(0, .otherShard)) { try decode(run, 0, renamed) }
        // Another entity's, whose keys have other values.
        renamed = images[3]
        renamed[0] = 0
        #expect(throws: ShardImageError.otherLayout) { try decode(run, 0, renamed) }
    }

    @Test func moreThanTheLimitsIsRefused() throws {
        let (run, images, _) = Self.sample()
        let keys = try images[0].withUnsafeBytes { try ShardImageSummary($0) }.keys
        #expect(keys > 2)
        var limits = Self.state.limits
        limits.keysPerEntity = 6
        #expect(throws: ShardImageError.tooManyKeys(keys)) {
            try decode(StateRun(run.plan, limits), 0, images[0])
        }
        limits = Self.state.limits
        limits.eventsPerKey = 1
        let fault = #expect(throws: ShardImageError.self) { try decode(StateRun(run.plan, limits), 0, images[0]) }
        guard case .key(_, .eventCount) = fault else {
            Issue.record("\(String(describing: fault))")
            return
        }
    }

    /// Numbers of one word, put where they do not belong.
    @Test func eachPartOfAKeyIsChecked() throws {
        var plan = HistoryPlan()
        plan.add(key: HistoryField.device, windows: [(delay: 5, length: 20)], columns: [HistoryPlan.allColumns[1]])
        let run = StateRun(plan.plan, FeatureLimits(shardCount: 1))
        let events = [10, 20, 30].map { HistoryEvent(time: $0, device: 1, quantity: 4) }
        _ = run.features(events, 0..<3)
        let image = run.images()[0]
        let key = ShardImageHeader.byteCount
        // Behind lengths and newest time: two cursors, the sum and the count of its values.
        let state = key + ImageKey.byteCount
        let layout = run.engine.layouts[0]
        func changed(_ place: Int, _ value: UInt8) -> [UInt8] {
            var bytes = image
            bytes[place] = value
            return bytes
        }
        func expect(_ fault: ShardImageError, _ bytes: [UInt8], at location: SourceLocation = #_sourceLocation) {
            #expect(throws: fault, sourceLocation: location) { try decode(run, 0, bytes) }
        }
        #expect(throws: Never.self) { try decode(run, 0, image) }
        let first = layout.edges[0].cursorOffset - RecordLayout.stateOffset
        expect(.key(0, .cursor), changed(state + first, 1))
        expect(.key(0, .cursor), changed(state + first, 3))
        expect(.key(0, .cursor), changed(state + first, 255))
        let count = layout.crossings[0].offset - RecordLayout.stateOffset + MemoryLayout<IntegerSum>.size
        expect(.key(0, .sum), changed(state + count, 9))
        expect(.key(0, .eventTimes), changed(key + ImageKey.newestTimeOffset, 29))
        expect(.key(0, .eventTimes), changed(key + ImageKey.newestTimeOffset + 7, 0x7F))
        let times = state + layout.stateBytes + 8
        expect(.key(0, .eventTimes), changed(times, 21))
        expect(.key(0, .eventTimes), changed(times, 5))
        expect(.key(0, .eventCount), changed(key + ImageKey.eventCountOffset, 0))
        expect(.truncated, changed(key + ImageKey.eventCountOffset, 4))
        expect(.truncated, changed(key + ImageKey.lengthOffset + 3, 0xFF))
        expect(.tableCapacity(32), changed(40, 32))
        expect(.tableCapacity(65), changed(40, 65))
        expect(.absurdCount, changed(24, 4))
        expect(.absurdCount, changed(23, 0xFF))
        // The same key twice.
        var repeated = image + image[key...]
        repeated[16] = 2
        repeated[24] = 6
        repeated[32] = 16
        expect(.key(1, .repeated), repeated)
    }

    /// Text keys of every length around the places where they are kept otherwise.
    @Test func keysOfAnyLengthComeBack() throws {
        var plan = HistoryPlan()
        plan.add(key: HistoryField.customer, windows: [(delay: 0, length: 100)])
        let lengths = Array(0...40) + [63, 64, 65, 300, 5_000]
        let events = (lengths + lengths).enumerated().map { index, length in
            HistoryEvent(time: Int64(index), customer: (0..<length).map { UInt8(truncatingIfNeeded: $0 * 7 + length) })
        }
        let run = StateRun(plan.plan, FeatureLimits(shardCount: 4), batchRowsMax: 100)
        _ = run.features(events, 0..<lengths.count)
        let second = try run.restored()
        #expect(second.engine.statistics.keys == lengths.count)
        let features = second.features(events, lengths.count..<events.count)
        #expect(features == lengths.map { _ in [2] })
    }
}
