import Testing

@testable import Monitoring

@Suite struct SlotRowTests {
    private struct Sum: SlotValue, Equatable {
        var events = 0
        var most = 0
        mutating func merge(_ later: Sum) {
            events += later.events
            most = max(most, later.most)
        }
    }

    /// Whatever came when, and whenever it was made coarser: as if all had been added at the last level.
    @Test(arguments: [1, 2, 3, 4, 5, 6, 7, 8] as [UInt64])
    func makingItCoarserIsTheSameAsHavingBeenCoarse(seed: UInt64) {
        var random = RandomWords(seed)
        var row = SlotRow<Sum>()
        var added: [(bucket: Int64, value: Int)] = []
        var level = 0
        var bucket = Int64(random.below(2_000)) - 1_000
        for _ in 0..<400 {
            // Gaps, runs, and now and then something that comes later than it should.
            bucket += Int64(random.below(random.below(20) == 0 ? 300 : 3))
            let own = random.below(15) == 0 ? bucket - Int64(random.below(40)) : bucket
            let value = random.below(1_000)
            added.append((own, value))
            row.update(own >> Int64(level), empty: Sum()) { sum in
                sum.events += value
                sum.most = max(sum.most, value)
            }
            while row.entries.count > 24 {
                row.halve()
                level += 1
            }
        }
        var expected: [Int64: Sum] = [:]
        for (bucket, value) in added {
            let width = Int64(1) << Int64(level)
            let slot = (bucket - ((bucket % width) + width) % width) / width
            expected[slot, default: Sum()].merge(Sum(events: value, most: value))
        }
        #expect(level > 0, "seed \(seed)")
        #expect(row.entries.map(\.slot) == expected.keys.sorted(), "seed \(seed)")
        for entry in row.entries { #expect(entry.value == expected[entry.slot], "seed \(seed), slot \(entry.slot)") }
        // It is not coarser than it has to be.
        let finer = Set(added.map { $0.bucket >> Int64(level - 1) })
        #expect(finer.count > 24, "seed \(seed)")
    }
}
