import Testing

@testable import Features

struct LastPositionTableTests {
    @Test(arguments: 0..<10)
    func itIsADictionary(seed: Int) {
        var random = HistoryRandom(seed: UInt64(seed))
        var arena = BlockArena()
        var table = LastPositionTable.empty
        var oracle: [UInt64: UInt32] = [:]
        let values = UInt64([3, 20, 400, 3_000][seed % 4])
        // Positions that pass 2^32.
        var position = UInt32.max - 2_000
        for step in 0..<8_000 {
            let grows = step / 1_000 % 2 == 0 ? 75 : 20
            let word = UInt64.random(in: 0..<values, using: &random) &* (seed % 2 == 0 ? 1 : 0x9E37_79B9_7F4A_7C15)
            if random.chance(grows) {
                #expect(table.set(word, position: position, &arena) == oracle.updateValue(position, forKey: word))
                position &+= 1
            } else {
                #expect(table.remove(word, &arena) == oracle.removeValue(forKey: word))
            }
            #expect(table.count == oracle.count)
            #expect((table.block == nil) == oracle.isEmpty)
            if step % 101 == 0 { expectEqual(table, oracle, "seed \(seed), step \(step)") }
        }
        for word in oracle.keys { table.remove(word, &arena) }
        #expect(table.block == nil)
    }

    private func expectEqual(_ table: LastPositionTable, _ oracle: [UInt64: UInt32], _ note: Comment) {
        for (word, position) in oracle { #expect(table.position(of: word) == position, note) }
        for word in UInt64(0)..<50 where oracle[word] == nil { #expect(table.position(of: word) == nil, note) }
    }

    @Test func itGivesMemoryBackAsItEmpties() {
        var arena = BlockArena()
        var table = LastPositionTable.empty
        for word in UInt64(0)..<10_000 { table.set(word, position: UInt32(word), &arena) }
        let large = table.block.map { Int($0.sketch.pointee.sizeClass) }
        for word in UInt64(0)..<9_990 { table.remove(word, &arena) }
        let small = table.block.map { Int($0.sketch.pointee.sizeClass) }
        #expect(large == 18 && small == 9)
        for word in UInt64(9_990)..<10_000 { #expect(table.position(of: word) == UInt32(word)) }
        table.release(&arena)
    }

    @Test func anInsertedEventShiftsThoseBehindIt() {
        var arena = BlockArena()
        var table = LastPositionTable.empty
        let start = UInt32.max - 20
        for word in UInt64(0)..<40 { table.set(word, position: start &+ UInt32(word), &arena) }
        table.shift(from: start &+ 25)
        for word in UInt64(0)..<40 {
            #expect(table.position(of: word) == start &+ UInt32(word) &+ (word >= 25 ? 1 : 0))
        }
        table.release(&arena)
    }

    @Test(arguments: [1, 3, 4, 77, 5_000])
    func imagesAreCopies(count: Int) throws {
        var random = HistoryRandom(seed: UInt64(count))
        var arena = BlockArena()
        var table = LastPositionTable.empty
        var oracle: [UInt64: UInt32] = [:]
        for index in 0..<UInt32(count) {
            let word = random.next()
            table.set(word, position: index, &arena)
            oracle[word] = index
        }
        let copy = try #require(table.image.withUnsafeBytes { LastPositionTable(image: $0, &arena) })
        #expect(copy.count == count)
        expectEqual(copy, oracle, "copy")
    }

    @Test func spoiltImagesAreRefusedOrSafe() {
        var random = HistoryRandom(seed: 79)
        var arena = BlockArena()
        var image: [UInt8] = []
        var accepted = 0
        for round in 0..<4_000 {
            if round % 100 == 0 {
                var table = LastPositionTable.empty
                for index in UInt32(0)..<(1 << UInt32(round / 100 % 10)) {
                    table.set(random.next(), position: index, &arena)
                }
                image = table.image
                table.release(&arena)
            }
            let bytes = spoilt(image, &random)
            guard var table = bytes.withUnsafeBytes({ LastPositionTable(image: $0, &arena) }) else { continue }
            accepted += 1
            let count = table.count
            for word in UInt64(0)..<30 { table.set(word, position: 7, &arena) }
            table.shift(from: 3)
            #expect(table.count == count + 30, "round \(round)")
            for word in UInt64(0)..<30 { #expect(table.remove(word, &arena) == 8, "round \(round)") }
            table.release(&arena)
        }
        print("last positions: \(accepted) of 4,000 spoilt images were still images")
        #expect(accepted > 0)
    }
}
