import Events
import Testing

@testable import Features

/// Whoever chooses the keys cannot choose how much memory they take: their number and their length have limits, and what
/// is dropped is counted.
struct BoundedKeyTests {
    private static let hour: Int64 = 3_600_000_000

    /// Every kind of state that a key can hold: a ring with links, sums, deviations, tables and sketches.
    private static func plan(isUnbounded: Bool) -> HistoryPlan {
        var plan = HistoryPlan()
        let length = isUnbounded ? WindowPlan.unbounded : hour
        plan.add(
            key: HistoryField.customer,
            windows: [WindowPlan(delayMicroseconds: 0, lengthMicroseconds: length)],
            columns: HistoryPlan.allColumns,
            asking: [.init(.count), .init(.mean, 0), .init(.distinct, 0)]
                + (isUnbounded ? [.init(.quantile, 3, 0.5)] : [.init(.max, 0), .init(.quantile, 3, 0.5)]), late: 0)
        return plan
    }

    private static func name(_ number: Int, bytes: Int) -> [UInt8] {
        let digits = Array("\(number)".utf8)
        return Array(repeating: UInt8(ascii: "k"), count: max(0, bytes - digits.count)) + digits
    }

    private static func events(_ numbers: Range<Int>, bytes: Int) -> [HistoryEvent] {
        numbers.map {
            HistoryEvent(
                time: Int64($0), customer: name($0, bytes: bytes), amount: Int64($0 % 1_000), ratio: Double($0 % 777))
        }
    }

    /// None of the keys comes twice, and no window empties: all that go are evicted.
    @Test(arguments: [false, true], [8, 100])
    func newKeysWithoutEndTakeNoMoreMemory(isUnbounded: Bool, bytes: Int) {
        let limits = FeatureLimits(keysPerEntity: 2_000, shardCount: 4)
        let run = HistoryRun(Self.plan(isUnbounded: isUnbounded), limits: limits)
        var reserved: [Int] = []
        let (waves, wave) = (8, 8_000)
        for number in 0..<waves {
            let events = Self.events(number * wave..<(number + 1) * wave, bytes: bytes)
            let features = run.features(events, batchSize: 4_096)
            #expect(features.allSatisfy { $0[0] == 1 })
            reserved.append(run.engine.statistics.bytes)
        }
        let statistics = run.engine.statistics
        #expect(statistics.keys <= limits.keysPerEntity)
        #expect(statistics.keys >= limits.keysPerEntity * 3 / 4, "\(statistics.keys) keys")
        #expect(statistics.keysEvicted == UInt64(waves * wave - statistics.keys))
        #expect(statistics.keysEmptied == 0)
        #expect(reserved[1...].allSatisfy { $0 == reserved[1] }, "bytes, wave by wave: \(reserved)")
        // A record, a ring and at most four blocks of 64 to 256 bytes, the key's own among them; 32 KiB chunks.
        #expect(reserved[0] < limits.keysPerEntity * 2_000, "\(reserved[0]) bytes")
    }

    /// The longest keys that the limits of a pipeline let in: each takes its bytes, rounded up to a power of two.
    @Test func longKeysTakeTheirBytesAndNoMore() {
        let bytes = DecodeLimits().stringBytesMax
        let limits = FeatureLimits(keysPerEntity: 500, shardCount: 2)
        let run = HistoryRun(Self.plan(isUnbounded: true), limits: limits)
        _ = run.features(Self.events(0..<1_000, bytes: bytes), batchSize: 500)
        let full = run.engine.statistics
        _ = run.features(Self.events(1_000..<3_000, bytes: bytes), batchSize: 500)
        let statistics = run.engine.statistics
        #expect(statistics.keys <= limits.keysPerEntity)
        #expect(statistics.keysEvicted == UInt64(3_000 - statistics.keys))
        #expect(statistics.bytes == full.bytes, "\(full.bytes) bytes became \(statistics.bytes)")
        // Chunks of up to a mebibyte a shard come on top.
        #expect(statistics.bytes < limits.keysPerEntity * (bytes + 2_000) + 3 << 20, "\(statistics.bytes) bytes")
    }

    /// Waves of keys of other lengths: blocks of one size do not serve another, so the worst is one wave a size.
    @Test func keysOfManyLengthsAreBounded() {
        let limits = FeatureLimits(keysPerEntity: 500, shardCount: 1)
        let run = HistoryRun(Self.plan(isUnbounded: true), limits: limits)
        var reserved: [Int] = []
        for round in 0..<3 {
            for (index, bytes) in [20, 100, 200, 400, 900, 2_000, 4_000].enumerated() {
                let first = (round * 7 + index) * 1_000
                _ = run.features(Self.events(first..<first + 1_000, bytes: bytes), batchSize: 500)
            }
            reserved.append(run.engine.statistics.bytes)
        }
        #expect(reserved[2] == reserved[1], "bytes, round by round: \(reserved)")
        #expect(reserved[2] < limits.keysPerEntity * (2 * 4_096 + 3_000) + 2 << 20, "\(reserved[2]) bytes")
    }

    /// All of it at one instant, in one batch, with more keys than there is room for.
    @Test func aBatchOfNewKeysFits() {
        let limits = FeatureLimits(keysPerEntity: 10, shardCount: 1)
        let run = HistoryRun(Self.plan(isUnbounded: false), limits: limits)
        let events = (0..<4_096).map { HistoryEvent(time: 7, customer: Self.name($0, bytes: 12)) }
        let features = run.features(events, batchSize: 4_096)
        #expect(features.allSatisfy { $0[0] == 1 })
        #expect(run.engine.statistics.keys <= 10)
        #expect(run.engine.statistics.keysEvicted == UInt64(4_096 - run.engine.statistics.keys))
    }
}
