import Events
import Testing

@testable import Features

struct RecordLayoutTests {
    private func layout(_ windows: [HistoryPlan.Window], _ columns: [ValueColumnPlan] = []) -> RecordLayout {
        var plan = HistoryPlan()
        plan.add(key: HistoryField.device, windows: windows, columns: columns, late: 11)
        return RecordLayout(plan.entities[0])
    }

    @Test func windowsShareTheCursorsOfTheirEdges() {
        let layout = layout([
            (delay: 7, length: 1), (delay: 7, length: 7), (delay: 8, length: 6), (delay: 7, length: 30),
        ])
        #expect(layout.edges.map(\.span) == [7, 8, 14, 37])
        #expect(Set(layout.edges.map(\.cursorOffset)).count == 4)
        #expect(layout.horizon == 48)
        #expect(layout.late == 11)
        #expect(layout.outputs[1].endOffset == layout.outputs[0].endOffset)
        #expect(layout.outputs[2].endOffset == layout.outputs[0].startOffset)
    }

    @Test func withoutDelayTheTailIsTheCursor() {
        let layout = layout([(delay: 0, length: 5)])
        #expect(layout.edges.map(\.span) == [0, 5])
        #expect(layout.edges[0].cursorOffset == KeyRecord.tailOffset)
        #expect(layout.edges[1].cursorOffset == MemoryLayout<KeyRecord>.size)
        #expect(layout.recordBytes == 64)
        #expect(layout.entryWords == 1)
        #expect(layout.valueWords.isEmpty)
    }

    @Test func nothingOverlaps() {
        let windows: [HistoryPlan.Window] = [(0, 1), (0, 7), (7, 30), (1, 6), (2, 3)]
        let layout = layout(windows, HistoryPlan.allColumns)
        var taken = Array(0..<MemoryLayout<KeyRecord>.size)
        for edge in layout.edges where edge.span > 0 {
            #expect(edge.cursorOffset % 4 == 0)
            taken += edge.cursorOffset..<edge.cursorOffset + 4
        }
        let sums = Dictionary(layout.crossings.map { ($0.offset, $0) }, uniquingKeysWith: { first, _ in first })
        #expect(sums.count == windows.count * 4)
        // Each sum is entered at one edge and left at another.
        #expect(layout.crossings.count == sums.count * 2)
        for sum in sums.values {
            #expect(sum.offset % 8 == 0)
            taken += sum.offset..<sum.offset + sum.kind.recordBytes
        }
        #expect(Set(taken).count == taken.count)
        #expect(taken.max() ?? 0 < layout.recordBytes)
        #expect(layout.recordBytes % 64 == 0)
        #expect(layout.doubleSums.count == windows.count)
    }

    @Test func optionalIntegersTakeTwoWords() {
        let layout = layout([(0, 1)], HistoryPlan.allColumns)
        #expect(layout.valueWords == [0, 1, 3, 4])
        #expect(layout.entryWords == 6)
        #expect(layout.valueStride == 5)
        #expect(layout.outputs.map(\.divisor) == [1, 100, 100, 1, 1, 1, 1, 1, 1])
    }

    @Test func aggregatesOfOneColumnShareASum() {
        let layout = layout([(0, 1)], [HistoryPlan.allColumns[0]])
        #expect(layout.outputs.map(\.function) == [.count, .sum, .mean])
        #expect(layout.outputs[1].sumOffset == layout.outputs[2].sumOffset)
        #expect(layout.crossings.count == 2)
    }

    @Test func wordsGiveShortKeysBack() {
        var random = HistoryRandom(seed: 4)
        for length in 0...16 {
            let key = (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }
            let words = (key + [0]).withUnsafeBytes { KeyWords($0.baseAddress!, count: length) }
            var copy = Array(repeating: UInt8(0xAA), count: 16)
            copy.withUnsafeMutableBytes { words.write(to: $0, count: length) }
            #expect(Array(copy.prefix(length)) == key)
            #expect(copy.dropFirst(length).allSatisfy { $0 == 0xAA })
        }
    }

    /// Keys that are made to collide under a known hash do not under a secret one, and secrets change no result.
    @Test func secretHashesCannotBeForeseen() {
        // The second word is what the first has made of the state: together they leave nothing of either.
        let keys = (0..<100).map { number -> [UInt8] in
            let hash = KeyHash.fixed
            let product = (hash.seed ^ 16 &* hash.multiplier ^ UInt64(number)).multipliedFullWidth(by: hash.multiplier)
            let state = (product.high ^ product.low) &+ hash.seed
            return withUnsafeBytes(of: UInt64(number).littleEndian) { Array($0) }
                + withUnsafeBytes(of: state.littleEndian) { Array($0) }
        }
        func hashes(_ hash: KeyHash) -> Set<UInt64> {
            Set(keys.map { key in key.withUnsafeBytes { hash($0.baseAddress!, count: 16) } })
        }
        #expect(hashes(.fixed).count == 1)
        #expect(hashes(.makeSecret()).count == 100)
        #expect(hashes(.makeSecret()) != hashes(.makeSecret()))
        var plan = HistoryPlan()
        plan.add(key: HistoryField.customer, windows: [(delay: 0, length: 1_000)])
        let events = (keys + keys).map { HistoryEvent(time: 5, customer: $0) }
        let found = differences(HistoryRun(plan).features(events), WindowOracle(plan: plan).features(events))
        #expect(found.isEmpty)
    }

    @Test func shortKeysAreToldApartByTheirWords() {
        var seen: Set<[UInt64]> = []
        var count = 0
        for length in 0...16 {
            for place in 0..<max(1, length) {
                var key = Array(repeating: UInt8(1), count: length + 1)
                if length > 0 { key[place] = 2 }
                let words = key.withUnsafeBytes { KeyWords($0.baseAddress!, count: length) }
                seen.insert([UInt64(length), words.first, words.second])
                count += 1
            }
        }
        #expect(seen.count == count)
    }

    /// The hash decides which keys are evicted together: these values may never change.
    @Test func hashesAreFixedForAllTime() {
        func hash(_ text: String) -> UInt64 {
            (Array(text.utf8) + [0]).withUnsafeBytes { KeyHash.fixed($0.baseAddress!, count: text.utf8.count) }
        }
        let texts = ["", "1", "abc", "4_999", "customer-0000017", "a key that is longer than sixteen bytes"]
        #expect(texts.map { String(hash($0), radix: 16) } == Self.hashes)
    }

    static let hashes = [
        "9e96daf7d0667268", "f56bbbbbb142dc3d", "babbbdcdae27c9f5", "2e30ccf6e6d27995", "4bad311ae828e01a",
        "2254adb0f17f0f5d",
    ]

    @Test func hashesSpreadOverShardsAndSlots() {
        var shards = Array(repeating: 0, count: 16)
        var slots = Array(repeating: 0, count: 1 << 12)
        for number in 0..<(1 << 16) {
            let text = Array("\(number)".utf8)
            let hash = text.withUnsafeBytes { KeyHash.fixed($0.baseAddress!, count: text.count) }
            shards[Int(hash >> 60)] += 1
            slots[Int(hash & 0xFFF)] += 1
        }
        // 4,096 and 16 are expected, with a spread of 62 and 4.
        #expect(shards.allSatisfy { (3_700...4_500).contains($0) })
        #expect(slots.allSatisfy { $0 < 45 })
    }
}
